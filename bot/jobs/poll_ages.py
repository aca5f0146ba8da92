"""Chooses the task ages at which to poll, balancing the delay of results against the number of queries."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from bot.values.task_durations import EDGES, TaskDurations, bucket_of

_TYPICAL = 120.0  # assumed seconds for a task of an unknown model; matters only beside known ones


@dataclass(frozen=True, slots=True)
class PollAges:
    """For a task last polled in each bucket: the age of its next poll, and the seconds between the two."""

    following: tuple[float, ...]
    gaps: tuple[float, ...]

    @classmethod
    def of(cls, durations: TaskDurations, price: float, slowest: float) -> PollAges:
        """``price``: how many seconds of delay, for the average task, one query must save. ``slowest``: seconds.

        Works from the last bucket to the first (dynamic programming): among all next polls, it picks the one with the
        lowest cost of delay and queries, including the best continuation. Where polls are closer together than a bucket
        is wide, the chance to end is constant: then the best number of polls is the one at which delay and queries cost
        the same.
        """
        if not durations.known:
            gap = min((2 * _TYPICAL * price) ** 0.5, slowest)  # a constant chance to end: equal intervals
            return cls(tuple(edge + gap for edge in EDGES), (gap,) * len(EDGES))
        ended, waited = durations.ended_by, durations.waited_by
        costs = [0.0] * len(EDGES)
        following, gaps = [edge + slowest for edge in EDGES], [slowest] * len(EDGES)
        for at in range(len(EDGES) - 2, -1, -1):
            start, already, before, query = EDGES[at], ended[at], waited[at], price * (1 - ended[at])
            width = EDGES[at + 1] - start
            delay = waited[at + 1] - before - already * width
            looks = max(1.0, (delay / query) ** 0.5, width / slowest)
            best, gap = delay / looks + looks * query + costs[at + 1], width / looks
            for then in range(at + 2, bisect_right(EDGES, start + slowest)):
                span = EDGES[then] - start
                cost = waited[then] - before - already * span + query + costs[then]
                if cost < best:
                    best, gap = cost, span
            costs[at], gaps[at], following[at] = best, gap, start + gap
        return cls(tuple(following), tuple(gaps))

    def after(self, age: float) -> float:
        """The age of the next poll after one at ``age``, interpolated between both edges of its bucket."""
        at = bucket_of(age)
        if at + 1 == len(EDGES):
            return age + self.gaps[at]
        part = (age - EDGES[at]) / (EDGES[at + 1] - EDGES[at])
        return age + max(
            self.following[at] + part * (self.following[at + 1] - self.following[at]) - age, min(self.gaps[at : at + 2])
        )

    def gap_at(self, age: float) -> float:
        """The seconds between the polls around ``age``, for a task that was always polled in time."""
        looked = 0.0
        while (then := self.after(looked)) <= age:
            looked = then
        return then - looked
