"""A snapshot of the whole bot for monitoring: numbers only, which name nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select

from bot.store.database import Database
from bot.store.provider_tables import pauses
from bot.store.tables import UNFINISHED, jobs
from bot.values.job import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeSnapshot:
    """``oldest_due``: per step, since when the job that was due first has been waiting to be started.

    Steps without such a job are absent, and so are steps without jobs in ``unfinished``.
    """

    unfinished: Mapping[Step, int]
    oldest_due: Mapping[Step, datetime]
    queued: int
    pause_reason: str | None


class GaugeStore:
    """One snapshot per scrape, from indexes: it costs the same however many jobs are done."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def snapshot(self, *, now: datetime) -> GaugeSnapshot:
        """The values of the gauges at ``now``."""
        free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
        waits = and_(jobs.c.next_attempt_at <= now, free)
        oldest = func.min(case((waits, jobs.c.next_attempt_at)))
        by_step = (
            select(jobs.c.step, func.count().label("jobs"), oldest.label("due")).where(UNFINISHED).group_by(jobs.c.step)
        )
        queued = (
            select(func.count())
            .select_from(jobs)
            .where(UNFINISHED, jobs.c.outcome.is_(None), jobs.c.admitted_at.is_(None))
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(by_step)).all()
            return GaugeSnapshot(
                unfinished={Step(row.step): row.jobs for row in rows},
                oldest_due={Step(row.step): row.due for row in rows if row.due is not None},
                queued=await connection.scalar(queued) or 0,
                pause_reason=await connection.scalar(select(pauses.c.reason)),
            )
