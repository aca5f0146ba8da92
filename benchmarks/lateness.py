"""Measures how late the event loop is, which is for how long something has blocked it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

LONGEST_BLOCKED = 20.0  # ms of the event loop
_TICK = 0.005  # seconds


@dataclass(slots=True)
class Lateness:
    """By how many seconds each tick of the event loop was late, not counting how long its thread waited for a core."""

    ticks: list[float] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        """The most of all ticks so far."""
        return max(self.ticks, default=0.0) * 1000


@asynccontextmanager
async def ticking(lateness: Lateness) -> AsyncIterator[None]:
    """Measure in this event loop while the block runs."""
    task = asyncio.create_task(_tick(lateness))
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _tick(lateness: Lateness) -> None:
    while True:
        waited, due = _waited_for_a_core(), time.perf_counter() + _TICK
        try:
            await asyncio.sleep(_TICK)
        finally:  # also the last one, which may end early, or late
            late = time.perf_counter() - due
            lateness.ticks.append(max(late - (_waited_for_a_core() - waited), 0.0))


def _waited_for_a_core() -> float:
    """How many seconds this thread was runnable but had no core; 0 if the kernel does not report it."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as counts:
            return int(counts.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
