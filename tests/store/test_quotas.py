"""Limits of a server and of everybody, the waiting line, and turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.errors import QuotaReached
from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.quotas import Quota, day_of
from bot.store.tables import day_counters
from bot.values.job import Job, Lane, Origin

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
    assert "This server has used up its 3 characters for today" in str(refused[0])


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
