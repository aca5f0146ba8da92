"""A process with callers that always wait for the next place of a shared rate; prints when each was used.

python -m tests.provider.rate_process URL PER_SECOND SECONDS CALLERS
"""

from __future__ import annotations

import asyncio
import sys
import time

from bot.provider.shared_rate import SharedRate
from bot.store.database import database_at
from bot.store.rates import RateStore


async def _use(url: str, per_second: float, seconds: float, callers: int) -> None:
    database = database_at(url)
    await database.open()
    rate = SharedRate(RateStore(database), "queries", per_second)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    until = time.monotonic() + seconds

    async def caller() -> None:
        while time.monotonic() < until:
            await rate.acquire()
            print(time.monotonic(), flush=True)  # one clock for all processes of a machine

    await asyncio.gather(*(caller() for _ in range(callers)))
    await database.close()


if __name__ == "__main__":
    asyncio.run(_use(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
