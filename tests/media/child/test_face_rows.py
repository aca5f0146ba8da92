"""Rows of faces: each in its place, upright and cut to a square, whatever kind of picture it comes from."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from bot import limits
from bot.media.child.face_rows import face_rows

SIDE = limits.FACE_SIDE
STEP = SIDE + 8
RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rows"
    folder.mkdir()
    return folder


def written(tmp_path: Path, name: str, colour: tuple[int, int, int], size: tuple[int, int], kind: str) -> Path:
    path = tmp_path / name
    Image.new("RGB", size, colour).save(path, kind)
    return path


def seen(row: Image.Image, place: int) -> tuple[int, ...]:
    """The colour in the middle of a square, as roughly as it is told apart."""
    pixel = row.convert("RGBA").getpixel((place * STEP + SIDE // 2, SIDE // 2))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 40) * 40 for value in pixel)


def rough(colour: tuple[int, int, int]) -> tuple[int, ...]:
    return (*(round(value / 40) * 40 for value in colour), 240)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (4000, 3000), (100, 60)], ids=str)
def test_each_stands_in_its_place_and_nothing_between_them(tmp_path: Path, folder: Path, size: tuple[int, int]) -> None:
    one, two, three = (
        written(tmp_path, "one", RED, size, "JPEG"),
        written(tmp_path, "two", GREEN, size, "PNG"),
        written(tmp_path, "three", BLUE, size, "WEBP"),
    )
    first, second = face_rows([[one, two, three], [three]], folder)
    row = Image.open(folder / first.name)
    assert (first.width, first.height, first.mime) == (*row.size, "image/webp")
    assert row.size == (3 * STEP - 8, SIDE)
    assert [seen(row, place) for place in range(3)] == [rough(RED), rough(GREEN), rough(BLUE)]
    assert row.convert("RGBA").getpixel((SIDE + 4, SIDE // 2))[3] == 0  # type: ignore[index]  # RGBA
    shorter = Image.open(folder / second.name).convert("RGBA")
    assert seen(shorter, 0) == rough(BLUE)
    assert [seen(shorter, place)[3] for place in (1, 2)] == [0, 0]


def test_what_a_camera_held_sideways_is_turned_and_a_portrait_keeps_its_head(tmp_path: Path, folder: Path) -> None:
    upright = Image.new("RGB", (600, 1200), BLUE)
    upright.paste(RED, (0, 150, 600, 700))  # where a head is
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees when it is shown
    path = tmp_path / "sideways"
    upright.rotate(90, expand=True).save(path, "JPEG", exif=exif)
    assert ImageOps.exif_transpose(Image.open(path)).size == upright.size
    [made] = face_rows([[path]], folder)
    row = Image.open(folder / made.name).convert("RGB")
    assert row.getpixel((SIDE // 2, SIDE // 3))[0] > 150  # type: ignore[index]  # RGB
    assert row.getpixel((SIDE // 2, SIDE - 5))[2] > 150  # type: ignore[index]


def test_in_the_place_of_what_cannot_be_used_stands_a_figure(tmp_path: Path, folder: Path) -> None:
    nothing, bomb = tmp_path / "nothing", tmp_path / "bomb"
    nothing.write_bytes(b"no picture")
    Image.new("1", (limits.PICTURE_LONGEST_SIDE + 1, 8)).save(bomb, "PNG")
    filters = list(warnings.filters)
    [unusable, nobody] = face_rows([[nothing, bomb], [None, None]], folder)
    assert (folder / unusable.name).read_bytes() == (folder / nobody.name).read_bytes()
    assert warnings.filters == filters


def test_pillow_imports_no_plugins_but_those_that_are_used(tmp_path: Path) -> None:
    """All of them take longer than to draw a page of faces."""
    program = (
        "import sys, pathlib; from bot.media.child.face_rows import face_rows;"
        "face_rows([[None]], pathlib.Path(sys.argv[1]));"
        "sys.exit('PIL.PdfImagePlugin' in sys.modules or 'PIL.WebPImagePlugin' not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, tmp_path], check=False).returncode == 0
    assert (tmp_path / "0.webp").exists()
