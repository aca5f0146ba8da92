"""Links as people share them: pages that name their file, sites whose addresses do, and servers that misbehave."""

import asyncio
import dataclasses
import gzip
import os
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from bot.errors import BadLink, CastbookError, DownloadFailed, TooLarge
from bot.media import operations, worker
from bot.media.address_guard import AddressGuard, as_typed
from bot.media.download import Downloader
from bot.media.response_body import CHUNK_BYTES
from bot.media.share_links import file_behind
from bot.media.worker import MediaWorker
from tests.patience import PATIENCE

VIDEO = os.urandom(CHUNK_BYTES + 4321)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "clip.mp4"


@pytest.fixture
async def reader(guard: AddressGuard) -> AsyncIterator[Downloader]:
    """Which reads pages in a real child."""
    downloader = Downloader(guard, timeout=PATIENCE, page_reader=MediaWorker().page_reader)
    await downloader.open()
    yield downloader
    await downloader.close()


def assert_only(into: Path) -> None:
    assert into.read_bytes() == VIDEO
    assert list(into.parent.iterdir()) == [into]


def serve(site, page: str | bytes, kind: str = "text/html") -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/film"):
            return web.Response(body=VIDEO, content_type="video/mp4")
        return web.Response(body=page if isinstance(page, bytes) else page.encode(), content_type=kind)

    site.handler = answer


OG = '<meta property="og:video" content="/film.mp4?a=1&amp;b=2">'


@pytest.mark.parametrize(
    "page",
    [
        f"<!doctype html><html><head>{OG}</head>",
        f"\ufeff\n  <html>{OG}",
        '<html><meta property="og:video:secure_url" content="/film.mp4"><meta property="og:video" content="/no">',
        '<html><meta name="twitter:player:stream" content="/film.mp4">',
        '<html><body><video controls src="/film.mp4"></video>',
        '<html><video><source src="blob:x"><source src="/film.m3u8"><source src="/film.webm"></video>',
        '<html><meta property="og:video" content="/player"><meta property="og:video:type" content="text/html">'
        '<video src="/film.mp4"></video>',
        "<html><script>document.write('<video src=/no>')</script><VIDEO SRC=/film.mp4>",
    ],
)
async def test_the_video_that_a_page_shows(page: str, reader: Downloader, site, into: Path) -> None:
    serve(site, page)
    got = await reader.fetch(f"{site.origin}/watch/1", into, max_bytes=len(VIDEO))
    assert_only(into)
    assert got.size == len(VIDEO)
    assert len(site.hits) == 2  # one round trip more than for the file itself


async def test_an_address_on_a_page_arrives_unharmed(reader: Downloader, site, into: Path) -> None:
    serve(site, f"<html>{OG}")
    await reader.fetch(f"{site.origin}/watch", into, max_bytes=len(VIDEO))
    assert site.hits[1].raw_path == "/film.mp4?a=1&b=2"


