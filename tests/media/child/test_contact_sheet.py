from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bot.media.child.contact_sheet import Cell, Layout, contact_sheet, encoded

PHONE = 360  # pixels
ASPECTS = {"wide": 2.39, "lying": 16 / 9, "old": 4 / 3, "square": 1.0, "standing": 9 / 16, "tall": 9 / 20}
PLAIN, BUSY = "0:07.5", "0:20.5-0:22.5"


def luminance(colour: NDArray[np.uint8]) -> float:
    """As WCAG 2.2 defines it."""
    parts = colour.astype(float) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(pixels: NDArray[np.uint8]) -> float:
    values = sorted(luminance(pixel) for pixel in np.unique(pixels.reshape(-1, 3), axis=0))
    return (values[-1] + 0.05) / (values[0] + 0.05)


def sheet_of(
    layout: Layout, cells: int, *, label: str = PLAIN, numbered: bool = False, colour: str = "grey"
) -> Image.Image:
    picture = Image.new("RGB", (layout.width, layout.height), colour)
    return contact_sheet([Cell(picture, label, number if numbered else None) for number in range(1, cells + 1)], layout)


def band(sheet: Image.Image, layout: Layout, number: int) -> NDArray[np.uint8]:
    """What is below a picture, down to where the round corners begin."""
    x, y = layout.place(number)
    below = y + layout.height
    return np.asarray(sheet.crop((x + 1, below + 1, x + layout.width - 1, below + layout.band - 14)))


def width_of(layout: Layout) -> int:
    return layout.place(layout.columns - 1)[0] + layout.width + layout.place(0)[0]


def ink(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns with something written on them."""
    strength = np.abs(pixels.astype(int) - pixels[0, 0]).sum(axis=2)
    return np.flatnonzero(strength.max(axis=1) > 150), np.flatnonzero(strength.max(axis=0) > 150)


@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
def test_a_sheet_is_neither_a_strip_nor_a_tower(aspect: float) -> None:
    layout = Layout.of(aspect, 1000)

    sheet = sheet_of(layout, layout.columns * layout.rows)

    assert 12 <= layout.columns * layout.rows <= 20
    assert 1200 <= sheet.width <= 1280
    assert 0.65 < sheet.width / sheet.height < 1.6
    assert layout.width / layout.height == pytest.approx(aspect, abs=0.02)


@pytest.mark.parametrize("aspect", [0.05, 20])
def test_a_shape_beyond_measure_has_bars_beside_it(aspect: float) -> None:
    layout = Layout.of(aspect, 1000)
    width, height = layout.fitted(aspect)

    sheet = contact_sheet([Cell(Image.new("RGB", (width, height), "white"), PLAIN)], layout)

    assert width / height == pytest.approx(aspect, rel=0.1)
    assert (width, height) != (layout.width, layout.height)
    x, y = layout.place(0)
    assert sheet.getpixel((x + layout.width // 2, y + layout.height // 2)) == (255, 255, 255)
    corner = (x + layout.width // 2, y + 2) if aspect > 1 else (x + 2, y + layout.height // 2)
    assert sheet.getpixel(corner) == (0, 0, 0)


@pytest.mark.parametrize("few", range(1, 15))
@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
def test_few_pictures_have_a_smaller_sheet(few: int, aspect: float) -> None:
    layout = Layout.of(aspect, few)

    assert few <= layout.columns * layout.rows < few + layout.columns
    assert width_of(layout) <= 1280
    assert layout.width <= 480


@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
@pytest.mark.parametrize(("numbered", "least"), [(False, 8), (True, 6.5)], ids=["plain", "marked"])
def test_labels_can_be_read_on_a_phone(aspect: float, numbered: bool, least: float) -> None:
    """Digits are some 7 tenths of a line; a suggestion's seconds are long and may be smaller."""
    layout = Layout.of(aspect, 1000)
    written = band(sheet_of(layout, 2, label=BUSY if numbered else PLAIN, numbered=numbered), layout, 1)

    rows, _ = ink(written)

    assert (rows[-1] - rows[0] + 1) * PHONE / width_of(layout) >= least
    assert contrast(written) >= 7


@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
@pytest.mark.parametrize("label", [PLAIN, BUSY, "1:00:59.5-1:01:01.5", "100:00:59.5-100:01:01.5"])
def test_labels_touch_neither_the_picture_nor_an_edge(aspect: float, label: str) -> None:
    layout = Layout.of(aspect, 1000)
    written = band(sheet_of(layout, 1, label=label, numbered=True), layout, 0)

    rows, columns = ink(written)

    margin = layout.text // 8
    assert rows[0] >= margin
    assert rows[-1] < len(written) - 1
    assert columns[0] >= margin
    assert columns[-1] < layout.width - 1 - margin


@pytest.mark.parametrize("colour", ["black", "white", "#ffc53d"])
def test_numbers_can_be_read_on_any_picture(colour: str) -> None:
    layout = Layout.of(16 / 9, 1000)
    sheet = sheet_of(layout, 3, numbered=True, colour=colour)
    x, y = layout.place(2)
    corner = np.asarray(sheet.crop((x + 10, y + 10, x + layout.text + 10, y + layout.text + 10)))

    rows, columns = ink(corner)

    assert contrast(corner) >= 7
    assert (rows[-1] - rows[0] + 1) * PHONE / sheet.width >= 8
    assert len(columns) < len(corner[0])


def test_only_numbered_cells_are_framed() -> None:
    layout = Layout.of(16 / 9, 1000)
    grey = Image.new("RGB", (layout.width, layout.height), "grey")

    sheet = contact_sheet([Cell(grey, PLAIN), Cell(grey, PLAIN, 1)], layout)

    for number, framed in ((0, False), (1, True)):
        x, y = layout.place(number)
        edges = [
            sheet.getpixel((x + layout.width // 2, y + 3)),
            sheet.getpixel((x + layout.width - 4, y + layout.height // 2)),
            sheet.getpixel((x + 3, y + layout.height - 20)),
            sheet.getpixel((x + layout.width // 2, y + layout.height - 3)),
        ]
        assert [edge != (128, 128, 128) for edge in edges] == [framed] * 4
        assert sheet.getpixel((x + layout.width // 2, y + layout.height // 2)) == (128, 128, 128)


@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
@pytest.mark.parametrize("most", [60_000, 20_000, 8_000])
def test_a_file_is_never_larger_than_allowed(kind: str, most: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)

    data, size = encoded(Image.fromarray(noise), kind, most)

    assert most / 4 < len(data) <= most
    with Image.open(BytesIO(data)) as picture:
        assert (picture.size, picture.format) == (size, kind)
    assert size[0] / size[1] == pytest.approx(4 / 3, abs=0.01)


def test_quality_is_given_up_before_size() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8))

    best, whole = encoded(noise, "WEBP", 10**9)
    good, same = encoded(noise, "WEBP", len(best) - 1)

    assert whole == same == (400, 300)
    assert len(good) < len(best)
