"""The endpoint for interactions, over a real server on the loopback, with what a real key has signed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import asyncpg
import pytest
from nacl.signing import SigningKey
from sqlalchemy import make_url
from structlog.testing import capture_logs

from bot import limits
from bot.config import WebSettings
from bot.store.database import database_at
from bot.store.taken_interactions import TakenInteractionStore
from bot.web.health import HealthServer
from bot.web.interactions import PATH, TakenInteractions, interaction_routes
from tests.store.postgres_proxy import proxy_to

KEY = SigningKey(bytes(range(32)))
COMMAND = {"type": 2, "id": "1402000000000000001", "token": "aW50ZXJhY3Rpb246secret", "data": {"name": "tasks"}}
BODY = json.dumps(COMMAND).encode()
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class Sink:
    """Notes what it is given; ``broken``: it cannot make sense of it."""

    def __init__(self) -> None:
        self.takes_interactions = True
        self.broken = False
        self.payloads: list[dict[str, Any]] = []

    async def receive(self, payload: dict[str, Any]) -> None:
        if self.broken:
            raise KeyError("attachment_size_limit")
        self.payloads.append(payload)


class Endpoint:
    """A server, and Discord in front of it; ``now`` is the server's clock."""

    def __init__(self, sink: Sink, taken: TakenInteractions | None = None) -> None:
        self.now = NOW
        self.sink = sink
        public = KEY.verify_key.encode().hex()
        routes = interaction_routes(public, sink, lambda: self.now, taken=taken)
        self.server = HealthServer(WebSettings(host="127.0.0.1", port=0), {}, routes=routes)

    async def send(self, body: Any, headers: Any, *, method: str = "POST") -> tuple[int, bytes]:
        url = f"http://127.0.0.1:{self.server.port}{PATH}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.read()

    async def post(self, body: bytes = BODY, headers: Any = None) -> int:
        status, _ = await self.send(body, signed(body) if headers is None else headers)
        return status


def signed(body: bytes, *, key: SigningKey = KEY, at: datetime = NOW) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    return {
        "X-Signature-Ed25519": key.sign(timestamp.encode() + body).signature.hex(),
        "X-Signature-Timestamp": timestamp,
    }


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint(Sink())
    await made.server.start()
    try:
        yield made
    finally:
        await made.server.stop()


async def test_a_ping_is_answered_in_the_response_and_goes_nowhere(endpoint: Endpoint) -> None:
    body = json.dumps({"type": 1, "id": "1", "token": "t"}).encode()
    status, answer = await endpoint.send(body, signed(body))
    assert (status, json.loads(answer)) == (200, {"type": 1})
    assert endpoint.sink.payloads == []


async def test_what_discord_signed_is_handed_on_and_answered_without_a_body(endpoint: Endpoint) -> None:
    assert await endpoint.send(BODY, signed(BODY)) == (202, b"")
    assert endpoint.sink.payloads == [COMMAND]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"X-Signature-Ed25519": None}, "signature", id="no signature"),
        pytest.param({"X-Signature-Ed25519": "beef"}, "signature", id="short signature"),
        pytest.param({"X-Signature-Ed25519": "zz" * 64}, "signature", id="no digits"),
        pytest.param({"X-Signature-Ed25519": "0" * 128}, "signature", id="zeros"),
        pytest.param({"X-Signature-Timestamp": None}, "timestamp", id="no timestamp"),
        pytest.param({"X-Signature-Timestamp": "+1793534400"}, "timestamp", id="strange timestamp"),
        pytest.param({"X-Signature-Timestamp": str(int(NOW.timestamp()) + 1)}, "signature", id="other timestamp"),
        pytest.param(signed(BODY, key=SigningKey(bytes(32))), "signature", id="other key"),
        pytest.param(signed(BODY + b" "), "signature", id="other body"),
        pytest.param(signed(BODY, at=NOW - timedelta(seconds=301)), "age", id="too old"),
        pytest.param(signed(BODY, at=NOW + timedelta(seconds=301)), "age", id="from the future"),
    ],
)
async def test_what_discord_did_not_sign_now_is_refused_without_a_reason(
    endpoint: Endpoint, change: dict[str, str | None], reason: str
) -> None:
    headers = {name: value for name, value in (signed(BODY) | change).items() if value is not None}
    with capture_logs() as logs:
        status, answer = await endpoint.send(BODY, headers)
    assert (status, json.loads(answer)) == (401, {"status": "unauthorized"})
    assert [(line["event"], line["reason"]) for line in logs] == [("interaction_refused", reason)]
    assert endpoint.sink.payloads == []


async def test_of_two_signatures_neither_is_believed(endpoint: Endpoint) -> None:
    twice = [*signed(BODY).items(), ("X-Signature-Ed25519", "0" * 128)]
    assert await endpoint.post(headers=twice) == 401


