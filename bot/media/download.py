"""Downloads files from other people's servers to disk: through the address guard, with limits on bytes and time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

import aiohttp
import structlog
from yarl import URL

from bot import limits
from bot.errors import AttachmentGone, BadLink, CastbookError, DownloadFailed, TooLarge
from bot.media.address_guard import AddressGuard, Origin, as_typed, origin_of
from bot.media.download_failures import (
    ATTACHMENT_GONE,
    BAD_REDIRECT,
    CLOSED,
    GONE,
    TOO_MANY_REDIRECTS,
    WEB_PAGE,
    network_failure,
    refusal,
    too_large,
    too_slow,
    trouble,
)
from bot.media.part_file import KeptPart, PartFile, in_thread, received
from bot.media.response_body import ResponseBody
from bot.media.share_links import file_behind

VideoOnPage: TypeAlias = Callable[[Path], Awaitable[str | None]]
"""The URL, absolute or not, of the video that the page in a file shows; ``None`` if it shows none."""
PageReader: TypeAlias = Callable[[], AbstractAsyncContextManager[VideoOnPage]]
"""Gets ready to read one page, without anybody waiting for it."""

_READ_BYTES = 256 * 1024  # per connection at once, times two
_REDIRECTING = frozenset({301, 302, 303, 307, 308})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A downloaded file: its path, its size in bytes, its hash in hexadecimal, and its first 4096 bytes.

    ``section``: it is a part of a longer video.
    """

    path: Path
    size: int
    sha256: str
    head: bytes = field(repr=False)
    section: bool = False


class Downloader:
    """Downloads files with its own sessions: no cookies, no proxies or passwords from the environment.

    ``timeout`` is for a whole download, in seconds, including redirects. ``cdn_origins`` are Discord's: a file missing
    there was an attachment, which can be attached again. ``page_reader`` finds the URL of the video on a page; without
    it a page is refused. Exempt origins have a separate session, so that a connection to one of them is never used for
    anything else.
    """

    def __init__(
        self,
        guard: AddressGuard,
        *,
        timeout: float,
        cdn_origins: Iterable[str] = (),
        page_reader: PageReader | None = None,
    ) -> None:
        self._guard = guard
        self._page_reader = page_reader
        self._timeout = timeout
        self._cdn = frozenset(origin_of(URL(origin)) for origin in cdn_origins)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}  # by whether it is for the exempt origins

    async def open(self) -> None:
        """Create the sessions."""
        system = aiohttp.ThreadedResolver()
        unguarded = aiohttp.TCPConnector(resolver=system, use_dns_cache=False, force_close=True)
        self._sessions = {True: _session(unguarded), False: _session(self._guard.connector())}

    async def close(self) -> None:
        """Close the sessions. Downloads that are still running fail."""
        for session in self._sessions.values():
            await session.close()

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """Download ``url`` to the file ``into``, whose folder exists. A failure leaves nothing there.

        Raises :class:`~bot.errors.BadLink` (refused by the guard, or a web page), :class:`~bot.errors.BadFile` (empty,
        or more than ``max_bytes``), :class:`~bot.errors.DownloadFailed`, and :class:`OSError` if our own disk fails.
        """
        pasted = self._guard.check(url)
        target = self._guard.check(file_behind(pasted))
        host = target.host or ""
        try:
            async with asyncio.timeout(self._timeout) as deadline, AsyncExitStack() as reading:
                video_on_page = None
                if target == pasted and not target.suffix and origin_of(target) not in self._cdn:
                    video_on_page = await self._reader(reading)  # probably a page: ready once it is here
                return await self._follow(target, into, max_bytes, reading, video_on_page)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("download_failed", host=host, error=type(error).__name__)
            if deadline.expired():  # the server answers, but slowly: another try would only block others
                raise DownloadFailed(too_slow(host, self._timeout), permanent=True) from None
            raise network_failure(error, host) from None  # aiohttp's errors quote the link, which may contain secrets

    async def _reader(self, reading: AsyncExitStack) -> VideoOnPage | None:
        return None if self._page_reader is None else await reading.enter_async_context(self._page_reader())

    async def _follow(
        self, target: URL, into: Path, max_bytes: int, reading: AsyncExitStack, video_on_page: VideoOnPage | None
    ) -> Download:
        cookies: dict[Origin, dict[str, str]] = {}  # some sites redirect until their cookies come back
        hopped = False
        for _ in range(limits.REDIRECTS + 1):
            session, own = self._sessions[self._guard.exempts(target)], cookies.setdefault(origin_of(target), {})
            async with session.get(target, allow_redirects=False, cookies=own) as response:
                own.update({name: morsel.value for name, morsel in response.cookies.items()})
                if response.status in _REDIRECTING:
                    target = self._guard.check(redirected(target, response.headers.get("Location", "")))
                    continue
                self._expect_file(response, target)
                body = ResponseBody(response)
                if (response.content_length or 0) > max_bytes and not body.is_packed:
                    raise TooLarge(too_large(max_bytes))
                await body.begin()
                if not body.is_page:
                    return await self._save(session, response, body, into, max_bytes)
                if hopped:  # a page must lead to a file, not to another page
                    raise BadLink(WEB_PAGE)
                video_on_page = video_on_page or await self._reader(reading)
                hopped, target = True, await self._shown_on_page(body, target, into, video_on_page)
        raise DownloadFailed(TOO_MANY_REDIRECTS, permanent=True)

    async def _shown_on_page(self, body: ResponseBody, page: URL, into: Path, video_on_page: VideoOnPage | None) -> URL:
        """The URL of the video that a page names. Raises :class:`~bot.errors.BadLink`."""
        if video_on_page is None:
            raise BadLink(WEB_PAGE)
        at = into.with_name(f".{into.name}.page")
        part = PartFile(at)
        try:
            await body.receive(part, limits.PAGE_BYTES)
            await in_thread(part.finish)
            address = await video_on_page(at)
        except CastbookError as error:  # too long for a page, or unreadable
            log.info("page_not_read", host=page.host, error=type(error).__name__)
            address = None
        finally:
            await in_thread(part.discard)
        if address is None:
            raise BadLink(WEB_PAGE)
        return self._guard.check(redirected(page, address))

    async def _save(
        self,
        session: aiohttp.ClientSession,
        response: aiohttp.ClientResponse,
        body: ResponseBody,
        into: Path,
        most: int,
    ) -> Download:
        part = PartFile(into)
        try:
            try:
                await body.receive(part, most)
            except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError, ConnectionError):
                validator = "" if body.is_packed else _validator(response)
                if not await _resumed(session, response.url, validator, part, most):
                    raise
            await in_thread(part.finish)
        except BaseException:
            await in_thread(part.discard)
            raise
        return Download(path=into, size=part.size, sha256=part.sha256, head=part.head)

    async def fetch_on(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """As :meth:`fetch`, for results that must not be lost: a failed download is kept, and the next call resumes it.

        It takes :data:`bot.limits.RESULT_SECONDS` at most, after which another call may continue. A complete file is
        not fetched again.
        """
        there = await in_thread(lambda: received(into))
        if there is not None:
            size, sha256, head = there
            return Download(path=into, size=size, sha256=sha256, head=head)
        target = self._guard.check(url)
        host = target.host or ""
        part = await in_thread(lambda: KeptPart(into))
        try:
            async with asyncio.timeout(limits.RESULT_SECONDS):
                await self._follow_on(target, part, max_bytes)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("download_broke_off", host=host, error=type(error).__name__, bytes=part.size)
            raise DownloadFailed(trouble(host), permanent=False) from None
        finally:
            await in_thread(part.pause)
        sha256, head = await in_thread(part.finish)
        return Download(path=into, size=part.size, sha256=sha256, head=head)

    async def _follow_on(self, target: URL, part: KeptPart, max_bytes: int) -> None:
        wanted = {"Range": f"bytes={part.size}-", "If-Range": part.validator} if part.validator else {}
        for _ in range(limits.REDIRECTS + 1):
            session = self._sessions[self._guard.exempts(target)]
            async with session.get(target, allow_redirects=False, headers=wanted) as response:
                if response.status in _REDIRECTING:
                    target = self._guard.check(redirected(target, response.headers.get("Location", "")))
                    continue
                goes_on = response.status == 206 and _begins_at(response) == part.size
                if response.status in {206, 416} and not goes_on:
                    await in_thread(part.discard)
                    raise DownloadFailed(trouble(target.host or ""), permanent=False)
                body = ResponseBody(response)
                if not goes_on:
                    self._expect_file(response, target)
                    await body.begin()
                    if body.is_page:
                        raise BadLink(WEB_PAGE)
                validator = "" if body.is_packed else _validator(response)
                await in_thread(partial(part.begin, validator, restart=not goes_on))
                await body.receive(part, max_bytes)
                return
        raise DownloadFailed(TOO_MANY_REDIRECTS, permanent=True)

    def _expect_file(self, response: aiohttp.ClientResponse, target: URL) -> None:
        status = response.status
        whole = status == 206 and _begins_at(response) == 0 and not _is_cut_off(response)
        if status != 200 and not whole:
            if origin_of(target) in self._cdn and status in GONE | CLOSED:
                raise AttachmentGone(ATTACHMENT_GONE)
            raise refusal(status, target.host or "")


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a few kilobytes of gzip can be gigabytes
        headers={"User-Agent": "Castbook", "Accept": "*/*", "Accept-Encoding": "identity"},
        # The total is counted in fetch(), over all redirects and the disk.
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.CONNECT_SECONDS, sock_read=limits.SILENCE_SECONDS),
        read_bufsize=_READ_BYTES,
    )


