"""The files of a deployment: the settings, commands, series and secrets that they name exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from sqlalchemy import make_url
from yarl import URL

from bot import __version__
from bot.__main__ import parser
from bot.config import Settings, WebSettings, load
from bot.web.health import HealthServer
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


def pods() -> list[Any]:
    """The templates of all pods in the manifests."""
    found = [each for name in MANIFESTS for each in manifest(name)]
    return [each["spec"]["template"] for each in found if each["kind"] in {"Deployment", "StatefulSet"}]


def settings_of_the_manifests() -> Settings:
    [kustomization] = manifest("kustomization.yaml")
    [settings] = kustomization["configMapGenerator"]
    needed = {"CASTBOOK__DISCORD__TOKEN": "x", "CASTBOOK__TOAPIS__API_KEY": "x"}
    return load(None, dict(each.split("=", 1) for each in settings["literals"]) | needed)


async def paths_of_health() -> set[str]:
    """What a process serves without being told to: looked at in the server itself."""
    server = HealthServer(WebSettings(host="127.0.0.1", port=0), {})
    await server.start()
    try:
        found = set()
        async with aiohttp.ClientSession() as session:
            for path in ("/healthz", "/readyz", "/livez"):
                async with session.get(f"http://127.0.0.1:{server.port}{path}") as answer:
                    found |= {path} if answer.status == 200 else set()
        return found
    finally:
        await server.stop()


async def test_ports_and_paths_of_the_manifests_are_those_that_a_process_serves() -> None:
    web, paths = settings_of_the_manifests().web, await paths_of_health()
    assert "/livez" not in paths
    assert pods()
    for pod in pods():
        annotations = pod["metadata"]["annotations"]
        assert annotations["prometheus.io/port"] == str(web.metrics_port)
        assert annotations.get("prometheus.io/path", "/metrics") == "/metrics"
        for container in pod["spec"]["containers"]:
            ports = {each["name"]: each["containerPort"] for each in container["ports"]}
            assert ports == {"health": web.port, "metrics": web.metrics_port}
            probes = [container[each]["httpGet"] for each in ("startupProbe", "livenessProbe", "readinessProbe")]
            assert {each["port"] for each in probes} == {"health"}
            assert [each["path"] for each in probes] == ["/healthz", "/healthz", "/readyz"]
            assert {each["path"] for each in probes} <= paths
            assert {web.host, web.metrics_host} == {"0.0.0.0"}, "probes and Prometheus come from outside the pod"


def test_names_of_ports_that_are_used_elsewhere_in_the_manifests_are_those_of_the_pods() -> None:
    names = {port["name"] for pod in pods() for each in pod["spec"]["containers"] for port in each["ports"]}
    found = [each for name in MANIFESTS for each in manifest(name)]
    used = [port["targetPort"] for each in found if each["kind"] == "Service" for port in each["spec"]["ports"]]
    policies = [each["spec"] for each in found if each["kind"] == "NetworkPolicy"]
    used += [port["port"] for each in policies for rule in each.get("ingress", ()) for port in rule["ports"]]
    assert set(used) == names
    services = {each["metadata"]["name"] for each in found if each["kind"] == "Service"}
    assert {each["spec"]["serviceName"] for each in found if each["kind"] == "StatefulSet"} <= services
    labels = {pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods()}
    selected = [each["spec"]["selector"] for each in found if each["kind"] == "Service"]
    selected += [each["spec"]["selector"]["matchLabels"] for each in found if each["kind"] == "PodDisruptionBudget"]
    selected += [each["podSelector"]["matchLabels"] for each in policies if each["podSelector"]]
    assert {each["app.kubernetes.io/name"] for each in selected} <= labels


def test_the_image_is_of_this_version_and_whoever_runs_in_it_may() -> None:
    [kustomization] = manifest("kustomization.yaml")
    assert kustomization["images"] == [{"name": "castbook", "newTag": __version__}]
    user = re.search(r"useradd .*--uid (\d+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert user is not None
    for pod in pods():
        assert pod["spec"]["securityContext"]["runAsUser"] == int(user[1])
        assert [each["mountPath"] for each in pod["spec"]["containers"][0]["volumeMounts"]] == ["/tmp", "/app/data"]


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_publishes_the_port_that_is_served_and_names_services_that_are_there(name: str) -> None:
    [found] = documents(ROOT / name)
    services = found["services"]
    assert "/healthz" in (ROOT / "Dockerfile").read_text("utf-8")
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        if "build" not in service:
            continue
        settings = load(None, without_secrets(service["environment"]))
        published = {int(each.rpartition(":")[2]) for each in service.get("ports", ())}
        assert published <= {settings.web.port, settings.web.metrics_port}
        hosts = {make_url(settings.store.url).host, URL(settings.store.endpoint).host}
        assert hosts - {None, ""} <= services.keys()


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


async def test_the_labels_by_which_series_are_chosen_are_theirs() -> None:
    labels: dict[str, set[str]] = {}
    for line in (await metrics_table()).splitlines()[2:]:
        name, its = re.findall(r"^\| `(\w+)(?:\{([^}]*)\})?`", line)[0]
        labels[name] = {each for each in its.split(",") if each}
    [rules] = documents(ALERTS)
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    expressions += [each["expr"] for panel in panels for each in panel.get("targets", ())]
    chosen = 0
    for series, selector in re.findall(r"(castbook_[a-z_]+)\{([^}]*)\}", " ".join(expressions)):
        its = labels.get(series) or labels[re.sub("_(bucket|sum|count)$", "", series)]
        used = set(re.findall(r"(\w+)\s*[=!]", selector)) - {"job", "instance", "le"}  # Prometheus's own
        assert used <= its, (series, used)
        chosen += bool(used)
    assert chosen > 3


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool comes with Prometheus, which is not installed here")
    return found


def test_prometheus_takes_the_alert_rules_and_what_the_dashboard_asks(promtool: str, tmp_path: Path) -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    asked = [each["expr"] for panel in panels for each in panel.get("targets", ())]
    rules = [
        {"record": f"panel:{number}", "expr": each.replace("$__rate_interval", "5m").replace("$job", "castbook.*")}
        for number, each in enumerate(asked)
    ]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": rules}]}))
    checked = subprocess.run(
        [promtool, "check", "rules", ALERTS, tmp_path / "asked.yaml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert f"SUCCESS: {len(rules)} rules found" in checked.stdout


def test_alerts_fire_when_they_should_and_not_before(promtool: str) -> None:
    tested = subprocess.run(
        [promtool, "test", "rules", ALERTS.with_name("alerts_test.yaml")], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_kustomize_puts_settings_version_and_namespace_where_they_are_used() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kustomize comes with kubectl, which is not installed here")
    made = subprocess.run(
        [kubectl, "kustomize", ROOT / "deploy/kubernetes"], capture_output=True, text=True, check=True
    ).stdout
    found = [each for each in yaml.safe_load_all(made) if each]
    [settings] = [each["metadata"]["name"] for each in found if each["kind"] == "ConfigMap"]
    containers = [
        container
        for each in found
        if each["kind"] in {"Deployment", "StatefulSet"}
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    assert len(containers) == 3
    assert {each["image"] for each in containers} == {f"castbook:{__version__}"}
    assert {each["envFrom"][0]["configMapRef"]["name"] for each in containers} == {settings}
    assert {each["metadata"].get("namespace") for each in found if each["kind"] != "Namespace"} == {"castbook"}
