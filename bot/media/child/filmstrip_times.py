"""Chooses the frames of a filmstrip: evenly spaced, at round times if possible, plus those of the marked seconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from bot.values.time_range import TimeRange

_SLIVER = 1e-6  # seconds: rounding errors
_FINEST = 2  # decimals


@dataclass(frozen=True, slots=True)
class Moment:
    """The frame with the index ``picture`` is on screen at ``instant``, in seconds.

    ``mark``: the index of the highlighted range it belongs to.
    """

    instant: float
    picture: int
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """All frames of a video: from when each is on screen, in seconds, and which (by index) are key frames."""

    instants: Sequence[float]
    keys: Sequence[int]

    def moments(self, count: int, marks: Sequence[TimeRange], *, of_each: int = 3, most_decoded: int) -> list[Moment]:
        """``count`` moments of the whole, and ``of_each`` of every one of ``marks`` that lies in the video, in order.

        There must be ``count`` frames. The first and the last frame of a mark are among its own, if there are more than
        one. At most ``most_decoded`` frames have to be decoded for all of them: in a video with few key frames some
        moments come earlier then, and those of a mark that is out of reach are left out.
        """
        moments = self._evenly(count) if count else []
        for number, mark in enumerate(marks):
            if mark.start <= self.instants[-1]:
                moments += self._marked(number, mark, of_each)
        moments.sort(key=lambda moment: (moment.picture, moment.instant))
        return self._within_reach(moments, marks, most_decoded)

    def between(self, earlier: Moment, later: Moment) -> Moment | None:
        """One halfway between two, if there is another frame."""
        picture = (earlier.picture + later.picture) // 2
        return Moment(self.instants[picture], picture) if earlier.picture < picture < later.picture else None

    def decimals(self, count: int) -> int:
        """Decimals needed to tell ``count`` moments apart: none in a long video."""
        between = self._between(count)
        return next((decimals for decimals in range(_FINEST) if 2 * 10**-decimals <= between), _FINEST)

    def _between(self, count: int) -> float:
        """Seconds between two of ``count`` moments; the last frame is shown as long as the average one."""
        total = len(self.instants)
        return (self.instants[-1] - self.instants[0]) * total / max(1, total - 1) / count

    def _evenly(self, count: int) -> list[Moment]:
        first, between, finest = self.instants[0], self._between(count), 10 ** self.decimals(count)
        instants = [max(first, floor((first + (number + 0.5) * between) * finest) / finest) for number in range(count)]
        pictures = [self._on_screen(instant) for instant in instants]
        for number in range(1, count):  # if frames are rare, none is used twice
            pictures[number] = max(pictures[number], pictures[number - 1] + 1)
        for number in range(count):
            pictures[number] = min(pictures[number], len(self.instants) - count + number)
        return [
            Moment(instant if picture == self._on_screen(instant) else self.instants[picture], picture)
            for instant, picture in zip(instants, pictures, strict=True)
        ]

    def _on_screen(self, instant: float) -> int:
        return max(0, bisect_right(self.instants, instant + _SLIVER) - 1)

    def _marked(self, number: int, mark: TimeRange, count: int) -> list[Moment]:
        first = self._on_screen(float(mark.start))
        last = max(first, bisect_right(self.instants, float(mark.end) - _SLIVER) - 1)
        places = [first + round((last - first) * part / max(1, count - 1)) for part in range(count)]
        return [
            Moment(max(self.instants[picture], float(mark.start)), picture, number) for picture in sorted(set(places))
        ]

    def _within_reach(self, moments: Sequence[Moment], marks: Sequence[TimeRange], most_decoded: int) -> list[Moment]:
        before = [0, *(moment.picture for moment in moments)]
        costs = (moment.picture - self._begin(moment, then) for then, moment in zip(before, moments, strict=False))
        if sum(costs) <= most_decoded:
            return list(moments)
        allowed = max(1, most_decoded // len(moments))
        reached, picture = list[Moment](), 0
        for moment in moments:
            picture = min(moment.picture, self._begin(moment, picture) + allowed)
            if picture == moment.picture:
                reached.append(moment)
            elif moment.mark is None:
                reached.append(Moment(self.instants[picture], picture))
            elif self.instants[picture] >= marks[moment.mark].start:
                reached.append(Moment(self.instants[picture], picture, moment.mark))
        return reached

    def _begin(self, moment: Moment, picture: int) -> int:
        """The frame at which decoding starts for ``moment``, if ``picture`` was the last one so far."""
        return max(picture, self.keys[max(0, bisect_right(self.keys, moment.picture) - 1)])
