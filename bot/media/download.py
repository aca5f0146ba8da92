"""Downloads files from other people's servers to disk: through the address guard, with limits on bytes and time."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import structlog
from yarl import URL

from bot import limits
from bot.errors import BadFile, BadLink, DownloadFailed, TooLarge
from bot.media.address_guard import AddressGuard, origin_of
from bot.media.part_file import KeptPart, PartFile, in_thread, received
from bot.texts import Text, text

CHUNK_BYTES = 256 * 1024  # one trip to a thread for each: large enough to be rare, small enough to be quick
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_TRY_LATER = frozenset({408, 425, 429})
_GONE = frozenset({404, 410})
_CLOSED = frozenset({401, 403})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A downloaded file: where it is, its size in bytes, its hash in hexadecimal, and its first 4096 bytes."""

    path: Path
    size: int
    sha256: str
    head: bytes = field(repr=False)


class Downloader:
    """Downloads files with its own sessions: no cookies, and no proxies or passwords from the environment.

    ``timeout`` is for a whole download, in seconds, redirects included. ``cdn_origins`` are Discord's: a file missing
    there was an attachment, which can be attached again. Exempt origins have their own session, so that no connection
    to one of them is ever used for anything else.
    """

    def __init__(self, guard: AddressGuard, *, timeout: float, cdn_origins: Iterable[str] = ()) -> None:
        self._guard = guard
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
        target = self._guard.check(url)
        host = target.host or ""
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                return await self._follow(target, into, max_bytes)
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("download_failed", host=host, error=type(error).__name__)
            if deadline.expired():  # the server answers, but slowly: another try would only hold up others
                raise DownloadFailed(_too_slow(host, self._timeout), permanent=True) from None
            raise _network_failure(error, host) from None  # aiohttp's errors quote the link, which may hold secrets

    async def _follow(self, target: URL, into: Path, max_bytes: int) -> Download:
        for _ in range(limits.REDIRECTS + 1):
            session = self._sessions[self._guard.exempts(target)]
            async with session.get(target, allow_redirects=False) as response:
                if response.status in _REDIRECTING:
                    target = self._guard.check(redirected(target, response.headers.get("Location", "")))
                    continue
                self._expect_file(response, target)
                return await _save(response, into, max_bytes)
        raise DownloadFailed(_TOO_MANY_REDIRECTS, permanent=True)

    async def fetch_on(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """As :meth:`fetch`, for what must not be lost: what has come stays, and the next call goes on from there.

        It takes :data:`bot.limits.RESULT_SECONDS` at most, after which another call may go on. A file that is there
        already is not fetched again.
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
            raise DownloadFailed(_trouble(host), permanent=False) from None
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
                    raise DownloadFailed(_trouble(target.host or ""), permanent=False)
                if not goes_on:
                    self._expect_file(response, target)
                await in_thread(partial(part.begin, _validator(response), anew=not goes_on))
                await _receive_on(response.content, part, max_bytes)
                return
        raise DownloadFailed(_TOO_MANY_REDIRECTS, permanent=True)

    def _expect_file(self, response: aiohttp.ClientResponse, target: URL) -> None:
        status = response.status
        if status != 200:
            if origin_of(target) in self._cdn and status in _GONE | _CLOSED:
                raise DownloadFailed(_ATTACHMENT_GONE, permanent=True)
            raise _refusal(status, target.host or "")
        if response.content_type in _PAGES:
            raise BadLink(_WEB_PAGE)
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise DownloadFailed(_ENCODED, permanent=True)


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        trust_env=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,  # a few kilobytes of gzip can be gigabytes
        headers={"User-Agent": "Castbook", "Accept": "*/*", "Accept-Encoding": "identity"},
        # The total is counted in fetch(), over all redirects and the disk.
        timeout=aiohttp.ClientTimeout(total=None, connect=limits.CONNECT_SECONDS, sock_read=limits.SILENCE_SECONDS),
        read_bufsize=CHUNK_BYTES,
    )


def redirected(origin: URL, location: str) -> URL:
    """Where a redirect leads; to be checked like any other link.

    A redirect from https to plain http is refused: anyone on the way could replace the bytes.
    Raises :class:`~bot.errors.BadLink`.
    """
    try:
        target = origin.join(URL(location))
    except ValueError:
        raise BadLink(_BAD_REDIRECT) from None
    if not location or (origin.scheme, target.scheme) == ("https", "http"):
        raise BadLink(_BAD_REDIRECT)
    return target


async def _save(response: aiohttp.ClientResponse, into: Path, max_bytes: int) -> Download:
    if (response.content_length or 0) > max_bytes:
        raise TooLarge(_too_large(max_bytes))
    part = PartFile(into)
    try:
        await _receive(response.content, part, max_bytes)
        await in_thread(part.finish)
    except BaseException:
        await in_thread(part.discard)
        raise
    return Download(path=into, size=part.size, sha256=part.sha256, head=part.head)


def _begins_at(response: aiohttp.ClientResponse) -> int | None:
    """Where the part that a server sends begins (RFC 9110, 14.4); ``None`` where it does not say."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _validator(response: aiohttp.ClientResponse) -> str:
    """What tells this content from another under the same address; empty where nothing does (RFC 9110, 13.1.5)."""
    tag = response.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


async def _receive_on(body: aiohttp.StreamReader, part: KeptPart, max_bytes: int) -> None:
    waiting = bytearray()
    try:
        async for piece in body.iter_any():
            if part.size + len(waiting) + len(piece) > max_bytes:
                raise TooLarge(_too_large(max_bytes))
            waiting += piece
            if len(waiting) >= CHUNK_BYTES:
                full, waiting = waiting, bytearray()
                await in_thread(partial(part.write, full))
    finally:
        if waiting:  # also where it breaks off: every byte that has come is one less to wait for
            await in_thread(partial(part.write, waiting))
    if not part.size:
        raise BadFile(_EMPTY)


async def _receive(body: aiohttp.StreamReader, part: PartFile, max_bytes: int) -> None:
    received = 0
    waiting = bytearray()
    async for piece in body.iter_any():
        received += len(piece)
        if received > max_bytes:
            raise TooLarge(_too_large(max_bytes))
        waiting += piece
        if len(waiting) >= CHUNK_BYTES:
            full, waiting = waiting, bytearray()
            await _write(part, full)
    if not received:
        raise BadFile(_EMPTY)
    if waiting:
        await _write(part, waiting)


async def _write(part: PartFile, data: bytearray) -> None:
    await in_thread(lambda: part.write(data))


def _network_failure(error: aiohttp.ClientError | TimeoutError, host: str) -> DownloadFailed:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return DownloadFailed(_certificate(error.host), permanent=True)
    # A name that does not exist stays that way; a name server that does not answer may yet.
    if isinstance(error, aiohttp.ClientConnectorDNSError) and error.errno == socket.EAI_NONAME:
        return DownloadFailed(_no_such_host(error.host), permanent=True)
    return DownloadFailed(_trouble(host), permanent=False)


def _refusal(status: int, host: str) -> DownloadFailed:
    if status >= 500 or status in _TRY_LATER:
        return DownloadFailed(
            text(
                "{host} can't send the file right now (error {status}). "
                "Please attach the file instead. Nothing was charged.",
                host=host,
                status=status,
            ),
            permanent=False,
        )
    if status in _GONE:
        reason = text("There's no file at that link. Please attach the file instead. Nothing was charged.")
    elif status in _CLOSED:
        reason = text(
            "{host} doesn't let me download that file. Please attach the file instead. Nothing was charged.", host=host
        )
    else:
        reason = text(
            "{host} didn't send a file (answer {status}). Please attach the file instead. Nothing was charged.",
            host=host,
            status=status,
        )
    return DownloadFailed(reason, permanent=True)


def _trouble(host: str) -> Text:
    return text(
        "I couldn't reach {host}, or it was too slow. Please attach the file instead. Nothing was charged.", host=host
    )


def _too_slow(host: str, seconds: float) -> Text:
    return text(
        "{host} is too slow: I didn't have the whole file after {seconds} seconds. Please attach the file instead. "
        "Nothing was charged.",
        host=host,
        seconds=round(seconds),
    )


def _no_such_host(host: str) -> Text:
    return text(
        "I couldn't reach {host}. Please check the link, or attach the file instead. Nothing was charged.", host=host
    )


def _certificate(host: str) -> Text:
    return text(
        "The certificate of {host} isn't valid, so I don't trust it. Please attach the file instead. "
        "Nothing was charged.",
        host=host,
    )


def _too_large(max_bytes: int) -> Text:
    return text(
        "The file is larger than {limit} MB, the most I can take. Please attach a shorter clip. Nothing was charged.",
        limit=f"{max_bytes / 2**20:.3g}",
    )


_ATTACHMENT_GONE: Text = text(
    "Discord no longer has that attachment: its links stop working within a day. Please attach the file again. "
    "Nothing was charged."
)
_WEB_PAGE: Text = text(
    "That link leads to a web page, not to a video file. Please download the video and attach it instead. "
    "Nothing was charged."
)
_ENCODED: Text = text(
    "The server sends that file compressed, and I can't use it like that. Please attach the file instead. "
    "Nothing was charged."
)
_EMPTY: Text = text("The file is empty. Please attach another one. Nothing was charged.")
_TOO_MANY_REDIRECTS: Text = text(
    "That link redirects too many times. Please attach the file instead. Nothing was charged."
)
_BAD_REDIRECT: Text = text(
    "That link redirects to a place where I don't go. Please attach the file instead. Nothing was charged."
)