def redirected(origin: URL, location: str) -> URL:
    """The target of a redirect; to be checked like any other link.

    A redirect from https to plain http is refused: anyone on the way could replace the bytes.
    Raises :class:`~bot.errors.BadLink`.
    """
    try:
        target = as_typed(str(origin.join(URL(location, encoded=location.isascii() and " " not in location))))
    except ValueError:
        raise BadLink(BAD_REDIRECT) from None
    if not location or (origin.scheme, target.scheme) == ("https", "http"):
        raise BadLink(BAD_REDIRECT)
    return target


async def _resumed(session: aiohttp.ClientSession, target: URL, validator: str, part: PartFile, most: int) -> bool:
    """Whether the rest of the same content could be fetched with range requests."""
    for _ in range(limits.RESUMES if validator and part.size else 0):
        wanted = {"Range": f"bytes={part.size}-", "If-Range": validator}
        with suppress(aiohttp.ClientError, ConnectionError):
            async with session.get(target, allow_redirects=False, headers=wanted) as response:
                if response.status != 206 or _begins_at(response) != part.size:
                    return False
                await ResponseBody(response).receive(part, most)
                return True
    return False


def _is_cut_off(response: aiohttp.ClientResponse) -> bool:
    """Whether a server that was asked for the whole file sent a 206 that ends earlier."""
    found = re.match(r"bytes \d+-(\d+)/(\d+)", response.headers.get("Content-Range", ""))
    return found is not None and int(found[1]) + 1 < int(found[2])


def _begins_at(response: aiohttp.ClientResponse) -> int | None:
    """The first byte of a Content-Range (RFC 9110, 14.4); ``None`` without one."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _validator(response: aiohttp.ClientResponse) -> str:
    """The validator (ETag or date) of this content (RFC 9110, 13.1.5); empty if there is none."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")
