"""How everything stands: the right jobs counted, and over indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.store.database import Database
from bot.store.gauges import GaugeStore
from bot.store.jobs import JobStore
from bot.store.provider_state import ProviderStateStore
from bot.store.quotas import Quota
from bot.values.job import Outcome, Step

HOUR = timedelta(hours=1)


async def test_nothing_stands_in_an_empty_database(database: Database, now: datetime) -> None:
    snapshot = await GaugeStore(database).snapshot(now=now)
    assert (snapshot.unfinished, snapshot.oldest_due, snapshot.queued) == ({}, {}, 0)
    assert snapshot.pause_reason is None


async def test_what_is_not_done_is_counted_by_step(database: Database, add: Any, now: datetime) -> None:
    for step in (Step.WATCH, Step.WATCH, Step.PREPARE, Step.DELIVER):
        await add(step=step, next_attempt_at=now + HOUR)
    await add(step=Step.DONE, outcome=Outcome.SUCCEEDED, next_attempt_at=None)
    snapshot = await GaugeStore(database).snapshot(now=now)
    assert snapshot.unfinished == {Step.WATCH: 2, Step.PREPARE: 1, Step.DELIVER: 1}
    assert snapshot.oldest_due == {}


async def test_the_oldest_that_waits_is_one_that_is_due_and_that_nobody_has(
    database: Database, add: Any, now: datetime
) -> None:
    held = {"lease_owner": "runner", "lease_until": now + timedelta(seconds=1)}
    await add(step=Step.WATCH, next_attempt_at=now - 3 * HOUR, **held)
    await add(step=Step.WATCH, next_attempt_at=now - HOUR)
    await add(step=Step.WATCH, next_attempt_at=now - 2 * HOUR, lease_owner="dead", lease_until=now)
    await add(step=Step.COLLECT, next_attempt_at=now - HOUR / 2)
    await add(step=Step.SUBMIT, next_attempt_at=now + HOUR)
    snapshot = await GaugeStore(database).snapshot(now=now)
    assert snapshot.oldest_due == {Step.WATCH: now - 2 * HOUR, Step.COLLECT: now - HOUR / 2}


async def test_jobs_in_line_are_not_due_and_counted_apart(
    database: Database, jobs: JobStore, new_job: Any, now: datetime
) -> None:
    for _ in range(3):
        await jobs.add(new_job(created_at=now), Quota(in_all=1))
    snapshot = await GaugeStore(database).snapshot(now=now)
    assert (snapshot.unfinished, snapshot.queued) == ({Step.PREPARE: 3}, 2)
    assert snapshot.oldest_due == {Step.PREPARE: now}


async def test_a_pause(database: Database, now: datetime) -> None:
    state = ProviderStateStore(database)
    await state.pause("balance", now=now)
    snapshot = await GaugeStore(database).snapshot(now=now)
    assert snapshot.pause_reason == "balance"
