"""How much may be asked for: counted in the transaction in which a job is written down (design, rule 8)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.errors import QuotaReached
from bot.store.tables import UNFINISHED, day_counters, jobs
from bot.texts import text
from bot.values.job import Job, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The limits that a new job is held against; 0 is no limit.

    ``user_key`` is the owner's keyed hash: what they had used of the day before they had everything deleted counts.
    ``server_key`` is the server's: what such people had used of its day counts as well.
    """

    running: int = 0
    day: int = 0
    server_day: int = 0
    in_all: int = 0
    user_key: str | None = None
    server_key: str | None = None


def day_of(instant: datetime) -> datetime:
    """The beginning of its day, in UTC."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def check(connection: AsyncConnection, job: Job, quota: Quota, *, now: datetime) -> None:
    """Raise :class:`~bot.errors.QuotaReached` where ``job`` would be one too many."""
    await check_running(connection, job.owner_id, quota.running)
    day = day_of(now)
    tomorrow = int((day + timedelta(days=1)).timestamp())
    if quota.day and await used_on(connection, job.owner_id, day, quota.user_key) >= quota.day:
        raise QuotaReached(
            text(
                "You've used your {limit} for today. You can start more <t:{at}:R>. Nothing was charged.",
                limit=quota.day,
                at=tomorrow,
            )
        )
    guild = job.origin.guild_id
    if quota.server_day and guild is not None:
        here = and_(jobs.c.guild_id == guild, jobs.c.counted, jobs.c.created_at >= day)
        used = await count(connection, here) + await _used_by_deleted(connection, quota.server_key, day)
        if used >= quota.server_day:
            raise QuotaReached(
                text(
                    "This server has used its {limit} for today. You can start more here <t:{at}:R>, or "
                    "elsewhere now. Nothing was charged.",
                    limit=quota.server_day,
                    at=tomorrow,
                )
            )


async def use_again(connection: AsyncConnection, job: Job, quota: Quota, *, now: datetime) -> None:
    """Check and count one more use of the day for a job that has its own already (it is sent again).

    Raises :class:`~bot.errors.QuotaReached`. The second use stands on the day's counters: the row counts once.
    """
    await check(connection, job, quota, now=now)
    if quota.day or quota.server_day:
        keys = [key for key in (quota.user_key, quota.server_key) if key is not None]
        await add_to_day(connection, dict.fromkeys(keys, 1), day_of(now))


async def add_to_day(connection: AsyncConnection, used: Mapping[str, int], day: datetime) -> None:
    """Add to the counters of ``day``, by the keyed hash of a person or a server."""
    for key, number in used.items():
        this = (day_counters.c.user_key == key, day_counters.c.day == day)
        more = update(day_counters).where(*this).values(used=day_counters.c.used + number)
        if not (await connection.execute(more)).rowcount:
            await connection.execute(insert(day_counters).values(user_key=key, day=day, used=number))


async def has_place(connection: AsyncConnection, in_all: int) -> bool:
    """Whether a new job is begun at once; otherwise it stands in line. Raises QuotaReached where the line is long."""
    if not in_all:
        return True
    waiting = await count(connection, _in_line())
    if waiting >= limits.ADMISSION_QUEUE_LENGTH:
        raise QuotaReached(text("I'm very busy right now. Try again in a few minutes. Nothing was charged."))
    return waiting == 0 and await count(connection, being_worked_on()) < in_all


async def check_running(connection: AsyncConnection, owner_id: int, limit: int) -> None:
    """Raise :class:`~bot.errors.QuotaReached` where the owner has no place left for one more running job."""
    if limit and await running(connection, owner_id) >= limit:
        raise QuotaReached(
            text(
                "You already have {limit} running, which is your limit. Wait for one to finish: see "
                "/tasks. Nothing was charged.",
                limit=limit,
            )
        )


async def running(connection: AsyncConnection, owner_id: int) -> int:
    """How many of the owner's jobs have no outcome yet, those in line among them."""
    return await count(connection, and_(jobs.c.owner_id == owner_id, UNFINISHED, jobs.c.outcome.is_(None)))


async def used_on(connection: AsyncConnection, owner_id: int, day: datetime, user_key: str | None) -> int:
    """How many places of the owner's day are taken; what cost nothing was given back."""
    theirs = and_(jobs.c.owner_id == owner_id, jobs.c.counted, jobs.c.created_at >= day)
    return await count(connection, theirs) + await _used_by_deleted(connection, user_key, day)


async def _used_by_deleted(connection: AsyncConnection, key: str | None, day: datetime) -> int:
    """What is on the counter alone, because the jobs were deleted together with everything of their owner's."""
    kept = select(func.sum(day_counters.c.used)).where(day_counters.c.user_key == key, day_counters.c.day >= day)
    return await connection.scalar(kept) or 0


async def count(connection: AsyncConnection, which: ColumnElement[bool]) -> int:
    """How many jobs."""
    return await connection.scalar(select(func.count()).select_from(jobs).where(which)) or 0


def being_worked_on() -> ColumnElement[bool]:
    """Jobs that take a place: let in, not ended, and not waiting for their owner."""
    return and_(UNFINISHED, jobs.c.admitted_at.is_not(None), jobs.c.outcome.is_(None), jobs.c.step != Step.CHOOSE)


def _in_line() -> ColumnElement[bool]:
    return and_(UNFINISHED, jobs.c.admitted_at.is_(None), jobs.c.outcome.is_(None))


async def line(connection: AsyncConnection) -> tuple[list[str], int]:
    """The ids of the jobs in line, in the order in which they will be let in; and how many have a place."""
    waiting = await connection.execute(
        select(jobs.c.id, jobs.c.owner_id).where(_in_line()).order_by(jobs.c.created_at, jobs.c.id)
    )
    working = await connection.execute(
        select(jobs.c.owner_id, func.count()).where(being_worked_on()).group_by(jobs.c.owner_id)
    )
    by_owner: dict[int, int] = dict(working.all())
    return in_turn([(row.id, row.owner_id) for row in waiting], by_owner), sum(by_owner.values())


def in_turn(waiting: Iterable[tuple[str, int]], working: Mapping[int, int]) -> list[str]:
    """Round robin: the owner with the fewest jobs under way (or before this one) is next, then the first who came."""
    taken = Counter(working)
    turns = []
    for place, (job_id, owner) in enumerate(waiting):
        turns.append((taken[owner], place, job_id))
        taken[owner] += 1
    return [job_id for _, _, job_id in sorted(turns)]
