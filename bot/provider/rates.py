"""Rate limits for calls to the provider: one for submissions, one for everything that only reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

from aiolimiter import AsyncLimiter

from bot.config import ToapisSettings


class Rate(Protocol):
    """A limit of calls per second."""

    async def acquire(self) -> None:
        """Wait for the next slot; call right after it returns."""

    async def pause(self, seconds: float) -> None:
        """Note that the provider has rate-limited a call, and named the seconds to wait."""


class OwnRate:
    """The rate of a single process: a token bucket that holds one token, ``1 / per_second`` s per call.

    The provider's limits (5/s, 50 per 10 s, 300/min for submissions; 50/s, 500 per 10 s, 3,000/min for queries) all
    have the same average. A bucket that also allowed a burst would exceed the longer windows by that burst, and again
    after each restart; a single token keeps within all of them, at the price of 0.2 s at worst between two submissions.
    """

    def __init__(self, per_second: float) -> None:
        self._limiter = AsyncLimiter(1, 1 / per_second)

    async def acquire(self) -> None:
        """Wait for the next slot."""
        await self._limiter.acquire()

    async def pause(self, seconds: float) -> None:
        """No-op: the refused job waits by itself."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The provider's two limits."""

    submits: Rate
    queries: Rate

    @classmethod
    def own(cls, settings: ToapisSettings) -> Self:
        """Limits for a single process."""
        return cls(submits=OwnRate(settings.submit_per_second), queries=OwnRate(settings.query_per_second))
