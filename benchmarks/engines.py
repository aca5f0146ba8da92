"""Job engines on PostgreSQL, side by side: pgqueuer, procrastinate, and a claim on the table itself.

Not part of ``python -m benchmarks``: Castbook does not depend on the two libraries. With them installed:
``python -m benchmarks.engines DSN`` prints the table of docs/decisions/job-engine.md.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any

import asyncpg

from benchmarks.engine_worker import CHANNEL, ENGINES
from benchmarks.figures import percentile

_SCHEMA = """
DROP SCHEMA public CASCADE; CREATE SCHEMA public;
CREATE TABLE work (
    id text PRIMARY KEY, seconds float NOT NULL, due timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(), holder text, epoch int NOT NULL DEFAULT 0,
    lease_until timestamptz, done_at timestamptz
);
CREATE INDEX ON work (due) WHERE done_at IS NULL;
CREATE INDEX ON work (holder) WHERE holder IS NOT NULL;
CREATE TABLE claims (job text, epoch int, worker text, at timestamptz);
CREATE TABLE effects (job text, epoch int, worker text, at timestamptz);
CREATE TABLE refused (job text, epoch int, worker text);
"""
_COLUMNS = (
    *("", "claims/s", "wake-up", "take-over after SIGKILL", "under kills", "claimed beside a available one"),
    *("job of a frozen worker", "in our transaction", "load average"),
)
_INSERT = "INSERT INTO work (id, seconds) VALUES ($1, $2)"


class Bench:
    """One engine with its workers, each in its own process."""

    def __init__(self, engine: str, dsn: str, connection: asyncpg.Connection[Any]) -> None:
        self.engine = engine
        self.dsn = dsn
        self.connection = connection
        self.workers: dict[str, asyncio.subprocess.Process] = {}
        self.killed: dict[str, Any] = {}
        self.begun = 0
        self.defer: Callable[[list[str]], Any] = self._notify

    async def _notify(self, jobs: list[str]) -> None:
        await self.connection.execute("SELECT pg_notify($1, '')", CHANNEL)

    async def add(self, jobs: list[str], seconds: float = 0.0) -> None:
        """Insert rows and tickets in one transaction of ours, if the engine can do that."""
        async with self.connection.transaction():
            await self.connection.executemany(_INSERT, [(job, seconds) for job in jobs])
            await self.defer(jobs)

    async def start(self, *, ready: bool = True) -> str:
        """Start one more worker, and wait until it works; return its name."""
        self.begun += 1
        name = f"w{self.begun}"
        self.workers[name] = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.engine_worker", self.engine, self.dsn, name),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        if not ready:
            return name
        probe = f"probe-{name}"  # it has started once it takes a job, and the others are not faster
        await self.add([probe])
        await self.until("SELECT count(*) FROM work WHERE done_at IS NULL AND seconds = 0", 0)
        return name

    async def kill(self, name: str) -> None:
        """SIGKILL."""
        worker = self.workers.pop(name)
        self.killed[name] = await self.connection.fetchval("SELECT clock_timestamp()")
        worker.kill()
        await worker.wait()

    async def until(self, query: str, value: int, within: float = 120.0) -> None:
        """Wait until a query counts that many."""
        async with asyncio.timeout(within):
            while await self.connection.fetchval(query) != value:  # noqa: ASYNC110 - other processes write it
                await asyncio.sleep(0.02)


@asynccontextmanager
async def bench(engine: str, dsn: str) -> AsyncIterator[Bench]:
    """A fresh schema; every worker is gone at the end."""
    async with AsyncExitStack() as opened:
        connection = await asyncpg.connect(dsn)
        opened.push_async_callback(connection.close)
        await connection.execute(_SCHEMA)
        made = Bench(engine, dsn, connection)
        if engine == "pgqueuer":
            from pgqueuer import Queries

            queries = Queries.from_asyncpg_connection(connection)
            await queries.install()

            async def enqueue(jobs: list[str]) -> None:
                n = len(jobs)
                await queries.enqueue(["step"] * n, [job.encode() for job in jobs], [0] * n)

            made.defer = enqueue
        if engine == "procrastinate":
            from procrastinate import App, PsycopgConnector

            app = App(connector=PsycopgConnector(conninfo=dsn, min_size=1, max_size=2))
            await opened.enter_async_context(app.open_async())
            await app.schema_manager.apply_schema_async()
            task = app.configure_task(name="step")

            async def defer(jobs: list[str]) -> None:
                # It cannot use a transaction of asyncpg; its documentation recommends its own SQL function for that.
                await connection.execute(
                    "SELECT procrastinate_defer_jobs_v1(ARRAY(SELECT ROW('default', 'step', 0, NULL, NULL, "
                    "jsonb_build_object('job', job), NULL)::procrastinate_job_to_defer_v1 "
                    "FROM unnest($1::text[]) job))",
                    jobs,
                )

            assert task is not None
            made.defer = defer
        try:
            yield made
        finally:
            for name in list(made.workers):
                await made.kill(name)


async def claims_in_a_second(b: Bench, jobs: int) -> float:
    """Jobs per second of two workers: ``jobs`` are due at once, and their steps do nothing."""
    return (await _claims(b, jobs))[0]


async def claims_per_second(b: Bench, jobs: int) -> str:
    """The same, as a cell of the table."""
    claims, inserted = await _claims(b, jobs)
    return f"{claims:.0f} (in all), inserted in {inserted:.1f} s"


async def _claims(b: Bench, jobs: int) -> tuple[float, float]:
    """Claims per second, and how many seconds the insert took."""
    loop = asyncio.get_running_loop()
    await b.start()
    await b.start()
    begun = loop.time()
    await b.add([f"c{number}" for number in range(jobs)])
    added = loop.time()
    await b.until("SELECT count(*) FROM work WHERE done_at IS NULL", 0, 600)
    return jobs / (loop.time() - begun), added - begun


async def wake_up(b: Bench, jobs: int) -> str:
    """From the insert to the claim, one job at a time, two idle workers."""
    for number in range(jobs):
        await b.add([f"u{number}"])
        await asyncio.sleep(0.05)
    await b.until("SELECT count(*) FROM work WHERE done_at IS NULL", 0)
    late = await b.connection.fetch(
        "SELECT extract(epoch FROM claims.at - work.asked_at)::float8 * 1000 AS ms FROM work JOIN claims ON job = id "
        "WHERE id LIKE 'u%' AND claims.epoch = 1"
    )
    waits = [row["ms"] for row in late]
    return f"p50 {percentile(waits, 50):.0f} ms, p99 {percentile(waits, 99):.0f} ms"


async def take_over(b: Bench, rounds: int) -> str:
    """Seconds from the kill of the worker that holds all jobs until another one has begun each of them."""
    for name in list(b.workers):
        await b.kill(name)
    waits: list[float] = []
    victim = await b.start()
    for number in range(rounds):
        await b.add([f"t{number}-{job}" for job in range(10)], 3600.0)
        await b.until(f"SELECT count(*) FROM claims WHERE job LIKE 't{number}-%'", 10)
        other = await b.start()
        await asyncio.sleep(3)
        await b.kill(victim)
        await b.until(f"SELECT count(*) FROM effects WHERE job LIKE 't{number}-%'", 10)
        rows = await b.connection.fetch(
            f"SELECT extract(epoch FROM at - $1)::float8 AS s FROM claims WHERE job LIKE 't{number}-%' AND epoch = 2",
            b.killed[victim],
        )
        waits += [row["s"] for row in rows]
        victim = other
    return f"{min(waits):.1f}–{max(waits):.1f} s"


async def kills(b: Bench, jobs: int, kills: int) -> tuple[str, str]:
    """Steps of one second each, while workers are killed in the middle of them and new ones started."""
    for name in list(b.workers):
        await b.kill(name)
    names = [await b.start(), await b.start()]
    await b.add([f"k{number}" for number in range(jobs)], 1.0)
    await b.until("SELECT least(count(*), 30) FROM claims WHERE job LIKE 'k%'", 30)
    for number in range(kills):
        await asyncio.sleep(3)
        await b.kill(names.pop(number % 2))
        names.append(await b.start(ready=False))
    with suppress(TimeoutError):
        await b.until("SELECT count(*) FROM work WHERE done_at IS NULL", 0, 90)
    lost = await b.connection.fetchval("SELECT count(*) FROM work WHERE done_at IS NULL")
    twice = await b.connection.fetchval(
        "SELECT count(*) FROM (SELECT job FROM effects WHERE job LIKE 'k%' GROUP BY job HAVING count(*) > 1) AS more"
    )
    again = await b.connection.fetch(
        "SELECT earlier.worker, later.at FROM claims AS earlier JOIN claims AS later USING (job) "
        "WHERE job LIKE 'k%' AND later.epoch = earlier.epoch + 1"
    )
    double = sum(row["worker"] not in b.killed or b.killed[row["worker"]] > row["at"] for row in again)
    return f"{lost} lost, {twice} done twice", f"{double} of {len(again)}"


async def frozen(b: Bench) -> str:
    """A worker pauses for longer than its lease (as its machine might), continues, and dies.

    Another one has its job by then. Is anything lost if that one is killed too?
    """
    import signal

    for name in list(b.workers):
        await b.kill(name)
    first = await b.start()
    await b.add(["f"], 3.0)
    await b.until("SELECT count(*) FROM claims WHERE job = 'f'", 1)
    b.workers[first].send_signal(signal.SIGSTOP)
    await b.connection.execute("UPDATE work SET epoch = 0 WHERE id = 'f'")  # so that the second one takes its time too
    await b.connection.execute("UPDATE work SET seconds = 30 WHERE id = 'f'")
    second = await b.start()
    await b.until("SELECT count(*) FROM claims WHERE job = 'f'", 2)
    b.workers[first].send_signal(signal.SIGCONT)
    await asyncio.sleep(8)
    await b.kill(second)
    try:
        await b.until("SELECT count(*) FROM work WHERE id = 'f' AND done_at IS NOT NULL", 1, 60)
    except TimeoutError:
        return "lost"
    return "goes on"


async def in_our_transaction(b: Bench) -> str:
    """What was rolled back is never worked on."""
    try:
        async with b.connection.transaction():
            await b.add(["rolled-back"])
            raise RuntimeError
    except RuntimeError:
        pass
    await asyncio.sleep(1)
    found = await b.connection.fetchval("SELECT count(*) FROM claims WHERE job = 'rolled-back'")
    return "no" if found else "yes"


async def main(dsn: str, *wanted: str) -> None:
    """Print the table for the ``wanted`` engines, or for all."""
    print("| " + " | ".join(_COLUMNS) + " |")
    print("|" + "---|" * len(_COLUMNS))
    for engine in ENGINES:
        if wanted and engine not in wanted:
            continue
        async with bench(engine, dsn) as b:
            cells = [await claims_per_second(b, 3000), await wake_up(b, 300), await in_our_transaction(b)]
            cells[2:2] = [await take_over(b, 3), *await kills(b, 800, 8), await frozen(b)]
        name = engine if engine == "plain" else f"{engine} {version(engine)}"
        print("| " + " | ".join([name, *cells, f"{os.getloadavg()[0]:.0f}"]) + " |", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
