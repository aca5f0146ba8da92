"""The files of a deployment: the settings, commands, series and secrets that they name exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.__main__ import parser
from bot.config import Settings, load
from docs.tables import metrics_table

ROOT = Path(__file__).parents[1]
COMPOSE = ("compose.yaml", "compose.scale.yaml")
MANIFESTS = sorted(path.name for path in (ROOT / "deploy/kubernetes").glob("*.yaml"))
DASHBOARD = ROOT / "deploy/grafana/castbook.json"
ALERTS = ROOT / "deploy/prometheus/alerts.yaml"
SERIES = re.compile(r"\bcastbook_[a-z_]+")


def documents(path: Path) -> list[Any]:
    return [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each]


def manifest(name: str) -> list[Any]:
    return documents(ROOT / "deploy/kubernetes" / name)


async def served() -> set[str]:
    """Every series of /metrics, those of histograms by their parts."""
    names = set()
    for line in (await metrics_table()).splitlines()[2:]:
        name, kind = re.findall(r"^\| `(\w+)[^|]*\| (\w+)", line)[0]
        names |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return names


def without_secrets(environ: dict[str, str]) -> dict[str, str]:
    """Those of a deployment, with words in place of the files in which secrets lie."""
    return {name.removesuffix("_FILE"): "x" if name.endswith("_FILE") else value for name, value in environ.items()}


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_names_settings_and_secrets_that_exist(name: str) -> None:
    [found] = documents(ROOT / name)
    for service in found["services"].values():
        assert set(service.get("secrets", ())) <= set(found["secrets"])
        if "build" not in service:
            continue
        environ = service["environment"]
        files = {value.rpartition("/")[2] for key, value in environ.items() if key.endswith("_FILE")}
        assert files <= set(service["secrets"])
        assert isinstance(load(None, without_secrets(environ)), Settings)


def test_the_manifests_name_settings_that_exist() -> None:
    [kustomization] = manifest("kustomization.yaml")
    [settings] = kustomization["configMapGenerator"]
    environ = dict(each.split("=", 1) for each in settings["literals"])
    secrets = re.findall(r"--from-literal=(CASTBOOK__\w+)=", (ROOT / "docs/runbook.md").read_text("utf-8"))
    assert isinstance(load(None, environ | dict.fromkeys(secrets, "x")), Settings)
    assert {*kustomization["resources"], "kustomization.yaml"} == set(MANIFESTS)


def test_each_role_that_is_deployed_can_be_started() -> None:
    commands = [
        container["args"]
        for name in MANIFESTS
        for each in manifest(name)
        if each["kind"] in {"Deployment", "StatefulSet"}
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    [compose] = documents(ROOT / "compose.scale.yaml")
    commands += [service["command"] for service in compose["services"].values() if "build" in service]
    assert {parser().parse_args(command).role for command in commands} == {"gateway", "worker", "web"}


async def test_the_dashboard_shows_series_that_are_served() -> None:
    targets = [
        each for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] for each in panel.get("targets", ())
    ]
    shown = {name for each in targets for name in SERIES.findall(each["expr"])}
    assert shown
    assert shown <= await served()


async def test_the_alerts_look_at_series_that_are_served_and_say_what_to_do() -> None:
    [found] = documents(ALERTS)
    rules = [rule for group in found["groups"] for rule in group["rules"]]
    watched = {name for rule in rules for name in SERIES.findall(rule["expr"])}
    assert watched
    assert watched <= await served()
    for rule in rules:
        assert rule["annotations"].keys() == {"summary", "action"}
