"""Configuration files, and an environment that has the two secrets and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

SECRETS = {"CASTBOOK__DISCORD__TOKEN": "discord-secret", "CASTBOOK__TOAPIS__API_KEY": "provider-secret"}


@pytest.fixture
def secrets() -> dict[str, str]:
    """What is needed and has no default."""
    return dict(SECRETS)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a configuration file and returns its path."""

    def written(toml: str) -> Path:
        path = tmp_path / "castbook.toml"
        path.write_text(toml, encoding="utf-8")
        return path

    return written
