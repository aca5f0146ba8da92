"""Queries of the jobs table for owners: each one has the owner's id in its WHERE (design, rule 7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.admission import being_worked_on, worked_on
from bot.store.database import Database
from bot.store.job_rows import readable, readable_one, to_columns
from bot.store.job_statements import (
    KNOWN_TASK,
    OVERVIEW,
    PENDING,
)
from bot.store.quotas import Quota, day_of, spent_since, use_again, used_on
from bot.store.tables import jobs
from bot.store.write_locks import NO_LOCK, owner_lock
from bot.values.job import CharacterRequest, Job, JobKind, JobRequest, Origin, Outcome, Step, Transition
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange

# An owner's decision takes the row from a running step, whose next write then finds no lease.
FREE: dict[str, Any] = {"lease_owner": None, "lease_until": None}


class HeldLeases:
    """The jobs that this process has leased while it answers their owner, so that no worker claims them.

    Needed only if other processes run the steps. In a single process the runner keeps track itself
    (:meth:`bot.jobs.runner.Runner.hold`), and this stays empty.
    """

    def __init__(self) -> None:
        self.holder = f"answers-{secrets.token_hex(8)}"
        self.jobs: set[str] = set()

    def lease(self, job_id: str, now: datetime) -> dict[str, Any]:
        """The lease columns for a row that is being written; normally no lease."""
        if job_id not in self.jobs:
            return FREE
        return {"lease_owner": self.holder, "lease_until": now + limits.SHARED_LEASE}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOverview:
    """An owner's jobs: unfinished ones, oldest first; finished ones, newest first; and the quotas used.

    ``running``: how many are being worked on; queued jobs, and those with a question, do not count. ``videos_today``
    are counted apart from ``used_today``. The credits are the expected ones, without refunded jobs.
    """

    unfinished: tuple[Job, ...]
    finished: tuple[Job, ...]
    used_today: int
    videos_today: int = 0
    credits_today: Decimal = Decimal(0)
    credits_this_month: Decimal = Decimal(0)
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The ids of jobs, newest first, whose end or question has not reached their owner."""

    results: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """What a typed task ID is to that person; everything is empty if it is none of theirs.

    ``made_character``: it belongs to a character of theirs, or to a job that makes one. ``kept_video_id``: its video is
    stored here. ``video_job``: their job that made or makes that video.
    """

    made_character: bool
    kept_video_id: int | None
    video_job: Job | None


