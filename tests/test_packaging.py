"""What ships the bot: image, compose file, pinned requirements. Docker itself runs elsewhere."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from bot.app.check import PERMISSIONS
from bot.catalogues import LANGUAGES, path_of

ROOT = Path(__file__).parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_image_installs_as_the_makefile_does() -> None:
    assert "sh requirements/install.sh run" in read("Makefile")
    assert "sh requirements/install.sh run" in read("Dockerfile")
    assert "install --require-hashes -r requirements/run.txt" in read("requirements/install.sh")
    for copied in ("install.sh", "run.txt", "models.txt", "sites.txt", "postgres.txt", "otel.txt"):
        assert f"!requirements/{copied}" in read(".dockerignore").splitlines()
        assert f"requirements/{copied}" in read("Dockerfile")


def test_the_image_runs_without_root_and_tells_its_health() -> None:
    image = read("Dockerfile")
    final = image[image.rindex("FROM ") :]
    for line in ("USER castbook", "VOLUME /app/data", "HEALTHCHECK", "STOPSIGNAL SIGTERM", "/healthz"):
        assert line in final
    assert final.index("USER castbook") < final.index("ENTRYPOINT")


def test_compose_gives_it_time_to_stop_and_nothing_to_write_but_data() -> None:
    service = [line.strip() for line in read("compose.yaml").partition("\nsecrets:")[0].splitlines()]
    for line in ("init: true", "stop_grace_period: 30s", "read_only: true", "restart: unless-stopped"):
        assert line in service
    assert "- data:/app/data" in service


@pytest.mark.parametrize("name", ["run", "dev", "lock", "postgres", "otel", "binaries"])
def test_requirements_are_pinned_with_hashes_and_without_addresses(name: str) -> None:
    requirements = read(f"requirements/{name}.txt")
    assert "://" not in requirements
    pinned = re.findall(r"^[a-z0-9._-]+(?:\[[a-z0-9,-]+\])?==.*$", requirements, re.MULTILINE | re.IGNORECASE)
    assert pinned
    for entry in re.split(r"\n(?=[A-Za-z0-9])", requirements.strip()):
        assert "==" in entry
        assert "--hash=sha256:" in entry


def test_the_build_machine_runs_make_test() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert read(".ci/run").rstrip().endswith("make test")


def test_the_translations_are_shipped() -> None:
    (pattern,) = [each for each in _package_data()["bot"] if each.endswith(".po")]
    shipped = set((ROOT / "bot").glob(pattern))
    assert {path_of(language) for language in LANGUAGES} == shipped


def _package_data() -> dict[str, list[str]]:
    data: dict[str, list[str]] = tomllib.loads(read("pyproject.toml"))["tool"]["setuptools"]["package-data"]
    return data


def test_the_project_says_which_pythons_and_which_licence() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert project["license"] == "MIT"
    assert read("LICENSE").startswith("MIT License")
    assert project["scripts"] == {"castbook": "bot.__main__:main"}


def test_the_readme_names_the_permissions_that_the_invite_asks_for() -> None:
    words = re.sub(r"\s+", " ", read("README.md"))
    for permission, origin in PERMISSIONS:
        if origin and permission != "read_messages":  # the library's name for View Channels
            assert permission.replace("_", " ").title().replace(" In ", " in ") in words