async def test_clocks_may_be_five_minutes_apart(endpoint: Endpoint) -> None:
    for seconds in (-300, 300):
        body = BODY.replace(b"0001", b"%04d" % (1000 + seconds))
        assert await endpoint.post(body, signed(body, at=NOW + timedelta(seconds=seconds))) == 202


async def test_one_that_comes_twice_is_handed_on_once_for_as_long_as_it_is_believed(endpoint: Endpoint) -> None:
    ahead = signed(BODY, at=NOW + limits.INTERACTION_AGE)
    other = BODY.replace(b"0001", b"0002")
    assert [await endpoint.post(headers=ahead), await endpoint.post(headers=ahead)] == [202, 202]
    endpoint.now = NOW + 2 * limits.INTERACTION_AGE
    assert await endpoint.post(other, signed(other, at=endpoint.now)) == 202
    assert await endpoint.post(headers=ahead) == 202
    assert [each["id"][-4:] for each in endpoint.sink.payloads] == ["0001", "0002"]
    endpoint.now += timedelta(seconds=1)
    assert await endpoint.post(headers=ahead) == 401


@asynccontextmanager
async def many(url: str, number: int) -> AsyncIterator[list[Endpoint]]:
    """Servers as those of several processes: what they have in common is the database."""
    async with AsyncExitStack() as opened:
        endpoints = []
        for _ in range(number):
            database = database_at(url)
            await database.open()
            opened.push_async_callback(database.close)
            endpoints.append(Endpoint(Sink(), TakenInteractionStore(database)))
            await endpoints[-1].server.start()
            opened.push_async_callback(endpoints[-1].server.stop)
        yield endpoints


async def test_one_that_a_proxy_repeats_to_other_processes_is_handed_on_by_one(postgres_url: str) -> None:
    async with many(postgres_url, 3) as endpoints:
        assert await asyncio.gather(*(each.post() for each in endpoints)) == [202] * 3
        assert [payload for each in endpoints for payload in each.sink.payloads] == [COMMAND]
        typed = json.dumps(COMMAND | {"type": 4, "id": "2"}).encode()
        await asyncio.gather(*(each.post(typed) for each in endpoints))
        assert sum(len(each.sink.payloads) for each in endpoints) == 1 + 3, "names to choose from change nothing"


async def test_where_the_database_does_not_say_whose_it_is_nobody_has_it(postgres_url: str) -> None:
    async with many(postgres_url, 1) as [endpoint]:
        blocking = await asyncpg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string())
        try:
            async with blocking.transaction():
                await blocking.execute("LOCK TABLE taken_interactions")
                with capture_logs() as logs:
                    assert await endpoint.post() == 503
        finally:
            await blocking.close()
        assert [line["event"] for line in logs] == ["interaction_given_up"]
        assert endpoint.sink.payloads == []


async def test_where_the_database_is_away_the_person_is_told(postgres_url: str) -> None:
    async with proxy_to(postgres_url) as (proxy, url), many(url, 1) as [endpoint]:
        await proxy.stop()
        with capture_logs() as logs:
            assert await endpoint.post() == 202
        assert [line["event"] for line in logs] == ["interaction_not_noted"]
        assert endpoint.sink.payloads == [COMMAND]


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_beyond_the_limit_is_not_read_to_its_end(endpoint: Endpoint, announced: bool) -> None:
    body = b"{" + b" " * limits.INTERACTION_BYTES
    sent: Any = io.BytesIO(body)

    async def in_parts() -> AsyncIterator[bytes]:
        yield body

    if not announced:
        sent = in_parts()
    status, _ = await endpoint.send(sent, signed(body))
    assert status == 413


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"{}", b'{"type": "2"}', b'{"type": 2}'])
async def test_what_is_signed_and_no_interaction_is_refused(endpoint: Endpoint, body: bytes) -> None:
    assert await endpoint.post(body) == 400
    assert endpoint.sink.payloads == []


async def test_one_that_the_library_does_not_take_is_a_defect_with_an_id_in_the_log(endpoint: Endpoint) -> None:
    endpoint.sink.broken = True
    with capture_logs() as logs:
        assert await endpoint.post() == 400
    assert [line["event"] for line in logs] == ["interaction_not_taken"]


async def test_before_the_login_it_is_told_to_come_again_and_may(endpoint: Endpoint) -> None:
    endpoint.sink.takes_interactions = False
    assert await endpoint.post() == 503
    endpoint.sink.takes_interactions = True
    assert await endpoint.post() == 202
    assert endpoint.sink.payloads == [COMMAND]


async def test_other_methods_are_not_answered(endpoint: Endpoint) -> None:
    assert (await endpoint.send(None, {}, method="GET"))[0] == 405


def test_without_a_key_there_is_no_endpoint() -> None:
    assert interaction_routes("", Sink(), lambda: NOW) == ()
