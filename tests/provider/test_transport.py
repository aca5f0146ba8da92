"""What is known when the connection fails, with a server that closes its socket at an exact moment."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct

import pytest

from bot.limits import PROVIDER_ANSWER_BYTES
from bot.metrics import REGISTRY, Fault
from bot.provider.errors import (
    BalanceEmpty,
    FileTooLarge,
    NothingTaken,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
)
from bot.provider.transport import Timeouts
from tests.patience import PATIENCE
from tests.provider.loopback import RANGE, SUBMIT, Socket, body_length, client_for, first, http, read_request

QUEUED = b'{"id": "task_1", "status": "queued"}'


def reset(writer):
    """Close with RST in place of FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def create(client):
    return await client.create_character(model="sora-2", range=RANGE, business_id="b", url="https://f.example/c.mp4")


async def submitted_to(script):
    """Submit to a server that runs ``script``; returns the error and how often the server was connected to."""
    read = 0.3 if script in {silent, silent_in_the_body} else PATIENCE
    timeouts = Timeouts(PATIENCE, read, PATIENCE, PATIENCE)
    async with Socket(script) as server, client_for(server.base_url, timeouts) as client:
        with pytest.raises((NothingTaken, OutcomeUnknown)) as caught:
            await create(client)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return caught.value, server.connections


# -- nothing was sent --


