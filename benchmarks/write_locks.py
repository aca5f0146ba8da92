"""How long a job takes to be started while workers write: with the locks of its owner, and with one lock for all."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from benchmarks.figures import Figure, against, percentile
from tests.postgres_cluster import own_cluster
from tests.postgres_databases import Databases

SECONDS = 20.0
ROLES = ("gateway", "worker", "worker")
LOOKS_EVERY = 0.05  # seconds
_WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND wait_event_type = 'Lock' AND wait_event = 'advisory'"
)


async def measure(folder: Path, *, seconds: float = SECONDS) -> list[Figure]:
    """Both in turn, each with a database of its own."""
    async with AsyncExitStack() as opened:
        databases = Databases(opened.enter_context(own_cluster()), folder, "locks")
        opened.callback(databases.close)
        one = await _written(databases.new(), seconds, "one")
        own = await _written(databases.new(), seconds, "own")
    return [
        *[
            against(f"a job is started, p{each}", percentile(own[0], each), percentile(one[0], each), "ms", most=most)
            for each, most in ((50, 1.0), (99, 1.0))
        ],
        Figure("somebody waits for a lock", f"{own[1]:.0%} of the time", f"{one[1]:.0%}"),
        Figure("writes of the workers a second", f"{own[2] / seconds:.0f}", f"{one[2] / seconds:.0f}"),
    ]


async def _written(url: str, seconds: float, locks: str) -> tuple[list[float], float, int]:
    """Milliseconds of each start; the share of the time in which somebody waited; how often the workers wrote."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.writing_process", role, url, str(seconds), locks), stdout=PIPE
        )
        for role in ROLES
    ]
    looks: list[bool] = []
    looking = asyncio.create_task(_look(url, looks))
    started, *written = [(await each.communicate())[0].split() for each in processes]
    looking.cancel()
    await asyncio.wait({looking})
    return [float(each) for each in started], sum(looks) / max(len(looks), 1), sum(int(each) for [each] in written)


async def _look(url: str, looks: list[bool]) -> None:
    """Add whether somebody waits for a lock, again and again, until cancelled."""
    address = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(address.render_as_string(hide_password=False))
    try:
        while True:
            looks.append(bool(await connection.fetchval(_WAITING)))
            await asyncio.sleep(LOOKS_EVERY)
    finally:
        await connection.close()
