import asyncio
import hashlib
import os
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from bot.errors import BadFile, BadLink, CastbookError, DownloadFailed, Refusal
from bot.media import download_failures
from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader, redirected
from bot.media.part_file import PartFile
from bot.media.response_body import CHUNK_BYTES
from tests.patience import PATIENCE

VIDEO = os.urandom(3 * CHUNK_BYTES + 12345)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


def expect_nothing_left(into: Path) -> None:
    assert list(into.parent.iterdir()) == []


def expect_only(into: Path, content: bytes) -> None:
    assert into.read_bytes() == content
    assert list(into.parent.iterdir()) == [into]


async def failure(downloader: Downloader, url: str, into: Path, max_bytes: int = 100) -> CastbookError:
    """What fetching ends with. Whatever it is: it says what to do, and leaves nothing behind."""
    with pytest.raises(CastbookError) as caught:
        await downloader.fetch(url, into, max_bytes=max_bytes)
    assert "attach" in str(caught.value)
    expect_nothing_left(into)
    return caught.value


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_file_arrives_whole(chunked: bool, downloader: Downloader, site, into: Path) -> None:
    async def video(request: web.Request) -> web.StreamResponse:
        if not chunked:
            return web.Response(body=VIDEO)
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(VIDEO), 50_000):
            await response.write(VIDEO[start : start + 50_000])
        return response

    site.handler = video
    got = await downloader.fetch(f"{site.origin}/clip.mp4", into, max_bytes=len(VIDEO))
    assert got.path == into
    assert got.size == len(VIDEO)
    assert got.sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert got.head == VIDEO[:4096]
    expect_only(into, VIDEO)


@pytest.fixture
def earlier_attempt(into: Path) -> None:
    into.write_bytes(b"of an earlier attempt")


@pytest.mark.usefixtures("earlier_attempt")
async def test_what_lay_there_before_is_replaced(downloader: Downloader, site, into: Path) -> None:
    await downloader.fetch(site.origin, into, max_bytes=100)
    expect_only(into, b"clip")


async def test_the_request_carries_nothing_of_ours(
    downloader: Downloader, site, into: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def sets_a_cookie(_: web.Request) -> web.StreamResponse:
        response = web.Response(body=b"clip")
        response.set_cookie("who", "you")
        return response

    netrc = tmp_path.parent / "netrc"
    netrc.write_text("default login someone password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    site.handler = sets_a_cookie
    for _ in range(2):
        await downloader.fetch(f"{site.origin}/clip.mp4", into, max_bytes=100)
    headers = site.hits[1].headers
    assert set(headers) == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert headers["Accept-Encoding"] == "identity"


async def test_redirects_are_followed(downloader: Downloader, site, sockets, into: Path) -> None:
    steps = iter([301, 302, 303, 307, 308])

    async def on(_: web.Request) -> web.StreamResponse:
        for step in steps:
            return web.Response(status=step, headers={"Location": "http://files.example.org/next"}, body=b"not this")
        return web.Response(body=b"clip")

    site.handler = on
    await downloader.fetch(f"{site.origin}/clip.mp4", into, max_bytes=100)
    expect_only(into, b"clip")
    assert [hit.path for hit in site.hits] == ["/clip.mp4", *["/next"] * 5]
    assert len(sockets.addresses) == 5, "the first went to the exempt origin, the others under the guard"


async def test_a_sixth_redirect_is_one_too_many(downloader: Downloader, site, into: Path) -> None:
    async def round_and_round(_: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/again")

    site.handler = round_and_round
    error = await failure(downloader, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert error.permanent
    assert len(site.hits) == 6


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "https://example.org/b"),
        ("?x=1", "https://example.org/a?x=1"),
        ("//other.example/b", "https://other.example/b"),
        ("https://other.example/", "https://other.example/"),
    ],
)
def test_a_redirect_leads_where_it_says(location: str, target: str) -> None:
    assert redirected(URL("https://example.org/a"), location) == URL(target)


@pytest.mark.parametrize("location", ["", "http://example.org/", "http://[", "https://\udcff/", "https://x:y/"])
def test_a_redirect_to_nowhere_or_out_of_tls_is_refused(location: str) -> None:
    with pytest.raises(BadLink):
        redirected(URL("https://example.org/a"), location)


def test_a_redirect_may_lead_into_tls() -> None:
    assert redirected(URL("http://example.org/a"), "https://example.org/a").scheme == "https"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 451, 204, 206, 300, 304])
