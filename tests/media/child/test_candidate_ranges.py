from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media.child.candidate_ranges import Window, best_of, windows
from bot.values.time_range import TimeRange


@dataclass
class Shot:
    """As good as `worth` says; it has no pictures."""

    start: float
    end: float
    worth: Callable[[float, float], float | None] = lambda start, end: end - start

    def score(self, start: float, end: float) -> float | None:
        return self.worth(start, end)


def all_of(*shots: Any) -> list[Window]:
    return [window for shot in shots for window in windows(shot)]


def ranges(chosen: list[Window]) -> list[tuple[float, float]]:
    return [(window.start, window.end) for window in chosen]


spans = st.tuples(st.floats(0, 200), st.floats(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(spans)
def test_each_is_a_range_within_its_shot(span: tuple[float, float]) -> None:
    start, end = span
    found = all_of(Shot(start, end))
    for window in found:
        assert start - 1e-5 <= window.start < window.end <= end + 1e-5
        assert window.start == round(window.start, 1)
        assert window.end == round(window.end, 1)
        TimeRange(Decimal(f"{window.start:.1f}"), Decimal(f"{window.end:.1f}"))  # raises where it is none
    if end - start >= 1.2:
        assert found


def test_they_begin_about_at_quarters_or_with_the_shot_or_end_with_it() -> None:
    found = all_of(Shot(5.04, 8.63))
    assert {window.start for window in found if round(window.end - window.start, 3) == 3} == {5.1, 5.2, 5.5, 5.6}


def test_what_cannot_be_judged_is_none() -> None:
    assert all_of(Shot(0.0, 10.0, lambda start, end: None)) == []


def test_the_best_come_first_and_do_not_overlap() -> None:
    chosen = best_of(all_of(Shot(0, 30, lambda start, end: (end - start) / 3 - abs(start - 12) / 100)))
    assert ranges(chosen)[0] == (12.0, 15.0)
    assert [window.score for window in chosen] == sorted((window.score for window in chosen), reverse=True)
    assert all(one[1] <= other[0] for one, other in pairwise(sorted(ranges(chosen))))
    assert len(chosen) == 5


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.9, 0), (1.0, 1), (1.9, 1), (2.5, 2), (3.0, 3), (4.1, 3), (9.0, 3)]
)
def test_there_are_three_wherever_three_fit(seconds: float, expected: int) -> None:
    assert len(best_of(all_of(Shot(0.0, seconds, lambda start, end: end - start)))) >= expected
    if seconds < 3:
        assert len(best_of(all_of(Shot(0.0, seconds)))) == expected


def test_the_best_gives_way_only_where_three_would_not_fit() -> None:
    def middle(start: float, end: float) -> float:
        return 1 - abs((start + end) / 2 - 2.65) / 10 + (end - start) / 10

    for seconds in (3.5, 5.3, 20.0):
        found = all_of(Shot(0.0, seconds, middle))
        chosen = best_of(found)
        assert len(chosen) >= 3
        assert chosen[0].score >= (0.95 if seconds > 5 else 0.8) * max(window.score for window in found)


def test_of_some_as_good_it_is_the_one_that_leaves_the_best_others() -> None:
    def from_three_to_ten(start: float, end: float) -> float:
        return 0.8 + (end - start) / 20 if start >= 3 and end <= 10 else 0.2

    chosen = best_of(all_of(Shot(0.0, 30.0, from_three_to_ten)))[:3]
    assert ranges(chosen)[0][1] - ranges(chosen)[0][0] == 3.0
    assert all(start >= 3 and end <= 10 for start, end in ranges(chosen))
    assert sum(end - start for start, end in ranges(chosen)) == 7.0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(2, 6), st.integers(1, 100)), min_size=1, max_size=12))
def test_the_others_are_the_best_two_that_fit_beside_it(drawn: list[tuple[int, int, int]]) -> None:
    shot: Any = Shot(0.0, 30.0)
    found = [Window(start / 2, (start + length) / 2, score, shot) for start, length, score in drawn]
    chosen = best_of(found)
    sets = [
        some
        for count in (1, 2, 3)
        for some in combinations(found, count)
        if not any(one.overlaps(other) for one, other in combinations(some, 2))
    ]
    assert len(chosen) >= max(map(len, sets))
    if len(chosen) == 3:
        threes = [some for some in sets if len(some) == 3 and max(each.score for each in some) == chosen[0].score]
        best = max((sum(each.score for each in some) for some in threes), default=0)
        assert sum(each.score for each in chosen) >= 0.97 * best


def test_a_fourth_and_a_fifth_must_be_about_as_good() -> None:
    def poor_after_ten(start: float, end: float) -> float:
        return (end - start) / 3 if end <= 9 else 0.1

    assert len(best_of(all_of(Shot(0.0, 60.0, poor_after_ten)))) == 3


def test_shots_of_different_parts_compete() -> None:
    chosen = best_of(all_of(Shot(0, 4, lambda *_: 0.2), Shot(10, 14, lambda *_: 0.9), Shot(20, 24, lambda *_: 0.5)))
    assert 10 <= chosen[0].start < chosen[0].end <= 14


@given(st.lists(spans, max_size=4))
def test_none_overlap_and_none_leaves_its_shot(shots: list[tuple[float, float]]) -> None:
    chosen = best_of(all_of(*(Shot(*shot) for shot in shots)))
    assert len(chosen) <= 5
    for one, other in pairwise(sorted(ranges(chosen))):
        assert one[1] <= other[0]
