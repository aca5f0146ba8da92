"""Looking at what a request shows of its characters: is it a picture or a clip that the model takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import av
from PIL import Image, UnidentifiedImageError

from playground.provider.answers import ErrorResponse
from playground.provider.clip_analysis import DEMUXERS, kind_of
from playground.provider.pages import Page

PICTURES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_ROUNDED: Final = 0.05  # seconds by which a clip may miss a limit


def check_references(page: Page, pictures: Sequence[Path], clips: Sequence[Path]) -> None:
    """Raises `ErrorResponse` (400) for what the model does not take. Blocks: meant for a thread."""
    for number, path in enumerate(pictures, start=1):
        _check_picture(page, number, path)
    lengths = [_seconds(page, number, path) for number, path in enumerate(clips, start=1)]
    shortest, longest = page.clip
    for number, seconds in enumerate(lengths, start=1):
        if not shortest - _ROUNDED <= seconds <= longest + _ROUNDED:
            raise _invalid(f"video {number} must have {shortest:g} to {longest:g} seconds, it has {seconds:.2f}")
    if sum(lengths) > page.clips + _ROUNDED:
        raise _invalid(f"the videos have {sum(lengths):.2f} seconds in all, at most {page.clips:g} are allowed")


def _check_picture(page: Page, number: int, path: Path) -> None:
    try:
        with Image.open(path, formats=list(PICTURES)) as picture:
            width, height = picture.size
    except (UnidentifiedImageError, OSError):
        raise _invalid(f"image {number} cannot be read") from None
    shortest, longest = page.sides
    if min(width, height) < shortest or max(width, height) > longest:
        raise _invalid(f"image {number} must have sides of {shortest} to {longest} pixels, it has {width}x{height}")
    if not page.ratios[0] <= width / height <= page.ratios[1]:
        raise _invalid(f"image {number} is too narrow or too wide: {width}x{height}")


def _seconds(page: Page, number: int, path: Path) -> float:
    with path.open("rb") as file:
        kind = kind_of(file.read(64))
    if kind is None:
        raise _invalid(f"video {number} is not an MP4, WebM or MOV video")
    try:
        with av.open(str(path), format=DEMUXERS[kind]) as container:
            picture = container.streams.video[0] if container.streams.video else None
            seconds = (container.duration or 0) / av.time_base
            lines = min(picture.width, picture.height) if picture else 0
    except (av.FFmpegError, MemoryError):  # MemoryError: what PyAV raises for a file with absurd sizes in it
        lines, seconds = 0, 0.0
    if not lines or not seconds:
        raise _invalid(f"video {number} cannot be read")
    least, most = page.lines
    if not least <= lines <= most:
        raise _invalid(f"video {number} must have {least} to {most} lines, it has {lines}")
    return seconds


def _invalid(what: str) -> ErrorResponse:
    return ErrorResponse(400, f"InvalidParameter: {what}. (simulated)", code="InvalidParameter")
