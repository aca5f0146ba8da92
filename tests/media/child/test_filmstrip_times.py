from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.media.child.filmstrip_times import Moment, Timeline
from bot.values.time_range import TimeRange

PLENTY = 10**9


def seconds(start: float, end: float) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def steady(length: float, fps: float = 25, key_every: int = 50) -> Timeline:
    total = round(length * fps)
    return Timeline([place / fps for place in range(total)], range(0, total, key_every))


def on_screen(timeline: Timeline, moment: Moment) -> bool:
    after = [*timeline.instants, float("inf")][moment.picture + 1]
    return timeline.instants[moment.picture] <= moment.instant + 1e-6 and moment.instant + 1e-6 < after


def decoded(timeline: Timeline, moments: Sequence[Moment]) -> int:
    """How many frames have to be decoded for them, one after the other."""
    number, position = 0, -1
    for moment in moments:
        key = max(place for place in timeline.keys if place <= moment.picture)
        number += max(0, moment.picture - max(position, key - 1))
        position = moment.picture
    return number


@pytest.mark.parametrize(
    ("length", "decimals", "first"),
    [
        (1, 2, [0.03, 0.09, 0.15]),
        (3, 2, [0.09, 0.28, 0.46]),
        (4, 1, [0.1, 0.3, 0.6]),
        (20, 1, [0.6, 1.8, 3.1]),
        (60, 0, [1, 5, 9]),
        (10_800, 0, [337, 1012, 1687]),
    ],
)
def test_round_figures_as_far_as_they_tell_moments_apart(length: int, decimals: int, first: list[float]) -> None:
    timeline = steady(length)

    moments = timeline.moments(16, [], most_decoded=PLENTY)

    assert [moment.instant for moment in moments][:3] == first
    assert timeline.decimals(16) == decimals
    assert all(on_screen(timeline, moment) for moment in moments)
    assert len({f"{moment.instant:.{decimals}f}" for moment in moments}) == 16


def test_as_many_as_there_are_frames() -> None:
    timeline = Timeline([0, 0.5, 2], [0])

    moments = timeline.moments(3, [], most_decoded=PLENTY)

    assert [moment.picture for moment in moments] == [0, 1, 2]
    assert all(on_screen(timeline, moment) for moment in moments)


def test_one_frame() -> None:
    timeline = Timeline([0.0], [0])

    assert timeline.moments(1, [], most_decoded=PLENTY) == [Moment(0, 0)]
    assert timeline.moments(1, [seconds(0, 3)], most_decoded=PLENTY) == [Moment(0, 0), Moment(0, 0, 0)]


def test_none_is_shown_twice_where_a_video_stands_still() -> None:
    timeline = Timeline([*(place / 10 for place in range(20)), 60.0], [0])

    moments = timeline.moments(16, [], most_decoded=PLENTY)

    assert len({moment.picture for moment in moments}) == 16
    assert moments[-1].picture == 20
    assert all(on_screen(timeline, moment) for moment in moments)


def test_a_mark_is_shown_from_its_first_frame_to_its_last() -> None:
    timeline = steady(60)

    moments = timeline.moments(12, [seconds(50, 53), seconds(1, 3), seconds(20.5, 22)], most_decoded=PLENTY)

    marked = [[moment.instant for moment in moments if moment.mark == number] for number in range(3)]
    assert marked == [pytest.approx(each) for each in ([50.0, 51.48, 52.96], [1.0, 1.96, 2.96], [20.5, 21.2, 21.96])]
    assert all(on_screen(timeline, moment) for moment in moments)
    plain = timeline.moments(12, [], most_decoded=PLENTY)
    assert [one for one in moments if one.mark is None] == plain


def test_a_mark_of_two() -> None:
    moments = steady(10).moments(0, [seconds(4, 6)], of_each=2, most_decoded=PLENTY)

    assert [moment.instant for moment in moments] == [4.0, 5.96]


def test_no_frame_of_a_mark_is_shown_twice() -> None:
    timeline = Timeline([0, 1, 2, 3, 4], [0])

    moments = timeline.moments(0, [seconds(1.5, 2.5)], most_decoded=PLENTY)

    assert [(moment.instant, moment.picture) for moment in moments] == [(1.5, 1), (2, 2)]


def test_a_mark_that_the_video_ends_in_shows_the_end() -> None:
    timeline = steady(5)

    moments = timeline.moments(12, [seconds(4.5, 6.5), seconds(5, 7)], most_decoded=PLENTY)

    assert {moment.mark for moment in moments} == {None, 0}
    assert moments[-1].picture == 124


def test_more_marks_than_frames() -> None:
    timeline = Timeline([0, 4], [0])

    moments = timeline.moments(2, [seconds(0, 1), seconds(1, 2), seconds(2, 3)], most_decoded=PLENTY)

    assert [(moment.picture, moment.mark) for moment in moments if moment.mark is not None] == [(0, 0), (0, 1), (0, 2)]


def test_between_two_is_the_frame_halfway() -> None:
    timeline = steady(10)

    halfway = timeline.between(Moment(1.0, 25), Moment(3.0, 75))

    assert halfway == Moment(2.0, 50)
    assert timeline.between(Moment(1.0, 25), Moment(1.04, 26)) is None


def test_where_key_frames_are_rare_moments_come_earlier() -> None:
    timeline = steady(600, key_every=2500)
    assert decoded(timeline, timeline.moments(16, [], most_decoded=PLENTY)) > 10_000

    moments = timeline.moments(16, [], most_decoded=3200)

    assert decoded(timeline, moments) <= 3200 + 16
    assert len({moment.picture for moment in moments}) == 16
    assert all(on_screen(timeline, moment) for moment in moments)
    assert moments[-1].instant > 400


def test_with_a_single_key_frame_the_beginning_is_shown() -> None:
    timeline = steady(600, key_every=100_000)

    moments = timeline.moments(16, [], most_decoded=1600)

    assert [moment.picture for moment in moments] == list(range(100, 1601, 100))


def test_a_mark_out_of_reach_is_not_pointed_out() -> None:
    timeline = steady(600, key_every=100_000)

    moments = timeline.moments(16, [seconds(500, 503), seconds(3, 5)], most_decoded=1600)

    assert {moment.mark for moment in moments} == {None, 1}


@given(
    gaps=st.lists(st.floats(0.004, 3), min_size=0, max_size=60),
    count=st.integers(1, 18),
    starts=st.lists(st.integers(0, 60), max_size=5),
    keys=st.sets(st.integers(0, 60)),
    most=st.integers(0, 200),
)
def test_whatever_the_video(gaps: list[float], count: int, starts: list[int], keys: set[int], most: int) -> None:
    instants = [0.0]
    for gap in gaps:
        instants.append(instants[-1] + gap)
    timeline = Timeline(instants, sorted({0} | {key for key in keys if key < len(instants)}))
    count = min(count, len(instants))
    marks = [seconds(start, start + 2) for start in starts]

    moments = timeline.moments(count, marks, most_decoded=most)

    assert all(on_screen(timeline, moment) for moment in moments)
    assert [moment.picture for moment in moments] == sorted(moment.picture for moment in moments)
    assert len(moments) >= count
    plain = [moment.picture for moment in moments if moment.mark is None]
    assert len(plain) == len(set(plain))
    for moment in moments:
        if moment.mark is not None:
            after = [*instants, float("inf")][moment.picture + 1]
            assert instants[moment.picture] < marks[moment.mark].end
            assert after > marks[moment.mark].start
    assert decoded(timeline, moments) <= most + 2 * len(moments)
