"""A video whose picture begins after its sound, as trims without encoding leave it: one clock for all that is seen."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from bot.errors import BadRange
from bot.jobs.video_inspection import check_inside
from bot.media.child.best_seconds import best_seconds, examine
from bot.media.child.probing import probe
from bot.media.child.reference import reference
from bot.values.time_range import TimeRange
from bot.values.video import Concern
from tests.media.child.generated_clips import Shot, nobody, silence, talking, voice, write
from tests.media.child.odd_files import delay_picture

LATE = 4.0  # seconds


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From 4 s on somebody is seen for 3 s, then nobody; the sound begins at 0 and is over after 6.5 s."""
    folder = tmp_path_factory.mktemp("late")
    shots = Shot(talking(3), voice(3)), Shot(nobody(3.5), silence(3.5))
    return delay_picture(write(folder / "whole.mp4", *shots, options={"g": "12"}), folder / "late.mp4", Fraction(LATE))


def seconds(start: float, end: float) -> TimeRange:
    return TimeRange(Decimal(str(start)), Decimal(str(end)))


def test_its_facts(late: Path) -> None:
    facts = probe(late)
    assert (facts.begins, facts.seconds) == (pytest.approx(LATE, abs=0.1), pytest.approx(LATE + 6.5, abs=0.1))


def test_what_is_suggested_shows_somebody_and_is_where_a_player_shows_it(late: Path) -> None:
    best = best_seconds(late).suggestions[0]
    assert best.range.start >= Decimal(str(LATE))
    assert best.range.end <= Decimal(str(LATE + 3))
    assert Concern.NO_SUBJECT not in best.concerns


def test_seconds_that_are_named_are_those_of_the_player(late: Path) -> None:
    assert Concern.NO_SUBJECT not in examine(late, seconds(4.5, 6.5)).concerns
    assert Concern.NO_SUBJECT in examine(late, seconds(7.5, 9.5)).concerns


def test_the_reference_does_not_reach_back_before_the_picture(late: Path, tmp_path: Path) -> None:
    made = reference(late, seconds(4.2, 6.2), tmp_path)
    assert (made.seconds, made.filled) == (pytest.approx(3.0, abs=0.1), pytest.approx(0.0, abs=0.1))


def test_seconds_before_the_picture_get_a_sentence(late: Path) -> None:
    facts = probe(late)
    check_inside(seconds(4, 6), facts)
    with pytest.raises(BadRange) as refused:
        check_inside(seconds(1, 3), facts)
    assert str(refused.value.problem) == "The picture of that video begins at 4 s, and 0:01–0:03 begins before that."
