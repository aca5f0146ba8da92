"""Draws a contact sheet: pictures in rows, each with a label below it, readable on a phone and on any background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

_WIDTH = 1280  # pixels of a whole sheet
_WIDEST = 480  # of one picture, where there are few
_ON_A_PHONE = 360  # so wide does a phone show the sheet; its letters are then so high:
_LETTERS = 12
_GAP = 14
_CORNER = 14
_FRAME = 8
_FLATTEST, _TALLEST = 4.0, 0.45  # width to height; a picture beyond that has bars beside it

# Text on its ground has a contrast of 7:1 and more (WCAG 2.2, success criterion 1.4.6).
_GROUND = (30, 31, 34)
_CARD = (49, 51, 56)
_TEXT = (242, 243, 245)
_MARK = (255, 197, 61)
_TEXT_ON_MARK = (30, 31, 34)

_SMOOTH = 4  # round shapes are drawn so many times larger
_QUALITIES = (84, 64, 44, 24, 10)
_SHRINKING = 0.8


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture and what is written below it. With a ``number`` it is pointed out: framed, the number in its corner."""

    picture: Image.Image
    label: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a sheet is arranged. Sizes in pixels: ``width`` and ``height`` of each picture, ``text`` of a line."""

    columns: int
    rows: int
    width: int
    height: int
    text: int

    @classmethod
    def of(cls, aspect: float, most: int) -> Layout:
        """For pictures of this ``aspect``, width to height: 15 or 16 of them, or ``most`` where that is less.

        The sheet as a whole is about as wide as it is high, whatever they are, so that neither a phone nor a computer
        makes it small.
        """
        columns, rows = (3, 5) if aspect > 2 else (4, 4) if aspect > 1.15 else (5, 3)
        if most < columns * rows:
            rows = -(-most // columns)
            columns = -(-most // rows)
        width = min((_WIDTH - _GAP) // columns - _GAP, _WIDEST)
        height = round(width / min(max(aspect, _TALLEST), _FLATTEST))
        whole = columns * (width + _GAP) + _GAP
        return cls(columns, rows, width, height, round(_LETTERS * max(1.0, whole / _ON_A_PHONE)))

    @property
    def band(self) -> int:
        """Below each picture, for its label."""
        return round(self.text * 1.5)

    def place(self, number: int) -> tuple[int, int]:
        """Where the cell of this number, from 0, has its upper left corner."""
        row, column = divmod(number, self.columns)
        return _GAP + column * (self.width + _GAP), _GAP + row * (self.height + self.band + _GAP)

    def fitted(self, aspect: float) -> tuple[int, int]:
        """The largest size of a picture of this ``aspect`` that has room in a cell."""
        width = min(self.width, self.height * aspect)
        return max(1, round(width)), max(1, round(width / aspect))


def contact_sheet(cells: Sequence[Cell], layout: Layout) -> Image.Image:
    """The sheet of ``cells``, row by row."""
    rows = -(-len(cells) // layout.columns)
    right, _ = layout.place(layout.columns - 1)
    _, below = layout.place(rows * layout.columns)
    sheet = Image.new("RGB", (right + layout.width + _GAP, below), _GROUND)
    mask = _rounded((layout.width, layout.height + layout.band))
    for number, cell in enumerate(cells):
        sheet.paste(_card(cell, layout), layout.place(number), mask)
    return sheet


def encoded(sheet: Image.Image, kind: str, most: int) -> tuple[bytes, tuple[int, int]]:
    """``sheet`` as ``WEBP`` or ``JPEG`` in at most ``most`` bytes, as good as that allows, and its size in pixels."""
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


def _card(cell: Cell, layout: Layout) -> Image.Image:
    marked = cell.number is not None
    card = Image.new("RGB", (layout.width, layout.height + layout.band), _MARK if marked else _CARD)
    card.paste((0, 0, 0), (0, 0, layout.width, layout.height))
    picture = cell.picture
    card.paste(picture, ((layout.width - picture.width) // 2, (layout.height - picture.height) // 2))
    draw = ImageDraw.Draw(card)
    font = _fitting(cell.label, layout)
    middle = layout.width / 2, layout.height + layout.band / 2
    draw.text(middle, cell.label, _TEXT_ON_MARK if marked else _TEXT, font, anchor="mm")
    if cell.number is not None:
        draw.rectangle((0, 0, layout.width - 1, layout.height), outline=_MARK, width=_FRAME)
        _point_out(card, cell.number, layout)
    return card


def _point_out(card: Image.Image, number: int, layout: Layout) -> None:
    side = round(layout.text * 1.6)
    card.paste(_MARK, (0, 0), _rounded((side, side), (False, False, True, False)))
    font = _font(round(layout.text * 1.2))
    ImageDraw.Draw(card).text((side / 2, side / 2), str(number), _TEXT_ON_MARK, font, anchor="mm")


def _fitting(label: str, layout: Layout) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    room = layout.width * 0.94
    width = _font(layout.text).getlength(label)
    return _font(layout.text if width <= room else int(layout.text * room / width))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _rounded(size: tuple[int, int], corners: tuple[bool, bool, bool, bool] = (True, True, True, True)) -> Image.Image:
    """A mask with round ``corners``, clockwise from the upper left."""
    large = size[0] * _SMOOTH, size[1] * _SMOOTH
    mask = Image.new("L", large)
    box = 0, 0, large[0] - 1, large[1] - 1
    ImageDraw.Draw(mask).rounded_rectangle(box, _CORNER * _SMOOTH, fill=255, corners=corners)
    return mask.reduce(_SMOOTH)
