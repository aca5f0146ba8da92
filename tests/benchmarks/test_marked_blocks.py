"""Figures come into the documents between their marks, and nothing else there changes."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import Figure
from benchmarks.marked_blocks import ROOT, block, measured_on, rewrite

DOCUMENT = """\
# Figures

<!-- bench:one -->
old
<!-- /bench:one -->
Between them – with a dash.\r
<!-- bench:other -->
<!-- /bench:other -->
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "README.md"
    path.write_bytes(DOCUMENT.encode())
    return path


def test_only_the_block_changes(document: Path) -> None:
    rewrite(document, "one", "\n| new | \\1 |\n")
    assert document.read_bytes() == DOCUMENT.replace("old", "| new | \\1 |").encode()
    rewrite(document, "other", "two\nlines")
    assert (block(document, "one"), block(document, "other")) == ("| new | \\1 |", "two\nlines")
    rewrite(document, "one", "old")
    rewrite(document, "other", "")
    assert [path.name for path in document.parent.iterdir()] == ["README.md"]


@pytest.mark.parametrize("name", ["on", "onе", "missing", ""])
def test_a_block_that_is_not_there_is_said(document: Path, name: str) -> None:
    with pytest.raises(KeyError, match=r"README\.md has no block"):
        rewrite(document, name, "new")
    assert document.read_bytes() == DOCUMENT.encode()


@pytest.mark.parametrize("broken", ["<!-- bench:one -->\n", "<!-- /bench:one -->\n"])
def test_marks_that_stand_there_twice_are_refused(document: Path, broken: str) -> None:
    document.write_bytes((DOCUMENT + broken).encode())
    with pytest.raises(KeyError):
        rewrite(document, "one", "new")


def test_when_and_where() -> None:
    assert measured_on(date(2026, 11, 24)).startswith("2026-11-24 on ")
    assert measured_on(date(2026, 11, 24)).endswith(" with Python 3.11")


def test_every_measurement_has_its_block() -> None:
    for name in command.FULL:
        assert block(ROOT / "benchmarks/README.md", name)
    assert "kills survived" in block(ROOT / "docs/faults.md", "faults")


@pytest.mark.parametrize(("arguments", "written"), [([], True), (["--only", "memory"], True), (["--quick"], False)])
def test_a_measurement_writes_its_figures_and_a_quick_one_does_not(
    document: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], written: bool
) -> None:
    async def measured(folder: Path) -> list[Figure]:
        return [Figure("idle memory", "90 MB")]

    document.write_text("<!-- bench:memory -->\n<!-- /bench:memory -->\n")
    monkeypatch.setattr(command, "FULL", {"memory": measured})
    monkeypatch.setattr(command, "QUICK", {"memory": measured})
    monkeypatch.setattr(command, "DOCUMENT", document)
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    assert command.main() == 0
    said = block(document, "memory")
    assert ("| idle memory | 90 MB" in said) == written
    assert said.startswith(f"Measured on {date.today().isoformat()} on ") == written  # noqa: DTZ011 - as it says it
