import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.config import WebSettings
from bot.errors import BadStart
from bot.web.health import HealthServer

LOOPBACK = WebSettings(host="127.0.0.1", port=0)


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def never() -> bool:
    await asyncio.Event().wait()
    return True


async def broken() -> bool:
    raise RuntimeError("the password is hunter2")


async def origin(
    probes: Mapping[str, Callable[[], Awaitable[bool]]], path: str, method: str = "GET"
) -> tuple[int, object, Mapping[str, str]]:
    """Status, JSON body and headers of the answer."""
    async with (
        serving(probes) as server,
        aiohttp.request(method, f"http://127.0.0.1:{server.port}{path}") as response,
    ):
        body = None if method == "HEAD" else await response.json()
        return response.status, body, response.headers


@asynccontextmanager
async def serving(probes: Mapping[str, Callable[[], Awaitable[bool]]]) -> AsyncIterator[HealthServer]:
    server = HealthServer(LOOPBACK, probes)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_a_process_that_serves_is_alive_whatever_the_probes_say() -> None:
    status, body, _ = await origin({"database": broken, "gateway": never}, "/healthz")
    assert (status, body) == (200, {"status": "ok"})


async def test_ready_when_every_probe_says_so() -> None:
    status, body, _ = await origin({"gateway": yes, "database": yes}, "/readyz")
    assert (status, body) == (200, {"status": "ok", "probes": {"gateway": True, "database": True}})


async def test_one_no_is_enough() -> None:
    status, body, _ = await origin({"gateway": yes, "database": no, "runner": yes}, "/readyz")
    assert status == 503
    assert body == {"status": "unready", "probes": {"gateway": True, "database": False, "runner": True}}


async def test_a_probe_that_fails_says_no_and_nothing_else() -> None:
    with capture_logs() as logs:
        status, body, headers = await origin({"gateway": yes, "database": broken}, "/readyz")
    assert status == 503
    assert body == {"status": "unready", "probes": {"gateway": True, "database": False}}
    assert "hunter2" not in repr(body) + repr(headers) + repr(logs)
    assert {"probe": "database", "error": "RuntimeError"}.items() <= logs[0].items()


async def test_a_late_probe_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.limits.PROBE_SECONDS", 0.05)
    status, body, _ = await origin({"gateway": never, "database": yes}, "/readyz")
    assert status == 503
    assert body == {"status": "unready", "probes": {"gateway": False, "database": True}}


async def test_probes_are_asked_at_the_same_time() -> None:
    both = asyncio.Barrier(2)

    async def meets_the_other() -> bool:
        await both.wait()
        return True

    status, _, _ = await origin({"gateway": meets_the_other, "database": meets_the_other}, "/readyz")
    assert status == 200


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/readyz", 503), ("/metrics", 404)])
async def test_head_answers_like_get(path: str, status: int) -> None:
    assert (await origin({"gateway": no}, path, "HEAD"))[0] == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/metrics"),
        ("GET", "/healthz/"),
        ("GET", "/healthz/x"),
        ("POST", "/healthz"),
        ("PUT", "/readyz"),
    ],
)
async def test_anything_else_is_not_there(method: str, path: str) -> None:
    status, body, _ = await origin({}, path, method)
    assert (status, body) == (404, {"status": "not found"})


@pytest.mark.parametrize("path", ["/healthz", "/nothing"])
async def test_no_answer_tells_what_runs_here(path: str) -> None:
    _, _, headers = await origin({}, path)
    assert headers["Server"] == "Castbook"


async def test_requests_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="aiohttp")
    await origin({}, "/healthz?token=secret")
    assert [record for record in caplog.records if record.name.startswith("aiohttp")] == []


async def test_a_port_that_is_taken_is_one_plain_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadStart, match=r"already has the port in web\.port") as caught:
            await HealthServer(WebSettings(host="127.0.0.1", port=port), {}).start()
    assert str(port) not in str(caught.value)
    assert caught.value.exit_code == 69


async def test_an_address_that_is_not_ours_is_one_plain_sentence() -> None:
    with pytest.raises(BadStart, match=r"web\.host"):
        await HealthServer(WebSettings(host="192.0.2.1", port=0), {}).start()


async def test_the_port_is_free_again_after_stopping() -> None:
    server = HealthServer(LOOPBACK, {})
    await server.start()
    port = server.port
    assert port != 0
    await server.stop()
    await server.stop()
    again = HealthServer(WebSettings(host="127.0.0.1", port=port), {})
    await again.start()
    assert again.port == port
    await again.stop()


async def test_stopping_what_never_started_is_harmless() -> None:
    await HealthServer(LOOPBACK, {}).stop()
