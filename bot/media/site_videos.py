"""Fetches videos from sites that the operator has enabled; for other sites, says what to do instead."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog

from bot import limits
from bot.concurrency import FairLimiter
from bot.errors import BadLink, BadStart, DownloadFailed, TooLarge
from bot.media.address_guard import AddressGuard
from bot.media.download import Download
from bot.media.download_failures import too_large, too_slow
from bot.media.operations import MediaFailed
from bot.media.part_file import HEAD_BYTES, in_thread
from bot.media.site_proxy import SiteProxy
from bot.media.worker import MediaWorker
from bot.texts import Text, text
from bot.values.time_range import TimeRange

_log = structlog.get_logger(__name__)
# Sites whose links people paste, and that show a player instead of a file: their names by host.
_NAMES: Final[Mapping[str, str]] = {
    "youtube.com": "YouTube",
    "youtu.be": "YouTube",
    "youtube-nocookie.com": "YouTube",
    "tiktok.com": "TikTok",
    "instagram.com": "Instagram",
    "facebook.com": "Facebook",
    "fb.watch": "Facebook",
    "x.com": "X",
    "twitter.com": "X",
    "twitch.tv": "Twitch",
    "vimeo.com": "Vimeo",
    "dailymotion.com": "Dailymotion",
    "dai.ly": "Dailymotion",
    "bilibili.com": "Bilibili",
    "reddit.com": "Reddit",
    "v.redd.it": "Reddit",
    "bsky.app": "Bluesky",
    "kick.com": "Kick",
    "snapchat.com": "Snapchat",
    "nicovideo.jp": "Niconico",
}
# Other hosts of a site, which are enabled together with the first.
_ALSO: Final[Mapping[str, frozenset[str]]] = {
    "youtube.com": frozenset({"youtu.be", "youtube-nocookie.com"}),
    "facebook.com": frozenset({"fb.watch"}),
    "x.com": frozenset({"twitter.com"}),
    "twitter.com": frozenset({"x.com"}),
    "dailymotion.com": frozenset({"dai.ly"}),
    "reddit.com": frozenset({"v.redd.it"}),
}
_PAGES_ALONE: Final = frozenset({"reddit.com", "v.redd.it", "bsky.app"})  # their pages sometimes name a file


class SiteVideos:
    """``sites``: the enabled hosts, each with its subdomains; ``timeout``: seconds for one video.

    yt-dlp reads them in a child of ``media`` whose only network is :class:`~bot.media.site_proxy.SiteProxy`.
    """

    def __init__(self, guard: AddressGuard, media: MediaWorker, *, sites: Iterable[str], timeout: float) -> None:
        named = frozenset(sites)
        self._on = named.union(*(_ALSO.get(site, frozenset()) for site in named))
        self._guard = guard
        self._media = media
        self._timeout = timeout
        self._visits = FairLimiter(limits.SITE_VISITS)

    def expect_reader(self) -> None:
        """Raise :class:`~bot.errors.BadStart` if sites are enabled, and yt-dlp is not installed."""
        if self._on and find_spec("yt_dlp") is None:
            raise BadStart("links.sites needs yt-dlp: install it with make sites, or leave the list empty.")

    def is_for(self, url: str) -> bool:
        """Whether ``url`` belongs to a site, enabled or not, and so must be fetched with :meth:`fetch`.

        Raises :class:`~bot.errors.BadLink` if it cannot be a link.
        """
        host = self._guard.check(url).host or ""
        known = _site_of(host, _NAMES)
        return _site_of(host, self._on) is not None or (known is not None and known not in _PAGES_ALONE)

    async def fetch(self, url: str, into: Path, *, owner_id: int, max_bytes: int, range: TimeRange | None) -> Download:
        """Fetch the video at ``url``, or the part around ``range``, as the MP4 ``into``; timestamps are unchanged.

        Few are fetched at once, and owners take turns; those who wait too long may try again later. Raises
        :class:`~bot.errors.BadLink` if the site is not enabled, :class:`~bot.errors.BadFile`,
        :class:`~bot.errors.DownloadFailed`, and :class:`OSError` if our own disk fails.
        """
        host = self._guard.check(url).host or ""
        name = _NAMES.get(_site_of(host, _NAMES) or "", host)
        if _site_of(host, self._on) is None:
            raise BadLink(_switched_off(name))
        async with AsyncExitStack() as place:
            try:
                async with asyncio.timeout(limits.SITE_WAIT.total_seconds()):
                    await place.enter_async_context(self._visits.place(owner_id))
            except TimeoutError:
                raise DownloadFailed(_BUSY, permanent=False) from None
            return await self._visited(url, into, name, host, max_bytes, range)

    async def _visited(
        self, url: str, into: Path, name: str, host: str, max_bytes: int, range: TimeRange | None
    ) -> Download:
        proxy = SiteProxy(self._guard, most_bytes=max_bytes + limits.SITE_PAGE_BYTES)
        try:
            async with asyncio.timeout(self._timeout), proxy.open() as network:
                found = await self._media.site_video(url, into, range, max_bytes, network=network)
        except TimeoutError:
            raise DownloadFailed(too_slow(name, self._timeout), permanent=True) from None
        except MediaFailed:
            if proxy.overrun or proxy.carried > max_bytes:  # or the child could not write that much
                raise TooLarge(too_large(max_bytes)) from None
            raise DownloadFailed(_not_read(name), permanent=True) from None
        _log.info("site_video", host=host, carried=proxy.carried, section=found.section)
        size, sha256, head = await in_thread(lambda: _described(into))
        if size > max_bytes:
            await in_thread(into.unlink)
            raise TooLarge(too_large(max_bytes))
        return Download(path=into, size=size, sha256=sha256, head=head, section=found.section)


_BUSY: Final = text("I'm fetching too many videos right now. Try again in a few minutes, or attach the video.")


def _site_of(host: str, sites: Iterable[str]) -> str | None:
    """The one of ``sites`` that a host belongs to."""
    return next((site for site in sites if host == site or host.endswith(f".{site}")), None)


def _described(path: Path) -> tuple[int, str, bytes]:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sha256, head


def _switched_off(site: str) -> Text:
    return text("{site} links are switched off here. Download the video and attach it.", site=site)


def _not_read(site: str) -> Text:
    return text(
        "I couldn't get that video from {site}. Please download the video and attach it.",
        site=site,
    )
