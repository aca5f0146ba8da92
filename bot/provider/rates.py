"""How fast the provider is asked: one token bucket for submissions, one for everything that only reads."""

from __future__ import annotations

from aiolimiter import AsyncLimiter


def bucket(per_second: float) -> AsyncLimiter:
    """A token bucket that holds a single token: calls are spaced ``1 / per_second`` seconds apart.

    The provider's figures (5/s, 50 per 10 s, 300/min for submissions; 50/s, 500 per 10 s, 3,000/min for queries) all
    name the same average. A bucket that also let through a burst would pass the longer windows by that burst, and
    once more after each restart; a single token keeps within all of them, at the price of 0.2 s at worst between
    two submissions.
    """
    return AsyncLimiter(1, 1 / per_second)
