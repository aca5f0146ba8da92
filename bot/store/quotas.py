"""Quotas: checked in the transaction that inserts a job (design, rule 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, Select, and_, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import QuotaReached
from bot.store.admission import AdmissionLimits
from bot.store.job_rows import thousandths
from bot.store.tables import UNFINISHED, day_counters, jobs
from bot.texts import Text, ntext, text
from bot.values.job import Job, JobKind
from bot.values.requests import price_of

_Instant: TypeAlias = datetime | BindParameter[Any]
_Key: TypeAlias = str | BindParameter[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """The limits for a new job; 0 is no limit.

    ``running`` of the owner's jobs are worked on at once, ``waiting`` more may exist: queued, or with a question.
    ``in_all`` of all people's jobs are worked on at once. ``user_key`` is the owner's keyed hash for this kind of job:
    what they used today before they had everything deleted counts. ``credits`` and ``server_credits`` may be spent per
    day, as far as prices are known, and have their own keys; ``member_credits`` are what the owner may spend in that
    server. ``member_day``: how many the owner may start there per day, by their roles; ``member_key`` is for those.
    ``server_key`` is the server's: what deleted people used of its day counts as well.
    """

    running: int = 0
    waiting: int = 0
    day: int = 0
    server_day: int = 0
    member_day: int = 0
    in_all: int = 0
    user_key: str | None = None
    server_key: str | None = None
    member_key: str | None = None
    credits: int = 0
    server_credits: int = 0
    member_credits: int = 0
    user_credits_key: str | None = None
    server_credits_key: str | None = None
    member_credits_key: str | None = None

    @property
    def places(self) -> AdmissionLimits:
        """The limits for which a job waits instead of being refused."""
        return AdmissionLimits(each=self.running, in_all=self.in_all)


def day_of(instant: datetime) -> datetime:
    """The start of its day, in UTC."""
    return instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def check(connection: AsyncConnection, job: Job, quota: Quota, *, now: datetime) -> None:
    """Raise :class:`~bot.errors.QuotaReached` if ``job`` would exceed a limit."""
    day = day_of(now)
    used = await _used_by(connection, job, quota, day)
    tomorrow = int((day + timedelta(days=1)).timestamp())
    if quota.running and used["unfinished"] >= quota.running + quota.waiting:
        raise QuotaReached(
            text(
                "You already have {limit} running or waiting, which is your limit. Wait for one to finish, or "
                "cancel one: see /tasks.",
                limit=quota.running + quota.waiting,
            )
        )
    if quota.day and used["day"] >= quota.day:
        raise QuotaReached(_day_is_over(job.kind, quota.day, tomorrow))
    if "server_day" in used and used["server_day"] >= quota.server_day:
        raise QuotaReached(_servers_day_is_over(job.kind, quota.server_day, tomorrow))
    if "member_day" in used and used["member_day"] >= quota.member_day:
        raise QuotaReached(_members_day_is_over(job.kind, quota.member_day, tomorrow))
    _check_credits(job, quota, used, tomorrow)


async def _used_by(connection: AsyncConnection, job: Job, quota: Quota, day: datetime) -> Mapping[str, int]:
    """What is used of each limit that ``quota`` sets for ``job``, by the limit's name."""
    limited = {"unfinished": quota.running, "day": quota.day}
    if price_of(job.request):
        limited["credits"] = quota.credits
    if job.origin.guild_id is not None:
        limited |= {"server_day": quota.server_day, "member_day": quota.member_day}
        if price_of(job.request):
            limited |= {"server_credits": quota.server_credits, "member_credits": quota.member_credits}
    names = frozenset(name for name, limit in limited.items() if limit)
    if not names:
        return {}
    whose = {"owner": job.owner_id, "guild": job.origin.guild_id, "begin": day}
    keys = {name: getattr(quota, name) for name in _KEYS.values()}
    found = (await connection.execute(_what_is_used(names, job.kind), whose | keys)).one()
    return {name: int(getattr(found, name)) for name in names}


_KEYS: Final = {
    "day": "user_key",
    "server_day": "server_key",
    "member_day": "member_key",
    "credits": "user_credits_key",
    "server_credits": "server_credits_key",
    "member_credits": "member_credits_key",
}