def child_processes() -> set[int]:
    """Those of ours, also ones that have ended and were not waited for."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found


@pytest.mark.parametrize(
    ("path", "starts"),
    [("/watch/1", True), ("/film.mp4", False), ("/still.png", False)],
)
async def test_the_child_that_reads_a_page_starts_while_the_page_is_on_its_way(
    path: str, starts: bool, reader: Downloader, site, into: Path
) -> None:
    """Else its start, some 0.1 s of a core, comes on top of the round trips."""
    before, seen = child_processes(), set[int]()

    async def answer(request: web.Request) -> web.StreamResponse:
        until = asyncio.get_running_loop().time() + (PATIENCE if starts else 0.3)
        while len(site.hits) == 1 and not seen and asyncio.get_running_loop().time() < until:
            seen.update(child_processes() - before)
            await asyncio.sleep(0.01)
        if request.path == "/watch/1":
            return web.Response(text=f"<html>{OG}", content_type="text/html")
        return web.Response(body=VIDEO)

    site.handler = answer
    await reader.fetch(site.origin + path, into, max_bytes=len(VIDEO))
    assert_only(into)
    assert bool(seen) is starts
    assert child_processes() <= before


@pytest.mark.parametrize("how", ["a file", "refused", "cancelled"])
async def test_a_child_that_was_not_needed_is_gone(how: str, reader: Downloader, site, into: Path) -> None:
    before, asked = child_processes(), asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        if how == "cancelled":
            await asyncio.sleep(60)
        return web.Response(body=VIDEO, status=404 if how == "refused" else 200)

    site.handler = answer
    fetching = asyncio.create_task(reader.fetch(f"{site.origin}/watch", into, max_bytes=len(VIDEO)))
    await asked.wait()
    if how == "cancelled":
        fetching.cancel()
    ended = await asyncio.gather(fetching, return_exceptions=True)
    assert isinstance(ended[0], CastbookError | asyncio.CancelledError) is (how != "a file")
    assert child_processes() <= before


@pytest.mark.parametrize(
    "page",
    [
        "<html><p>Nothing to see here.</p>",
        '<html><meta property="og:video" content="javascript:alert(1)">',
        '<html><meta property="og:video" content="file:///etc/passwd">',
        '<html><meta property="og:video" content="/watch/2">',  # a page again
        '<html><meta property="og:video" content="/film.m3u8">',
        "<html>" + "<div>" * 450_000 + OG,  # more than is read
        b"<\xff\xfe\x00" * 1000,
    ],
)
async def test_a_page_without_one_is_told_as_a_page(page: str | bytes, reader: Downloader, site, into: Path) -> None:
    serve(site, page)
    with pytest.raises(BadLink, match="web page"):
        await reader.fetch(f"{site.origin}/watch/1", into, max_bytes=10_000_000)
    assert list(into.parent.iterdir()) == []


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1/film.mp4", "http://127.0.0.1:1/film.mp4", "http://u:p@a.example/"]
)
async def test_a_page_leads_nowhere_that_a_link_may_not(address: str, reader: Downloader, site, into: Path) -> None:
    serve(site, f'<html><meta property="og:video" content="{address}">')
    with pytest.raises(CastbookError):
        await reader.fetch(f"{site.origin}/watch", into, max_bytes=len(VIDEO))
    assert len(site.hits) == 1


async def test_a_page_that_keeps_the_parser_busy_costs_one_look(
    reader: Downloader, site, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAGE", dataclasses.replace(operations.PAGE, cpu=1))
    serve(site, "<html>" + "<a " * 600_000)
    with pytest.raises(CastbookError):
        await reader.fetch(f"{site.origin}/watch", into, max_bytes=10_000_000)


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "text/plain"])
async def test_the_file_decides_and_not_what_the_server_calls_it(
    kind: str, reader: Downloader, site, into: Path
) -> None:
    serve(site, VIDEO.replace(b"<", b"=", 1) if VIDEO.startswith(b"<") else VIDEO, kind)
    assert (await reader.fetch(f"{site.origin}/x", into, max_bytes=len(VIDEO))).size == len(VIDEO)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "GZIP"])
async def test_a_packed_file_is_unpacked(encoding: str, downloader: Downloader, site, into: Path) -> None:
    packed = zlib.compress(VIDEO) if encoding == "deflate" else gzip.compress(VIDEO)

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": encoding})

    site.handler = answer
    await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
    assert_only(into)


async def test_a_packed_page_is_read_although_it_comes_in_drops(reader: Downloader, site, into: Path) -> None:
    """The first bytes of gzip are its header, out of which nothing comes."""
    packed = gzip.compress(f"<html>{OG}".encode())

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/film"):
            return web.Response(body=VIDEO)
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"})
        await response.prepare(request)
        for part in (packed[:10], packed[10:]):
            await response.write(part)
            await asyncio.sleep(0.05)
        return response

    site.handler = answer
    await reader.fetch(f"{site.origin}/watch", into, max_bytes=len(VIDEO))
    assert_only(into)


async def test_a_packed_bomb_is_as_large_as_what_is_in_it(downloader: Downloader, site, into: Path) -> None:
    packed = gzip.compress(bytes(64 * 1024 * 1024))

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    site.handler = answer
    with pytest.raises(TooLarge):
        await downloader.fetch(site.origin, into, max_bytes=1024 * 1024)
    assert list(into.parent.iterdir()) == []


async def test_what_is_not_packed_as_it_says_is_refused(downloader: Downloader, site, into: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"plainly not packed", headers={"Content-Encoding": "gzip"})

    site.handler = answer
    with pytest.raises(DownloadFailed, match="compressed"):
        await downloader.fetch(site.origin, into, max_bytes=1024)


@pytest.mark.parametrize(("sent", "whole"), [("bytes 0-{last}/{size}", True), ("bytes 0-99/{size}", False)])
async def test_a_part_that_is_the_whole_is_taken(
    sent: str, whole: bool, downloader: Downloader, site, into: Path
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        said = sent.format(last=len(VIDEO) - 1, size=len(VIDEO))
        return web.Response(status=206, body=VIDEO if whole else VIDEO[:100], headers={"Content-Range": said})

    site.handler = answer
    if whole:
        await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
        assert_only(into)
    else:
        with pytest.raises(DownloadFailed):
            await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))


async def test_a_cookie_of_a_redirect_comes_back_to_its_site_alone(
    downloader: Downloader, site, other_site, into: Path
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if "pass" not in request.cookies:
            redirect = web.Response(status=302, headers={"Location": str(request.rel_url)})
            redirect.set_cookie("pass", "yes")
            return redirect
        return web.Response(status=302, headers={"Location": "http://files.example.org/film"})

    async def film(request: web.Request) -> web.StreamResponse:
        return web.Response(body=VIDEO)

    async def either(request: web.Request) -> web.StreamResponse:
        return await (film if request.host == "files.example.org" else answer)(request)

    site.handler = either
    await downloader.fetch("http://share.example.org/film", into, max_bytes=len(VIDEO))
    assert_only(into)
    assert [dict(request.cookies) for request in site.hits] == [{}, {"pass": "yes"}, {}]


@pytest.mark.parametrize("offers", [True, False])
async def test_a_reset_in_the_middle_is_resumed_where_ranges_are_offered(
    offers: bool, downloader: Downloader, site, into: Path
) -> None:
    ranges: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        ranges.append(request.headers.get("Range"))
        if ranges[-1] is not None:
            start = int(ranges[-1].removeprefix("bytes=").removesuffix("-"))
            said = {"Content-Range": f"bytes {start}-{len(VIDEO) - 1}/{len(VIDEO)}"}
            return web.Response(status=206, body=VIDEO[start:], headers=said)
        response = web.StreamResponse(headers={"ETag": '"1"'} if offers else {})
        response.content_length = len(VIDEO)
        await response.prepare(request)
        await response.write(VIDEO[:100_000])
        assert request.transport is not None
        request.transport.abort()
        return response

    site.handler = answer
    if offers:
        await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
        assert_only(into)
        assert ranges[1] is not None
    else:
        with pytest.raises(DownloadFailed) as failed:
            await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
        assert not failed.value.permanent  # the job tries again, from the beginning


@pytest.mark.parametrize(
    ("status", "said"),
    [(200, {}), (416, {"Content-Range": "bytes */{size}"}), (206, {"Content-Range": "bytes 0-{last}/{size}"})],
    ids=["the whole again", "no such part", "another part"],
)
async def test_what_is_not_the_asked_part_is_not_put_behind_the_first(
    status: int, said: dict[str, str], downloader: Downloader, site, into: Path
) -> None:
    """The job begins again, from the beginning: it never has a file that is two halves of different ones."""
    asked: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Range"))
        if asked[-1] is not None:
            headers = {name: each.format(last=len(VIDEO) - 1, size=len(VIDEO)) for name, each in said.items()}
            return web.Response(status=status, body=b"" if status == 416 else VIDEO, headers=headers)
        response = web.StreamResponse(headers={"ETag": '"1"'})
        response.content_length = len(VIDEO)
        await response.prepare(request)
        await response.write(VIDEO[:100_000])
        assert request.transport is not None
        if len(asked) <= 2:
            request.transport.abort()
        else:
            await response.write(VIDEO[100_000:])
        return response

    site.handler = answer
    with pytest.raises(DownloadFailed) as failed:
        await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
    assert not failed.value.permanent
    assert os.listdir(into.parent) == []
    assert asked[1] is not None
    await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
    assert_only(into)


@pytest.mark.parametrize("late", ["the answer", "the first byte"])
async def test_a_server_may_think_before_it_sends(late: str, downloader: Downloader, site, into: Path) -> None:
    """Stores that fetch a file from a tape or another continent first do."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = len(VIDEO)
        if late == "the answer":
            await asyncio.sleep(2)
        await response.prepare(request)
        if late == "the first byte":
            await asyncio.sleep(2)
        await response.write(VIDEO)
        return response

    site.handler = answer
    await downloader.fetch(site.origin, into, max_bytes=len(VIDEO))
    assert_only(into)
    assert len(site.hits) == 1


