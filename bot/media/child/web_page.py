"""Finds the URL of the video that a web page shows in the page's own metadata: nothing on it is run or fetched.

Share pages name their file for other sites to embed: Open Graph (ogp.me), Twitter's player cards, or a plain
``<video>``. Reddit names its files in an attribute of its own player. The parser is Python's own, which is maintained,
and in this process a malicious page costs at most the time limit of the operation.
"""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

_NAMES = ("og:video:secure_url", "og:video:url", "og:video", "twitter:player:stream")  # the most reliable first
_PLAYERS = frozenset({"text/html", "application/x-shockwave-flash"})  # such embeds are pages again
_REDDIT_PLAYERS = frozenset({"shreddit-player", "shreddit-player-2"})
_PLAYLISTS = (".m3u8", ".mpd")  # many files instead of one
_SCHEMES = ("http:", "https:")


def video_on_page(source: Path) -> str | None:
    """The URL in the page, perhaps relative to the page's own; ``None`` if it shows no video file."""
    page = _Page()
    page.feed(source.read_text("utf-8", errors="replace"))
    page.close()
    named = [] if page.kinds.get("og:video:type", "") in _PLAYERS else [page.meta.get(name) for name in _NAMES[:3]]
    if page.kinds.get("twitter:player:stream:content_type", "") not in _PLAYERS:
        named.append(page.meta.get(_NAMES[3]))
    return next((each for each in [*named, *page.shown] if each and _is_file(each)), None)


class _Page(HTMLParser):
    """``meta``: the first value of each name; ``shown``: the sources of its videos in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.meta: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.shown: list[str] = []
        self._in_video = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called by the parser, with names in lower case and values without entities."""
        has = {name: (value or "").strip() for name, value in attrs}
        if tag == "meta":
            name = (has.get("property") or has.get("name") or "").lower()
            if name in _NAMES:
                self.meta.setdefault(name, has.get("content", ""))
            elif name in {"og:video:type", "twitter:player:stream:content_type"}:
                self.kinds.setdefault(name, has.get("content", "").partition(";")[0].strip().lower())
        elif tag in _REDDIT_PLAYERS:
            self.shown += _packaged(has.get("packaged-media-json", ""))
        elif tag == "video" or (tag == "source" and self._in_video):
            self._in_video = True
            if has.get("src"):
                self.shown.append(has["src"])

    def handle_endtag(self, tag: str) -> None:
        """Called by the parser."""
        if tag == "video":
            self._in_video = False


def _packaged(described: str) -> list[str]:
    """The largest MP4 of a video on Reddit, with its sound; its other URLs are playlists, or have none."""
    try:
        files = json.loads(described)["playbackMp4s"]["permutations"]
        return [max(files, key=lambda each: each["source"]["dimensions"]["height"])["source"]["url"].strip()]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # a page may contain anything
        return []


def _is_file(address: str) -> bool:
    scheme, colon, _ = address.partition(":")
    is_relative = not colon or "/" in scheme
    path = address.partition("?")[0].lower()
    return (is_relative or address.lower().startswith(_SCHEMES)) and not path.endswith(_PLAYLISTS)