@cache
def _what_is_used(names: frozenset[str], kind: JobKind) -> Select[Any]:
    """One statement for all limits of a kind of job, because somebody waits for each; it is built only once."""
    theirs, here = jobs.c.owner_id == bindparam("owner"), jobs.c.guild_id == bindparam("guild")
    whose = {"day": theirs, "server_day": here, "member_day": and_(theirs, here)}
    whose |= {"credits": theirs, "server_credits": here, "member_credits": whose["member_day"]}
    begin = bindparam("begin", type_=jobs.c.created_at.type)
    columns = []
    for name in sorted(names):
        if name == "unfinished":
            unfinished = and_(theirs, UNFINISHED, jobs.c.outcome.is_(None))
            columns.append(select(func.count()).select_from(jobs).where(unfinished).scalar_subquery().label(name))
            continue
        key = bindparam(_KEYS[name], type_=day_counters.c.user_key.type)
        if name.endswith("credits"):
            columns.append(spent_since(whose[name], begin, key).label(name))
        else:
            today = and_(whose[name], jobs.c.counted, jobs.c.created_at >= begin, _counted_with(kind))
            columns.append(_used(func.count(), today, key, begin).label(name))
    return select(*columns)


def _day_is_over(kind: JobKind, limit: int, tomorrow: int) -> Text:
    if kind is JobKind.VIDEO:
        return ntext(
            "You've used up your {count} video for today. You can start more <t:{at}:R>.",
            "You've used up your {count} videos for today. You can start more <t:{at}:R>.",
            count=limit,
            at=tomorrow,
        )
    return ntext(
        "You've used up your {count} character for today. You can start more <t:{at}:R>.",
        "You've used up your {count} characters for today. You can start more <t:{at}:R>.",
        count=limit,
        at=tomorrow,
    )


def _servers_day_is_over(kind: JobKind, limit: int, tomorrow: int) -> Text:
    if kind is JobKind.VIDEO:
        return ntext(
            "This server has used up its {count} video for today. You can start more here <t:{at}:R>, or elsewhere "
            "now.",
            "This server has used up its {count} videos for today. You can start more here <t:{at}:R>, or elsewhere "
            "now.",
            count=limit,
            at=tomorrow,
        )
    return ntext(
        "This server has used up its {count} character for today. You can start more here <t:{at}:R>, or elsewhere "
        "now.",
        "This server has used up its {count} characters for today. You can start more here <t:{at}:R>, or elsewhere "
        "now.",
        count=limit,
        at=tomorrow,
    )


def _members_day_is_over(kind: JobKind, limit: int, tomorrow: int) -> Text:
    if kind is JobKind.VIDEO:
        return ntext(
            "In this server your roles allow {count} video a day, and you've used it. You can start more here "
            "<t:{at}:R>, or elsewhere now.",
            "In this server your roles allow {count} videos a day, and you've used them. You can start more here "
            "<t:{at}:R>, or elsewhere now.",
            count=limit,
            at=tomorrow,
        )
    return ntext(
        "In this server your roles allow {count} character a day, and you've used it. You can start more here "
        "<t:{at}:R>, or elsewhere now.",
        "In this server your roles allow {count} characters a day, and you've used them. You can start more here "
        "<t:{at}:R>, or elsewhere now.",
        count=limit,
        at=tomorrow,
    )


def _check_credits(job: Job, quota: Quota, used: Mapping[str, int], tomorrow: int) -> None:
    price = thousandths(price_of(job.request))
    if not price:
        return
    if quota.credits:
        spent = used["credits"]
        if spent + price > quota.credits * 1000:
            raise QuotaReached(
                ntext(
                    "That would cost about {count} credit, and you have {left} of today's {limit} left. You can go on "
                    "<t:{at}:R>.",
                    "That would cost about {count} credits, and you have {left} of today's {limit} left. You can go "
                    "on <t:{at}:R>.",
                    count=price / 1000,
                    left=_left(quota.credits, spent),
                    limit=float(quota.credits),
                    at=tomorrow,
                )
            )
    if job.origin.guild_id is None:
        return
    if quota.member_credits:
        spent = used["member_credits"]
        if spent + price > quota.member_credits * 1000:
            raise QuotaReached(
                ntext(
                    "That would cost about {count} credit, and you have {left} left of the {limit} that each member "
                    "can spend in this server today. You can go on here <t:{at}:R>, or elsewhere now.",
                    "That would cost about {count} credits, and you have {left} left of the {limit} that each member "
                    "can spend in this server today. You can go on here <t:{at}:R>, or elsewhere now.",
                    count=price / 1000,
                    left=_left(quota.member_credits, spent),
                    limit=float(quota.member_credits),
                    at=tomorrow,
                )
            )
    if quota.server_credits:
        spent = used["server_credits"]
        if spent + price > quota.server_credits * 1000:
            raise QuotaReached(
                ntext(
                    "That would cost about {count} credit, and this server has {left} of today's {limit} left. You "
                    "can go on here <t:{at}:R>, or elsewhere now.",
                    "That would cost about {count} credits, and this server has {left} of today's {limit} left. You "
                    "can go on here <t:{at}:R>, or elsewhere now.",
                    count=price / 1000,
                    left=_left(quota.server_credits, spent),
                    limit=float(quota.server_credits),
                    at=tomorrow,
                )
            )