async def test_an_answer_that_stays_is_permanent(status: int, downloader: Downloader, site, into: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    site.handler = answer
    error = await failure(downloader, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert error.permanent
    assert "ttach the file instead" in str(error)
    assert len(site.hits) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_an_answer_that_may_change_is_not(status: int, downloader: Downloader, site, into: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    site.handler = answer
    error = await failure(downloader, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert not error.permanent
    assert str(status) in str(error)


@pytest.fixture
async def from_discord(guard: AddressGuard, site) -> AsyncIterator[Downloader]:
    downloader = Downloader(guard, timeout=PATIENCE, cdn_origins=[site.origin])
    await downloader.open()
    yield downloader
    await downloader.close()


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_dead_attachment_has_its_own_sentence(status: int, from_discord: Downloader, site, into: Path) -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="This content is no longer available.")

    site.handler = gone
    error = await failure(from_discord, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert error.permanent
    assert "Please attach the file again." in str(error)


async def test_only_discord_s_own_files_are_attachments(from_discord: Downloader, site, into: Path) -> None:
    async def gone(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    site.handler = gone
    assert "attach the file instead" in str(await failure(from_discord, "http://files.example.org/", into))


async def test_a_dead_cdn_is_not_a_dead_attachment(from_discord: Downloader, site, into: Path) -> None:
    async def down(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    site.handler = down
    error = await failure(from_discord, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert not error.permanent


@pytest.mark.parametrize("page", ["text/html", "text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml"])
async def test_a_page_is_not_a_file(page: str, downloader: Downloader, site, into: Path) -> None:
    async def html(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"<!doctype html>", headers={"Content-Type": page})

    site.handler = html
    error = await failure(downloader, site.origin, into)
    assert isinstance(error, BadLink)
    assert str(error).startswith("That link leads to a web page, not to a video file.")


@pytest.mark.parametrize("encoding", ["br", "zstd", "identity, gzip"])
async def test_an_encoded_body_is_not_opened(encoding: str, downloader: Downloader, site, into: Path) -> None:
    async def encoded(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": encoding})

    site.handler = encoded
    error = await failure(downloader, site.origin, into)
    assert isinstance(error, DownloadFailed)
    assert error.permanent


async def test_a_body_encoded_as_itself_is_fine(downloader: Downloader, site, into: Path) -> None:
    async def plain(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"clip", headers={"Content-Encoding": "Identity"})

    site.handler = plain
    assert (await downloader.fetch(site.origin, into, max_bytes=4)).size == 4


async def test_an_empty_file_is_refused(downloader: Downloader, site, into: Path) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"")

    site.handler = nothing
    assert isinstance(await failure(downloader, site.origin, into), BadFile)


async def test_a_file_announced_as_too_large_is_not_read(
    downloader: Downloader, site, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(5 * 2**20 + 1)})
        await response.prepare(request)
        await asyncio.Event().wait()  # a byte of it never comes
        return response

    site.handler = large
    error = await failure(downloader, site.origin, into, max_bytes=5 * 2**20)
    assert isinstance(error, BadFile)
    assert "larger than 5 MB" in str(error)


async def test_a_file_that_turns_out_too_large_is_cut_off(downloader: Downloader, site, into: Path) -> None:
    cut_off = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(bytes(65_536))
        finally:
            cut_off.set()

    site.handler = endless
    assert isinstance(await failure(downloader, site.origin, into, max_bytes=2 * CHUNK_BYTES), BadFile)
    await cut_off.wait()


async def test_the_cap_itself_is_allowed(downloader: Downloader, site, into: Path) -> None:
    await failure(downloader, site.origin, into, max_bytes=3)
    assert (await downloader.fetch(site.origin, into, max_bytes=4)).size == 4


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def line(talk: Talk) -> AsyncIterator[str]:
    """The origin of a server below HTTP, whose every connection is ``talk``, after a request was read."""
    talking: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.append(task)
        with suppress(ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await asyncio.gather(*talking)


def saying(answer: bytes, *, hold: bool = False) -> Talk:
    """Send ``answer`` and hang up, or hold the line until the client does."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        if hold:
            await reader.read()

    return talk


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_a_broken_answer_may_be_whole_next_time(answer: bytes, into: Path) -> None:
    async with line(saying(answer)) as origin:
        await expect_trouble(origin, into, timeout=PATIENCE)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"])
async def test_a_server_that_falls_silent_is_given_up(
    answer: bytes, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.SILENCE_SECONDS", 0.05)
    async with line(saying(answer, hold=True)) as origin:
        await expect_trouble(origin, into, timeout=1000)


async def test_a_server_that_drips_is_given_up(into: Path) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b".")
            await asyncio.sleep(0.01)

    async with line(drip) as origin:
        error = await failed_with(AddressGuard([origin]), origin, into, timeout=0.5)
    assert isinstance(error, DownloadFailed)
    assert error.permanent, "it would only be as slow again"
    assert "is too slow" in str(error)


async def test_a_name_server_that_never_answers_is_given_up(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("bot.limits.CONNECT_SECONDS", 0.05)
    error = await failed_with(AddressGuard([], resolve=never), "https://files.example.org/", into, timeout=1000)
    assert not error.permanent


@pytest.mark.parametrize(("code", "permanent"), [(socket.EAI_NONAME, True), (socket.EAI_AGAIN, False)])
async def test_an_unknown_name_is_permanent_and_a_silent_name_server_is_not(
    code: int, permanent: bool, into: Path
) -> None:
    async def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(code, "no")

    error = await failed_with(AddressGuard([], resolve=unknown), "https://files.example.org/?secret=1", into)
    assert error.permanent is permanent
    assert str(error).startswith("I couldn't reach files.example.org")


async def test_a_refused_connection_may_work_later(site, into: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"
    assert not (await failed_with(AddressGuard([origin]), origin, into)).permanent


async def test_plain_http_where_tls_was_promised_fails(site, into: Path) -> None:
    origin = site.origin.replace("http:", "https:")
    await failed_with(AddressGuard([origin]), origin, into)
    assert site.hits == []


def test_a_wrong_certificate_stays_wrong() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("example.org", 443, True, True, None, None, None)
    error = aiohttp.ClientConnectorCertificateError(key, ssl.SSLCertVerificationError("self-signed"))
    failed = download_failures.network_failure(error, "elsewhere.example")
    assert failed.permanent
    assert "certificate of example.org" in str(failed)


async def test_no_error_quotes_the_link(into: Path) -> None:
    """The query of a link is often a key to the file."""
    async with line(saying(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")) as origin:
        error = await failed_with(AddressGuard([origin]), f"{origin}/clip.mp4?signature=tell-nobody", into)
    assert error.__suppress_context__
    assert "tell-nobody" not in repr(error) + str(error) + repr(error.text)


async def expect_trouble(origin: str, into: Path, *, timeout: float) -> None:  # noqa: ASYNC109 - handed on
    error = await failed_with(AddressGuard([origin]), origin, into, timeout=timeout)
    assert not error.permanent


async def failed_with(
    guard: AddressGuard,
    url: str,
    into: Path,
    *,
    timeout: float = PATIENCE,  # noqa: ASYNC109 - handed on
) -> DownloadFailed:
    downloader = Downloader(guard, timeout=timeout)
    await downloader.open()
    try:
        error = await failure(downloader, url, into, max_bytes=2**20)
    finally:
        await downloader.close()
    assert isinstance(error, DownloadFailed)
    assert not isinstance(error, Refusal)
    return error


async def test_our_own_disk_s_failure_is_not_blamed_on_the_link(downloader: Downloader, site, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await downloader.fetch(site.origin, tmp_path / "no such folder" / "clip", max_bytes=100)


@pytest.mark.parametrize("stage", ["write", "finish"])
async def test_a_cancelled_fetch_leaves_nothing(
    stage: str, downloader: Downloader, site, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled while a thread is at work on the file: the thread ends first, then the file goes."""
    loop, at_work, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    real = getattr(PartFile, stage)

    def slow(part: PartFile, *data: bytes) -> None:
        real(part, *data)
        loop.call_soon_threadsafe(at_work.set)
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(PartFile, stage, slow)
    fetching = asyncio.create_task(downloader.fetch(site.origin, into, max_bytes=100))
    await at_work.wait()
    assert list(into.parent.iterdir()) != []
    fetching.cancel()
    await asyncio.sleep(0)
    fetching.cancel()  # a second time, as a shut-down does to what did not end at once
    await asyncio.sleep(0)
    assert not fetching.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    expect_nothing_left(into)


async def test_a_fetch_cancelled_on_the_line_leaves_nothing(
    downloader: Downloader, site, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()
    real = PartFile.write

    def written(part: PartFile, data: bytes) -> None:
        real(part, data)
        loop.call_soon_threadsafe(begun.set)

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(bytes(2 * CHUNK_BYTES))
        await asyncio.Event().wait()
        return response

    monkeypatch.setattr(PartFile, "write", written)
    site.handler = half
    fetching = asyncio.create_task(downloader.fetch(site.origin, into, max_bytes=10 * CHUNK_BYTES))
    await begun.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    expect_nothing_left(into)
