"""The set-up as somebody sees it: each step with its time, and nothing of what pip says unless it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIP = """#!/bin/sh
echo "pip $*"
case "$*" in *"$BROKEN"*) echo "ERROR: no such version" >&2; exit 1 ;; esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout whose .venv/bin/python is a program that only says what it was told."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    python = tmp_path / ".venv/bin/python"
    python.write_text(PIP)
    python.chmod(0o755)
    return tmp_path


def install(folder: Path, what: str, *, python: str = sys.executable, broken: str = "nothing") -> tuple[int, str, str]:
    done = subprocess.run(
        ["sh", ROOT / "requirements/install.sh", what],
        cwd=folder,
        env={**os.environ, "PYTHON": python, "BROKEN": broken},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("what", "steps"), [("run", 3), ("dev", 5)])
def test_each_step_is_a_line_with_its_time(folder: Path, what: str, steps: int) -> None:
    code, out, err = install(folder, what)
    assert (code, err) == (0, "")
    first, *lines = out.splitlines()
    assert first == "Setting up once, about 1-2 minutes:"
    assert [line.split()[0] for line in lines] == [f"{number}/{steps}" for number in range(1, steps + 1)]
    assert all(line.endswith(" s") for line in lines)
    assert (folder / ".venv/.run").exists()
    assert (folder / ".venv/.dev").exists() == (what == "dev")


@pytest.mark.parametrize(("broken", "step"), [("run.txt", 2), ("models.txt", 3), ("clips.txt", 5), ("-e .", 5)])
def test_a_step_that_fails_says_why_and_leaves_no_mark(folder: Path, broken: str, step: int) -> None:
    code, out, err = install(folder, "dev", broken=broken)
    assert code == 1
    assert out.splitlines()[step].strip().endswith("FAILED")
    assert "ERROR: no such version" in err
    assert f"step {step} of 5" in err
    assert not (folder / ".venv/.dev").exists()
    assert not (folder / ".venv/.run").exists()


def test_a_python_that_is_none_of_ours_is_named(folder: Path) -> None:
    code, out, err = install(folder, "dev", python="no-such-python")
    assert (code, out) == (1, "")
    assert err.startswith('Castbook needs Python 3.11 to 3.13. "no-such-python" is none of these.')
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("given", "passed"), [([], False), (["WITHOUT_SORA=1"], True)])
def test_the_playground_can_be_made_without_sora(given: list[str], passed: bool) -> None:
    asked = ["make", "-C", str(ROOT), "--dry-run", "playground", *given]
    recipe = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "-m bot playground" in recipe
    assert ("playground --without-sora" in recipe) is passed


@pytest.mark.parametrize(("given", "passed"), [([], False), (["LOCALE=pt-BR"], True)])
def test_the_playground_speaks_other_languages(given: list[str], passed: bool) -> None:
    asked = ["make", "-C", str(ROOT), "--dry-run", "playground", *given]
    recipe = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert ("--locale pt-BR" in recipe) is passed


@pytest.mark.parametrize("target", ["demo", "playground", "run", "check", "invite", "docs"])
def test_make_does_not_print_the_commands_it_runs(target: str) -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").split(f"\n{target}: $(VENV)/")[1].splitlines()[1]
    assert recipe.startswith("\t@")
