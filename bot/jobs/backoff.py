"""How long to wait before trying again."""

from __future__ import annotations

from datetime import timedelta
from random import Random


def backoff(attempt: int, random: Random, *, first: float = 2.0, most: float = 120.0) -> timedelta:
    """Exponential backoff with jitter: ``first`` seconds, doubled per ``attempt``, at most ``most``, times 0.5 to 1.

    ``attempt`` counts from 1. The jitter keeps jobs that failed together from retrying together.
    """
    longest = min(most, first * 2.0 ** min(attempt - 1, 16))
    return timedelta(seconds=longest * random.uniform(0.5, 1.0))


def jittered(seconds: float, random: Random) -> timedelta:
    """``seconds`` plus up to a tenth, so that polls spread out."""
    return timedelta(seconds=seconds * random.uniform(1.0, 1.1))
