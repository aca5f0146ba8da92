"""A process with callers that always wait for the next place of a shared rate; prints when each was used.

python -m tests.provider.rate_process URL PER_SECOND SECONDS CALLERS [leases]

With ``leases`` it prints each lease before its places are used: the first one's instant by the database's clock, how
many they are, and how far from each other.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bot.provider.shared_rate import SharedRate
from bot.store.database import database_at
from bot.store.rates import RateStore


class _Told(RateStore):
    async def lease(self, name: str, *, count: int, apart: float, lead: float) -> tuple[float, float]:
        first, present = await super().lease(name, count=count, apart=apart, lead=lead)
        print("lease", first, count, apart, flush=True)
        return first, present


async def _use(url: str, per_second: float, seconds: float, callers: int, store: type[RateStore]) -> None:
    database = database_at(url)
    await database.open()
    rate = SharedRate(store(database), "queries", per_second)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    until = time.monotonic() + seconds

    async def caller() -> None:
        while True:
            await rate.acquire()
            print(time.monotonic(), flush=True)  # one clock for all processes of a machine
            if time.monotonic() >= until:
                return

    await asyncio.gather(*(caller() for _ in range(callers)))
    await database.close()


if __name__ == "__main__":
    kept = _Told if sys.argv[5:] == ["leases"] else RateStore
    asyncio.run(_use(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), kept))
