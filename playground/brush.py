"""Draws smooth, shaded shapes with Pillow, for the figure in our own clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINER: Final = 3  # shapes are drawn this many times larger and then shrunk: Pillow has no smooth edges of its own
_PER_CORNER: Final = 12


@dataclass(frozen=True, slots=True)
class Part:
    """A painted thing without the empty space around it, and where its corner was on the sheet (pixels)."""

    picture: Image.Image
    left: int
    top: int


class Brush:
    """Paints on a transparent sheet of `width` x `height` units; a unit becomes `scale` pixels.

    All coordinates are in units. What is painted `inside` another shape shows only where that shape is.
    """

    def __init__(self, width: float, height: float, scale: float) -> None:
        self._size = (max(round(width * scale), 1), max(round(height * scale), 1))
        self._fine = scale * _FINER
        self._sheet = Image.new("RGBA", self._size)

    def blob(
        self,
        points: Sequence[Point],
        colour: Colour,
        *,
        opacity: float = 1.0,
        soft: float = 0.0,
        inside: Image.Image | None = None,
    ) -> Image.Image:
        """A closed smooth curve through the points, filled. Returns its mask, to be painted inside of."""
        mask, draw = self._mask()
        draw.polygon(self._scaled(_curve(points, closed=True)), fill=255)
        return self._lay(mask, colour, opacity, soft, inside)

    def oval(
        self,
        centre: Point,
        radii: Point,
        colour: Colour,
        *,
        opacity: float = 1.0,
        soft: float = 0.0,
        inside: Image.Image | None = None,
    ) -> Image.Image:
        """An ellipse. Returns its mask."""
        mask, draw = self._mask()
        (x, y), (rx, ry) = centre, radii
        draw.ellipse([v * self._fine for v in (x - rx, y - ry, x + rx, y + ry)], fill=255)
        return self._lay(mask, colour, opacity, soft, inside)

    def stroke(
        self,
        points: Sequence[Point],
        width: float,
        colour: Colour,
        *,
        opacity: float = 1.0,
        soft: float = 0.0,
        inside: Image.Image | None = None,
    ) -> None:
        """An open smooth line through the points, thinner towards its ends."""
        mask, draw = self._mask()
        line = _curve(points, closed=False)
        for at, (x, y) in enumerate(line):
            middle = 1.0 - abs(2.0 * at / (len(line) - 1) - 1.0)
            radius = width / 2 * (0.45 + 0.55 * min(1.0, 2.2 * middle))
            draw.ellipse([v * self._fine for v in (x - radius, y - radius, x + radius, y + radius)], fill=255)
            if at:
                draw.line(self._scaled([line[at - 1], (x, y)]), fill=255, width=max(round(2 * radius * self._fine), 1))
        self._lay(mask, colour, opacity, soft, inside)

    def picture(self) -> Image.Image:
        """What was painted: RGBA, straight alpha."""
        return self._sheet

    def part(self) -> Part:
        """The same without the empty space around it."""
        box = self._sheet.getbbox() or (0, 0, 1, 1)
        return Part(self._sheet.crop(box), box[0], box[1])

    def _mask(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        mask = Image.new("L", (self._size[0] * _FINER, self._size[1] * _FINER))
        return mask, ImageDraw.Draw(mask)

    def _scaled(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self._fine, y * self._fine) for x, y in points]

    def _lay(
        self, mask: Image.Image, colour: Colour, opacity: float, soft: float, inside: Image.Image | None
    ) -> Image.Image:
        mask = mask.reduce(_FINER)
        if soft:
            mask = mask.filter(ImageFilter.GaussianBlur(soft * self._fine / _FINER))
        if inside is not None:
            mask = ImageChops.multiply(mask, inside)
        shown = mask.point([round(value * opacity) for value in range(256)]) if opacity < 1.0 else mask
        layer = Image.new("RGBA", self._size, (*colour, 255))
        layer.putalpha(shown)
        self._sheet.alpha_composite(layer)
        return mask


def _curve(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """A Catmull-Rom curve: smooth, and through every given point."""
    ring = [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    line: list[Point] = []
    for (x0, y0), (x1, y1), (x2, y2), (x3, y3) in zip(ring, ring[1:], ring[2:], ring[3:], strict=False):
        for step in range(_PER_CORNER):
            t = step / _PER_CORNER
            line.append((_between(x0, x1, x2, x3, t), _between(y0, y1, y2, y3, t)))
    if not closed:
        line.append(points[-1])
    return line


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    bend = (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t
    return b + 0.5 * ((c - a) * t + bend)
