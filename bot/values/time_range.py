"""A range of one to three seconds: parses what people type, and formats it for the provider and for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bot import limits
from bot.errors import BadRange
from bot.limits import RANGE_LONGEST, RANGE_SHORTEST
from bot.texts import Text, text

DECIMALS = 3  # a thousandth of a second is finer than any frame
LATEST = Decimal(100 * 60 * 60)  # every range ends before this, so that each instant fits hh:mm:ss

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, figure, en and em dash, minus sign
# Full-width forms of ASCII characters and the full-width space, mapped to ASCII.
_FULL_WIDTH = {0xFF01 + each: 0x21 + each for each in range(94)} | {0x3000: 0x20}

# As text: each is compiled when it is first used, which a media child, whose start must be quick, never does.
_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_HOURS, _MINUTES, _SECONDS = "(?:h|hrs?|hours?)", "(?:m|mins?|minutes?)", "(?:s|secs?|seconds?)"
_UNITS = rf"(?:([0-9]+)\s*{_HOURS}\s*)?(?:([0-9]+)\s*{_MINUTES}\s*)?(?:({_NUMBER})(?:\s*{_SECONDS})?)?"
_TIME = "|".join(
    (
        r"[0-9]*(?::[0-9]+){1,2}(?:[.,][0-9]+)?",
        rf"[0-9]+\s*{_HOURS}(?:\s*[0-9]+\s*{_MINUTES})?(?:\s*{_NUMBER}\s*{_SECONDS})?",
        rf"[0-9]+\s*{_MINUTES}(?:\s*{_NUMBER}\s*{_SECONDS})?",
        rf"{_NUMBER}(?:\s*{_SECONDS})?",
    )
)
# Between two times joined only by a comma or a space, a comma cannot also be a decimal sign.
_WITHOUT_COMMAS = _TIME.replace("[.,]", "[.]")
_FROM = r"(?:from\s+)?"
_WORDS = "\u81f3|\u5230|\u304b\u3089"  # "to" in Chinese (two words) and Japanese
_RANGE = rf"{_FROM}({_TIME})\s*(?:->|[{_DASHES}~\u301c\u2192\u2026]|\.{{2,3}}|to|{_WORDS})\s*({_TIME})"
_COMMA_RANGE = rf"{_FROM}({_WITHOUT_COMMAS})\s*,\s*({_WITHOUT_COMMAS})"
_BLANK_RANGE = rf"{_FROM}({_WITHOUT_COMMAS})\s+({_WITHOUT_COMMAS})"
_TOO_MANY_COMMAS = r"[0-9:.s\s]+(?:,[0-9:.s\s]+){2,3}"
_BRACKETS = {"[": "]", "(": ")"}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From ``start`` to ``end``, in seconds from the beginning of the video.

    Both have at most three decimals; ``end`` is one to three seconds after ``start`` (the provider's own
    limits, "Create a character", ``timestamps``). Anything else raises :class:`~bot.errors.BadRange`.
    """

    start: Decimal
    end: Decimal

    def __post_init__(self) -> None:
        if not (self.start.is_finite() and self.end.is_finite()) or self.start < 0:
            raise _refusal(text("A range can't begin before 0:00."))
        if max(self.start, self.end) >= LATEST:
            raise _refusal(text("A range must end before 100 hours."))
        if _decimals(self.start) > DECIMALS or _decimals(self.end) > DECIMALS:
            raise _too_precise()
        if self.end <= self.start:
            raise _refusal(text("The range must end after it begins."))
        if not RANGE_SHORTEST <= self.seconds <= RANGE_LONGEST:
            raise _refusal(
                text(
                    "{range} is {seconds} s long, but a range must be 1 to 3 seconds long.",
                    range=self.people,
                    seconds=float(self.seconds),
                )
            )

    @classmethod
    def parse(cls, raw: str) -> TimeRange:
        """Parse a range as a person wrote it: two times with a separator.

        A time is seconds (``1``, ``1.5``, ``1.5s``, ``2 seconds``), a clock time (``0:01``, ``:01``, ``00:01:02.5``) or
        has units (``1m2s``). The separator is a comma, a dash, ``to`` (also in Chinese and Japanese), ``~``, ``..``, an
        arrow, or a space. A decimal comma is accepted if it is unambiguous. Raises :class:`~bot.errors.BadRange`, which
        says what was wrong.
        """
        typed = raw.strip()
        if not typed:
            raise _refusal(text("No seconds were given."))
        if len(typed) > limits.RANGE_INPUT_LENGTH:
            raise _refusal(text("That is too long for a range of seconds."))
        read = _plainly(typed)
        match = re.fullmatch(_RANGE, read) or re.fullmatch(_COMMA_RANGE, read)
        if match is None and not re.fullmatch(_TIME, read):  # 1m 2s is one
            match = re.fullmatch(_BLANK_RANGE, read)
        if match is None:
            raise _refusal(_why_unreadable(read, typed))
        return cls(_instant(match[1]), _instant(match[2]))

    @property
    def seconds(self) -> Decimal:
        """The length."""
        return self.end - self.start

    @property
    def seconds_as_text(self) -> str:
        """The length as people read it: ``2``, ``1.75``."""
        return _plain(self.seconds)

    @property
    def provider(self) -> str:
        """In the provider's form: ``1,3``, ``1.5,3.25``."""
        return f"{_plain(self.start)},{_plain(self.end)}"

    @property
    def people(self) -> str:
        """For people: ``0:01–0:03``, ``1:00:59.5–1:01:01``. Can be parsed again."""
        return f"{_clock(self.start)}–{_clock(self.end)}"


