"""Asks yt-dlp where a site stores a video, and fetches the required part.

yt-dlp alone would need ffmpeg's programs to cut and join, and a JavaScript engine for some formats of some sites. No
program can be started here. So only plain files over HTTP are used (pictures and sound together or separately), and
:mod:`bot.media.child.remote_section` cuts and joins them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bot import limits
from bot.media.child.errors import Refused
from bot.media.child.passed_sockets import receive_sockets
from bot.media.child.remote_section import RemoteFile, Response, take_section
from bot.values.time_range import TimeRange
from bot.values.video import SiteVideo, Unusable

_PLAIN: Final = frozenset({"http", "https"})  # not in segments, as HLS and DASH
_TALLEST: Final = 1080  # pixels of the shorter side: a cut is no larger
_SOUND_FILES: Final = frozenset({"m4a", "mp4", "webm"})


def site_video(url: str, into: Path, range: TimeRange | None, most_bytes: int, *, network: int) -> SiteVideo:
    """Write the video at ``url``, or the part around ``range``, to ``into`` as MP4, with its original timestamps.

    ``network`` is the descriptor of :mod:`bot.media.site_proxy`. Raises :class:`Refused`.
    """
    receive_sockets(network)
    os.environ["YTDLP_NO_PLUGINS"] = "1"
    import yt_dlp
    from yt_dlp.networking import Request
    from yt_dlp.utils import DownloadError, ExtractorError, UnsupportedError

    with yt_dlp.YoutubeDL(_PARAMS) as reader:
        try:
            info = reader.extract_info(url, download=False)
        except DownloadError as error:
            cause = error.exc_info[1] if error.exc_info else None
            if isinstance(cause, UnsupportedError):
                raise Refused(Unusable.NO_VIDEO_ON_SITE) from None
            if isinstance(cause, ExtractorError) and cause.expected:
                raise Refused(Unusable.CLOSED_ON_SITE, type(cause).__name__) from None
            raise
        found = _first(info)
        length = found.get("duration")
        # The video does not have these seconds: a person has to choose others.
        wanted = None if range is None or (length and float(range.start) >= length) else range
        formats = _chosen(found.get("formats") or [found], None if wanted else most_bytes, length)

        def fetch(each: Mapping[str, Any], start: int, end: int) -> Response:
            headers = {**(each.get("http_headers") or {}), "Range": f"bytes={start}-{end - 1}"}
            headers["Accept-Encoding"] = "identity"
            response: Response = reader.urlopen(Request(each["url"], headers=headers))
            return response

        with TemporaryDirectory(dir=into.parent, prefix="spool-") as folder:
            files = [
                RemoteFile(partial(fetch, each), Path(folder) / str(number)) for number, each in enumerate(formats)
            ]
            if wanted is None and sum(file.size for file in files) > most_bytes:
                raise Refused(Unusable.TOO_LONG_FOR_WHOLE)
            part = _with_margin(wanted)
            take_section(files, into, part)
    whole = part is None or (part[0] <= 0 and length and part[1] >= float(length))
    return SiteVideo(seconds=float(length) if length else None, section=not whole)


class _Silent:
    """yt-dlp's logger: nobody reads it."""

    def debug(self, message: str) -> None:
        """No-op."""

    info = warning = error = debug


_PARAMS: Final[Mapping[str, Any]] = {
    "logger": _Silent(),
    "quiet": True,
    "no_warnings": True,
    "noprogress": True,
    "cachedir": False,
    "proxy": "http://127.0.0.1:9",  # only its scheme matters: every connection leads to our proxy
    "socket_timeout": limits.SILENCE_SECONDS,
    "extractor_retries": 1,
    "geo_bypass": False,  # it would claim to be in another country
    "noplaylist": True,
    "playlist_items": "1",
    "format": "best*",
    "ignore_no_formats_error": True,  # reported in our own words
    "js_runtimes": {},
    "simulate": True,
}


def _first(info: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The video, or the first of several."""
    while info is not None and "entries" in info:
        info = next(iter(info["entries"]), None)
    if info is None:
        raise Refused(Unusable.NO_VIDEO_ON_SITE, "an empty list")
    if info.get("is_live") or info.get("live_status") in {"is_live", "is_upcoming"}:
        raise Refused(Unusable.LIVE)
    return info


def _chosen(
    formats: Sequence[Mapping[str, Any]], most_bytes: int | None, length: float | None
) -> Sequence[Mapping[str, Any]]:
    """The best picture, and the best sound if it has none. ``most_bytes``: they are fetched completely."""
    plain = [each for each in formats if each.get("url") and each.get("protocol") in _PLAIN and not each.get("has_drm")]
    sounds = [
        each for each in plain if each.get("vcodec") == "none" and each.get("ext") in _SOUND_FILES and _has_sound(each)
    ]
    sound = max(sounds, key=lambda each: each.get("abr") or each.get("tbr") or 0, default=None)
    pairs = [
        [each] if _has_sound(each) or sound is None else [each, sound]
        for each in plain
        if each.get("vcodec") != "none" and each.get("ext") not in {"mhtml", "flv"}
    ]
    if not pairs:
        raise Refused(Unusable.IN_PIECES if formats else Unusable.NO_VIDEO_ON_SITE)
    if most_bytes is not None:
        pairs = [pair for pair in pairs if sum(_size(each, length) for each in pair) <= most_bytes]
        if not pairs:
            raise Refused(Unusable.TOO_LONG_FOR_WHOLE)
    return max(pairs, key=_worth)


def _worth(pair: Sequence[Mapping[str, Any]]) -> tuple[bool, float, bool, float]:
    """With sound, as tall as useful, of a codec that decodes fast, and with the most bytes per second."""
    picture = pair[0]
    side = min(picture.get("height") or 0, picture.get("width") or picture.get("height") or 0)
    useful = side if side <= _TALLEST else -side
    return _has_sound(pair[-1]), useful, str(picture.get("vcodec") or "").startswith("avc"), picture.get("tbr") or 0


def _has_sound(each: Mapping[str, Any]) -> bool:
    return bool(each.get("acodec") != "none")


def _size(each: Mapping[str, Any], length: float | None) -> float:
    """In bytes; 0 if unknown, and then the proxy counts."""
    known = each.get("filesize") or each.get("filesize_approx")
    return float(known or (each.get("tbr") or 0) * 125 * (length or 0))


def _with_margin(range: TimeRange | None) -> tuple[float, float] | None:
    if range is None:
        return None
    return max(0.0, float(range.start) - limits.SECTION_MARGIN), float(range.end) + limits.SECTION_MARGIN
