"""Shifts a range of a video by half a second, or makes it that much shorter or longer."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from bot import limits
from bot.values.time_range import TimeRange

STEP = Decimal("0.5")  # seconds
_TENTH = Decimal("0.1")


class RangeAdjustment(StrEnum):
    """How a range is changed."""

    EARLIER = "earlier"
    LATER = "later"
    SHORTER = "shorter"
    LONGER = "longer"


def adjusted(seconds: TimeRange, adjustment: RangeAdjustment, length: float) -> TimeRange | None:
    """``seconds`` of a video of ``length`` seconds after the change; ``None`` if there is no room for it.

    They stay one to three seconds long, inside the video. Near the start or the end they shift by less than half a
    second; if they cannot grow at the end, they grow at the start.
    """
    start, end = seconds.start, seconds.end
    room = max(Decimal(0), Decimal(str(length)) - end).quantize(_TENTH, ROUND_DOWN)
    if adjustment is RangeAdjustment.EARLIER:
        by = min(STEP, start)
        return TimeRange(start - by, end - by) if by else None
    if adjustment is RangeAdjustment.LATER:
        by = min(STEP, room)
        return TimeRange(start + by, end + by) if by else None
    if adjustment is RangeAdjustment.SHORTER:
        by = min(STEP, seconds.seconds - limits.RANGE_SHORTEST)
        return TimeRange(start, end - by) if by else None
    grown = min(STEP, limits.RANGE_LONGEST - seconds.seconds)
    behind = min(grown, room)
    before = min(grown - behind, start)
    return TimeRange(start - before, end + behind) if behind + before else None
