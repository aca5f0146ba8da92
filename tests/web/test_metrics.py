"""/metrics over HTTP: what it serves, where it listens, and what it does when the database is stuck."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest
from prometheus_client import CollectorRegistry, Counter, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot.errors import BadStart
from bot.metrics import REGISTRY
from bot.web.metrics import Gauges, MetricsServer


async def one_gauge() -> Sequence[Metric]:
    return [GaugeMetricFamily("castbook_answer", "The answer.", value=42)]


async def never() -> Sequence[Metric]:
    await asyncio.Event().wait()
    return []


async def broken() -> Sequence[Metric]:
    raise RuntimeError("the password is hunter2")


@asynccontextmanager
async def serving(gauges: Gauges, registry: CollectorRegistry = REGISTRY) -> AsyncIterator[MetricsServer]:
    server = MetricsServer("127.0.0.1", 0, registry, gauges)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def got(gauges: Gauges, path: str = "/metrics", method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
    async with (
        serving(gauges) as server,
        aiohttp.request(method, f"http://127.0.0.1:{server.port}{path}") as answer,
    ):
        return answer.status, await answer.text(), answer.headers


def values(page: str) -> dict[str, float]:
    """Those without labels, by name, as Prometheus's own parser reads them."""
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return {sample.name: sample.value for sample in samples if not sample.labels}


async def test_what_was_counted_and_what_is_read_at_that_moment_are_one_page() -> None:
    status, page, headers = await got(one_gauge)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert headers["Server"] == "Castbook"
    assert {"castbook_answer": 42, "castbook_gauges_readable": 1}.items() <= values(page).items()
    assert "castbook_deliveries_undecidable_total" in values(page)


async def test_gauges_are_read_anew_for_each_answer() -> None:
    origin = 0

    async def count() -> Sequence[Metric]:
        nonlocal origin
        origin += 1
        return [GaugeMetricFamily("castbook_asked", "How often.", value=origin)]

    async with serving(count) as server, aiohttp.ClientSession() as session:
        await asyncio.sleep(0.05)
        assert origin == 0, "nothing is read in the background"
        for expected in (1, 2):
            async with session.get(f"http://127.0.0.1:{server.port}/metrics") as answer:
                assert values(await answer.text())["castbook_asked"] == expected


@pytest.mark.parametrize("gauges", [never, broken])
async def test_counters_are_served_though_the_database_is_stuck(
    gauges: Gauges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.METRICS_READ_SECONDS", 0.05)
    registry = CollectorRegistry()
    Counter("castbook_things", "Things.", registry=registry).inc(3)
    with capture_logs() as logs:
        async with (
            serving(gauges, registry) as server,
            aiohttp.request("GET", f"http://127.0.0.1:{server.port}/metrics") as answer,
        ):
            page = await answer.text()
    assert answer.status == 200
    assert values(page)["castbook_things_total"] == 3
    assert REGISTRY.get_sample_value("castbook_gauges_readable") == 0
    assert [entry["event"] for entry in logs] == ["metrics_served", "gauges_not_read"]
    assert "hunter2" not in page + repr(logs)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/healthz"), ("POST", "/metrics"), ("GET", "/metrics/x")]
)
async def test_there_is_nothing_else(method: str, path: str) -> None:
    status, page, _ = await got(one_gauge, path, method)
    assert status == 404
    assert "castbook" not in page


async def test_it_listens_where_it_is_told_alone() -> None:
    async with serving(one_gauge) as server:
        assert server._runner is not None
        assert [address[0] for address in server._runner.addresses] == ["127.0.0.1"]


async def test_a_port_that_is_taken_is_one_plain_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadStart, match=r"already has the port in web\.metrics_port") as caught:
            await MetricsServer("127.0.0.1", port, REGISTRY, one_gauge).start()
    assert str(port) not in str(caught.value)
