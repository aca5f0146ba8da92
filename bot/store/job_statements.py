"""Statements that every command or step sends, built once: building one takes longer than executing it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from bot import limits
from bot.store.tables import UNFINISHED, characters, jobs, videos
from bot.values.job import JobKind, Lane, Outcome, Step

ADD: Final = insert(jobs)


@cache
def update_leased(columns: frozenset[str]) -> ReturningUpdate[Any]:
    """Set these columns of a leased row to the parameters ``new_…``."""
    values = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in columns}
    same = (jobs.c.lease_owner == bindparam("holder"), jobs.c.epoch == bindparam("leased_epoch"))
    return update(jobs).where(jobs.c.id == bindparam("job"), *same).values(values).returning(*jobs.c)


_AT_THE_PROVIDER = jobs.c.step.in_([Step.WATCH, Step.COLLECT, Step.DELIVER])
_IN_LANE: Final[Mapping[Lane, ColumnElement[bool]]] = {
    Lane.SUBMITTED: or_(_AT_THE_PROVIDER, jobs.c.submit_started_at.is_not(None)),
    Lane.UNSUBMITTED: and_(not_(_AT_THE_PROVIDER), jobs.c.submit_started_at.is_(None)),  # the second has an index
}


def _claim(lane: Lane, *, beside_others: bool) -> ReturningUpdate[Any]:
    """``beside_others``: other processes claim at the same time, so rows that one of them has locked are skipped."""
    holder, now = bindparam("holder", type_=String), bindparam("now", type_=jobs.c.lease_until.type)
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
    # Of a backlog only the beginning is put in turn: otherwise each claim would take longer, the longer the backlog is.
    earliest = (
        select(jobs.c.id, jobs.c.owner_id, jobs.c.next_attempt_at)
        .where(UNFINISHED, _IN_LANE[lane], jobs.c.next_attempt_at <= now, free)
        .where(jobs.c.id.not_in(bindparam("but", expanding=True)))
        .order_by(jobs.c.next_attempt_at)
        .limit(literal_column(str(limits.PUT_IN_TURN), Integer))
        .subquery("earliest")
    )
    in_order = (earliest.c.next_attempt_at, earliest.c.id)
    under_way = select(func.count()).where(jobs.c.owner_id == earliest.c.owner_id, jobs.c.lease_owner == holder)
    before = func.row_number().over(partition_by=earliest.c.owner_id, order_by=in_order)
    due = (
        select(earliest.c.id)
        .order_by(before + under_way.correlate(earliest).scalar_subquery(), *in_order)
        .limit(bindparam("most", type_=Integer))
    )
    if beside_others:  # SELECT cannot have a lock and a window; and the row may have changed while the lock was awaited
        still = (UNFINISHED, jobs.c.next_attempt_at <= now, free)
        locked = select(jobs.c.id).where(jobs.c.id.in_(due), *still).with_for_update(skip_locked=True)
        due = select(locked.cte("due").prefix_with("MATERIALIZED").c.id)  # evaluated once, whatever the planner prefers
    return (
        update(jobs)
        .where(jobs.c.id.in_(due))
        .values(
            lease_owner=holder,
            lease_until=bindparam("until"),
            attempts=jobs.c.attempts + 1,
            epoch=jobs.c.epoch + 1,
        )
        .returning(*jobs.c)
    )


@cache
def next_due(lanes: frozenset[Lane]) -> Select[Any]:
    """When something in these lanes can be claimed by ``holder``, apart from ``but``.

    The free one that is due first is at the beginning of an index, and few are leased: all that wait are never read.
    """
    wanted = [UNFINISHED, jobs.c.next_attempt_at.is_not(None), jobs.c.id.not_in(bindparam("but", expanding=True))]
    if lanes != frozenset(Lane):
        wanted.append(or_(*(_IN_LANE[lane] for lane in sorted(lanes))))
    at = jobs.c.next_attempt_at.label("at")
    free = select(at).where(*wanted, jobs.c.lease_owner.is_(None)).order_by(jobs.c.next_attempt_at).limit(1).subquery()
    lease_ends = case((jobs.c.lease_until > jobs.c.next_attempt_at, jobs.c.lease_until), else_=jobs.c.next_attempt_at)
    others = and_(jobs.c.lease_owner.is_not(None), jobs.c.lease_owner != bindparam("holder"))
    leased = select(func.min(lease_ends).label("at")).where(*wanted, others)
    return select(func.min(union_all(select(free.c.at), leased).subquery().c.at))


# Built once, because the runner sends it with every step.
CLAIM: Final = {lane: _claim(lane, beside_others=False) for lane in Lane}
CLAIM_BESIDE_OTHERS: Final = {lane: _claim(lane, beside_others=True) for lane in Lane}


def undelivered() -> ColumnElement[bool]:
    """The SQL form of :attr:`~bot.values.job.Job.undelivered`, for a job that is done."""
    nothing_to_say = and_(jobs.c.outcome == Outcome.CANCELLED, jobs.c.failure.is_(None))
    return and_(jobs.c.delivered_at.is_(None), or_(jobs.c.outcome.is_(None), not_(nothing_to_say)))


_THEIRS = jobs.c.owner_id == bindparam("owner")
_NO_PREVIEW = jobs.c.kind != JobKind.PREVIEW
_NEWEST_FIRST = (jobs.c.created_at.desc(), jobs.c.id)  # this order makes SQLite use the owner's index

_ENDED_UNTOLD = and_(jobs.c.step == Step.DONE, undelivered())
_ASKS_UNTOLD = and_(
    jobs.c.step == Step.CHOOSE,
    jobs.c.delivered_at.is_(None),
    # Nobody is about to be asked: that was tried, and now it waits.
    jobs.c.lease_owner.is_(None),
    jobs.c.next_attempt_at > bindparam("now"),
)
PENDING: Final = (
    select(jobs.c.id, jobs.c.step)
    .where(_THEIRS, _NO_PREVIEW, or_(_ENDED_UNTOLD, _ASKS_UNTOLD))
    .order_by(*_NEWEST_FIRST)
)


def _overview() -> Select[Any]:
    """The unfinished jobs, the last ``finished`` ones that are done, and all of those that were not delivered."""
    done = and_(_THEIRS, jobs.c.step == Step.DONE, _NO_PREVIEW)
    last = select(jobs.c.id).where(done).order_by(*_NEWEST_FIRST).limit(bindparam("finished", type_=Integer))
    shown = or_(UNFINISHED, and_(done, or_(jobs.c.id.in_(last.correlate(None)), undelivered())))
    return select(jobs).where(_THEIRS, shown).order_by(*_NEWEST_FIRST)


OVERVIEW: Final = _overview()


def _known_task() -> Select[Any]:
    """Whether the task ``typed`` made a character of ``owner``'s, as which video it is stored, and their job for it."""
    typed = bindparam("typed", type_=String)
    its = or_(jobs.c.task_id == typed, jobs.c.id == typed)
    makes_one = select(jobs.c.id).where(_THEIRS, its, jobs.c.kind == JobKind.CHARACTER)
    in_cast = select(characters.c.id).where(
        characters.c.owner_id == bindparam("owner"),
        or_(characters.c.task_id == typed, characters.c.provider_id == typed),
    )
    by_task = select(jobs.c.id).where(_THEIRS, jobs.c.task_id == typed)
    by_name = or_(videos.c.job_id == typed, videos.c.job_id.in_(by_task))
    kept = select(videos.c.id).where(videos.c.owner_id == bindparam("owner"), by_name).limit(1).scalar_subquery()
    video_job = select(jobs.c.id).where(_THEIRS, its, jobs.c.kind == JobKind.VIDEO).limit(1).scalar_subquery()
    made = or_(makes_one.exists(), in_cast.exists())
    return select(made.label("made"), kept.label("kept"), video_job.label("video_job"))


KNOWN_TASK: Final = _known_task()