class OwnedJobStore:
    """What a person may see and decide. Another person's job is ``None``, like an unknown one."""

    def __init__(self, database: Database, held_leases: HeldLeases | None = None) -> None:
        self._database = database
        self._held_leases = held_leases or HeldLeases()

    async def get(self, owner_id: int, job_id: str) -> Job | None:
        """The owner's job."""
        async with self._database.read_at_once() as connection:
            return await _one(connection, _of(owner_id).where(jobs.c.id == job_id))

    async def decide(
        self,
        owner_id: int,
        job_id: str,
        decide: Callable[[Job], Transition],
        *,
        now: datetime,
        quota: Quota | None = None,
        running: int = 0,
    ) -> Job | None:
        """Read the job and write what ``decide`` returns, in one transaction; ``None`` if there is no such job.

        A running step of the job loses its lease. With ``quota`` the job is checked and counted as one more job of
        today. If ``running`` others of the owner's are already being worked on (0: no limit), it is queued again.
        Raises :class:`~bot.errors.QuotaReached`, and whatever ``decide`` raises; nothing is written then.
        """
        # With a quota it may count for a server as well, which is known only from the row.
        locks = {owner_lock(owner_id)} if quota is None else None
        async with self._database.write(urgent=True, locks=locks) as connection:
            job = await _one(connection, _of(owner_id).where(jobs.c.id == job_id).with_for_update())
            if job is None:
                return None
            changes = decide(job).changes
            if quota is not None:
                await use_again(connection, replace(job, origin=changes.get("origin", job.origin)), quota, now=now)
            columns = to_columns(changes) | self._held_leases.lease(job_id, now) | {"updated_at": now}
            if running and await worked_on(connection, owner_id, but=job_id) >= running:
                columns |= {"admitted_at": None, "next_attempt_at": None}
            changed = (
                update(jobs).where(jobs.c.owner_id == owner_id, jobs.c.id == job_id).values(columns).returning(*jobs.c)
            )
            return readable_one((await connection.execute(changed)).mappings().one_or_none())

    async def move(self, owner_id: int, job_id: str, origin: Origin, *, now: datetime) -> bool:
        """Show the job at ``origin`` from now on; ``False`` if a step is running for it, or it is gone."""
        # Leased to nobody, or to us: then it is held for the very answer in which it is shown next.
        at_rest = or_(jobs.c.lease_owner.is_(None), jobs.c.lease_owner == self._held_leases.holder)
        moved = (
            update(jobs)
            .where(jobs.c.owner_id == owner_id, jobs.c.id == job_id, at_rest)
            .values(to_columns({"origin": origin}) | {"updated_at": now})
        )
        async with self._database.write(urgent=True, locks=NO_LOCK) as connection:  # one row, by its own state
            return (await connection.execute(moved)).rowcount == 1

    async def same_recently(
        self,
        owner_id: int,
        *,
        but: str,
        sha256: str | None,
        task_id: str | None,
        range: TimeRange,
        since: datetime,
    ) -> Job | None:
        """The newest other job for the same bytes (or task) and seconds, unless it failed or was cancelled."""
        recent = (
            _of(owner_id)
            .where(jobs.c.id != but, jobs.c.created_at >= since, jobs.c.kind == JobKind.CHARACTER)
            .where(or_(jobs.c.outcome.is_(None), jobs.c.outcome.in_([Outcome.SUCCEEDED, Outcome.UNKNOWN])))
            .order_by(jobs.c.created_at.desc())
        )
        for job in await self._readable(recent):
            same_bytes = sha256 is not None and job.seen.sha256 == sha256
            if job.character.range == range and (same_bytes or _made_from(job.request, task_id)):
                return job
        return None

    async def known_task(self, owner_id: int, typed: str) -> KnownTask:
        """What the task ID ``typed`` is among their own tasks; another person's is never found."""
        async with self._database.read_at_once() as connection:
            found = (await connection.execute(KNOWN_TASK, {"owner": owner_id, "typed": typed})).one()
        video_job = await self.get(owner_id, found.video_job) if found.video_job is not None else None
        return KnownTask(made_character=bool(found.made), kept_video_id=found.kept, video_job=video_job)

    async def overview(
        self,
        owner_id: int,
        *,
        now: datetime,
        user_key: str | None = None,
        videos_key: str | None = None,
        credits_key: str | None = None,
        finished: int = 10,
    ) -> JobOverview:
        """All unfinished jobs of theirs, the last ``finished`` finished ones, and all that were not delivered."""
        day = day_of(now)
        asked = {"owner": owner_id, "day": day, "month": day.replace(day=1)}
        keys = {"user_key": user_key, "videos_key": videos_key, "credits_key": credits_key}
        async with self._database.read_at_once() as connection:
            found = readable((await connection.execute(OVERVIEW, {"owner": owner_id, "finished": finished})).mappings())
            used = (await connection.execute(_USED, asked | keys)).one()
        unfinished = [job for job in found if job.step is not Step.DONE]
        return JobOverview(
            unfinished=tuple(sorted(unfinished, key=lambda job: (job.created_at, job.id))),
            finished=tuple(job for job in found if job.step is Step.DONE),
            used_today=int(used.used_today),
            credits_today=Decimal(used.credits_today) / 1000,
            credits_this_month=Decimal(used.credits_this_month) / 1000,
            videos_today=int(used.videos_today),
            running=used.running,
        )

    async def pending(self, owner_id: int, *, now: datetime) -> Pending:
        """What has not reached them: ends and questions of jobs."""
        async with self._database.read_at_once() as connection:
            found = (await connection.execute(PENDING, {"owner": owner_id, "now": now})).all()
        return Pending(
            results=tuple(row.id for row in found if row.step == Step.DONE),
            questions=tuple(row.id for row in found if row.step == Step.CHOOSE),
        )

    async def _readable(self, query: Select[Any]) -> list[Job]:
        async with self._database.read_at_once() as connection:
            return readable((await connection.execute(query)).mappings())


def _used() -> Select[Any]:
    owner, day = bindparam("owner", type_=BigInteger), bindparam("day", type_=jobs.c.created_at.type)
    theirs, credits_key = jobs.c.owner_id == owner, bindparam("credits_key", type_=String)
    month = bindparam("month", type_=jobs.c.created_at.type)
    return select(
        used_on(owner, day, bindparam("user_key", type_=String)).label("used_today"),
        used_on(owner, day, bindparam("videos_key", type_=String), JobKind.VIDEO).label("videos_today"),
        spent_since(theirs, day, credits_key).label("credits_today"),
        spent_since(theirs, month, credits_key).label("credits_this_month"),
        select(func.count()).select_from(jobs).where(theirs, being_worked_on()).scalar_subquery().label("running"),
    )


_USED: Final = _used()


def video_is_kept(now: datetime) -> ColumnElement[bool]:
    """Finished, but so recently that its owner may still use its video.

    They may send an unclear job again, retry a failed one, and make a character from a preview.
    """
    unclear = and_(jobs.c.outcome == Outcome.UNKNOWN, jobs.c.task_id.is_(None))
    failed = and_(jobs.c.outcome == Outcome.FAILED, jobs.c.file_size.is_not(None))
    seen = and_(jobs.c.outcome == Outcome.SUCCEEDED, jobs.c.kind == JobKind.PREVIEW)
    return and_(or_(unclear, failed, seen), jobs.c.finished_at > now - limits.VIDEO_KEPT)


def _of(owner_id: int) -> Select[Any]:
    return select(jobs).where(jobs.c.owner_id == owner_id)


async def _one(connection: AsyncConnection, query: Select[Any]) -> Job | None:
    return readable_one((await connection.execute(query)).mappings().one_or_none())


def _made_from(request: JobRequest, task_id: str | None) -> bool:
    source = request.source if isinstance(request, CharacterRequest) else None
    return isinstance(source, EarlierTask) and source.task_id == task_id
