"""One account's rates shared by two workers: how much of the limit they use, and what that costs the database."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from benchmarks.figures import Figure, below
from tests.postgres_cluster import own_cluster
from tests.postgres_databases import Databases

WORKERS = 2
CALLERS = 20  # of each worker, all of which always wait for the next place
SECONDS = 20.0
RATES = {"submits": 5.0, "queries": 50.0}  # per second: the provider's figures, and the defaults
_LEASES = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'rates'"


async def measure(folder: Path, *, seconds: float = SECONDS) -> list[Figure]:
    """Each rate in turn, with its own database."""
    figures = []
    async with AsyncExitStack() as opened:
        databases = Databases(opened.enter_context(own_cluster()), folder, "rates")
        opened.callback(databases.close)
        for name, per_second in RATES.items():
            figures += await _used(name, databases.new(), per_second, seconds)
    return figures


async def _used(name: str, url: str, per_second: float, seconds: float) -> list[Figure]:
    workers = [await _started(url, per_second, seconds) for _ in range(WORKERS)]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"\n")
    said = await asyncio.gather(*(worker.communicate() for worker in workers))
    instants = sorted(float(line) for lines, _ in said for line in lines.split())
    took = instants[-1] - instants[0]
    leases = await _leases(url)
    return [
        below(f"{name}: in the fullest second, {WORKERS} workers", fullest(instants), per_second, "calls"),
        Figure(f"{name}: used of {per_second:g} a second", f"{100 * (len(instants) - 1) / took / per_second:.0f} %"),
        Figure(
            f"{name}: leases in the database for each call",
            f"{leases / len(instants):.2f}",
            "1 where each is asked for",
        ),
    ]


def fullest(instants: Sequence[float], seconds: float = 1.0) -> int:
    """The most calls within any ``seconds``; ``instants`` are sorted."""
    return max(bisect_left(instants, start + seconds) - at for at, start in enumerate(instants))


async def _started(url: str, per_second: float, seconds: float) -> Process:
    asked = ("-m", "tests.provider.rate_process", url, str(per_second), str(seconds), str(CALLERS))
    worker = await asyncio.create_subprocess_exec(sys.executable, *asked, stdin=PIPE, stdout=PIPE)
    assert worker.stdout is not None
    await worker.stdout.readline()
    return worker


async def _leases(url: str) -> int:
    """How often places were taken, each time in a transaction. Its processes have ended, so all are counted."""
    address = make_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(address.render_as_string(hide_password=False))
    try:
        return int(await connection.fetchval(_LEASES))
    finally:
        await connection.close()
