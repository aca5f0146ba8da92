"""What the best seconds are compared with: windows laid down by chance, and the sharpest ones."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.labelled import LabelledClip
from benchmarks.labelled.real import Moving
from benchmarks.labelled.rendering import Shot, render
from benchmarks.labelled.treatments import Blurred
from benchmarks.quality import Hits, _anywhere, _beside, _by_chance, _looked_at, _possible, _sharpest


def labelled(*intervals: tuple[float, float]) -> LabelledClip:
    return LabelledClip("a", "tuning", "drawn", Path("a.mp4"), intervals)


def test_chance_lays_windows_inside_the_clip_and_never_upon_each_other() -> None:
    chance = random.Random(3)
    for _ in range(200):
        windows = sorted(_anywhere(chance, [3, 1, 2], 8))
        assert sorted(round(end - start, 6) for start, end in windows) == [1, 2, 3]
        assert windows[0][0] >= 0
        assert windows[-1][1] <= 8 + 1e-9
        assert all(before[1] <= after[0] + 1e-9 for before, after in pairwise(windows))


def test_chance_hits_as_often_as_there_is_room_for_it() -> None:
    assert _by_chance(labelled((0, 10)), [1, 2, 3], 10) == 3
    assert _by_chance(labelled(), [1, 2, 3], 10) == 0
    # One window of a second may begin anywhere in 9 s, and hits where it begins between 1.9 and 5.1.
    assert _by_chance(labelled((2, 6)), [1], 10) == pytest.approx(3.2 / 9, abs=0.06)


def test_the_sharpest_windows_are_taken_in_turn() -> None:
    sharpness = [0, 0, 0, 0, 5, 5, 5, 5, 9, 9, 9, 9, 1, 1, 1, 1]
    assert _sharpest(sharpness, [1, 1, 2], []) == [(2.0, 3.0), (1.0, 2.0)]  # no two seconds are left in one piece
    assert _sharpest(sharpness, [2], []) == [(1.0, 3.0)]
    assert _sharpest(sharpness, [2], [2.5]) == [(0.5, 2.5)]


def test_a_blurred_picture_is_less_sharp(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    scene = Moving("bricks", 1, (200, 200, 300), (250, 200, 300))
    render(path, (Shot(1, Blurred(scene)), Shot(1, scene)), track=False)
    sharpness, seconds = _looked_at(path)
    assert seconds == pytest.approx(2, abs=1e-6)
    assert len(sharpness) == 8
    assert max(sharpness[:4]) < 0.1 * min(sharpness[4:])


@pytest.mark.parametrize(
    ("intervals", "possible"),
    [([], 0), ([(0, 1.8)], 1), ([(0, 3)], 1), ([(0, 3.6)], 2), ([(0, 2), (2, 4)], 2), ([(0, 1.9), (5, 9)], 3)],
)
def test_no_more_windows_can_hit_than_there_is_room_for(intervals: list[tuple[float, float]], possible: int) -> None:
    assert _possible(labelled(*intervals), [2, 2, 2]) == possible


def test_only_the_held_out_half_has_a_target() -> None:
    hits = Hits(best=6, chance=4.0, sharpness=5, possible=8, windows=9)
    assert _beside("a", hits, hits.chance, "by chance", target=True).cells() == (
        "a",
        "6/9 (67 %), 8 possible",
        "4.0/9 (44 %) by chance",
        "1.50x",
        "at least 1.5x",
        "yes",
    )
    assert _beside("a", hits, hits.sharpness, "by sharpness", target=True).met is False
    assert _beside("a", hits, hits.sharpness, "by sharpness", target=False).met is None
    assert _beside("a", Hits(windows=9), 0.0, "by chance", target=True).met is False
