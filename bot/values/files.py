"""Stored files, identified by their content, not by their origin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bot.limits import JOB_ID_HEX

OWNER: Final = re.compile(r"\d{1,20}")
KEY: Final = re.compile(rf"{OWNER.pattern}/[0-9a-f]{{64}}")
JOB_ID: Final = re.compile(rf"[0-9a-f]{{{JOB_ID_HEX}}}")

# The extension, without a dot, for each type of file that we store.
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
    ".m4v",  # Apple's name for an MP4
    ".3gp",  # an MP4 of old phones
    *(".m2ts", ".mts"),  # camcorders' names for a transport stream
)


def ending(mime: str, *, unknown: str = "bin") -> str:
    """The extension for a type, without a dot: ``jpg`` for ``image/jpeg``, ``unknown`` for any other type."""
    return _ENDINGS.get(mime, unknown)


def is_video_name(name: str) -> bool:
    """Whether a file of this name is probably a video that we open, if its type is unknown."""
    return name.lower().endswith(_VIDEO_ENDINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file in the file store or in a job's work folder.

    ``key`` is its place in the store (``<owner key>/<sha256>`` or ``work/<job id>/…``), ``size`` is in bytes, ``mime``
    is determined from its first bytes, never from what somebody claims.
    """

    key: str
    sha256: str
    size: int
    mime: str
