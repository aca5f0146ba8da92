"""Queries of the jobs table on its owner's side: every one carries the owner's id in its WHERE (design, rule 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.database import Database
from bot.store.job_rows import readable, readable_one, to_columns
from bot.store.quotas import check_running, day_of, running, used_on
from bot.store.tables import jobs
from bot.values.job import BEFORE_SUBMISSION, CharacterRequest, Job, JobKind, Origin, Outcome, Question, Step
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange

# Whatever the owner decides takes the row from the step that may be at work on it: its next write finds no lease.
FREE = {"lease_owner": None, "lease_until": None}


Amend: TypeAlias = Callable[[CharacterRequest], CharacterRequest]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOverview:
    """How an owner's jobs stand: those not done yet, oldest first; those done, newest first; and what is counted."""

    unfinished: tuple[Job, ...]
    finished: tuple[Job, ...]
    used_today: int
    running: int


class OwnedJobs:
    """What a person may ask of the jobs table. Another's job, or one past what is asked, is ``None``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owned(self, owner_id: int, job_id: str) -> Job | None:
        """The owner's job."""
        async with self._database.read() as connection:
            return await _one(connection, _of(owner_id).where(jobs.c.id == job_id))

    async def cancel(self, owner_id: int, job_id: str, *, now: datetime) -> Job | None:
        """End the job, uncounted, as long as its submission has not begun (``Job.may_be_cancelled``)."""
        before_submission = and_(
            jobs.c.outcome.is_(None),
            jobs.c.submit_started_at.is_(None),
            jobs.c.maybe_charged.is_(False),
            jobs.c.step.in_(BEFORE_SUBMISSION),
        )
        changes: dict[str, Any] = {
            "step": Step.DONE,
            "outcome": Outcome.CANCELLED,
            "counted": False,
            "next_attempt_at": None,
            "finished_at": now,
            "token": None,
        }
        async with self._database.write() as connection:
            job = await _one(connection, _of(owner_id).where(jobs.c.id == job_id).with_for_update())
            if job is not None:
                changes["request"] = job.request.without_address()
            return await _change(connection, owner_id, job_id, before_submission, changes, now)

    async def answer(
        self,
        owner_id: int,
        job_id: str,
        question: Question,
        origin: Origin,
        *,
        amend: Amend,
        now: datetime,
    ) -> Job | None:
        """Answer the question the job waits with: it is prepared again, and what it says goes to ``origin``.

        ``amend`` puts the answer into the request. What was found in other seconds is forgotten.
        """
        waiting = and_(jobs.c.step == Step.CHOOSE, jobs.c.question == question)
        async with self._database.write() as connection:
            job = await _one(connection, _of(owner_id).where(jobs.c.id == job_id, waiting).with_for_update())
            if job is None:
                return None
            request = amend(job.request)
            same_seconds = request.range == job.request.range
            changes: dict[str, Any] = {
                "step": Step.PREPARE,
                "question": None,
                "attempts": 0,
                "next_attempt_at": now,
                "origin": origin,
                "request": request,
                "seen": job.seen if same_seconds else replace(job.seen, findings=None),
            }
            return await _change(connection, owner_id, job_id, waiting, changes, now)

    async def pick(self, owner_id: int, job_id: str, origin: Origin, *, now: datetime) -> Job | None:
        """Have the seconds picked (again) at ``origin``, where the job waits for that or doubts those it was given."""
        waiting = and_(jobs.c.step == Step.CHOOSE, jobs.c.question.in_([Question.SECONDS, Question.CONCERNS]))
        async with self._database.write() as connection:
            job = await _one(connection, _of(owner_id).where(jobs.c.id == job_id, waiting).with_for_update())
            if job is None:
                return None
            changes: dict[str, Any] = {
                "question": Question.SECONDS,
                "attempts": 0,
                "next_attempt_at": now,
                "origin": origin,
                "request": replace(job.request, range=None, anyway=False),
                "seen": replace(job.seen, findings=None),
            }
            return await _change(connection, owner_id, job_id, waiting, changes, now)

    async def resume(
        self,
        owner_id: int,
        job_id: str,
        *,
        outcome: Outcome | None,
        step: Step,
        origin: Origin,
        now: datetime,
        forget_submission: bool,
        running_limit: int,
    ) -> Job | None:
        """Take a done job with this ``outcome`` (``None``: any) back to ``step``; what it says goes to ``origin``.

        What was delivered before is forgotten, so that the new end is delivered too. ``deliver`` keeps the job's
        end; every other step reopens it, and then it takes a place among the ``running_limit`` (0: none). Raises
        :class:`~bot.errors.QuotaReached`. ``forget_submission`` lets it be submitted again: it stays marked as one
        that may have been charged before.
        """
        done = jobs.c.step == Step.DONE
        if outcome is not None:
            done = and_(done, jobs.c.outcome == outcome)
        changes: dict[str, Any] = {
            "step": step,
            "attempts": 0,
            "next_attempt_at": now,
            "origin": origin,
            "deliveries": (),
            "delivered_at": None,
        }
        if step is not Step.DELIVER:
            changes |= {"outcome": None, "failure": None, "finished_at": None}
        if forget_submission:
            changes |= {"submit_started_at": None, "lookups": 0, "task_id": None, "maybe_charged": True, "progress": 0}
        async with self._database.write() as connection:
            if step is not Step.DELIVER:
                await check_running(connection, owner_id, running_limit)
            return await _change(connection, owner_id, job_id, done, changes, now)

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
        """The newest other job for the same bytes (or task) and seconds, unless that failed or was cancelled."""
        recent = (
            _of(owner_id)
            .where(jobs.c.id != but, jobs.c.created_at >= since)
            .where(or_(jobs.c.outcome.is_(None), jobs.c.outcome.in_([Outcome.SUCCEEDED, Outcome.UNKNOWN])))
            .order_by(jobs.c.created_at.desc())
        )
        for job in await self._readable(recent):
            same_bytes = sha256 is not None and job.seen.sha256 == sha256
            if job.request.range == range and (same_bytes or _made_from(job.request, task_id)):
                return job
        return None

    async def overview(
        self, owner_id: int, *, now: datetime, user_key: str | None = None, finished: int = 10
    ) -> JobOverview:
        """Everything of theirs that is not done, the last ``finished`` that are, and all that did not arrive."""
        done = (
            _of(owner_id)
            .where(jobs.c.step == Step.DONE, jobs.c.kind != JobKind.PREVIEW)
            .order_by(jobs.c.created_at.desc(), jobs.c.id)
        )
        unfinished = _of(owner_id).where(jobs.c.step != Step.DONE).order_by(jobs.c.created_at, jobs.c.id)
        async with self._database.read() as connection:
            waiting = readable((await connection.execute(unfinished)).mappings())
            last = readable((await connection.execute(done.limit(finished))).mappings())
            kept = readable((await connection.execute(done.where(_undelivered()))).mappings())
            ended = {job.id: job for job in (*last, *kept)}
            return JobOverview(
                unfinished=tuple(waiting),
                finished=tuple(sorted(ended.values(), key=lambda job: job.created_at, reverse=True)),
                used_today=await used_on(connection, owner_id, day_of(now), user_key),
                running=await running(connection, owner_id),
            )

    async def pending_results(self, owner_id: int) -> list[str]:
        """The ids of their jobs that ended with something to say that has not reached them, newest first."""
        waiting = (
            select(jobs.c.id)
            .where(jobs.c.owner_id == owner_id, jobs.c.step == Step.DONE, jobs.c.kind != JobKind.PREVIEW)
            .where(_undelivered())
            .order_by(jobs.c.created_at.desc(), jobs.c.id)  # by which SQLite sees that the owner's index is the one
        )
        async with self._database.read() as connection:
            return list((await connection.scalars(waiting)).all())

    async def _readable(self, query: Select[Any]) -> list[Job]:
        async with self._database.read() as connection:
            return readable((await connection.execute(query)).mappings())


