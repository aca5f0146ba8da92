from dataclasses import dataclass
from io import BytesIO
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bot.media.child.contact_sheet import Block, Cell, Layout, Span, cells_of, contact_sheet, encoded, pictures_of_span

PHONE = 360  # pixels
ASPECTS = {"wide": 2.39, "lying": 16 / 9, "old": 4 / 3, "square": 1.0, "standing": 9 / 16, "tall": 9 / 20}
PLAIN, BUSY = "0:07.5", "0:20.5-0:22.5"


def luminance(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """As WCAG 2.2 defines it."""
    parts = colours.astype(float) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(pixels: NDArray[np.uint8]) -> float:
    values = luminance(pixels)
    return float((values.max() + 0.05) / (values.min() + 0.05))


def sheet_of(aspect: float, *, spans: int = 0, cells: int = 0, label: str = PLAIN) -> tuple[Image.Image, Layout]:
    layout = Layout.of(aspect, spans, cells)
    picture = Image.new("RGB", (round(400 * aspect), 400), "grey")
    each = (picture,) * layout.spans.across
    framed = [Span(each, BUSY, number) for number in range(1, spans + 1)]
    return contact_sheet(framed, [Cell(picture, label)] * cells, layout), layout


@dataclass(frozen=True)
class Drawn:
    """The sheet of a video of that shape, with so many spans."""

    aspect: float
    spans: int
    sheet: Image.Image
    layout: Layout


@pytest.fixture(scope="module", params=product(ASPECTS, range(6)), ids=lambda drawn: f"{drawn[0]}-{drawn[1]}")
def drawn(request: pytest.FixtureRequest) -> Drawn:
    """Each of them is drawn once, for all tests that look at it."""
    name, spans = request.param
    aspect = ASPECTS[name]
    return Drawn(aspect, spans, *sheet_of(aspect, spans=spans, cells=cells_of(aspect, framed=spans > 0)))


def band(sheet: Image.Image, block: Block, number: int) -> NDArray[np.uint8]:
    """What is below a picture, down to where the round corners begin."""
    x, y = block.place(number)
    width, height = block.box
    return np.asarray(sheet.crop((x + 1, y + height - block.band + 1, x + width - 1, y + height - 14)))


def ink(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows and columns with something written on them."""
    strength = np.abs(pixels.astype(int) - pixels[0, 0]).sum(axis=2)
    return np.flatnonzero(strength.max(axis=1) > 150), np.flatnonzero(strength.max(axis=0) > 150)


def test_a_sheet_is_neither_a_strip_nor_a_tower(drawn: Drawn) -> None:
    sheet, layout = drawn.sheet, drawn.layout

    assert sheet.width <= 1280
    assert 0.75 < sheet.width / sheet.height < (3.2 if drawn.spans == 1 else 2.2)
    assert layout.cells.width / layout.cells.height == pytest.approx(drawn.aspect, abs=0.03)
    assert layout.spans.across == pictures_of_span(drawn.aspect, drawn.spans)


def test_pictures_are_large_enough_to_know_somebody_on_a_phone(drawn: Drawn) -> None:
    sheet, layout = drawn.sheet, drawn.layout

    block = layout.spans if drawn.spans else layout.cells
    scale = min(PHONE / sheet.width, PHONE / sheet.height)
    assert block.width * block.height * scale**2 >= 50**2


@pytest.mark.parametrize("spans", range(1, 6))
@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
def test_the_whole_of_a_span_is_in_one_frame(aspect: float, spans: int) -> None:
    sheet, layout = sheet_of(aspect, spans=spans, cells=5)
    block = layout.spans

    for number in range(spans):
        x, y = block.place(number)
        width, height = block.box
        edges = [(x + width // 2, y + 3), (x + 3, y + height // 2), (x + width - 4, y + height // 2)]
        between = [(x + place * (block.width + block.frame) + 3, y + height // 3) for place in range(block.across + 1)]
        assert {sheet.getpixel(at) for at in edges + between} == {(255, 197, 61)}
        for place in range(block.across):
            middle = x + block.frame + place * (block.width + block.frame) + block.width // 2
            assert sheet.getpixel((middle, y + height // 3)) == (128, 128, 128)
    x, y = layout.cells.place(0)
    assert sheet.getpixel((x + layout.cells.width // 2, y + 3)) == (128, 128, 128)


@pytest.mark.parametrize("aspect", [0.05, 20])
def test_a_shape_beyond_measure_has_bars_beside_it(aspect: float) -> None:
    layout = Layout.of(aspect, 0, 1)
    size = (round(400 * aspect), 400) if aspect < 1 else (400, round(400 / aspect))

    sheet = contact_sheet([], [Cell(Image.new("RGB", size, "white"), PLAIN)], layout)

    x, y = layout.cells.place(0)
    width, height = layout.cells.width, layout.cells.height
    assert sheet.getpixel((x + width // 2, y + height // 2)) == (255, 255, 255)
    corner = (x + width // 2, y + 2) if aspect > 1 else (x + 2, y + height // 2)
    assert sheet.getpixel(corner) == (0, 0, 0)


@pytest.mark.parametrize("few", range(1, 10))
@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
def test_few_pictures_have_a_smaller_sheet(few: int, aspect: float) -> None:
    sheet, layout = sheet_of(aspect, cells=few)

    assert layout.cells.columns <= few
    assert sheet.width <= 1280
    assert layout.cells.height <= 601


def test_labels_can_be_read_on_a_phone(drawn: Drawn) -> None:
    """Digits are some 7 tenths of a line."""
    sheet, layout, spans = drawn.sheet, drawn.layout, drawn.spans

    written = [band(sheet, layout.cells, 0), *([band(sheet, layout.spans, spans - 1)] if spans else [])]

    for each in written:
        rows, _ = ink(each)
        assert (rows[-1] - rows[0] + 1) * PHONE / sheet.width >= 7
        assert contrast(each) >= 7


@pytest.mark.parametrize("aspect", ASPECTS.values(), ids=ASPECTS)
@pytest.mark.parametrize("label", [PLAIN, BUSY, "1:00:59.5–1:01:01.5", "100:00:59.5–100:01:01.5"])
def test_labels_touch_neither_the_picture_nor_an_edge(aspect: float, label: str) -> None:
    sheet, layout = sheet_of(aspect, cells=cells_of(aspect, framed=False), label=label)
    written = band(sheet, layout.cells, 0)

    rows, columns = ink(written)

    margin = layout.text // 10
    assert rows[0] >= margin
    assert rows[-1] < len(written) - 1
    assert columns[0] >= margin
    assert columns[-1] < layout.cells.width - 1 - margin


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
