"""Draws a contact sheet: framed seconds above, the whole video below, readable on a phone and on any background."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

# A computer shows an embed's picture in 400 x 300 pixels, a phone in some 360 x 400: few large pictures are better
# visible than many small ones, and a sheet should not be much taller than wide.
_WIDTH = 1280  # maximal pixels of a sheet
_HIGHEST = 600  # pixels of a picture
_ON_A_PHONE = 360  # the sheet's width on a phone, and the height of its letters there:
_LETTERS = 12
_GAP = 14
_CORNER = 14
_FRAME = 8
_FLATTEST, _TALLEST = 4.0, 0.45  # width / height; other pictures get bars
_LYING, _STANDING = 1.15, 0.8  # width / height beyond which a picture is not roughly square

# Text has a contrast of at least 7:1 with its background (WCAG 2.2, success criterion 1.4.6).
_GROUND = (30, 31, 34)
_CARD = (49, 51, 56)
_TEXT = (242, 243, 245)
_MARK = (255, 197, 61)
_TEXT_ON_MARK = (30, 31, 34)

_DASH = 0.56  # the width of a dash with its margins, relative to the letter height
_SMOOTH = 4  # supersampling factor for round shapes
_QUALITIES = (84, 64, 44, 24, 10)
_SHRINKING = 0.8


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture of the video with its caption."""

    picture: Image.Image
    label: str


