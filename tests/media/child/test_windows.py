from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media.child.windows import Window, best_of, windows
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


spans = st.tuples(st.floats(0, 200), st.floats(0, 30)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(spans)
def test_each_is_a_range_within_its_shot(span: tuple[float, float]) -> None:
    start, end = span
    found = all_of(Shot(start, end))
    for window in found:
        assert start - 1e-6 <= window.start < window.end <= end + 1e-6
        TimeRange(Decimal(f"{window.start:.3f}"), Decimal(f"{window.end:.3f}"))  # raises where it is none
    if end - start >= 1.002:
        assert found


def test_they_begin_at_quarters_or_with_the_shot_or_end_with_it() -> None:
    found = all_of(Shot(5.04, 8.3))
    assert {window.start for window in found if round(window.end - window.start, 3) == 3} == {5.04, 5.25, 5.3}


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
        return 1 - abs((start + end) / 2 - 2.65) / 10 + (end - start) / 100

    chosen = best_of(all_of(Shot(0.0, 5.3, middle)))
    assert len(chosen) == 3
    assert chosen[0].score >= 0.95 * max(window.score for window in all_of(Shot(0.0, 5.3, middle)))
    assert ranges(best_of(all_of(Shot(0.0, 20.0, lambda start, end: 3 - abs(start - 8) - abs(end - 11)))))[0] == (8, 11)


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
