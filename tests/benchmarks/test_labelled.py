"""The labelled clips: what their labels say, that they are what the labels say, and that the halves stay apart."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.labelled import LabelledClip, clips
from benchmarks.labelled.catalogue import COMPOSITIONS
from benchmarks.labelled.real import STILLS, Moving, RealClip
from benchmarks.labelled.rendering import FPS, Heard, Shot, alone, cuts, render
from benchmarks.labelled.scenes import SIZE, Company, Crossing, Landscape, SideBySide, Slides, Speaker
from benchmarks.labelled.treatments import Blurred, Dark, Handheld, Shaking

pytestmark = pytest.mark.slow

SPEAKER = Speaker()
SLIDES = Slides("One", ("two", "three"))


def test_there_are_enough_clips_and_real_ones_in_both_halves() -> None:
    assert len({clip.name for clip in COMPOSITIONS}) == len(COMPOSITIONS) >= 20
    for half in ("tuning", "held_out"):
        kinds = [clip.kind for clip in COMPOSITIONS if clip.half == half]
        assert kinds.count("real") >= 3
        assert kinds.count("drawn") >= 3


def test_each_clip_has_good_seconds_and_others_unless_it_is_real_footage_as_it_is() -> None:
    for clip in COMPOSITIONS:
        if not clip.real_clip:
            seconds = sum(shot.seconds for shot in clip.shots)
            good = sum(end - start for start, end in alone(clip.shots))
            assert 8 <= seconds <= 40, clip.name
            assert 3 <= good <= 0.7 * seconds, clip.name


def test_no_interval_goes_across_a_cut() -> None:
    shots = (Shot(1, SPEAKER), Shot(2, SLIDES), Shot(1, SPEAKER), Shot(1, SPEAKER))
    assert alone(shots) == ((0.0, 1.0), (3.0, 4.0), (4.0, 5.0))
    assert cuts(shots) == (1, 3, 4)


@pytest.mark.parametrize("spoil", [Blurred, Dark, Shaking])
def test_nobody_is_clearly_seen_in_what_is_spoiled(spoil: type[Blurred | Dark | Shaking]) -> None:
    assert alone((Shot(1, spoil(SPEAKER)), Shot(1, Handheld(SPEAKER)))) == ((1.0, 2.0),)


def test_two_are_not_one() -> None:
    two = SideBySide(SPEAKER, RealClip("carphone"))
    assert alone((Shot(1, Company()), Shot(1, two), Shot(1, SideBySide(SPEAKER, SLIDES)))) == ((2.0, 3.0),)


def test_who_walks_through_counts_while_the_whole_head_is_in_the_picture() -> None:
    ((start, end),) = alone((Shot(10, Crossing(10, Landscape())),))
    assert 2 < start < 4
    assert 6 < end < 8


def test_who_walks_past_somebody_counts_as_soon_as_any_of_it_is_seen() -> None:
    first, last = alone((Shot(10, Crossing(10, SPEAKER)),))
    assert first[0] == 0
    assert first[1] < 2
    assert last[0] > 8


def test_a_face_counts_where_nine_tenths_of_it_are_in_view_and_large_enough() -> None:
    left, top, right, bottom = STILLS["astronaut"][2][0]
    y = (top + bottom) / 2
    whole, half, none = ((left + right) / 2, y, 250), ((left + right) / 2 + 125, y, 250), (450, 450, 100)
    assert [Moving("astronaut", 1, view, view).subjects(0) for view in (whole, half, none)] == [1, 0, 0]
    ((start, end),) = alone((Shot(8, Moving("astronaut", 8, none, whole)),))
    assert start > 2
    assert end == 8


@pytest.mark.parametrize(
    ("start", "end", "held"),
    [(1, 4, True), (0.7, 3.7, True), (0.69, 3.69, False), (6.1, 7.2, False), (4.5, 5.5, False), (5.0, 6.0, True)],
)
def test_a_window_holds_one_where_nine_tenths_of_it_are_in_one_interval(start: float, end: float, held: bool) -> None:
    clip = LabelledClip("a", "tuning", "drawn", Path("a.mp4"), ((1, 5), (5, 7)))
    assert clip.holds_one(start, end) is held


def test_what_is_rendered_is_what_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    render(path, (Shot(1, SPEAKER), Shot(1, Dark(SPEAKER), Heard.NOTHING)))
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        container.seek(0)
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert [picture.shape for picture in pictures] == [(SIZE[1], SIZE[0], 3)] * 2 * FPS
    assert pictures[0].mean() > 80
    assert pictures[-1].mean() < 15
    heard, silent = (np.abs(part).max() for part in (sound[2_000:46_000], sound[52_000:]))
    assert heard > 0.1
    assert silent < 0.01


def test_the_same_shots_give_the_same_clip(tmp_path: Path) -> None:
    shots = (Shot(0.5, Shaking(SPEAKER), Heard.NOISE), Shot(0.5, Moving("rocket", 1, (320, 220, 600), (320, 220, 300))))
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    render(first, shots, track=False)
    render(second, shots, track=False)
    assert first.read_bytes() == second.read_bytes()
    with av.open(str(first)) as container:
        assert not container.streams.audio


def test_real_footage_is_used_where_it_lies_and_nothing_is_rendered_for_it(tmp_path: Path) -> None:
    (carphone,) = clips("held_out", folder=tmp_path, names=["carphone", "bikes"])
    assert (carphone.name, carphone.kind) == ("carphone", "real")
    assert carphone.path.stat().st_size > 100_000
    assert not list(tmp_path.iterdir())


def test_a_clip_is_rendered_once(tmp_path: Path) -> None:
    (robot,) = clips("tuning", folder=tmp_path, names=["robot"])
    made = robot.path.stat().st_mtime_ns
    assert clips("tuning", folder=tmp_path, names=["robot"]) == [robot]
    assert [path.stat().st_mtime_ns for path in tmp_path.iterdir()] == [made]
