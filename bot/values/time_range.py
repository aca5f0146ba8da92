"""One to three seconds of a video: how people write them, how the provider and people read them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from bot.errors import BadRange
from bot.limits import RANGE_LONGEST, RANGE_SHORTEST
from bot.texts import Text, text

DECIMALS = 3  # a thousandth of a second is finer than any frame
LATEST = Decimal(100 * 60 * 60)  # every range ends before this, so that each instant fits hh:mm:ss
INPUT_LENGTH = 64

_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"  # hyphens, figure, en and em dash, minus sign
_CLOCK = r"[0-9]+(?::[0-9]+){1,2}(?:[.,][0-9]+)?"
_SECONDS = r"[0-9]+(?:[.,][0-9]+)?(?:\s*[sS])?"
_TIME = f"(?:{_CLOCK}|{_SECONDS})"
_RANGE = re.compile(rf"({_TIME})\s*(?:[{_DASHES}]|[tT][oO])\s*({_TIME})")
# Between two times joined by a comma, a comma cannot also be a decimal sign.
_COMMA_RANGE = re.compile(rf"({_TIME})\s*,\s*({_TIME})".replace("[.,]", "[.]"))
_ONE_TIME = re.compile(_TIME)
_TOO_MANY_COMMAS = re.compile(r"[0-9:.sS\s]+(?:,[0-9:.sS\s]+){2,3}")


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
            raise _refusal(text("A range begins at 0:00 at the earliest."))
        if max(self.start, self.end) >= LATEST:
            raise _refusal(text("A range ends before 100 hours."))
        if _decimals(self.start) > DECIMALS or _decimals(self.end) > DECIMALS:
            raise _too_precise()
        if self.end <= self.start:
            raise _refusal(text("The range must end after it begins."))
        if not RANGE_SHORTEST <= self.seconds <= RANGE_LONGEST:
            raise _refusal(
                text(
                    "{range} is {seconds} s long, but a range must be 1 to 3 seconds long.",
                    range=self.people,
                    seconds=_plain(self.seconds),
                )
            )

    @classmethod
    def parse(cls, raw: str) -> TimeRange:
        """Read a range as a person wrote it: two times with a comma, a dash or "to" between them.

        A time is seconds (``1``, ``1.5``, ``1.5s``) or a clock's (``0:01``, ``00:01:02.5``). A decimal comma
        is understood where it can mean nothing else. Raises :class:`~bot.errors.BadRange`, which says what
        was wrong.
        """
        typed = raw.strip()
        if not typed:
            raise _refusal(text("No seconds were given."))
        if len(typed) > INPUT_LENGTH:
            raise _refusal(text("That is too long for a range of seconds."))
        match = _RANGE.fullmatch(typed) or _COMMA_RANGE.fullmatch(typed)
        if match is None:
            raise _refusal(_why_unreadable(typed))
        return cls(_instant(match[1]), _instant(match[2]))

    @property
    def seconds(self) -> Decimal:
        """The length."""
        return self.end - self.start

    @property
    def provider(self) -> str:
        """As the provider takes it: ``1,3``, ``1.5,3.25``."""
        return f"{_plain(self.start)},{_plain(self.end)}"

    @property
    def people(self) -> str:
        """As people read it: ``0:01–0:03``, ``1:00:59.5–1:01:01``. Can be parsed again."""
        return f"{_clock(self.start)}–{_clock(self.end)}"


def _refusal(problem: Text) -> BadRange:
    return BadRange(
        text(
            "{problem} Write where it begins and ends, such as 1,3 or 0:01-0:03. Nothing was charged.",
            problem=problem,
        )
    )


def _too_precise() -> BadRange:
    return _refusal(text("A time has at most three decimals, such as 1.125."))


def _unclear_comma() -> Text:
    return text("It is not clear what the commas mean: write 1.5-3.5 or 1,5-3,5.")


def _why_unreadable(typed: str) -> Text:
    if typed[0] in _DASHES:
        return text("A range begins at 0:00 at the earliest.")
    if _ONE_TIME.fullmatch(typed):
        return text("That is one moment, not a range.")
    if _TOO_MANY_COMMAS.fullmatch(typed):
        return _unclear_comma()
    return text("“{typed}” is not a range of seconds.", typed=typed)


def _instant(time: str) -> Decimal:
    """The seconds of one time. A comma in it is a decimal comma. Raises BadRange."""
    number = time.lower().removesuffix("s").rstrip()
    whole, comma, fraction = number.partition("," if "," in number else ".")
    if len(fraction) > DECIMALS:
        raise _too_precise()
    first, *rest = whole.split(":")
    if comma == "," and len(fraction) == DECIMALS and not rest:
        raise _refusal(_unclear_comma())  # 1,500 may be one and a half, or fifteen hundred
    seconds = int(first)
    for digits in rest:
        if len(digits) != 2 or int(digits) >= 60:
            raise _refusal(text("After a colon come two digits, 00 to 59."))
        seconds = seconds * 60 + int(digits)
    return Decimal(f"{seconds}.{fraction}" if fraction else seconds)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _plain(value: Decimal) -> str:
    """Without an exponent, a sign of zero or trailing zeros."""
    return f"{value.normalize() + 0:f}"


def _clock(value: Decimal) -> str:
    minutes, seconds = divmod(abs(value), 60)  # a negative zero is one, too
    hours, minutes = divmod(minutes, 60)
    whole, _, fraction = _plain(seconds).partition(".")
    shown = f"{hours}:{minutes:0>2}:{whole:0>2}" if hours else f"{minutes}:{whole:0>2}"
    return f"{shown}.{fraction}" if fraction else shown
