"""What the documents say of the code is so: tables, commands, targets, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.marked_blocks import ROOT, block
from bot.config import Settings
from docs.__main__ import SCHEMA, contents, schema
from tests.media.child.conditions import CONDITIONS
from tests.media.links import LINKS, LinkKind

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "benchmarks/README.md"]
GENERATED = contents()


@pytest.mark.parametrize(("document", "name"), list(GENERATED))
def test_what_comes_from_the_code_is_current(document: str, name: str) -> None:
    assert block(ROOT / document, name, kind="generated") == GENERATED[document, name], "run make docs"


def test_the_schema_is_that_of_the_models() -> None:
    assert SCHEMA.read_text("utf-8") == schema(), "run make docs"


@pytest.mark.parametrize("kind", [*LINKS, *CONDITIONS], ids=lambda kind: kind.test.rpartition("::")[2])
def test_every_row_of_the_tables_is_tried(kind: LinkKind) -> None:
    file, _, test = kind.test.partition("::")
    assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)


def test_the_tables_hold_all_there_is() -> None:
    for section, field in Settings.model_fields.items():
        for key in getattr(field.annotation, "model_fields", {}):
            assert f"| `{section}.{key}` |" in GENERATED["docs/settings.md", "settings"]
    for series in (
        "castbook_jobs_ended_total{outcome}",
        "castbook_provider_seconds{request}",
        "castbook_discord_faults_total{route,fault}",
        "castbook_jobs{step}",
        "castbook_gauges_readable",
    ):
        assert f"| `{series}` |" in GENERATED["docs/operating.md", "metrics"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_is_there(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"`make ([a-z]+)\b|^make ([a-z]+)\b", document.read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{max(target)}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_linked_to_is_there(document: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", document.read_text("utf-8")):
        assert (document.parent / link).stat().st_size > 0, link


def test_every_module_that_is_drawn_is_there() -> None:
    words = (ROOT / "docs/how-it-works.md").read_text("utf-8")
    drawn = re.findall(r"\b((?:bot|cogs)(?:\.[a-z_]+)*)\b(?![/.]\w)", words.partition("## Jobs and steps")[0])
    assert {"cogs", "bot.jobs.job_starter", "bot.jobs.runner", "bot.chat.courier", "bot.app.roles"} <= set(drawn)
    for module in drawn:
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or path.is_dir(), module


def test_every_document_is_reached_from_the_readme() -> None:
    words = (ROOT / "README.md").read_text("utf-8")
    for document in DOCUMENTS[1:]:
        assert f"({document.relative_to(ROOT)})" in words


def test_the_readme_stays_one_for_a_newcomer() -> None:
    words = (ROOT / "README.md").read_text("utf-8")
    assert len(words.splitlines()) < 220
    assert words.index("make playground") < words.index("stateDiagram") < words.index("## Run it for real")
    assert words.index("Sora itself [has closed]") < words.index("Sora 2 API") < words.index("## Run it for real")


def test_the_picture_of_the_picker_moves_and_is_small() -> None:
    data = (ROOT / "docs/picker.webp").read_bytes()
    assert data[8:12] == b"WEBP"
    assert b"ANIM" in data[:64]
    assert len(data) < 500_000
