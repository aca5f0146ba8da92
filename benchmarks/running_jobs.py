"""Memory per running job: the growth of Castbook's process while a thousand jobs are watched."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from benchmarks.commands import Commands
from benchmarks.figures import Figure, below
from benchmarks.memory import Memory
from benchmarks.processes import castbook, simulated_provider

JOBS = 1_000
MOST = 10.0  # kB (1000 bytes) for each
RATE = 25  # commands per second
POLL = 5.0  # seconds, the default
ALL_WITHIN = 300.0
FOR_EVER = 86_400.0
TOAPIS = {"submit_per_second": 200, "query_per_second": 300}


async def measure(folder: Path, *, jobs: int = JOBS, idle: float = 5.0, watched_for: float = 4 * POLL) -> list[Figure]:
    """The growth of RSS after the first tenth of ``jobs``, and until then.

    The first jobs cause what is needed only once, which must not be counted as a part of each of a thousand jobs:
    compiled and prepared statements, the threads that sync the log, connections, caches.
    """
    people = Commands(folder)
    first = jobs // 10
    async with simulated_provider(folder, FOR_EVER) as provider, castbook(folder, provider, toapis=TOAPIS) as world:
        await asyncio.sleep(idle)
        before = Memory.of(world.pid).rss
        create = partial(people.create_from_task, world, task_id=provider.task)
        await _start(create, first)
        await _all_watched(folder, first)
        await asyncio.sleep(watched_for / 2)
        warm = Memory.of(world.pid).rss
        await _start(create, jobs - first)
        await _all_watched(folder, jobs)
        await asyncio.sleep(watched_for)
        after = Memory.of(world.pid).rss
    return [
        below(
            f"memory per running job, {jobs} in watch",
            (after - warm) / (jobs - first) / 1000,
            MOST,
            "kB",
            compared=f"{warm / 2**20:.1f} → {after / 2**20:.1f} MB",
        ),
        Figure(
            f"memory of the first {first}, with all that is made once",
            f"{(warm - before) / 2**20:.1f} MB",
            compared=f"from {before / 2**20:.1f} MB",
        ),
    ]


async def _start(create: Callable[[], Awaitable[object]], jobs: int) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(jobs):
        await asyncio.sleep(start + number / RATE - loop.time())
        await create()


async def _all_watched(folder: Path, jobs: int) -> None:
    """Wait until the provider has every job."""
    async with asyncio.timeout(ALL_WITHIN):
        while await asyncio.to_thread(_watched, folder) < jobs:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(1)


def _watched(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder}/castbook.db?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM jobs WHERE step = 'watch' AND outcome IS NULL"
        found: int = database.execute(query).fetchone()[0]
        return found
