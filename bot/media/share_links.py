"""Rewrites share links to the files behind them, for sites where the file's address follows from the link.

The other sites name the file on the page itself (:mod:`bot.media.child.web_page`): Streamable, Medal, Imgur, Tumblr,
archive.org, Reddit.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from yarl import URL

_Rewrite: TypeAlias = Callable[[URL], URL | None]


def file_behind(url: URL) -> URL:
    """The URL of the file that ``url`` shares; ``url`` itself if that cannot be derived."""
    for hosts, rewrite in _SITES:
        if url.host in hosts:
            return rewrite(url) or url
    return url


def _dropbox(url: URL) -> URL | None:
    """``dl=0`` is the page, ``dl=1`` the file (Dropbox Help, "Force a shared link to download")."""
    return url.update_query(dl="1") if url.path.startswith(("/s/", "/scl/")) else None


def _google_drive(url: URL) -> URL | None:
    """The download URL, which also confirms the warning about large files."""
    found = re.match(r"/file/d/([\w-]+)", url.path)
    file = found[1] if found else url.query.get("id", "")
    if not re.fullmatch(r"[\w-]+", file):
        return None
    wanted = {"id": file, "export": "download", "confirm": "t"}
    key = url.query.get("resourcekey")
    if key is not None:
        wanted["resourcekey"] = key
    return URL("https://drive.usercontent.google.com/download").with_query(wanted)


def _onedrive(url: URL) -> URL | None:
    """Microsoft Graph, "Access shared items": the link in base64, without padding, after ``u!``."""
    shared = base64.urlsafe_b64encode(str(url).encode()).decode().rstrip("=")
    return URL("https://api.onedrive.com/v1.0/shares") / f"u!{shared}" / "root" / "content"


def _imgur(url: URL) -> URL | None:
    """Imgur's GIFV is a page with an MP4 of the same name."""
    return url.with_suffix(".mp4") if url.suffix == ".gifv" else None


def _github(url: URL) -> URL | None:
    """A file in a repository is shown on a page; attachments of issues redirect to their file already."""
    parts = url.parts
    return url.with_path("/".join([*parts[1:3], "raw", *parts[4:]])) if len(parts) > 5 and parts[3] == "blob" else None


_SITES: Sequence[tuple[frozenset[str], _Rewrite]] = (
    (frozenset({"dropbox.com", "www.dropbox.com"}), _dropbox),
    (frozenset({"drive.google.com", "docs.google.com", "drive.usercontent.google.com"}), _google_drive),
    (frozenset({"1drv.ms", "onedrive.live.com"}), _onedrive),
    (frozenset({"imgur.com", "i.imgur.com"}), _imgur),
    (frozenset({"github.com"}), _github),
)
