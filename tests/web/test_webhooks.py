"""The endpoint for webhooks, over a real server on the loopback."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import limits
from bot.config import LogSettings, WebSettings
from bot.log import configure
from bot.metrics import REGISTRY
from bot.provider.webhooks import WebhookEvent
from bot.web.health import HealthServer
from bot.web.webhooks import PATH, webhook_routes
from tests.patience import PATIENCE

NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
OLD, NEW = "the-old-webhook-secret", "5ec2e7" * 10 + "0000"
ENDED = {"type": "generation.completed", "data": {"task_id": "task_01ABC", "client_business_id": "0123456789abcdef"}}
BODY = json.dumps(ENDED).encode()


class Sink:
    """Notes what it is given, and then does ``then``."""

    def __init__(self, then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.events: list[WebhookEvent] = []
        self._then = then

    async def received(self, event: WebhookEvent) -> None:
        self.events.append(event)
        if self._then is not None:
            await self._then()


@dataclass
class Endpoint:
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    async def post(self, body: Any = BODY, headers: Any = None) -> int:
        given = signed(body) if headers is None else headers
        async with (
            aiohttp.ClientSession(skip_auto_headers=["User-Agent"]) as session,
            session.post(self.url, data=body, headers=given) as response,
        ):
            answer = await response.read()
            assert response.headers["Server"] == "Castbook"
            if response.status == 204:
                assert answer == b""
            else:
                assert list(json.loads(answer)) == ["status"]
            return response.status

    @asynccontextmanager
    async def raw(self, head: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A bare connection on which the first lines of a POST, and ``head``, were sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode() + head)
            await writer.drain()
            yield reader, writer
        finally:
            writer.close()
            await writer.wait_closed()


def signed(body: bytes, secret: bytes = OLD.encode(), *, id: str = "evt_1", timestamp: str = STAMP) -> dict[str, str]:
    signature = hmac.new(secret, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-ToAPIs-Webhook-Id": id,
        "X-ToAPIs-Webhook-Timestamp": timestamp,
        "X-ToAPIs-Webhook-Signature": f"v1={signature}",
        "Content-Type": "application/json",
    }


@asynccontextmanager
async def serving(sink: Sink, *secrets: str) -> AsyncIterator[Endpoint]:
    routes = webhook_routes([SecretStr(secret) for secret in secrets], sink, lambda: NOW)
    server = HealthServer(WebSettings(host="127.0.0.1", port=0), {}, routes=routes)
    await server.start()
    try:
        yield Endpoint(server.port)
    finally:
        await server.stop()


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def endpoint(sink: Sink) -> AsyncIterator[Endpoint]:
    async with serving(sink, OLD, NEW) as made:
        yield made


@pytest.fixture
def library_logs(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the libraries have to say at any level; a handler that failed is among it."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def head_of(reader: asyncio.StreamReader) -> bytes:
    """The status line of the answer."""
    async with asyncio.timeout(PATIENCE):
        return (await reader.readuntil(b"\r\n")).strip()


# -- what is taken --


@pytest.mark.parametrize("secret", [OLD.encode(), NEW.encode(), bytes.fromhex(NEW)])
async def test_an_event_that_any_secret_signed_is_handed_on(endpoint: Endpoint, sink: Sink, secret: bytes) -> None:
    assert await endpoint.post(headers=signed(BODY, secret)) == 204
    assert sink.events == [WebhookEvent("evt_1", "generation.completed", "task_01ABC", "0123456789abcdef")]


async def test_both_signatures_of_a_change_may_come_on_two_lines(endpoint: Endpoint, sink: Sink) -> None:
    name = "X-ToAPIs-Webhook-Signature"
    own = signed(BODY)
    other = signed(BODY, b"not ours")
    for first, second in ((own, other), (other, own)):
        one_line = own | {name: f"{first[name]},{second[name]}"}
        assert await endpoint.post(headers=one_line) == 204
        two_lines = [*((key, value) for key, value in own.items() if key != name), (name, first[name])]
        assert await endpoint.post(headers=[*two_lines, (name, second[name])]) == 204
    assert len(sink.events) == 4


async def test_a_repeat_is_handed_on_again(endpoint: Endpoint, sink: Sink) -> None:
    assert [await endpoint.post(), await endpoint.post()] == [204, 204]
    assert sink.events[0] == sink.events[1]


async def test_a_body_without_a_length_is_read_to_its_end(endpoint: Endpoint, sink: Sink) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(BODY), 10):
            yield BODY[at : at + 10]
            await asyncio.sleep(0)

    assert await endpoint.post(pieces(), signed(BODY)) == 204
    assert len(sink.events) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"type": "endpoint.test", "data": {"task_id": "task_1"}},
        {"type": "generation.paused", "data": {"task_id": "task_1"}},
        {"type": "generation.completed", "data": None},
        {},
    ],
)
async def test_what_ends_no_task_is_accepted_and_goes_nowhere(
    endpoint: Endpoint, sink: Sink, body: Mapping[str, object]
) -> None:
    assert await endpoint.post(json.dumps(body).encode()) == 204
    assert sink.events == []


# -- what is refused --


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"X-ToAPIs-Webhook-Signature": "v1=" + "0" * 64}, "signature"),
        ({"X-ToAPIs-Webhook-Signature": ""}, "signature"),
        ({"X-ToAPIs-Webhook-Signature": "v1=\N{EURO SIGN}"}, "signature"),
        ({"X-ToAPIs-Webhook-Signature": "v1=" + "0" * 2000}, "signature"),
        ({"X-ToAPIs-Webhook-Timestamp": str(int(STAMP) + 1)}, "signature"),
        ({"X-ToAPIs-Webhook-Timestamp": str(int(STAMP) + 301)}, "age"),
        ({"X-ToAPIs-Webhook-Timestamp": str(int(STAMP) - 301)}, "age"),
        ({"X-ToAPIs-Webhook-Timestamp": "soon"}, "timestamp"),
        ({"X-ToAPIs-Webhook-Id": "evt_2"}, "signature"),
        ({"X-ToAPIs-Webhook-Id": "e" * 129}, "id"),
        ({"X-ToAPIs-Webhook-Id": ""}, "id"),
    ],
)
async def test_what_is_not_signed_is_refused_without_a_reason(
    endpoint: Endpoint, sink: Sink, change: Mapping[str, str], reason: str
) -> None:
    with capture_logs() as logs:
        assert await endpoint.post(headers={**signed(BODY), **change}) == 401
    assert sink.events == []
    assert logs == [{"event": "webhook_refused", "reason": reason, "log_level": "warning"}]


@pytest.mark.parametrize("name", ["Id", "Timestamp", "Signature"])
async def test_a_missing_header_is_refused(endpoint: Endpoint, sink: Sink, name: str) -> None:
    headers = signed(BODY)
    del headers[f"X-ToAPIs-Webhook-{name}"]
    assert await endpoint.post(headers=headers) == 401
    assert sink.events == []


@pytest.mark.parametrize("name", ["Id", "Timestamp"])
async def test_a_header_that_comes_twice_is_none(endpoint: Endpoint, sink: Sink, name: str) -> None:
    headers = signed(BODY)
    again = (f"X-ToAPIs-Webhook-{name}", headers[f"X-ToAPIs-Webhook-{name}"])
    assert await endpoint.post(headers=[*headers.items(), again]) == 401
    assert sink.events == []


async def test_refusals_are_all_alike(endpoint: Endpoint) -> None:
    answers = set()
    for change in (
        {"X-ToAPIs-Webhook-Id": ""},
        {"X-ToAPIs-Webhook-Timestamp": "1"},
        {"X-ToAPIs-Webhook-Signature": ""},
    ):
        async with aiohttp.request("POST", endpoint.url, data=BODY, headers=signed(BODY) | change) as response:
            named = {key: value for key, value in response.headers.items() if key != "Date"}
            answers.add((response.status, await response.read(), str(sorted(named.items()))))
    assert len(answers) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"type=generation.completed", b'{"type": "\xff"}'])
async def test_a_signed_body_that_is_no_object_is_a_bad_request(endpoint: Endpoint, sink: Sink, body: bytes) -> None:
    with capture_logs() as logs:
        assert await endpoint.post(body) == 400
        assert await endpoint.post(body, signed(body, b"not ours")) == 401  # whoever cannot sign learns nothing of it
    assert sink.events == []
    assert [entry["reason"] for entry in logs] == ["body", "signature"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(endpoint: Endpoint, sink: Sink, method: str) -> None:
    async with aiohttp.request(method, endpoint.url, data=BODY, headers=signed(BODY)) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
    assert sink.events == []


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_without_secrets_there_is_no_endpoint(sink: Sink, method: str) -> None:
    async with (
        serving(sink) as endpoint,
        aiohttp.request(method, endpoint.url, data=BODY, headers=signed(BODY, b"")) as r,
    ):
        assert (r.status, await r.json()) == (404, {"status": "not found"})
    assert sink.events == []


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 200), (f"{PATH}/", 404), ("/webhooks", 404)]
)
async def test_the_other_paths_are_as_they_were(endpoint: Endpoint, path: str, status: int) -> None:
    async with aiohttp.request("GET", f"http://127.0.0.1:{endpoint.port}{path}") as response:
        assert response.status == status


# -- bodies that are too large, too slow, or broken --


async def test_a_body_may_be_as_large_as_the_cap_and_no_larger(endpoint: Endpoint, sink: Sink) -> None:
    largest = BODY.ljust(limits.WEBHOOK_BYTES)
    assert limits.WEBHOOK_BYTES == 262_144
    assert await endpoint.post(largest) == 204
    assert await endpoint.post(largest + b" ") == 413
    assert len(sink.events) == 1


async def test_a_length_above_the_cap_is_refused_before_the_body_comes(endpoint: Endpoint) -> None:
    async with endpoint.raw(b"Content-Length: %d\r\n\r\n" % (limits.WEBHOOK_BYTES + 1)) as (reader, _):
        assert (await head_of(reader)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("size", [limits.WEBHOOK_BYTES, limits.WEBHOOK_BYTES + 1])
async def test_a_body_without_a_length_is_cut_at_the_cap(endpoint: Endpoint, sink: Sink, size: int) -> None:
    body = BODY.ljust(size)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, size, 50_000):
            yield body[at : at + 50_000]

    assert await endpoint.post(pieces(), signed(body)) == (204 if size == limits.WEBHOOK_BYTES else 413)
    assert len(sink.events) == (size == limits.WEBHOOK_BYTES)


async def test_the_end_of_a_body_that_is_too_large_is_not_waited_for(endpoint: Endpoint, sink: Sink) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield BODY.ljust(limits.WEBHOOK_BYTES + 1)
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE):
        assert await endpoint.post(endless(), signed(BODY)) == 413
    assert sink.events == []


async def test_a_compressed_body_stays_as_it_was_sent(
    endpoint: Endpoint, sink: Sink, library_logs: pytest.LogCaptureFixture
) -> None:
    """A signature is over the bytes on the wire, and what is small stays small."""
    packed = {"Content-Encoding": "gzip"}
    body = gzip.compress(BODY)
    assert await endpoint.post(body, signed(body) | packed) == 400
    assert await endpoint.post(body, signed(BODY) | packed) == 401
    assert await endpoint.post(gzip.compress(bytes(20 * limits.WEBHOOK_BYTES)), signed(BODY) | packed) == 401
    assert await endpoint.post(b"not gzip", signed(BODY) | packed) == 401
    assert sink.events == []
    assert [record for record in library_logs.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 10\r\n\r\n12345",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n#and then rubbish\r\n",
    ],
)
async def test_a_body_that_does_not_come_is_not_waited_for(
    endpoint: Endpoint, sink: Sink, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    monkeypatch.setattr("bot.limits.WEBHOOK_READ_SECONDS", 0.05)
    beginning, mark, rest = head.partition(b"#")
    async with endpoint.raw(beginning) as (reader, writer):
        await asyncio.sleep(0.01)
        writer.write(rest if mark else b"")
        assert (await head_of(reader)).startswith(b"HTTP/1.1 408 ")
    assert sink.events == []


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"Content-Length: many\r\n\r\n",
        b"no header\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_counted_and_not_logged(
    endpoint: Endpoint, sink: Sink, library_logs: pytest.LogCaptureFixture, head: bytes
) -> None:
    before = REGISTRY.get_sample_value("castbook_web_malformed_requests_total") or 0
    async with endpoint.raw(head) as (reader, _):
        assert (await head_of(reader)).split()[1] == b"400"
        assert b"Traceback" not in await reader.read()
    assert (REGISTRY.get_sample_value("castbook_web_malformed_requests_total") or 0) > before
    assert [record for record in library_logs.records if record.levelno >= logging.WARNING] == []
    assert sink.events == []


async def test_a_sender_that_hangs_up_half_way_is_no_defect(sink: Sink, library_logs: pytest.LogCaptureFixture) -> None:
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed(BODY).items())
    with capture_logs() as logs:
        async with serving(sink, OLD) as endpoint:
            async with endpoint.raw(f"{headers}Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:-1]):
                await asyncio.sleep(0.05)  # until the handler waits for the rest
            await asyncio.sleep(0.05)
    assert sink.events == []
    assert logs == []
    assert [record for record in library_logs.records if record.levelno >= logging.WARNING] == []


# -- the sink --


async def test_an_event_that_the_sink_could_not_take_is_to_come_again(library_logs: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise OSError("the disk is full")

    broken = Sink(fail)
    with capture_logs() as logs:
        async with serving(broken, OLD) as endpoint:
            assert [await endpoint.post(), await endpoint.post()] == [503, 503]
    assert len(broken.events) == 2
    assert [entry["event"] for entry in logs] == ["webhook_not_taken"] * 2
    assert all(isinstance(entry["exc_info"], OSError) for entry in logs)
    assert library_logs.records == [] or max(record.levelno for record in library_logs.records) < logging.WARNING


async def test_a_sink_that_was_cancelled_has_not_taken_it() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    async with serving(Sink(cancelled), OLD) as endpoint:
        assert await endpoint.post() == 503


async def test_the_answer_comes_within_a_second_however_long_the_sink_takes() -> None:
    """Also for one that cannot be stopped at once, as a database that is rolling back."""
    rolled_back = asyncio.Event()
    stopped = asyncio.Event()

    async def stuck() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await rolled_back.wait()
            stopped.set()
            raise

    assert limits.WEBHOOK_SECONDS < 1.0
    with capture_logs() as logs:
        async with serving(Sink(stuck), OLD) as endpoint:
            assert await endpoint.post() == 503
            assert not stopped.is_set()
            rolled_back.set()
            async with asyncio.timeout(PATIENCE):
                await stopped.wait()
    assert logs == [{"event": "webhook_late", "log_level": "warning"}]


async def test_what_goes_wrong_after_the_answer_is_logged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.limits.WEBHOOK_SECONDS", 0.05)

    async def fails_to_stop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the disk is full")

    with capture_logs() as logs:
        async with serving(Sink(fails_to_stop), OLD) as endpoint:
            assert await endpoint.post() == 503
    assert [entry["event"] for entry in logs] == ["webhook_late", "webhook_not_taken"]


async def test_a_slow_event_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Barrier(2)

    async def meets_the_other() -> None:
        await both.wait()

    monkeypatch.setattr("bot.limits.WEBHOOK_SECONDS", 5)
    async with serving(Sink(meets_the_other), OLD) as endpoint:
        assert await asyncio.gather(endpoint.post(), endpoint.post()) == [204, 204]


# -- logs --


@pytest.mark.usefixtures("restored_logs")
async def test_no_secret_and_nothing_of_a_delivery_is_ever_logged(capsys: pytest.CaptureFixture[str]) -> None:
    async def fail() -> None:
        raise OSError("the disk is full")

    configure(LogSettings(level="DEBUG", format="json"))  # told of no secrets: nothing is masked
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("aiohttp.access").setLevel(logging.DEBUG)
    good = signed(BODY)
    statuses = []
    for sink in (Sink(), Sink(fail)):
        async with serving(sink, OLD, NEW) as endpoint:
            statuses += [
                await endpoint.post(),
                await endpoint.post(headers=good | {"X-ToAPIs-Webhook-Id": "evt_2"}),
                await endpoint.post(headers=good | {"X-ToAPIs-Webhook-Timestamp": "1"}),
                await endpoint.post(b"task_01ABC", signed(b"task_01ABC", bytes.fromhex(NEW))),
                await endpoint.post(b'{"data": {"task_id": "task_01ABC"}}'),
                await endpoint.post(BODY.ljust(limits.WEBHOOK_BYTES + 1)),
            ]
    assert statuses == [204, 401, 401, 400, 204, 413, 503, 401, 401, 400, 204, 413]
    logged = capsys.readouterr().err
    assert all(
        word in logged for word in ("webhook_refused", "webhook_not_taken", "webhook_without_effect", "disk is full")
    )
    for kept_back in (
        OLD,
        OLD.encode().hex(),
        NEW,
        good["X-ToAPIs-Webhook-Signature"][3:],
        "task_01ABC",
        "01234567",
        "evt_",
    ):
        assert kept_back not in logged
