"""The most frequent queries, on a table of finished jobs and on an empty one."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from benchmarks.figures import Figure, against
from bot.store.admission import AdmissionLimits
from bot.store.database import Database, database_at
from bot.store.gauges import GaugeStore
from bot.store.job_rows import job_columns
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.quotas import Quota
from bot.store.tables import jobs
from bot.values.job import CharacterRequest, Job, Lane, Origin, Outcome, Step
from bot.values.source import Link
from bot.values.time_range import TimeRange

FINISHED = 100_000
WAITING = 20  # jobs in the admission queue
ROUNDS = 30
MOST = 3.0  # times the empty table: for its logarithmic part, and for noise at a scale of a millisecond
OWNERS = 1_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def measure(folder: Path, *, finished: int = FINISHED, rounds: int = ROUNDS) -> list[Figure]:
    """The median of each query in milliseconds, its transaction included."""
    empty = await _times(folder / "empty.db", 0, rounds)
    grown = await _times(folder / "grown.db", finished, rounds)
    return [
        against(f"{name}, beside {finished:,} finished jobs", grown[name] * 1000, empty[name] * 1000, "ms", most=MOST)
        for name in empty
    ]


async def _times(path: Path, finished: int, rounds: int) -> dict[str, float]:
    database = database_at(f"sqlite+aiosqlite:///{path}")
    await database.open()
    try:
        await _fill(database, finished)
        return await _ask(database, rounds)
    finally:
        await database.close()


async def _fill(database: Database, finished: int) -> None:
    done = {"step": Step.DONE, "outcome": Outcome.SUCCEEDED, "finished_at": NOW, "delivered_at": NOW}
    for start in range(0, finished, 5_000):
        rows = [_row(number, **done) for number in range(start, min(start + 5_000, finished))]
        async with database.write() as connection:
            await connection.execute(insert(jobs), rows)


def _row(number: int, **fields: object) -> dict[str, object]:
    job = replace(_job(number), **fields)  # type: ignore[arg-type]  # fields of it
    return job_columns(job) | {"guild_id": job.origin.guild_id}


def _job(number: int) -> Job:
    origin = Origin(
        guild_id=number % 50,
        channel_id=1,
        message_id=None,
        token=None,
        token_at=NOW,
        locale="en",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    )
    return Job(
        id=f"{number:016x}",
        owner_id=number % OWNERS,
        origin=origin,
        step=Step.PREPARE,
        next_attempt_at=None,
        request=CharacterRequest(source=Link(url="https://example.org/a.mp4"), range=TimeRange.parse("1-3"), model="m"),
        created_at=NOW - timedelta(days=1, seconds=number % FINISHED),
        updated_at=NOW,
    )


async def _ask(database: Database, rounds: int) -> dict[str, float]:
    worker, owner, gauges = JobStore(database), OwnedJobStore(database), GaugeStore(database)
    numbers = iter(range(10_000_000, 20_000_000))

    async def create() -> None:
        await worker.add(_job(next(numbers)), Quota(day=1_000, in_all=10_000, user_key="k"))

    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "the admission queue moves": lambda: worker.let_in(AdmissionLimits(each=2, in_all=1), now=NOW),
        "next due": lambda: worker.next_due("runner", lanes=Lane),
        "claim": lambda: worker.claim("runner", now=NOW, most=dict.fromkeys(Lane, 8)),
        "/tasks": lambda: owner.overview(7, now=NOW),
        "pending results": lambda: owner.pending(7, now=NOW),
        "gauges": lambda: gauges.snapshot(now=NOW),
    }
    times = {"create": await _median(create, rounds)}
    async with database.write() as connection:  # only now: with a queue, the jobs above would only join it
        await connection.execute(insert(jobs), [_row(next(numbers)) for _ in range(WAITING)])
    return times | {name: await _median(question, rounds) for name, question in questions.items()}


async def _median(question: Callable[[], Awaitable[object]], rounds: int) -> float:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await question()
        took.append(time.perf_counter() - began)
    return median(took)
