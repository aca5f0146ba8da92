"""A histogram of how long tasks of one model took, as far as polling can tell; small enough for a database row."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

_PER_DOUBLING = 8
EDGES = (0.0, *(4.0 * 2 ** (step / _PER_DOUBLING) for step in range(116)))
"""The start of each bucket in seconds; the last begins after a day and has no end. A bucket is 9 % wide."""

_KNOWN_FROM = 20.0  # tasks that are needed before the histogram is used
_REMEMBERED = 400.0  # tasks: each new one takes 1/400 of the weight of all earlier ones
_SUPPOSED = 0.5  # of a task, spread over all buckets: what was never seen is not impossible
_NEARLY_ALL = 0.99
_TOLD = 0.9  # of a task that ended between two polls: it is distributed like the others


@dataclass(frozen=True)
class TaskDurations:
    """The weight of the tasks that ended in each bucket of :data:`EDGES`; older tasks have decayed."""

    weights: tuple[float, ...] = (0.0,) * len(EDGES)

    @cached_property
    def known(self) -> bool:
        """Whether enough tasks have ended for a plan."""
        return sum(self.weights) >= _KNOWN_FROM

    def and_ended(self, after: float, by: float) -> TaskDurations:
        """With a task that was still running at the age ``after``, and had ended when it was polled at ``by`` seconds.

        The other tasks tell where in between it probably ended, but not completely: otherwise nothing would ever seem
        to end where nobody polls.
        """
        by = max(by, 0.001)
        after = min(max(after, 0.0), by - 0.001)
        between = range(bucket_of(after), bucket_of(by) + 1)
        seconds, likely = [], []
        for bucket in between:
            start, end = EDGES[bucket], EDGES[bucket + 1] if bucket + 1 < len(EDGES) else max(by, EDGES[-1]) + 1
            seconds.append(max(min(by, end) - max(after, start), 0.0))
            likely.append(self.weights[bucket] / (end - start) * seconds[-1])
        told = _TOLD if sum(likely) else 0.0
        kept = 1 - 1 / _REMEMBERED
        weights = [weight * kept for weight in self.weights]
        for bucket, span, share in zip(between, seconds, likely, strict=True):
            weights[bucket] += (1 - told) * span / (by - after) + (told * share / sum(likely) if told else 0.0)
        return TaskDurations(tuple(weights))

    @cached_property
    def usual_end(self) -> float:
        """Seconds by which nearly all tasks had ended; 0 if unknown."""
        if not self.known:
            return 0.0
        wanted, ended = _NEARLY_ALL * sum(self.weights), accumulate(self.weights)
        bucket = next((bucket for bucket, so_far in enumerate(ended) if so_far >= wanted), len(EDGES) - 1)
        return EDGES[min(bucket + 1, len(EDGES) - 1)]

    @cached_property
    def ended_by(self) -> tuple[float, ...]:
        """The share of tasks that end before each edge."""
        supposed = _SUPPOSED / len(EDGES)
        total = sum(self.weights) + _SUPPOSED
        return (0.0, *accumulate((weight + supposed) / total for weight in self.weights[:-1]))

    @cached_property
    def waited_by(self) -> tuple[float, ...]:
        """Average seconds, over all tasks, that ended tasks would have waited until each edge without a poll."""
        steps = zip(pairwise(self.ended_by), pairwise(EDGES), strict=True)
        return (0.0, *accumulate((before + then) / 2 * (end - start) for (before, then), (start, end) in steps))


def bucket_of(age: float) -> int:
    """The bucket of an age in seconds."""
    return bisect_right(EDGES, max(age, 0.0)) - 1
