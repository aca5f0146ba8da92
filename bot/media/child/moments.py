"""Chooses the frames of a filmstrip: evenly spread, at round times where possible, suggestions included."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from bot.values.time_range import TimeRange

_SLIVER = 1e-6  # seconds: what arithmetic loses
_FINEST = 2  # decimals


@dataclass(frozen=True, slots=True)
class Moment:
    """``picture``, the place of a frame among all of them, is on screen at ``instant``, in seconds.

    ``mark``: it is to be pointed out, by the number and the seconds of a suggestion.
    """

    instant: float
    picture: int
    mark: tuple[int, TimeRange] | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All frames of a video: from when each is on screen, in seconds, and which (by place) can be decoded alone."""

    instants: Sequence[float]
    keys: Sequence[int]

    def moments(self, count: int, marks: Sequence[TimeRange], *, most_decoded: int) -> list[Moment]:
        """``count`` moments in order; there must be as many frames.

        For each of ``marks``, the nearest moment moves to the middle of those seconds, where they lie in the video.
        Not more than ``most_decoded`` frames have to be decoded for them all: in a video with few key frames some
        moments come earlier then.
        """
        moments = self._evenly(count)
        for number, mark in enumerate(marks, start=1):
            if mark.start <= self.instants[-1]:
                _point_out(moments, self._middle(number, mark))
        moments.sort(key=lambda moment: (moment.instant, moment.picture))
        return self._within_reach(moments, most_decoded)

    def decimals(self, count: int) -> int:
        """Of seconds, to tell ``count`` moments apart: none in a long video."""
        between = self._between(count)
        return next((decimals for decimals in range(_FINEST) if 2 * 10**-decimals <= between), _FINEST)

    def _between(self, count: int) -> float:
        """Seconds from one of ``count`` moments to the next; the last frame stays as long as the others on average."""
        total = len(self.instants)
        return self.instants[-1] * total / max(1, total - 1) / count

    def _evenly(self, count: int) -> list[Moment]:
        between, finest = self._between(count), 10 ** self.decimals(count)
        instants = [floor((number + 0.5) * between * finest) / finest for number in range(count)]
        pictures = [self._on_screen(instant) for instant in instants]
        for number in range(1, count):  # where frames are rare, none is taken twice
            pictures[number] = max(pictures[number], pictures[number - 1] + 1)
        for number in range(count):
            pictures[number] = min(pictures[number], len(self.instants) - count + number)
        return [
            Moment(instant if picture == self._on_screen(instant) else self.instants[picture], picture)
            for instant, picture in zip(instants, pictures, strict=True)
        ]

    def _on_screen(self, instant: float) -> int:
        return max(0, bisect_right(self.instants, instant + _SLIVER) - 1)

    def _middle(self, number: int, mark: TimeRange) -> Moment:
        instant = min(float(mark.start + mark.end) / 2, self.instants[-1])
        return Moment(instant, self._on_screen(instant), (number, mark))

    def _within_reach(self, moments: Sequence[Moment], most_decoded: int) -> list[Moment]:
        before = [0, *(moment.picture for moment in moments)]
        costs = (moment.picture - self._begin(moment, then) for then, moment in zip(before, moments, strict=False))
        if sum(costs) <= most_decoded:
            return list(moments)
        allowed = max(1, most_decoded // len(moments))
        reached, picture = list[Moment](), 0
        for moment in moments:
            picture = min(moment.picture, self._begin(moment, picture) + allowed)
            reached.append(moment if picture == moment.picture else self._earlier(moment, picture))
        return reached

    def _begin(self, moment: Moment, picture: int) -> int:
        """From where on frames are decoded for ``moment``, when ``picture`` was the last so far."""
        return max(picture, self.keys[max(0, bisect_right(self.keys, moment.picture) - 1)])

    def _earlier(self, moment: Moment, picture: int) -> Moment:
        """At ``picture`` instead; no longer pointed out where that is over before the marked seconds begin."""
        lost = moment.mark is not None and self.instants[picture + 1] <= moment.mark[1].start
        return Moment(self.instants[picture], picture, None if lost else moment.mark)


def _point_out(moments: list[Moment], marked: Moment) -> None:
    """Put ``marked`` in the place of one that is not marked itself: of the same frame, or the nearest."""

    def distance(moment: Moment) -> tuple[bool, float]:
        return moment.picture != marked.picture, abs(moment.instant - marked.instant)

    free = [moment for moment in moments if moment.mark is None]
    if free:
        moments.remove(min(free, key=distance))
    moments.append(marked)