def _left(limit: int, spent: int) -> float:
    return max(0, limit * 1000 - spent) / 1000


def spent_since(whose: ColumnElement[bool], begin: _Instant, key: _Key) -> ColumnElement[int]:
    """Thousandths of credits that the jobs ``whose`` have spent since ``begin``, without jobs that cost nothing."""
    counted = and_(whose, jobs.c.counted, jobs.c.created_at >= begin)
    return _used(func.coalesce(func.sum(jobs.c.credits), 0), counted, key, begin)


async def use_again(connection: AsyncConnection, job: Job, quota: Quota, *, now: datetime) -> None:
    """Check and count one more use of the day for an existing job (it is sent again).

    Raises :class:`~bot.errors.QuotaReached`. The second use is added to the day's counters, because the row counts
    once.
    """
    await check(connection, job, quota, now=now)
    price = thousandths(price_of(job.request))
    uses = {quota.user_key: 1, quota.server_key: 1, quota.member_key: 1}
    uses |= dict.fromkeys((quota.user_credits_key, quota.server_credits_key, quota.member_credits_key), price)
    limited = (
        quota.day
        or quota.server_day
        or quota.member_day
        or quota.credits
        or quota.server_credits
        or quota.member_credits
    )
    if limited:
        await add_to_day(connection, {key: used for key, used in uses.items() if key and used}, day_of(now))


async def add_to_day(connection: AsyncConnection, used: Mapping[str, int], day: datetime) -> None:
    """Add to the counters of ``day``, by the keyed hash of a person or a server."""
    for key, number in used.items():
        this = (day_counters.c.user_key == key, day_counters.c.day == day)
        more = update(day_counters).where(*this).values(used=day_counters.c.used + number)
        if not (await connection.execute(more)).rowcount:
            await connection.execute(insert(day_counters).values(user_key=key, day=day, used=number))


def used_on(
    owner_id: int | BindParameter[Any], day: _Instant, user_key: _Key, kind: JobKind = JobKind.CHARACTER
) -> ColumnElement[int]:
    """How many of the owner's jobs of that kind count on that day; jobs that cost nothing do not.

    ``user_key`` is the key for the same kind of jobs.
    """
    theirs = and_(jobs.c.owner_id == owner_id, jobs.c.counted, jobs.c.created_at >= day, _counted_with(kind))
    return _used(func.count(), theirs, user_key, day)


def _counted_with(kind: JobKind) -> ColumnElement[bool]:
    """Videos are counted apart; all other kinds share one quota."""
    return jobs.c.kind == JobKind.VIDEO if kind is JobKind.VIDEO else jobs.c.kind != JobKind.VIDEO


def _used(what: ColumnElement[int], which: ColumnElement[bool], key: _Key, day: _Instant) -> ColumnElement[int]:
    """``what`` of the jobs ``which``, with the counter for deleted jobs of people who had everything deleted.

    An expression, because somebody waits for each statement, and one can ask for several of these.
    """
    used = select(what).select_from(jobs).where(which).scalar_subquery()
    kept = select(func.coalesce(func.sum(day_counters.c.used), 0)).where(
        day_counters.c.user_key == key, day_counters.c.day >= day
    )
    return used + kept.scalar_subquery()


async def number(connection: AsyncConnection, of: ColumnElement[int]) -> int:
    """The value of :func:`used_on` or :func:`spent_since`."""
    return int(await connection.scalar(select(of)) or 0)
