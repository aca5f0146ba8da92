"""Draws faces side by side, one picture per row: a message takes ten files, and a page has twelve faces."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

from bot import limits
from bot.media.child.errors import Refused
from bot.media.child.pictures import square, warnings_are_errors
from bot.values.video import Picture

_MIDDLE: Final = (0.5, 0.35)  # the centre of the crop: in a portrait the face is above the middle
_GAP: Final = 8  # pixels
_QUALITY: Final = 82
_METHOD: Final = 0  # of WebP: the fastest, because somebody is waiting
_THREADS: Final = 2  # as the other decoders have (bot.media.child_process)
_GROUND, _FIGURE = (74, 77, 84), (120, 124, 132)  # placeholder colours, visible on light and dark backgrounds


def face_rows(rows: Sequence[Sequence[Path | None]], folder: Path) -> tuple[Picture, ...]:
    """Write a WebP for each of ``rows`` into ``folder``: squares, with gaps where a row is shorter than others.

    ``None``, and files that cannot be used, are shown as a grey figure.
    """
    paths = [folder / f"{number}.webp" for number in range(len(rows))]
    with warnings_are_errors(), ThreadPoolExecutor(_THREADS) as threads:
        return tuple(threads.map(_row, rows, paths))


def _row(sources: Sequence[Path | None], into: Path) -> Picture:
    side = limits.FACE_SIDE
    step = side + _GAP
    row = Image.new("RGBA", (limits.FACES_IN_ROW * step - _GAP, side))
    for place, source in enumerate(sources[: limits.FACES_IN_ROW]):
        row.paste(_square(source, side), (place * step, 0))
    row.save(into, "WEBP", quality=_QUALITY, method=_METHOD)
    return Picture(name=into.name, mime="image/webp", width=row.width, height=row.height)


def _square(source: Path | None, side: int) -> Image.Image:
    try:
        return _nobody(side) if source is None else square(source, side, _MIDDLE)
    except Refused:
        return _nobody(side)


def _nobody(side: int) -> Image.Image:
    square = Image.new("RGB", (side, side), _GROUND)
    draw = ImageDraw.Draw(square)
    draw.ellipse((side * 0.34, side * 0.2, side * 0.66, side * 0.52), fill=_FIGURE)
    draw.ellipse((side * 0.2, side * 0.58, side * 0.8, side * 1.3), fill=_FIGURE)
    return square