def wants_work(now: datetime) -> ColumnElement[bool]:
    """Whose video is still needed: not done yet, or unclear so recently that it may be sent again."""
    unclear = and_(jobs.c.outcome == Outcome.UNKNOWN, jobs.c.task_id.is_(None))
    may_be_sent_again = and_(unclear, jobs.c.finished_at > now - limits.RESEND_WINDOW)
    return or_(jobs.c.step != Step.DONE, may_be_sent_again)


def _undelivered() -> ColumnElement[bool]:
    """As :attr:`~bot.values.job.Job.undelivered`, of a job that is done."""
    nothing_to_say = jobs.c.outcome == Outcome.CANCELLED
    return and_(jobs.c.delivered_at.is_(None), or_(jobs.c.outcome.is_(None), not_(nothing_to_say)))


def _of(owner_id: int) -> Select[Any]:
    return select(jobs).where(jobs.c.owner_id == owner_id)


async def _one(connection: AsyncConnection, query: Select[Any]) -> Job | None:
    return readable_one((await connection.execute(query)).mappings().one_or_none())


async def _change(
    connection: AsyncConnection,
    owner_id: int,
    job_id: str,
    condition: ColumnElement[bool],
    changes: Mapping[str, Any],
    now: datetime,
) -> Job | None:
    changed = (
        update(jobs)
        .where(jobs.c.owner_id == owner_id, jobs.c.id == job_id, condition)
        .values(to_columns(changes) | FREE | {"updated_at": now})
        .returning(*jobs.c)
    )
    return readable_one((await connection.execute(changed)).mappings().one_or_none())


def _made_from(request: CharacterRequest, task_id: str | None) -> bool:
    return isinstance(request.source, EarlierTask) and request.source.task_id == task_id
