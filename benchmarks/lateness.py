"""How late the event loop ever is: by that long something has blocked it."""

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
    """By how many seconds each tick of the event loop was late, less what its thread waited for a core to run on."""

    ticks: list[float] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        """Of all ticks so far."""
        return max(self.ticks, default=0.0) * 1000


@asynccontextmanager
async def ticking(lateness: Lateness) -> AsyncIterator[None]:
    """Ticks in this event loop for as long as the body runs."""
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
        finally:  # also of the last one, which ends before it is due, or late
            late = time.perf_counter() - due
            lateness.ticks.append(max(late - (_waited_for_a_core() - waited), 0.0))


def _waited_for_a_core() -> float:
    """How many seconds this thread could have run and did not, because others did; 0 where the kernel does not say."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as counts:
            return int(counts.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
