from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values.range_adjustment import RangeAdjustment, adjusted
from bot.values.time_range import TimeRange


@pytest.mark.parametrize(
    ("seconds", "adjustment", "after"),
    [
        ("4-7", RangeAdjustment.EARLIER, "3.5-6.5"),
        ("4-7", RangeAdjustment.LATER, "4.5-7.5"),
        ("4-7", RangeAdjustment.SHORTER, "4-6.5"),
        ("4-6", RangeAdjustment.LONGER, "4-6.5"),
        ("0.2-2", RangeAdjustment.EARLIER, "0-1.8"),
        ("6-7.8", RangeAdjustment.LATER, "6.2-8"),
        ("6-8", RangeAdjustment.LONGER, "5.5-8"),
        ("4-5.2", RangeAdjustment.SHORTER, "4-5"),
        ("5-7.8", RangeAdjustment.LONGER, "5-8"),
    ],
)
def test_by_half_a_second_where_there_is_room(seconds: str, adjustment: RangeAdjustment, after: str) -> None:
    assert adjusted(TimeRange.parse(seconds), adjustment, 8.04) == TimeRange.parse(after)


@pytest.mark.parametrize(
    ("seconds", "adjustment"),
    [
        ("0-2", RangeAdjustment.EARLIER),
        ("6-8", RangeAdjustment.LATER),
        ("4-5", RangeAdjustment.SHORTER),
        ("4-7", RangeAdjustment.LONGER),
    ],
)
def test_nothing_where_there_is_none(seconds: str, adjustment: RangeAdjustment) -> None:
    assert adjusted(TimeRange.parse(seconds), adjustment, 8.04) is None


def test_a_video_that_is_all_of_it() -> None:
    whole = TimeRange.parse("0-1.5")
    assert [adjusted(whole, adjustment, 1.52) for adjustment in RangeAdjustment] == [
        None,
        None,
        TimeRange.parse("0-1"),
        None,
    ]


@given(
    start=st.integers(0, 900),
    length=st.integers(100, 300),
    more=st.floats(0, 5),
    adjustments=st.lists(st.sampled_from(RangeAdjustment), max_size=8),
)
def test_however_often_they_stay_inside(
    start: int, length: int, more: float, adjustments: list[RangeAdjustment]
) -> None:
    seconds = TimeRange(Decimal(start) / 100, Decimal(start + length) / 100)
    whole = float(seconds.end) + more
    for adjustment in adjustments:
        after = adjusted(seconds, adjustment, whole)
        assert after != seconds
        seconds = after or seconds
        assert 0 <= seconds.start < float(seconds.end) <= whole + 1e-9
