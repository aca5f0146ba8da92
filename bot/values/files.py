"""Stored files, identified by their content, not by where they came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.limits import JOB_ID_HEX

OWNER: Final = re.compile(r"\d{1,20}")
KEY: Final = re.compile(rf"{OWNER.pattern}/[0-9a-f]{{64}}")
JOB_ID: Final = re.compile(rf"[0-9a-f]{{{JOB_ID_HEX}}}")

# The ending of a file's name, without a dot, for each type of file that we hold.
_ENDINGS: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "video/x-matroska": "mkv",
    "video/mp2t": "ts",
    "video/x-msvideo": "avi",
    "video/x-dv": "dv",
    "audio/wav": "wav",
}
_VIDEO_ENDINGS: Final = (
    *(f".{ending}" for mime, ending in _ENDINGS.items() if mime.startswith("video/")),
    ".m4v",  # what Apple's programs call an MP4
    ".3gp",  # an MP4 of old phones
    *(".m2ts", ".mts"),  # what camcorders call a transport stream
)


def ending(mime: str, *, unknown: str = "bin") -> str:
    """The ending of a file's name, without a dot: ``jpg`` for ``image/jpeg``, ``unknown`` for any other type."""
    return _ENDINGS.get(mime, unknown)


def is_video_name(name: str) -> bool:
    """Whether a file of this name is probably a video that we open, for where nobody says its type."""
    return name.lower().endswith(_VIDEO_ENDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in the file store or in a job's work folder.

    ``key`` is its place in the store (``<owner key>/<sha256>`` or ``work/<job id>/…``), ``size`` is in bytes,
    ``mime`` is what its first bytes say, never what somebody claimed.
    """

    key: str
    sha256: str
    size: int
    mime: str
