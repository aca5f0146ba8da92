"""The seconds of a video: every accepted spelling, and everything else refused with a reason."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bot.errors import BadRange, Refusal
from bot.values.time_range import LATEST, TimeRange
from tests.patience import PATIENCE

starts = st.decimals(min_value=0, max_value=LATEST - 4, places=3)
lengths = st.decimals(min_value=1, max_value=3, places=3)
ranges = st.builds(lambda start, length: TimeRange(start, start + length), starts, lengths)
separators = st.sampled_from(
    [
        ",",
        "-",
        "\u2010",
        "\u2011",
        "\u2012",
        "–",
        "—",
        "−",
        "to",
        "TO",
        "To",
        "~",
        "\u301c",
        "..",
        "...",
        "…",
        "→",
        "->",
        "至",
        "到",
        "から",
    ]
)
units = st.sampled_from(["", "s", " s", "sec", " secs", " second", " seconds", " Seconds"])
blanks = st.sampled_from(["", " ", "  ", "\u00a0", "\t"])

EXAMPLE = "such as 1,3 or 0:01-0:03."


def said(raw: str) -> str:
    """What a person is told about ``raw``."""
    with pytest.raises(BadRange) as caught:
        TimeRange.parse(raw)
    return str(caught.value)


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("1,3", "1", "3"),
        ("1, 3", "1", "3"),
        ("1-3", "1", "3"),
        ("1–3", "1", "3"),
        ("1 — 3", "1", "3"),
        ("1 − 3", "1", "3"),
        ("1 to 3", "1", "3"),
        ("1to3", "1", "3"),
        ("1 TO 3", "1", "3"),
        ("  1,3\n", "1", "3"),
        ("\u00a01\u00a0–\u00a03\u00a0", "1", "3"),
        ("001-003", "1", "3"),
        ("0,1", "0", "1"),
        ("0:01-0:03", "1", "3"),
        ("00:01:02.5-00:01:04", "62.5", "64"),
        ("1:00:01-1:00:03", "3601", "3603"),
        ("59:59-1:00:01", "3599", "3601"),
        ("75:10-75:12", "4510", "4512"),
        ("1:00-62", "60", "62"),
        ("62-1:04", "62", "64"),
        ("90-92", "90", "92"),
        ("0:01,0:03", "1", "3"),
        ("1.5s-3.5s", "1.5", "3.5"),
        ("1.5 s - 3.5 S", "1.5", "3.5"),
        ("1-3s", "1", "3"),
        ("1s,3s", "1", "3"),
        ("1.125,3.125", "1.125", "3.125"),
        ("1,5-3,5", "1.5", "3.5"),
        ("1,5s to 3,25s", "1.5", "3.25"),
        ("1,5-3", "1.5", "3"),
        ("0:01,5-0:03,5", "1.5", "3.5"),
        ("00:00:01,500-00:00:03,250", "1.5", "3.25"),
        ("99:59:56-99:59:59", "359996", "359999"),
        ("1 3", "1", "3"),
        ("1\u00a0 3", "1", "3"),
        ("1s 3s", "1", "3"),
        ("1 s 3 s", "1", "3"),
        ("0:01 0:03", "1", "3"),
        ("1.5 3.5", "1.5", "3.5"),
        ("1..3", "1", "3"),
        ("1...3", "1", "3"),
        ("1…3", "1", "3"),
        ("1.5..3.5", "1.5", "3.5"),
        ("1~3", "1", "3"),
        ("1〜3", "1", "3"),
        ("1 sec - 3 sec", "1", "3"),
        ("1 second to 3 seconds", "1", "3"),
        ("1-3 seconds", "1", "3"),
        ("from 1 to 3", "1", "3"),
        ("From 0:01 to 0:03", "1", "3"),
        ("1m2s-1m4s", "62", "64"),
        ("1m 2s - 1m 4s", "62", "64"),
        ("1m 2s 1m 4s", "62", "64"),
        ("1 min 2.5 sec to 1 minute 4 seconds", "62.5", "64"),
        ("1m2,5s-1m4,125s", "62.5", "64.125"),
        ("1m-1m2s", "60", "62"),
        ("1h-1h2s", "3600", "3602"),
        ("1h2m3s - 1h2m5s", "3723", "3725"),
        ("90s-1m32s", "90", "92"),
        (":01-:03", "1", "3"),
        (":01.5,:03", "1.5", "3"),
        ("[1,3]", "1", "3"),
        ("(1,3)", "1", "3"),
        ("[ 0:01 - 0:03 ]", "1", "3"),
        ("00:01 → 00:03", "1", "3"),
        ("1 -> 3", "1", "3"),
        ("１-３", "1", "3"),
        ("１，３", "1", "3"),
        ("（０：０１～０：０３）", "1", "3"),
        ("１\u3000３", "1", "3"),
    ],
)
def test_each_spelling_is_understood(typed: str, start: str, end: str) -> None:
    assert TimeRange.parse(typed) == TimeRange(Decimal(start), Decimal(end))


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "No seconds were given."),
        (" \n ", "No seconds were given."),
        ("1" * 65, "That is too long for a range of seconds."),
        ("1" * 1_000_000, "That is too long for a range of seconds."),
        ("5", "That's one moment, not a range."),
        ("0:05", "That's one moment, not a range."),
        ("-1-2", "A range can't begin before 0:00."),
        ("−1,2", "A range can't begin before 0:00."),
        ("hello", "“hello” is not a range of seconds."),
        ("1;3", "“1;3” is not a range of seconds."),
        ("1-2-3", "“1-2-3” is not a range of seconds."),
        ("1--3", "“1--3” is not a range of seconds."),
        ("1,3,", "“1,3,” is not a range of seconds."),
        ("1e0-3e0", "“1e0-3e0” is not a range of seconds."),
        ("1.-3.", "“1.-3.” is not a range of seconds."),
        (".5-2", "“.5-2” is not a range of seconds."),
        ("+1-3", "“+1-3” is not a range of seconds."),
        ("0:01s-0:03s", "“0:01s-0:03s” is not a range of seconds."),
        ("1:2:3:4-1:2:3:6", "“1:2:3:4-1:2:3:6” is not a range of seconds."),
        ("١-٣", "“١-٣” is not a range of seconds."),
        ("1ſ-3ſ", "“1ſ-3ſ” is not a range of seconds."),
        ("inf-nan", "“inf-nan” is not a range of seconds."),
        ("1 3 5", "“1 3 5” is not a range of seconds."),
        ("1....3", "“1....3” is not a range of seconds."),
        ("[1,3", "“[1,3” is not a range of seconds."),
        ("[1,3)", "“[1,3)” is not a range of seconds."),
        ("[[1,3]]", "“[[1,3]]” is not a range of seconds."),
        ("[]", "“[]” is not a range of seconds."),
        ("from 1", "“from 1” is not a range of seconds."),
        ("1 and 3", "“1 and 3” is not a range of seconds."),
        ("::01-::03", "“::01-::03” is not a range of seconds."),
        ("1m2-1m4", "“1m2-1m4” is not a range of seconds."),
        ("1m 2s", "That's one moment, not a range."),
        ("1m2s", "That's one moment, not a range."),
        ("3 seconds", "That's one moment, not a range."),
        ("1,5 3,5", "I can't tell what the commas mean. Write 1.5-3.5 or 1,5-3,5."),
        ("1m62s-1m64s", "In a time like 1h2m3s, the minutes and the seconds go from 0 to 59."),
        ("1h60m-1h60m2s", "In a time like 1h2m3s, the minutes and the seconds go from 0 to 59."),
        ("0x1-0x3", "“0x1-0x3” is not a range of seconds."),
        ("1,5,3,5", "I can't tell what the commas mean. Write 1.5-3.5 or 1,5-3,5."),
        ("1,5, 3", "I can't tell what the commas mean. Write 1.5-3.5 or 1,5-3,5."),
        ("1,500-1,502", "I can't tell what the commas mean. Write 1.5-3.5 or 1,5-3,5."),
        ("1.0001-3", "A time has at most three decimals, such as 1.125."),
        ("0:01-0:03,0000", "A time has at most three decimals, such as 1.125."),
        ("0:61-0:63", "Put two digits after a colon (00 to 59)."),
        ("1:60:00-1:60:02", "Put two digits after a colon (00 to 59)."),
        ("0:1-0:3", "Put two digits after a colon (00 to 59)."),
        ("0:001-0:003", "Put two digits after a colon (00 to 59)."),
        ("3-1", "The range must end after it begins."),
        ("1:30-32", "The range must end after it begins."),
        ("2,2", "The range must end after it begins."),
        ("1,5", "0:01–0:05 is 4 s long, but a range must be 1 to 3 seconds long."),
        ("1-1.5", "0:01–0:01.5 is 0.5 s long, but a range must be 1 to 3 seconds long."),
        ("0-3.001", "0:00–0:03.001 is 3.001 s long, but a range must be 1 to 3 seconds long."),
        ("99:59:59-100:00:01", "A range must end before 100 hours."),
        ("9999999999999999999-99999999999999999999", "A range must end before 100 hours."),
    ],
)
def test_everything_else_is_refused_with_what_was_wrong_and_an_example(typed: str, reason: str) -> None:
    answer = said(typed)
    assert answer.startswith(reason + " ")
    assert answer.endswith(EXAMPLE)


def test_the_problem_alone_can_be_told() -> None:
    with pytest.raises(BadRange) as caught:
        TimeRange.parse("3-1")
    assert str(caught.value.problem) == "The range must end after it begins."


def test_a_bad_range_costs_nothing() -> None:
    assert issubclass(BadRange, Refusal)


def test_the_examples_in_the_refusals_are_themselves_understood() -> None:
    written = said("hello") + said("1,5,3,5")
    spellings = re.findall(r"\d[\d.,:]*[,-][\d.,:]*\d", written)
    assert spellings == ["1,3", "0:01-0:03", "1.5-3.5", "1,5-3,5", "1,3", "0:01-0:03"]
    for spelling in spellings:
        assert TimeRange.parse(spelling).seconds == 2


@given(ranges)
def test_what_is_printed_can_be_read_again(given_range: TimeRange) -> None:
    assert TimeRange.parse(given_range.provider) == given_range
    assert TimeRange.parse(given_range.people) == given_range


@given(ranges)
def test_the_provider_gets_plain_shortest_decimals(given_range: TimeRange) -> None:
    number = r"(?:0|[1-9][0-9]*)(?:\.[0-9]{0,2}[1-9])?"
    assert re.fullmatch(f"{number},{number}", given_range.provider)
    start, end = given_range.provider.split(",")
    assert (Decimal(start), Decimal(end)) == (given_range.start, given_range.end)


@given(ranges, separators, blanks, blanks, blanks, blanks, units)
def test_every_combination_of_separators_blanks_and_units_is_understood(
    given_range: TimeRange, separator: str, before: str, left: str, right: str, after: str, unit: str
) -> None:
    start, end = given_range.provider.split(",")
    typed = f"{before}{start}{unit}{left}{separator}{right}{end}{unit}{after}"
    assert TimeRange.parse(typed) == given_range


@given(ranges, units, st.sampled_from([" ", "  ", "\u00a0", "\t"]))
def test_a_blank_alone_is_understood(given_range: TimeRange, unit: str, blank: str) -> None:
    start, end = given_range.provider.split(",")
    assert TimeRange.parse(f"{start}{unit}{blank}{end}{unit}") == given_range


@given(ranges, separators, st.sampled_from(["", " "]), st.sampled_from([("h", "m", "s"), ("hr", "min", "sec")]))
def test_units_are_understood(given_range: TimeRange, separator: str, blank: str, names: tuple[str, str, str]) -> None:
    def spelled(value: Decimal) -> str:
        seconds = value % 60
        numbers = (int(value) // 3600, int(value) // 60 % 60, f"{seconds.normalize() + 0:f}")
        return blank.join(f"{number}{blank}{name}" for number, name in zip(numbers, names, strict=True))

    assert TimeRange.parse(f"{spelled(given_range.start)} {separator} {spelled(given_range.end)}") == given_range


@given(ranges, separators, st.sampled_from(["{}", "[{}]", "({})", "( {} )", "from {}", "From  {}"]))
def test_brackets_full_width_forms_and_from_change_nothing(given_range: TimeRange, separator: str, around: str) -> None:
    start, end = given_range.provider.split(",")
    typed = around.format(f"{start} {separator} {end}")
    wide = typed.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    assert TimeRange.parse(typed) == given_range
    assert TimeRange.parse(wide) == given_range


@given(ranges, separators.filter(lambda separator: separator != ","))
def test_a_decimal_comma_means_the_same_as_a_point_where_it_is_understood(
    given_range: TimeRange, separator: str
) -> None:
    start, end = (instant.replace(".", ",") for instant in given_range.provider.split(","))
    typed = f"{start}{separator}{end}"
    if any(re.search(r",[0-9]{3}$", instant) for instant in (start, end)):
        assert "I can't tell what the commas mean" in said(typed)
    else:
        assert TimeRange.parse(typed) == given_range


@given(ranges)
def test_a_clock_with_hours_and_a_decimal_comma_is_understood(given_range: TimeRange) -> None:
    def spelled(value: Decimal) -> str:
        thousandths = int(value * 1000)
        seconds, rest = divmod(thousandths, 1000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"

    assert TimeRange.parse(f"{spelled(given_range.start)}-{spelled(given_range.end)}") == given_range


# An independent, slow reading of the grammar: what it does not know must be refused.
KNOWN = re.compile(r"[0-9:.,]+\s*[sm]?\s*(?:,|[-–−~]|\.\.|to|\s)\s*[0-9:.,]+\s*[sm]?")


@settings(max_examples=1000)
@given(st.text(alphabet="0123456789:.,-–−~stm o", max_size=14))
@example("1,3")
@example("1 3")
@example("1m1m1s")
@example("0m1s..0m3s")
@example("-1,2")
@example("1\n3")
def test_near_misses_are_either_refused_or_mean_what_they_say(typed: str) -> None:
    try:
        found = TimeRange.parse(typed)
    except BadRange:
        assert said(typed).endswith(EXAMPLE)
        return
    read = re.sub(r"([0-9]+)\s*m\s*(?=[0-9.]+\s*s)", r"\1:", typed.strip())
    assert KNOWN.fullmatch(read)
    assert 1 <= found.seconds <= 3
    assert TimeRange.parse(found.people) == found


@settings(max_examples=500, deadline=None)
@given(
    st.text(alphabet="0 1.,:-~smhint[(", min_size=1, max_size=64) | st.text(alphabet="0 s", min_size=40, max_size=64)
)
@example("0" * 64)
@example("0 " * 32)
@example("0" * 31 + " " * 32 + "x")
@example("1" + " " * 62 + "x")
@example("1m" + " " * 61 + "x")
@example("from " + " 1s" * 19)
def test_a_hostile_text_is_answered_soon(typed: str) -> None:
    began = time.process_time()
    with contextlib.suppress(BadRange):
        TimeRange.parse(typed)
    assert time.process_time() - began < PATIENCE  # microseconds; where it goes back over what it read, hours


@settings(max_examples=500)
@given(st.text(max_size=80))
def test_any_text_is_answered_with_a_range_or_a_refusal(typed: str) -> None:
    assume(not re.search(r"[0-9]", typed))
    assert said(typed).endswith(EXAMPLE)


@settings(max_examples=300)
@given(starts, st.decimals(min_value=-10, max_value=10, places=3).filter(lambda length: not 1 <= length <= 3))
def test_a_wrong_length_is_refused_however_it_is_written(start: Decimal, length: Decimal) -> None:
    end = start + length
    assume(0 <= end < LATEST)
    with pytest.raises(BadRange):
        TimeRange(start, end)
    with pytest.raises(BadRange):
        TimeRange.parse(f"{start}-{end}")
    with pytest.raises(BadRange):
        TimeRange.parse(f"{start},{end}")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("NaN", "3"),
        ("sNaN", "3"),
        ("1", "NaN"),
        ("1", "Infinity"),
        ("-Infinity", "3"),
        ("-0.001", "2"),
        ("1E+30", "1E+30"),
        ("1E+999999", "1E+999999"),
        ("1.0001", "3"),
        ("1", "2.9999"),
        ("359998", "360000"),
        ("360000", "360002"),
    ],
)
def test_a_range_that_is_none_cannot_be_built(start: str, end: str) -> None:
    with pytest.raises(BadRange):
        TimeRange(Decimal(start), Decimal(end))


@pytest.mark.parametrize(
    ("start", "end", "provider", "people", "seconds"),
    [
        ("1", "3", "1,3", "0:01–0:03", "2"),
        ("1.500", "3.250", "1.5,3.25", "0:01.5–0:03.25", "1.75"),
        ("-0", "1.0", "0,1", "0:00–0:01", "1"),
        ("1E+2", "102", "100,102", "1:40–1:42", "2"),
        ("0.005", "2", "0.005,2", "0:00.005–0:02", "1.995"),
        ("59.9", "62", "59.9,62", "0:59.9–1:02", "2.1"),
        ("3599", "3601", "3599,3601", "59:59–1:00:01", "2"),
        ("36061.5", "36063", "36061.5,36063", "10:01:01.5–10:01:03", "1.5"),
    ],
)
def test_how_it_is_shown(start: str, end: str, provider: str, people: str, seconds: str) -> None:
    given_range = TimeRange(Decimal(start), Decimal(end))
    assert given_range.provider == provider
    assert given_range.people == people
    assert given_range.seconds == Decimal(seconds)


def test_it_is_a_value() -> None:
    one, other = TimeRange.parse("1,3"), TimeRange(Decimal("1.0"), Decimal("3.00"))
    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(FrozenInstanceError):
        one.start = Decimal(2)  # type: ignore[misc]  # that it cannot be set is the test


@given(ranges)
def test_it_survives_being_written_as_json(given_range: TimeRange) -> None:
    adapter = TypeAdapter(TimeRange)
    assert adapter.validate_json(adapter.dump_json(given_range)) == given_range


@pytest.mark.parametrize(
    ("typed", "start", "end"), [("1-3", "1", "3"), ("0.10-2,5", "0.10", "2.5"), ("1:02-64", "62", "64")]
)
def test_digits_are_kept_as_they_were_typed(typed: str, start: str, end: str) -> None:
    """They are exported, where 1 and 1.0 are not the same text."""
    read = TimeRange.parse(typed)
    assert (str(read.start), str(read.end)) == (start, end)