def _plainly(typed: str) -> str:
    """In lower case and ASCII, without surrounding brackets."""
    read = typed.translate(_FULL_WIDTH).lower().strip()
    if len(read) > 1 and read[-1] == _BRACKETS.get(read[0]):
        read = read[1:-1].strip()
    return read


def _refusal(problem: Text) -> BadRange:
    return BadRange(
        text(
            "{problem} Write where it begins and ends, such as 1,3 or 0:01-0:03.",
            problem=problem,
        ),
        problem,
    )


def _too_precise() -> BadRange:
    return _refusal(text("A time has at most three decimals, such as 1.125."))


def _unclear_comma() -> Text:
    return text("I can't tell what the commas mean. Write 1.5-3.5 or 1,5-3,5.")


def _why_unreadable(read: str, typed: str) -> Text:
    if read.startswith(tuple(_DASHES)):
        return text("A range can't begin before 0:00.")
    if re.fullmatch(_TIME, read):
        return text("That's one moment, not a range.")
    if re.fullmatch(_TOO_MANY_COMMAS, read):
        return _unclear_comma()
    return text("“{typed}” is not a range of seconds.", typed=typed)


def _instant(time: str) -> Decimal:
    """The seconds of one time, in lower case. A comma in it is a decimal comma. Raises BadRange."""
    larger, last = _clock_parts(time) if ":" in time else _unit_parts(time)
    whole, comma, fraction = last.partition("," if "," in last else ".")
    if len(fraction) > DECIMALS:
        raise _too_precise()
    if comma == "," and len(fraction) == DECIMALS and not larger:
        raise _refusal(_unclear_comma())  # 1,500 may mean one and a half, or fifteen hundred
    seconds = 0
    for part in larger:
        seconds = (seconds + part) * 60
    whole_seconds = seconds + int(whole)
    return Decimal(f"{whole_seconds}.{fraction}") if fraction else Decimal(whole_seconds)


def _clock_parts(time: str) -> tuple[list[int], str]:
    """Hours and minutes, if given, and the seconds as they were written. Raises BadRange."""
    first, *rest = time.split(":")
    if any(len(whole) != 2 or int(whole) >= 60 for whole in map(_whole, rest)):
        raise _refusal(text("Put two digits after a colon (00 to 59)."))
    return [int(first or 0), *map(int, rest[:-1])], rest[-1]


def _unit_parts(time: str) -> tuple[list[int], str]:
    """Hours and minutes, if given, and the seconds as they were written. Raises BadRange."""
    match = re.fullmatch(_UNITS, time)
    if match is None:
        raise AssertionError("every time without a colon has this form")
    hours, minutes, seconds = match.groups()
    if hours is None and minutes is None:
        return [], seconds
    smaller = [minutes, seconds] if hours is not None else [seconds]
    if any(int(_whole(part)) >= 60 for part in smaller if part is not None):
        raise _refusal(text("In a time like 1h2m3s, the minutes and the seconds go from 0 to 59."))
    return [int(hours or 0), int(minutes or 0)], seconds or "0"


def _whole(number: str) -> str:
    return re.split("[.,]", number)[0]


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _plain(value: Decimal) -> str:
    """Without an exponent, a sign of zero or trailing zeros."""
    return f"{value.normalize() + 0:f}"


def _clock(value: Decimal) -> str:
    minutes, seconds = divmod(abs(value), 60)  # including a negative zero
    hours, minutes = divmod(minutes, 60)
    whole, _, fraction = _plain(seconds).partition(".")
    shown = f"{hours}:{minutes:0>2}:{whole:0>2}" if hours else f"{minutes}:{whole:0>2}"
    return f"{shown}.{fraction}" if fraction else shown
