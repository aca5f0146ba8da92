"""One worker process of the comparison of engines: python -m benchmarks.engine_worker ENGINE DSN NAME.

Whichever engine hands out a job, the row in ``work`` is authoritative: a step begins by claiming it (holder and epoch),
and its end is written only if both are still the same.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import asyncpg

AT_ONCE: Final = 20
LEASE: Final = 20.0  # seconds, of every engine
HEARTBEAT: Final = 5.0
POLL: Final = 5.0
CHANNEL: Final = "work_due"

_CLAIM_ONE = """
WITH claimed AS (
    UPDATE work SET holder = $1, epoch = epoch + 1 WHERE id = $2 AND done_at IS NULL RETURNING id, epoch, seconds
), noted AS (INSERT INTO claims SELECT id, epoch, $1, clock_timestamp() FROM claimed)
SELECT * FROM claimed
"""
_CLAIM_DUE = """
WITH due AS (
    SELECT id FROM work
    WHERE done_at IS NULL AND due <= clock_timestamp() AND (lease_until IS NULL OR lease_until <= clock_timestamp())
    ORDER BY due, id LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE work SET holder = $1, epoch = epoch + 1, lease_until = clock_timestamp() + make_interval(secs => $3)
    FROM due WHERE work.id = due.id RETURNING work.id, work.epoch, work.seconds
), noted AS (INSERT INTO claims SELECT id, epoch, $1, clock_timestamp() FROM claimed)
SELECT * FROM claimed
"""
_RENEW = "UPDATE work SET lease_until = clock_timestamp() + make_interval(secs => $2) WHERE holder = $1"
_FINISH = """
WITH done AS (
    UPDATE work SET done_at = clock_timestamp(), holder = NULL, lease_until = NULL
    WHERE id = $1 AND holder = $2 AND epoch = $3 RETURNING id, epoch
)
INSERT INTO effects SELECT id, epoch, $2, clock_timestamp() FROM done
"""


class Rows:
    """The rows, through a pool of connections."""

    def __init__(self, pool: asyncpg.Pool[Any], worker: str) -> None:
        self.pool = pool
        self.worker = worker

    async def claim_one(self, job: str) -> asyncpg.Record | None:
        """Claim the row that the engine has handed out."""
        return await self.pool.fetchrow(_CLAIM_ONE, self.worker, job)

    async def do(self, row: asyncpg.Record) -> None:
        """The step: it takes ``seconds`` the first time, and no time when it is repeated."""
        if row["seconds"] and row["epoch"] == 1:
            await asyncio.sleep(row["seconds"])
        if await self.pool.execute(_FINISH, row["id"], self.worker, row["epoch"]) == "INSERT 0 0":
            await self.pool.execute("INSERT INTO refused VALUES ($1, $2, $3)", row["id"], row["epoch"], self.worker)

    async def step(self, job: str) -> None:
        """Claim the row and run its step."""
        row = await self.claim_one(job)
        if row is not None:
            await self.do(row)


async def plain(rows: Rows, dsn: str) -> None:
    """FOR UPDATE SKIP LOCKED on the table itself, LISTEN and NOTIFY."""
    woken = asyncio.Event()
    working: set[asyncio.Task[None]] = set()
    listener = await asyncpg.connect(dsn)
    await listener.add_listener(CHANNEL, lambda *_: woken.set())

    async def renew() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            await rows.pool.execute(_RENEW, rows.worker, LEASE)

    def ended(task: asyncio.Task[None]) -> None:
        working.discard(task)
        woken.set()

    renewing = asyncio.create_task(renew())
    while not renewing.done():
        woken.clear()
        free = AT_ONCE - len(working)
        for row in await rows.pool.fetch(_CLAIM_DUE, rows.worker, min(free, 10), LEASE) if free else ():
            task = asyncio.create_task(rows.do(row))
            working.add(task)
            task.add_done_callback(ended)
            woken.set()
        try:
            await asyncio.wait_for(woken.wait(), POLL)
        except TimeoutError:
            continue


async def pgqueuer(rows: Rows, dsn: str) -> None:
    """Its own table of tickets; a ticket names the job."""
    from pgqueuer import PgQueuer
    from pgqueuer.models import Job

    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=5)
    queue = PgQueuer.from_asyncpg_pool(pool)

    @queue.entrypoint("step")  # type: ignore[untyped-decorator]  # as above
    async def step(job: Job) -> None:
        await rows.step((job.payload or b"").decode())

    await queue.run(
        dequeue_timeout=timedelta(seconds=POLL),
        batch_size=10,
        max_concurrent_tasks=AT_ONCE,
        heartbeat_timeout=timedelta(seconds=LEASE),
    )


async def procrastinate(rows: Rows, dsn: str) -> None:
    """Its own table as well. It finds the jobs of dead workers on request, and we have to make that request."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=2, max_size=5))

    @app.task(name="step")  # type: ignore[untyped-decorator]  # as above
    async def step(job: str) -> None:
        await rows.step(job)

    async def take_over() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=LEASE):
                await app.job_manager.retry_job(stalled)

    async with app.open_async():
        taking_over = asyncio.create_task(take_over())
        await app.run_worker_async(
            concurrency=AT_ONCE,
            fetch_job_polling_interval=POLL,
            update_heartbeat_interval=HEARTBEAT,
            stalled_worker_timeout=LEASE,
            delete_jobs="successful",
        )
        taking_over.cancel()


ENGINES: Final[dict[str, Callable[[Rows, str], Awaitable[None]]]] = {
    "plain": plain,
    "pgqueuer": pgqueuer,
    "procrastinate": procrastinate,
}


async def main(engine: str, dsn: str, worker: str) -> None:
    """Work until killed."""
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=5)
    await ENGINES[engine](Rows(pool, worker), dsn)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
