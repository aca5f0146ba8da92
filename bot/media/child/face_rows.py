"""Faces beside each other, in pictures of one row each: a message takes ten files, and a page has twelve faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageOps

from bot import limits
from bot.media.child.errors import Refused
from bot.media.child.pictures import decoded
from bot.values.video import Picture

_MIDDLE: Final = (0.5, 0.35)  # of what is kept: in a portrait the face is above the middle
_GAP: Final = 8  # pixels
_QUALITY: Final = 82
_GROUND, _FIGURE = (74, 77, 84), (120, 124, 132)  # where there is no picture; seen on light and on dark


def face_rows(rows: Sequence[Sequence[Path | None]], folder: Path) -> tuple[Picture, ...]:
    """Write a WebP for each of ``rows`` into ``folder``: squares, with nothing where a row is shorter than others.

    In the place of ``None``, and of what cannot be used, stands a grey figure.
    """
    return tuple(_row(sources, folder / f"{number}.webp") for number, sources in enumerate(rows))


def _row(sources: Sequence[Path | None], into: Path) -> Picture:
    side = limits.FACE_SIDE
    step = side + _GAP
    row = Image.new("RGBA", (limits.FACES_IN_ROW * step - _GAP, side))
    for place, source in enumerate(sources[: limits.FACES_IN_ROW]):
        row.paste(_square(source, side), (place * step, 0))
    row.save(into, "WEBP", quality=_QUALITY, method=2)
    return Picture(name=into.name, mime="image/webp", width=row.width, height=row.height)


def _square(source: Path | None, side: int) -> Image.Image:
    try:
        picture = None if source is None else decoded(source, side * 2)
    except Refused:
        picture = None
    if picture is None:
        return _nobody(side)
    return ImageOps.fit(picture.convert("RGB"), (side, side), centering=_MIDDLE)


def _nobody(side: int) -> Image.Image:
    square = Image.new("RGB", (side, side), _GROUND)
    draw = ImageDraw.Draw(square)
    draw.ellipse((side * 0.34, side * 0.2, side * 0.66, side * 0.52), fill=_FIGURE)
    draw.ellipse((side * 0.2, side * 0.58, side * 0.8, side * 1.3), fill=_FIGURE)
    return square
