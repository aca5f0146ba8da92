"""Fetching what must not be lost: a download goes on where it broke off, and never mixes two contents."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.errors import BadFile, BadLink, DownloadFailed, TooLarge
from bot.media.download import Downloader
from bot.media.response_body import CHUNK_BYTES, ResponseBody

VIDEO = os.urandom(2 * CHUNK_BYTES + 4321)
OTHER = os.urandom(len(VIDEO))


class Film:
    """A server of one file. ``breaks_at``: it hangs up after so many bytes of an answer, once for each entry."""

    read = 0  # bytes of all answers, by the downloader

    def __init__(self, content: bytes, *breaks_at: int, ranges: bool = True) -> None:
        self.content, self.breaks_at, self.ranges = content, list(breaks_at), ranges
        self.asked: list[str | None] = []

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:12]}"'

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        begin = 0
        if self.ranges and wanted and request.headers.get("If-Range") == self.tag:
            begin = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if begin and begin >= len(self.content):
            return web.Response(status=416)
        response = web.StreamResponse(status=206 if begin else 200, headers={"ETag": self.tag})
        if begin:
            response.headers["Content-Range"] = f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}"
        rest = self.content[begin:]
        response.content_length = len(rest)
        await response.prepare(request)
        if self.breaks_at:
            part, before = rest[: self.breaks_at.pop(0)], Film.read
            await response.write(part)
            while Film.read < before + len(part):  # what aiohttp has not handed on is lost with the connection
                await asyncio.sleep(0.01)
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(rest)
        return response


class Watched(ResponseBody):
    """Tells how much of it was read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        super().__init__(response)
        self._pieces = self._counted(self._pieces)

    async def _counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            Film.read += len(piece)
            yield piece


@pytest.fixture(autouse=True)
def watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.media.download.ResponseBody", Watched)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "film.mp4"


def expect(into: Path, content: bytes | None) -> None:
    assert (into.read_bytes() if into.exists() else None) == content


def expect_alone(into: Path) -> None:
    assert list(into.parent.iterdir()) == [into]


def forget(into: Path) -> None:
    for kept in into.parent.iterdir():
        kept.unlink()


async def broken_off(downloader: Downloader, url: str, into: Path) -> None:
    with pytest.raises(DownloadFailed) as caught:
        await downloader.fetch_on(url, into, max_bytes=len(VIDEO))
    assert not caught.value.permanent
    expect(into, None)


async def test_it_goes_on_where_it_broke_off(downloader: Downloader, site, into: Path) -> None:
    site.handler = film = Film(VIDEO, CHUNK_BYTES + 7, 1000)
    await broken_off(downloader, site.origin, into)
    await broken_off(downloader, site.origin, into)
    got = await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO))
    assert film.asked == [None, f"bytes={CHUNK_BYTES + 7}-", f"bytes={CHUNK_BYTES + 1007}-"]
    expect(into, VIDEO)
    assert (got.size, got.sha256) == (len(VIDEO), hashlib.sha256(VIDEO).hexdigest())
    assert got.head == VIDEO[:4096]
    expect_alone(into)


async def test_what_is_here_is_not_fetched_again(downloader: Downloader, site, into: Path) -> None:
    site.handler = film = Film(VIDEO)
    first = await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO))
    assert await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO)) == first
    assert film.asked == [None]


async def test_another_content_is_not_put_behind_the_first(downloader: Downloader, site, into: Path) -> None:
    site.handler = film = Film(VIDEO, 5000)
    await broken_off(downloader, site.origin, into)
    film.content = OTHER
    await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO))
    expect(into, OTHER)


async def test_a_server_without_ranges_sends_it_all_again(downloader: Downloader, site, into: Path) -> None:
    site.handler = Film(VIDEO, 5000, ranges=False)
    await broken_off(downloader, site.origin, into)
    await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO))
    expect(into, VIDEO)


async def test_a_range_that_was_not_asked_for_is_not_believed(downloader: Downloader, site, into: Path) -> None:
    site.handler = Film(VIDEO, 5000)
    await broken_off(downloader, site.origin, into)

    async def wrong(_: web.Request) -> web.StreamResponse:
        return web.Response(status=206, body=b"x", headers={"Content-Range": "bytes 9-9/10"})

    site.handler = wrong
    await broken_off(downloader, site.origin, into)
    site.handler = film = Film(VIDEO)
    await downloader.fetch_on(site.origin, into, max_bytes=len(VIDEO))
    assert film.asked == [None], "from the start: nobody knows what was wrong"
    expect(into, VIDEO)


async def test_limits_and_the_guard_hold(downloader: Downloader, site, into: Path) -> None:
    site.handler = Film(VIDEO)
    with pytest.raises(TooLarge):
        await downloader.fetch_on(site.origin, into, max_bytes=1000)
    with pytest.raises(BadLink):
        await downloader.fetch_on("http://127.0.0.1:1/film.mp4", into, max_bytes=1000)

    async def empty(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"")

    site.handler = empty
    forget(into)
    with pytest.raises(BadFile):
        await downloader.fetch_on(site.origin, into, max_bytes=1000)


@pytest.mark.parametrize(("status", "permanent"), [(404, True), (403, True), (500, False), (429, False)])
async def test_a_refusal_says_whether_to_come_back(
    downloader: Downloader, site, into: Path, status: int, permanent: bool
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    site.handler = refuse
    with pytest.raises(DownloadFailed) as caught:
        await downloader.fetch_on(site.origin, into, max_bytes=1000)
    assert caught.value.permanent is permanent
