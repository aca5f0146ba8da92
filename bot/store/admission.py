"""The admission queue's queries: which jobs have a place, which wait for one, and in which order they are admitted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.errors import QuotaReached
from bot.store.tables import QUEUED, UNFINISHED, jobs
from bot.texts import text
from bot.values.job import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionLimits:
    """How many jobs are worked on at once, per person (``each``) and in total (``in_all``); 0: no limit."""

    each: int = 0
    in_all: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A queued job. ``number`` counts from 1: among its owner's own jobs (``own``), or among everybody's."""

    job_id: str
    number: int
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionState:
    """``admitted``: by id the owners of the jobs that get a place now, in order; ``waiting``: those that do not."""

    admitted: Mapping[str, int]
    waiting: tuple[Waiting, ...]


def being_worked_on() -> ColumnElement[bool]:
    """Jobs that occupy a place: admitted, not ended, and not waiting for their owner."""
    return and_(UNFINISHED, jobs.c.admitted_at.is_not(None), jobs.c.outcome.is_(None), jobs.c.step != Step.CHOOSE)


async def worked_on(connection: AsyncConnection, owner_id: int, *, but: str = "") -> int:
    """How many of the owner's jobs occupy a place, not counting the job with the id ``but``."""
    theirs = and_(jobs.c.owner_id == owner_id, being_worked_on(), jobs.c.id != but)
    return await connection.scalar(select(func.count()).select_from(jobs).where(theirs)) or 0


async def has_place(connection: AsyncConnection, owner_id: int, places: AdmissionLimits) -> bool:
    """Whether a new job of the owner's starts at once; otherwise it is queued.

    Raises :class:`~bot.errors.QuotaReached` if it would join the common queue and that is full.
    """
    found = (await connection.execute(_HOW_BUSY, {"owner": owner_id})).one()
    behind_own = bool(places.each) and found.ahead >= places.each
    if not places.in_all:
        return not behind_own
    if not found.queued:
        return not behind_own and found.working < places.in_all
    waiting, working = await _waiting_and_working(connection)
    admission_state = admissions(waiting, working, places)
    others = sum(not each.own for each in admission_state.waiting)
    if others >= limits.ADMISSION_QUEUE_LENGTH and not behind_own:
        raise QuotaReached(text("I'm very busy right now. Try again in a few minutes."))
    return not behind_own and not others and sum(working.values()) + len(admission_state.admitted) < places.in_all


def _how_busy() -> Select[Any]:
    """How many of the owner's jobs are queued or worked on, whether any job is queued, how many are worked on."""
    unended = and_(jobs.c.owner_id == bindparam("owner"), UNFINISHED, jobs.c.outcome.is_(None))
    theirs = and_(unended, or_(jobs.c.admitted_at.is_(None), jobs.c.step != Step.CHOOSE))
    ahead = select(func.count()).select_from(jobs).where(theirs).scalar_subquery()
    working = select(func.count()).select_from(jobs).where(being_worked_on()).scalar_subquery()
    return select(ahead.label("ahead"), exists().where(QUEUED).label("queued"), working.label("working"))


_HOW_BUSY: Final = _how_busy()


async def anybody_queued(connection: AsyncConnection) -> bool:
    """Whether there is a queue at all, which one statement can say."""
    return bool(await connection.scalar(select(exists().where(QUEUED))))


async def admission_state(connection: AsyncConnection, places: AdmissionLimits) -> AdmissionState:
    """Which queued jobs can be admitted now, and which wait."""
    waiting, working = await _waiting_and_working(connection)
    return admissions(waiting, working, places)


async def _waiting_and_working(connection: AsyncConnection) -> tuple[list[tuple[str, int]], dict[int, int]]:
    """Id and owner of each queued job, oldest first; and how many jobs of each owner occupy a place."""
    waiting = await connection.execute(
        select(jobs.c.id, jobs.c.owner_id).where(QUEUED).order_by(jobs.c.created_at, jobs.c.id)
    )
    working = await connection.execute(
        select(jobs.c.owner_id, func.count()).where(being_worked_on()).group_by(jobs.c.owner_id)
    )
    return [(row.id, row.owner_id) for row in waiting], dict(working.all())


def admissions(
    waiting: Sequence[tuple[str, int]], working: Mapping[int, int], places: AdmissionLimits
) -> AdmissionState:
    """Admit from ``waiting`` (id and owner, oldest first). Nobody waits because of another person's own limit."""
    owners = dict(waiting)
    taken = Counter(working)
    free = places.in_all - sum(working.values()) if places.in_all else len(waiting)
    admitted: dict[str, int] = {}
    still: list[Waiting] = []
    own: Counter[int] = Counter()
    everybody = 0
    for job_id in in_turn(waiting, working):
        owner = owners[job_id]
        if places.each and taken[owner] >= places.each:
            own[owner] += 1
            still.append(Waiting(job_id=job_id, number=own[owner], own=True))
            continue
        taken[owner] += 1
        if len(admitted) < free:
            admitted[job_id] = owner
        else:
            everybody += 1
            still.append(Waiting(job_id=job_id, number=everybody, own=False))
    return AdmissionState(admitted=admitted, waiting=tuple(still))


def in_turn(waiting: Iterable[tuple[str, int]], working: Mapping[int, int]) -> list[str]:
    """Round robin: the owner with the fewest jobs running (or ahead of this one) is next; ties go to the oldest job."""
    taken = Counter(working)
    turns = []
    for place, (job_id, owner) in enumerate(waiting):
        turns.append((taken[owner], place, job_id))
        taken[owner] += 1
    return [job_id for _, _, job_id in sorted(turns)]