@dataclass(frozen=True, slots=True)
class Span:
    """A highlighted range: its pictures in one frame, first to last, with a caption below.

    ``number``: its label; ``None`` if there is no choice.
    """

    pictures: tuple[Image.Image, ...]
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Boxes of one size in rows, starting at ``top``, in pixels. ``width`` and ``height`` are those of each picture.

    ``across``: how many pictures are side by side in a box; ``band``: pixels below them for the caption.
    """

    top: int
    columns: int
    across: int
    width: int
    height: int
    band: int
    frame: int = 0

    @property
    def box(self) -> tuple[int, int]:
        """The size of a box with its frame and its caption."""
        return self.across * (self.width + self.frame) + self.frame, self.frame + self.height + self.band

    def place(self, number: int) -> tuple[int, int]:
        """The upper left corner of the box with this index."""
        row, column = divmod(number, self.columns)
        width, height = self.box
        return _GAP + column * (width + _GAP), self.top + row * (height + _GAP)

    def below(self, count: int) -> int:
        """The bottom of ``count`` boxes and the gap below them."""
        return self.top + -(-count // self.columns) * (self.box[1] + _GAP)

    @property
    def whole(self) -> int:
        """The width of a full row."""
        return self.columns * (self.box[0] + _GAP) + _GAP


@dataclass(frozen=True, slots=True)
class Layout:
    """The arrangement of a sheet: the framed ``spans`` above the other ``cells``. ``text`` is the line height."""

    text: int
    spans: Block
    cells: Block

    @classmethod
    def of(cls, aspect: float, spans: int, cells: int) -> Layout:
        """The layout for pictures with this ``aspect`` (width / height), and so many framed spans and other cells."""
        shape = min(max(aspect, _TALLEST), _FLATTEST)
        columns, across = _spans_beside(shape, spans)
        width = (((_WIDTH - _GAP) // columns - _GAP) - _FRAME) // across - _FRAME
        width = min(width, round(_HIGHEST * shape))
        framed = Block(_GAP, columns, across, width, round(width / shape), 0, _FRAME)
        others = _cells_beside(shape, cells, framed=spans > 0)
        largest = framed.width if spans else round(_HIGHEST * shape)
        width = min(((framed.whole if spans else _WIDTH) - _GAP) // others - _GAP, largest)
        plain = Block(_GAP, others, 1, width, round(width / shape), 0)
        text = round(_LETTERS * max(1.0, (framed.whole if spans else plain.whole) / _ON_A_PHONE))
        band = round(text * 1.5)
        framed = Block(_GAP, columns, across, framed.width, framed.height, band, _FRAME)
        top = framed.below(spans) if spans else _GAP
        return cls(text, framed, Block(top, others, 1, plain.width, plain.height, band))


def cells_of(aspect: float, *, framed: bool) -> int:
    """How many pictures show the whole video, beside ``framed`` seconds or alone."""
    if framed:
        return 6 if aspect < _STANDING else 5
    return 10 if aspect < _STANDING else 12


def pictures_of_span(aspect: float, spans: int) -> int:
    """How many pictures each of so many spans has."""
    return _spans_beside(aspect, spans)[1]


def _spans_beside(aspect: float, count: int) -> tuple[int, int]:
    """How many spans are side by side, and how many pictures each has."""
    if aspect > _LYING:
        return (1, 3) if count <= 3 else (2, 2)
    if count <= 1:
        return 1, 3
    return (2, 2) if aspect >= _STANDING else (min(count, 3), 2)


def _cells_beside(aspect: float, count: int, *, framed: bool) -> int:
    most = cells_of(aspect, framed=True) if framed else 3 if aspect > _LYING else 4 if aspect >= _STANDING else 5
    return max(1, min(most, count))


def contact_sheet(spans: Sequence[Span], cells: Sequence[Cell], layout: Layout) -> Image.Image:
    """The sheet of ``spans`` and ``cells``, row by row."""
    width = max(layout.spans.whole if spans else 0, layout.cells.whole if cells else 0)
    below = layout.cells.below(len(cells)) if cells else layout.spans.below(len(spans))
    sheet = Image.new("RGB", (width, below), _GROUND)
    for number, span in enumerate(spans):
        sheet.paste(_framed(span, layout), layout.spans.place(number), _rounded(layout.spans.box))
    for number, cell in enumerate(cells):
        sheet.paste(_card(cell, layout), layout.cells.place(number), _rounded(layout.cells.box))
    return sheet


def encoded(sheet: Image.Image, kind: str, most: int) -> tuple[bytes, tuple[int, int]]:
    """``sheet`` as ``WEBP`` or ``JPEG`` in at most ``most`` bytes, as good as fits, and its size in pixels."""
    for quality in _QUALITIES:
        data = _as(sheet, kind, quality)
        if len(data) <= most:
            return data, sheet.size
    smaller = round(sheet.width * _SHRINKING), round(sheet.height * _SHRINKING)
    return encoded(sheet.resize(smaller), kind, most)


def _as(sheet: Image.Image, kind: str, quality: int) -> bytes:
    file = BytesIO()
    sheet.save(file, kind, quality=quality, method=4)
    return file.getvalue()


def _framed(span: Span, layout: Layout) -> Image.Image:
    block = layout.spans
    card = Image.new("RGB", block.box, _MARK)
    for place, picture in enumerate(span.pictures[: block.across]):
        _lay(card, picture, (block.frame + place * (block.width + block.frame), block.frame), block)
    label = span.label if span.number is None else f"{span.number}    {span.label}"
    _write(card, label, _TEXT_ON_MARK, layout, block)
    return card


def _card(cell: Cell, layout: Layout) -> Image.Image:
    block = layout.cells
    card = Image.new("RGB", block.box, _CARD)
    _lay(card, cell.picture, (0, 0), block)
    _write(card, cell.label, _TEXT, layout, block)
    return card


def _lay(card: Image.Image, picture: Image.Image, at: tuple[int, int], block: Block) -> None:
    """Draw ``picture`` into its cell, as large as fits, on black."""
    factor = min(block.width / picture.width, block.height / picture.height)
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if abs(size[0] - block.width) <= 1 and abs(size[1] - block.height) <= 1:  # a rounding difference
        size = block.width, block.height
    shown = picture if picture.size == size else picture.resize(size, Image.Resampling.BICUBIC)
    card.paste((0, 0, 0), (*at, at[0] + block.width, at[1] + block.height))
    card.paste(shown, (at[0] + (block.width - size[0]) // 2, at[1] + (block.height - size[1]) // 2))


def _write(card: Image.Image, label: str, colour: tuple[int, int, int], layout: Layout, block: Block) -> None:
    room = card.width * 0.94
    width = _width(label, layout.text)
    size = layout.text if width <= room else int(layout.text * room / width)
    draw, middle = ImageDraw.Draw(card), card.height - block.band / 2
    left = (card.width - _width(label, size)) / 2
    for part in re.split("(–)", label):
        if part == "–":  # Pillow's own font has no such dash, so it is drawn
            thick = max(2, size // 12)
            draw.rectangle((left + size * 0.06, middle, left + size * (_DASH - 0.06), middle + thick - 1), colour)
        else:
            draw.text((left, middle), part, colour, _font(size), anchor="lm")
        left += _width(part, size)


def _width(label: str, size: int) -> float:
    return label.count("–") * _DASH * size + sum(_font(size).getlength(part) for part in label.split("–"))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


@cache
def _rounded(size: tuple[int, int]) -> Image.Image:
    """A mask with round corners."""
    large = size[0] * _SMOOTH, size[1] * _SMOOTH
    mask = Image.new("L", large)
    box = 0, 0, large[0] - 1, large[1] - 1
    ImageDraw.Draw(mask).rounded_rectangle(box, _CORNER * _SMOOTH, fill=255)
    return mask.reduce(_SMOOTH)
