"""Which seconds can be suggested, and which of them are: the best that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.media.child.scoring import Shot

FEWEST, MOST = 3, 5
LENGTHS = (3.0, 2.5, 2.0, 1.5, 1.0)  # seconds
_STEP = 0.25  # seconds from one possible start to the next
_AS_GOOD = 0.6  # of the best score: what a suggestion beyond the fewest must have


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds of one shot, in whole milliseconds. ``score`` is 0 to 1."""

    start: float
    end: float
    score: float
    shot: Shot

    def overlaps(self, other: Window) -> bool:
        """Whether they have any time in common."""
        return self.start < other.end and other.start < self.end


def windows(shot: Shot) -> Iterator[Window]:
    """All that can be judged: at quarters of a second, or where the shot begins or ends."""
    first, last = math.ceil(shot.start * 1000 - 1e-6) / 1000, math.floor(shot.end * 1000 + 1e-6) / 1000
    quarters = range(math.ceil(first / _STEP), math.floor(last / _STEP) + 1)
    for length in LENGTHS:
        for start in sorted({first, round(last - length, 3), *(quarter * _STEP for quarter in quarters)}):
            end = round(start + length, 3)
            if start < first or end > last:
                continue
            score = shot.score(start, end)
            if score is not None:
                yield Window(start, end, score, shot)


def best_of(windows: Sequence[Window]) -> list[Window]:
    """Three to five, best first, none overlapping. Fewer only where no three fit.

    So the best may have to be a shorter one, or the second best, that leaves room for two others.
    """
    left = sorted(windows, key=lambda window: window.score, reverse=True)
    fewest = min(FEWEST, _most_that_fit(left))
    chosen: list[Window] = []
    while left and len(chosen) < MOST:
        best, *others = left
        rest = [window for window in others if not window.overlaps(best)]
        if len(chosen) >= fewest and best.score < _AS_GOOD * chosen[0].score:
            break
        if len(chosen) + 1 + _most_that_fit(rest) >= fewest:
            chosen.append(best)
            left = rest
        else:
            left = others
    return chosen


def _most_that_fit(windows: Sequence[Window]) -> int:
    """How many of them at most do not overlap."""
    count, end = 0, -math.inf
    for window in sorted(windows, key=lambda window: window.end):
        if window.start >= end:
            count, end = count + 1, window.end
    return count
