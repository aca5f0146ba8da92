"""The error for unusable files. Imports no decoder, because reading a web page needs none."""

from __future__ import annotations

from bot.values.video import Unusable

_TAKEN_BY_OPENING = 128 * 1024 * 1024  # bytes: the tables of a video of three hours take some 50 MB


class Refused(Exception):
    """The file cannot be used. ``detail`` is for the log: never a path or bytes of the file."""

    def __init__(self, why: Unusable, detail: str = "") -> None:
        super().__init__(f"{why}: {detail}" if detail else why)
        self.why = why
        self.detail = detail


def is_memory_left() -> bool:
    """Whether there is more memory left than opening a file can take. If not, that may be why it failed."""
    try:
        bytes(_TAKEN_BY_OPENING)  # zero pages that are never written, so they do not become resident
    except MemoryError:
        return False
    return True
