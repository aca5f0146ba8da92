"""Statements about leases, built once: to put one together takes longer than to carry it out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from bot.store.tables import UNFINISHED, jobs
from bot.values.job import Lane, Step


@cache
def update_leased(columns: frozenset[str]) -> ReturningUpdate[Any]:
    """Give these columns of a leased row the values ``new_…``."""
    values = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in columns}
    same = (jobs.c.lease_owner == bindparam("holder"), jobs.c.epoch == bindparam("leased_epoch"))
    return update(jobs).where(jobs.c.id == bindparam("job"), *same).values(values).returning(*jobs.c)


_SUBMITTED = or_(jobs.c.step.in_([Step.WATCH, Step.COLLECT, Step.DELIVER]), jobs.c.submit_started_at.is_not(None))
_IN_LANE: Final[Mapping[Lane, ColumnElement[bool]]] = {Lane.SUBMITTED: _SUBMITTED, Lane.UNSUBMITTED: not_(_SUBMITTED)}


def _claim(lane: Lane, *, beside_others: bool) -> ReturningUpdate[Any]:
    """``beside_others``: others claim at the same time, and what one of them is about to take is passed over."""
    theirs = jobs.alias()
    holder, now = bindparam("holder", type_=String), bindparam("now", type_=jobs.c.lease_until.type)
    under_way = select(func.count()).where(theirs.c.owner_id == jobs.c.owner_id, theirs.c.lease_owner == holder)
    before = func.row_number().over(partition_by=jobs.c.owner_id, order_by=(jobs.c.next_attempt_at, jobs.c.id))
    free = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
    due = (
        select(jobs.c.id)
        .where(UNFINISHED, _IN_LANE[lane], jobs.c.next_attempt_at <= now)
        .where(free)
        .where(jobs.c.id.not_in(bindparam("but", expanding=True)))
        .order_by(before + under_way.scalar_subquery(), jobs.c.next_attempt_at, jobs.c.id)
        .limit(bindparam("most", type_=Integer))
    )
    if beside_others:  # a lock and a window cannot stand in one SELECT; what the lock waited for may have changed it
        still = (UNFINISHED, jobs.c.next_attempt_at <= now, free)
        locked = select(jobs.c.id).where(jobs.c.id.in_(due), *still).with_for_update(skip_locked=True)
        due = select(locked.cte("due").prefix_with("MATERIALIZED").c.id)  # once, whatever the planner makes of it
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
    """When something in these lanes can be claimed by ``holder``, apart from ``but``."""
    leased_past_it = jobs.c.lease_until > jobs.c.next_attempt_at
    claimable_at = case((leased_past_it, jobs.c.lease_until), else_=jobs.c.next_attempt_at)
    others = or_(jobs.c.lease_owner.is_(None), jobs.c.lease_owner != bindparam("holder"))
    return (
        select(func.min(claimable_at))
        .where(UNFINISHED, jobs.c.next_attempt_at.is_not(None), or_(*(_IN_LANE[lane] for lane in sorted(lanes))))
        .where(others, jobs.c.id.not_in(bindparam("but", expanding=True)))
    )


# Built once: the runner asks with every step.
CLAIM: Final = {lane: _claim(lane, beside_others=False) for lane in Lane}
CLAIM_BESIDE_OTHERS: Final = {lane: _claim(lane, beside_others=True) for lane in Lane}
