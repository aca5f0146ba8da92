"""Queries of how long the provider's tasks took, and of those that are running."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy import BigInteger, cast, func, insert, literal, select, type_coerce, update

from bot.store.database import Database
from bot.store.provider_tables import task_times
from bot.store.schema import Instant
from bot.store.tables import UNFINISHED, jobs
from bot.store.write_locks import TASK_TIMES
from bot.values.job import JobKind, Step
from bot.values.task_durations import EDGES, TaskDurations
from bot.values.watched_tasks import Ended, TaskType, WatchedTasks

_log = structlog.get_logger(__name__)
_SLOT = 10  # seconds: the resolution of the ages of running tasks


class TaskTimeStore:
    """One row per kind and model, however many tasks there were."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def durations(self) -> Mapping[TaskType, TaskDurations]:
        """How long tasks took, by type."""
        async with self._database.read_at_once() as connection:
            rows = (await connection.execute(select(task_times))).all()
        return {TaskType(JobKind(row.kind), row.model): _read(row.weights) for row in rows}

    async def add(self, ended: Sequence[Ended]) -> None:
        """Record tasks that have ended."""
        by_type: dict[TaskType, list[Ended]] = {}
        for each in ended:
            by_type.setdefault(each.type, []).append(each)
        if not by_type:
            return
        async with self._database.write(locks={TASK_TIMES}) as connection:
            for kind, its in by_type.items():
                this = (task_times.c.kind == kind.kind, task_times.c.model == kind.model)
                before = await connection.scalar(select(task_times.c.weights).where(*this))
                known = TaskDurations() if before is None else _read(before)
                for each in its:
                    known = known.and_ended(each.after, each.by)
                weights = json.dumps([round(weight, 4) for weight in known.weights])
                if before is None:
                    new = insert(task_times).values(kind=kind.kind, model=kind.model, weights=weights)
                    await connection.execute(new)
                else:
                    await connection.execute(update(task_times).where(*this).values(weights=weights))

    async def watched(self, now: datetime) -> Sequence[WatchedTasks]:
        """How many tasks are running now, by type and age."""
        present = cast(literal(now, Instant), BigInteger)
        slot = (present - type_coerce(jobs.c.submit_started_at, BigInteger)) // (_SLOT * 1_000_000)
        tasks = select(jobs.c.kind, jobs.c.model, slot.label("slot"), func.count().label("number"))
        tasks = tasks.where(UNFINISHED, jobs.c.step == Step.WATCH, jobs.c.submit_started_at.is_not(None))
        async with self._database.read_at_once() as connection:
            rows = (await connection.execute(tasks.group_by("kind", "model", "slot"))).all()
        return [
            WatchedTasks(TaskType(JobKind(row.kind), row.model or ""), max(0.0, (row.slot + 0.5) * _SLOT), row.number)
            for row in rows
        ]


def _read(weights: str) -> TaskDurations:
    """Buckets of another version, or a damaged row, count as no knowledge."""
    try:
        read = tuple(float(weight) for weight in json.loads(weights))
    except (ValueError, TypeError):
        read = ()
    if len(read) != len(EDGES) or not all(0 <= weight < float("inf") for weight in read):
        _log.warning("task_times_unreadable")
        return TaskDurations()
    return TaskDurations(read)