@pytest.mark.parametrize(
    ("shared", "file"),
    [
        (
            "https://www.dropbox.com/scl/fi/abc/my%20film.mp4?rlkey=xyz&dl=0",
            "https://www.dropbox.com/scl/fi/abc/my%20film.mp4?rlkey=xyz&dl=1",
        ),
        ("https://www.dropbox.com/s/abc/a.mp4", "https://www.dropbox.com/s/abc/a.mp4?dl=1"),
        (
            "https://drive.google.com/file/d/1aB-c_9/view?usp=sharing",
            "https://drive.usercontent.google.com/download?id=1aB-c_9&export=download&confirm=t",
        ),
        (
            "https://drive.google.com/open?id=1aB&resourcekey=0-k",
            "https://drive.usercontent.google.com/download?id=1aB&export=download&confirm=t&resourcekey=0-k",
        ),
        (
            "https://1drv.ms/v/s!Abc",
            "https://api.onedrive.com/v1.0/shares/u!aHR0cHM6Ly8xZHJ2Lm1zL3YvcyFBYmM/root/content",
        ),
        ("https://i.imgur.com/AbC12.gifv", "https://i.imgur.com/AbC12.mp4"),
        (
            "https://github.com/someone/repo/blob/main/media/a.mp4",
            "https://github.com/someone/repo/raw/main/media/a.mp4",
        ),
        *(
            (same, same)
            for same in (
                "https://github.com/user-attachments/assets/0b1c-2d",
                "https://drive.google.com/drive/my-drive",
                "https://streamable.com/abc123",
                "https://files.example.org/a.mp4?sig=a%2Fb%3D&dl=0",
            )
        ),
    ],
)
def test_the_file_behind_a_shared_link(shared: str, file: str) -> None:
    assert str(file_behind(as_typed(shared))) == file


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("/a%2Fb/c%20d.mp4?sig=x%2Fy%2B%3D%7E&e=1", "/a%2Fb/c%20d.mp4?sig=x%2Fy%2B%3D%7E&e=1"),
        ("/100%zz.mp4?q=%", "/100%zz.mp4?q=%"),
        ("/my film.mp4?a=b c", "/my%20film.mp4?a=b+c"),
        ("/bücher/é.mp4", "/b%C3%BCcher/%C3%A9.mp4"),
    ],
)
@pytest.mark.parametrize("redirects", [False, True])
async def test_an_address_arrives_unharmed(
    typed: str, sent: str, redirects: bool, downloader: Downloader, site, into: Path
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/from":
            return web.Response(status=302, headers={"Location": typed})
        return web.Response(body=VIDEO)

    site.handler = answer
    await downloader.fetch(site.origin + ("/from" if redirects else typed), into, max_bytes=len(VIDEO))
    assert site.hits[-1].raw_path == sent