async def test_a_refused_connection_took_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        async with client_for(f"http://127.0.0.1:{taken.getsockname()[1]}") as client:
            with pytest.raises(NothingTaken) as caught:
                await create(client)
    assert type(caught.value) is NothingTaken
    assert caught.value.code == "ClientConnectorError"
    assert "Nothing was charged" in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_host_without_an_address_took_nothing(monkeypatch):
    def nobody(*_args, **_kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    async with client_for("http://provider.invalid") as client:
        with pytest.raises(NothingTaken) as caught:
            await create(client)
    assert caught.value.code == "ClientConnectorDNSError"


async def test_a_connection_that_does_not_come_about_in_time_took_nothing():
    """The queue of a listening socket that accepts nobody is filled up, so that one more connection hangs."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
            waiting.append(filler)
        async with client_for(f"http://127.0.0.1:{deaf.getsockname()[1]}", Timeouts(0.2, 5, 5, 5)) as client:
            with pytest.raises(NothingTaken) as caught:
                await create(client)
        for filler in waiting:
            filler.close()
    assert caught.value.code == "ConnectionTimeoutError"


async def test_a_failed_tls_handshake_took_nothing():
    async def no_tls(reader, writer):
        await reader.read(16)
        writer.write(b"this is not TLS\r\n\r\n")
        await writer.drain()

    async def hang_up(reader, writer):
        await reader.read(16)

    for script in (no_tls, hang_up):
        async with Socket(script) as server, client_for(f"https://127.0.0.1:{server.port}") as client:
            with pytest.raises(NothingTaken) as caught:
                await create(client)
        assert type(caught.value) is NothingTaken


# -- it may have been taken --


async def closed_before_reading(reader, writer):
    pass


async def closed_after_the_head(reader, writer):
    await reader.readuntil(b"\r\n\r\n")


async def closed_after_reading(reader, writer):
    await read_request(reader)


async def reset_after_reading(reader, writer):
    await read_request(reader)
    reset(writer)


async def closed_in_the_status_line(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 O")
    await writer.drain()


async def closed_in_the_body(reader, writer):
    await read_request(reader)
    writer.write(http(QUEUED, length=len(QUEUED) + 10))
    await writer.drain()


async def reset_in_the_body(reader, writer):
    await read_request(reader)
    writer.write(http(QUEUED, length=len(QUEUED) + 10))
    await writer.drain()
    await asyncio.sleep(0)
    reset(writer)


async def closed_in_a_chunk(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + QUEUED)
    await writer.drain()


async def nonsense_chunks(reader, writer):
    await read_request(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\nzz\r\n')
    await writer.drain()
    await reader.read()


async def nonsense_gzip(reader, writer):
    await read_request(reader)
    writer.write(http(b"this is no gzip", extra=b"Content-Encoding: gzip\r\n"))
    await writer.drain()
    await reader.read()


async def no_http(reader, writer):
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    await writer.drain()
    await reader.read()


async def silent(reader, writer):
    await read_request(reader)
    await reader.read()


async def silent_in_the_body(reader, writer):
    await read_request(reader)
    writer.write(http(QUEUED, length=len(QUEUED) + 10))
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    "script",
    [
        closed_before_reading,
        closed_after_the_head,
        closed_after_reading,
        reset_after_reading,
        closed_in_the_status_line,
        closed_in_the_body,
        reset_in_the_body,
        closed_in_a_chunk,
        nonsense_chunks,
        nonsense_gzip,
        no_http,
        silent,
        silent_in_the_body,
    ],
)
async def test_once_connected_a_submission_may_have_been_taken_and_is_never_repeated(script):
    error, connections = await submitted_to(script)
    assert type(error) is OutcomeUnknown
    assert error.code
    assert connections == 1
    assert "may have been charged" in str(error)


async def test_an_answer_that_trickles_for_ever_ends_with_the_total_timeout():
    async def trickle(reader, writer):
        await read_request(reader)
        writer.write(http(b"", length=10_000))
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with (
        Socket(trickle) as server,
        client_for(server.base_url, Timeouts(PATIENCE, PATIENCE, 1, PATIENCE)) as client,
    ):
        with pytest.raises(OutcomeUnknown) as caught:
            await create(client)
    assert caught.value.code == "TimeoutError"


async def test_a_compressed_answer_counts_by_what_it_unpacks_to():
    bomb = gzip.compress(b'{"id": "' + b"x" * (20 * PROVIDER_ANSWER_BYTES) + b'"}')
    assert len(bomb) < PROVIDER_ANSWER_BYTES / 10

    async def explode(reader, writer):
        await read_request(reader)
        writer.write(http(bomb, extra=b"Content-Encoding: gzip\r\n"))
        await writer.drain()
        await reader.read()

    error, _ = await submitted_to(explode)
    assert (type(error), error.code) == (OutcomeUnknown, "too large")


async def test_a_refusal_is_known_by_its_status_even_when_its_body_is_cut():
    async def cut(reader, writer):
        await read_request(reader)
        writer.write(http(b'{"error":', status=b"402 Payment Required", length=500))
        await writer.drain()

    async with Socket(cut) as server, client_for(server.base_url) as client:
        with pytest.raises(BalanceEmpty) as caught:
            await create(client)
    assert caught.value.code == "ClientPayloadError"
    assert caught.value.__context__ is None


async def test_a_429_without_a_readable_body_keeps_its_retry_after():
    async def cut(reader, writer):
        await read_request(reader)
        writer.write(http(b"<", status=b"429 Slow Down", extra=b"Retry-After: 7\r\n", length=500))
        await writer.drain()

    async with Socket(cut) as server, client_for(server.base_url) as client:
        with pytest.raises(RateLimited) as caught:
            await create(client)
    assert caught.value.retry_after == 7


# -- kept connections --


async def test_queries_share_a_connection_and_a_submission_never_uses_a_kept_one():
    """A kept connection that the other side closes under a POST would leave it open whether it was taken."""
    requests: list[tuple[int, bytes]] = []

    async def keep(reader, writer):
        number = server.connections
        while True:
            requests.append((number, (await read_request(reader)).split(b" ")[0]))
            writer.write(http(QUEUED))
            await writer.drain()

    async with Socket(keep) as server, client_for(server.base_url) as client:
        await client.task("t")
        await client.task("t")
        await create(client)
        await create(client)
        await client.task("t")
    assert requests == [(1, b"GET"), (1, b"GET"), (2, b"POST"), (3, b"POST"), (1, b"GET")]


async def test_a_kept_connection_that_died_costs_a_query_nothing():
    """aiohttp asks again on a new connection: for GET only (the submissions above are sent once)."""

    async def once(reader, writer):
        await read_request(reader)
        writer.write(http(QUEUED))
        await writer.drain()
        await reader.readuntil(b"\r\n\r\n")  # the next request comes, and is cut off

    async with Socket(once) as server, client_for(server.base_url) as client:
        await client.task("t")
        await client.task("t")
    assert server.connections == 2


async def test_a_cancelled_call_stays_cancelled():
    reached = asyncio.Event()

    async def hold(reader, writer):
        await read_request(reader)
        reached.set()
        await reader.read()

    async with Socket(hold) as server, client_for(server.base_url) as client:
        call = asyncio.create_task(create(client))
        await reached.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


# -- uploads on a slow line --


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024)  # more than the sockets' buffers hold
    return path


async def test_an_upload_may_take_longer_than_an_answer_may_pause(clip):
    async def slow(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.4)
        await reader.readexactly(body_length(head))
        writer.write(http(b'{"url": "https://f.example/u.mp4"}'))
        await writer.drain()

    async with Socket(slow) as server, client_for(server.base_url, Timeouts(PATIENCE, 0.3, 0.3, PATIENCE)) as client:
        assert await client.upload_video(clip, mime="video/mp4") == "https://f.example/u.mp4"


async def test_a_413_is_heard_before_the_whole_file_is_sent(clip):
    async def too_large(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(http(b"<html>", status=b"413 Too Large", extra=b"Connection: close\r\n"))
        await writer.drain()
        await reader.read(1024)
        await done.wait()

    done = asyncio.Event()
    async with Socket(too_large) as server:
        async with client_for(server.base_url) as client:
            with pytest.raises(FileTooLarge):
                await client.upload_video(clip, mime="video/mp4")
        done.set()


async def test_an_upload_that_is_cut_off_costs_nothing(clip):
    async with Socket(closed_after_the_head) as server, client_for(server.base_url) as client:
        with pytest.raises(OutcomeUnknown) as caught:
            await client.upload_video(clip, mime="video/mp4")
    assert "Nothing was charged" in str(caught.value)
    assert server.connections == 1


# -- measured --


def measured(name, **labels):
    return REGISTRY.get_sample_value(f"castbook_provider_{name}", labels) or 0.0


async def test_each_request_is_timed_by_its_template(client, provider):
    request = "GET /v1/characters_tasks/{id}"
    before = measured("seconds_count", request=request)
    faults = [measured("faults_total", fault=fault) for fault in Fault]
    provider.on(first("task_1"), body={"id": "task_1", "status": "queued"})
    await client.task("task_1")
    assert measured("seconds_count", request=request) == before + 1
    assert [measured("faults_total", fault=fault) for fault in Fault] == faults


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"status": 503}, Fault.TROUBLE),
        ({"status": 429}, Fault.RATE_LIMITED),
        ({"status": 422}, Fault.REFUSED),
        ({"raw": b"<html>"}, Fault.UNREADABLE),
    ],
)
async def test_a_fault_is_counted_by_its_kind(submit, provider, answer, fault):
    before = measured("faults_total", fault=fault)
    provider.on(SUBMIT, **answer)
    with pytest.raises(ProviderError):
        await submit()
    assert measured("faults_total", fault=fault) == before + 1


async def test_silence_is_counted_by_whether_anything_was_sent():
    unreachable, silent = (measured("faults_total", fault=fault) for fault in (Fault.UNREACHABLE, Fault.SILENT))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        async with client_for(f"http://127.0.0.1:{taken.getsockname()[1]}") as client:
            with pytest.raises(NothingTaken):
                await create(client)
    assert measured("faults_total", fault=Fault.UNREACHABLE) == unreachable + 1

    async def hang_up(reader, writer):
        await read_request(reader)
        reset(writer)

    await submitted_to(hang_up)
    assert measured("faults_total", fault=Fault.SILENT) == silent + 1
