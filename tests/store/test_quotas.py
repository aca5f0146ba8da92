"""Limits of a server and of everybody, the waiting line, and turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from bot import limits
from bot.errors import QuotaReached
from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.quotas import Quota, day_of, in_turn
from bot.store.tables import day_counters
from bot.values.job import Job, Lane, Origin, Outcome, Step, Transition

SECOND = timedelta(seconds=1)
Add = Callable[..., Any]
NewJob = Callable[..., Job]


def elsewhere(origin: Origin, guild_id: int | None) -> Origin:
    return replace(origin, guild_id=guild_id)


# -- a server's day -------------------------------------------------------------------------------------------------


async def test_fifty_at_once_do_not_get_past_a_servers_day(jobs: JobStore, new_job: NewJob) -> None:
    many = [new_job(owner_id=number) for number in range(50)]
    results = await asyncio.gather(*[jobs.add(job, Quota(server_day=3)) for job in many], return_exceptions=True)
    refused = [result for result in results if isinstance(result, QuotaReached)]
    assert len(refused) == 47
    assert "This server has used its 3 for today" in str(refused[0])


async def test_other_servers_days_direct_messages_and_what_cost_nothing_do_not_count(
    jobs: JobStore, new_job: NewJob, add: Add, origin: Origin, now: datetime
) -> None:
    await add(origin=elsewhere(origin, 99))
    await add(origin=elsewhere(origin, None))
    await add(counted=False)
    await add(created_at=day_of(now) - SECOND)
    quota = Quota(server_day=1)
    for number in range(3):  # in a direct message there is no server
        await jobs.add(new_job(owner_id=number, origin=elsewhere(origin, None)), quota)
    await jobs.add(new_job(), quota)
    with pytest.raises(QuotaReached):
        await jobs.add(new_job(), quota)


# -- a person's day, over a deletion ---------------------------------------------------------------------------------


async def test_what_was_used_before_a_deletion_counts(
    jobs: JobStore, new_job: NewJob, database: Database, now: datetime
) -> None:
    async with database.write() as connection:
        for day, used in ((day_of(now), 2), (day_of(now) - timedelta(days=1), 50)):
            await connection.execute(insert(day_counters).values(user_key="ab", day=day, used=used))
    await jobs.add(new_job(), Quota(day=3, user_key="ab"))
    with pytest.raises(QuotaReached):
        await jobs.add(new_job(), Quota(day=3, user_key="ab"))
    await jobs.add(new_job(owner_id=8), Quota(day=3, user_key="cd"))
    assert (await OwnedJobStore(database).overview(7, now=now, user_key="ab")).used_today == 3


# -- the line -------------------------------------------------------------------------------------------------------


async def test_whoever_finds_no_place_stands_in_line(jobs: JobStore, new_job: NewJob, now: datetime) -> None:
    first, second = [await jobs.add(new_job(owner_id=number), Quota(in_all=1)) for number in (1, 2)]
    assert (first.admitted_at, first.next_attempt_at) == (now, now)
    assert (second.admitted_at, second.next_attempt_at) == (None, None)
    assert [job.id for job in await jobs.claim("runner", now=now + SECOND, most=dict.fromkeys(Lane, 9))] == [first.id]
    assert await jobs.let_in(1, now=now + SECOND) == [second.id]  # still no place
    await jobs.release(first.id, "runner", Transition("test", {"outcome": Outcome.SUCCEEDED}), now=now + SECOND)
    assert await jobs.let_in(1, now=now + SECOND) == []
    admitted = await jobs.get(second.id)
    assert admitted is not None
    assert admitted.admitted_at == admitted.next_attempt_at == now + SECOND


async def test_nobody_gets_past_those_in_line(jobs: JobStore, new_job: NewJob, now: datetime, add: Add) -> None:
    running = await add(owner_id=1, lease_owner="runner")
    waiting = await jobs.add(new_job(owner_id=2), Quota(in_all=1))
    assert waiting.admitted_at is None
    await jobs.apply(running.id, "runner", Transition("test", {"outcome": Outcome.FAILED}), now=now)
    late = await jobs.add(new_job(owner_id=3), Quota(in_all=1))
    assert late.admitted_at is None


async def test_who_waits_for_their_owner_takes_no_place(jobs: JobStore, new_job: NewJob, add: Add) -> None:
    await add(owner_id=1, step=Step.CHOOSE)
    assert (await jobs.add(new_job(owner_id=2), Quota(in_all=1))).admitted_at is not None


async def test_a_long_line_is_closed(jobs: JobStore, new_job: NewJob, add: Add) -> None:
    await add(owner_id=1000)
    for number in range(limits.ADMISSION_QUEUE_LENGTH):
        await jobs.add(new_job(owner_id=number), Quota(in_all=1))
    with pytest.raises(QuotaReached, match="very busy right now"):
        await jobs.add(new_job(owner_id=999), Quota(in_all=1))


async def test_fifty_at_once_do_not_get_past_the_places(jobs: JobStore, new_job: NewJob) -> None:
    many = [new_job(owner_id=number) for number in range(28)]
    added = await asyncio.gather(*[jobs.add(job, Quota(in_all=3)) for job in many])
    assert len([job for job in added if job.admitted_at]) == 3


def test_in_line_everybody_has_their_turn() -> None:
    greedy = [(f"a{number}", 1) for number in range(5)]
    assert in_turn([*greedy, ("b", 2), ("c", 3)], {}) == ["a0", "b", "c", "a1", "a2", "a3", "a4"]
    assert in_turn([("a", 1), ("b", 2)], {1: 1}) == ["b", "a"]  # who has something under way already comes later


@given(st.lists(st.integers(1, 5), max_size=25), st.dictionaries(st.integers(1, 5), st.integers(0, 4)))
def test_nobody_is_left_out_of_the_line_or_overtaken_by_themselves(owners: list[int], working: dict[int, int]) -> None:
    waiting = [(f"{place:02}", owner) for place, owner in enumerate(owners)]
    turns = in_turn(waiting, working)
    assert sorted(turns) == [job_id for job_id, _ in waiting]
    for owner in set(owners):
        own = [job_id for job_id in turns if dict(waiting)[job_id] == owner]
        assert own == sorted(own)


# -- claims ---------------------------------------------------------------------------------------------------------


async def test_one_persons_many_jobs_do_not_keep_the_others_waiting(
    jobs: JobStore, new_job: NewJob, now: datetime
) -> None:
    for number in range(20):
        await jobs.add(new_job(owner_id=1, created_at=now, next_attempt_at=now - (20 - number) * SECOND), Quota())
    modest = await jobs.add(new_job(owner_id=2, next_attempt_at=now), Quota())
    first = await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 2))
    assert {job.owner_id for job in first} == {1, 2}
    assert modest.id in {job.id for job in first}
    # With one of theirs under way, somebody new goes before the next of the same person's.
    newcomer = await jobs.add(new_job(owner_id=3, next_attempt_at=now), Quota())
    assert [job.id for job in await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 1))] == [newcomer.id]
