"""Lists the seconds that can be suggested, and picks the best of them that do not overlap."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.media.child.scoring import Shot

FEWEST, MOST = 3, 5
LENGTHS = (3.0, 2.5, 2.0, 1.5, 1.0)  # seconds
_STEP = 0.25  # seconds between possible starts, before rounding
_ABOUT = 0.97  # of the best score: about as good
_MOST_TRIED = 40  # of the ones about as good
_AS_GOOD = 0.6  # of the best score: the minimum for a suggestion beyond the required number


@dataclass(frozen=True, slots=True)
class Window:
    """A range in one shot, in whole tenths, so that people read exactly what is cut out. ``score`` is 0 to 1."""

    start: float
    end: float
    score: float
    shot: Shot

    def overlaps(self, other: Window) -> bool:
        """Whether two windows overlap in time."""
        return self.start < other.end and other.start < self.end


def windows(shot: Shot) -> Iterator[Window]:
    """All candidate ranges of the shot, about a quarter of a second apart, including the first and the last."""
    first, last = math.ceil(shot.start * 10 - 1e-5) / 10, math.floor(shot.end * 10 + 1e-5) / 10
    steps = [round(step * _STEP, 1) for step in range(int(first / _STEP), int(last / _STEP) + 1)]
    for length in LENGTHS:
        for start in sorted({first, round(last - length, 1), *steps}):
            end = round(start + length, 1)
            if start < first or end > last:
                continue
            score = shot.score(start, end)
            if score is not None:
                yield Window(start, end, score, shot)


def best_of(windows: Sequence[Window]) -> list[Window]:
    """Three to five of ``windows``, best first, none overlapping. Fewer only if three do not fit.

    Among those about as good as the best, the one that leaves the best two others comes first; a worse one only if
    there is no room for three otherwise.
    """
    ranked = sorted(windows, key=lambda window: window.score, reverse=True)
    chosen = _best_three(ranked)
    while chosen and len(chosen) < MOST:
        further = next((window for window in ranked if not any(map(window.overlaps, chosen))), None)
        if further is None or further.score < _AS_GOOD * chosen[0].score:
            break
        chosen.append(further)
    return sorted(chosen, key=lambda window: window.score, reverse=True)


def _best_three(ranked: Sequence[Window]) -> list[Window]:
    fewest = min(FEWEST, _most_that_fit(ranked))
    by_end = sorted(ranked, key=lambda window: window.end)
    best: list[Window] = []
    for number, first in enumerate(ranked):
        if len(best) == fewest and (number >= _MOST_TRIED or first.score < _ABOUT * ranked[0].score):
            break
        found = [first, *_best_two([window for window in by_end if not window.overlaps(first)])]
        if (len(found), _total(found)) > (len(best), _total(best)):
            best = found
    return best


def _best_two(by_end: Sequence[Window]) -> list[Window]:
    """Of windows sorted by their ends, the two (or the one) with the highest scores that do not overlap."""
    ends = [window.end for window in by_end]
    until: list[Window] = []  # the best of each and all before it
    best: list[Window] = []
    most = (0, 0.0)
    for window in by_end:
        before = bisect_right(ends, window.start, hi=len(until))
        other = until[before - 1] if before else None
        total = (2, window.score + other.score) if other else (1, window.score)
        if total > most:
            best, most = [window, other] if other else [window], total
        until.append(until[-1] if until and until[-1].score > window.score else window)
    return best


def _total(windows: Sequence[Window]) -> float:
    return sum(window.score for window in windows)


def _most_that_fit(windows: Sequence[Window]) -> int:
    """The largest number of them that do not overlap."""
    count, end = 0, -math.inf
    for window in sorted(windows, key=lambda window: window.end):
        if window.start >= end:
            count, end = count + 1, window.end
    return count
