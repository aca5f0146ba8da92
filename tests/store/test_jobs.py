from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from bot import limits
from bot.errors import QuotaReached
from bot.store.database import Database
from bot.store.job_rows import job_columns
from bot.store.jobs import JobStore, LeaseLost
from bot.store.quotas import Quota
from bot.store.tables import jobs as jobs_table
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import Job, JobChanges, Lane, Lease, Origin, Outcome, Step, Transition, Upload
from tests.patience import PATIENCE

SECOND = timedelta(seconds=1)
NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
Add = Callable[..., Any]
NewJob = Callable[..., Job]


async def add_many(jobs: JobStore, many: list[Job], quota: Quota) -> list[QuotaReached]:
    results = await asyncio.gather(*[jobs.add(job, quota) for job in many], return_exceptions=True)
    assert all(isinstance(result, Job | QuotaReached) for result in results), results
    return [result for result in results if isinstance(result, QuotaReached)]


async def test_a_job_is_there_when_add_returns(jobs: JobStore, new_job: NewJob, database_path: Path) -> None:
    job = new_job()
    added = await jobs.add(job, Quota(running=1, day=1))
    assert await jobs.get(job.id) == added == replace(job, admitted_at=job.created_at)
    assert await jobs.get("f" * 16) is None
    with sqlite3.connect(database_path) as raw:  # committed, not only seen by ourselves
        assert raw.execute("SELECT id FROM jobs").fetchall() == [(job.id,)]
    raw.close()


async def test_fifty_at_once_do_not_get_past_what_a_person_may_have(jobs: JobStore, new_job: NewJob) -> None:
    refused = await add_many(jobs, [new_job() for _ in range(50)], Quota(running=2, waiting=1))
    assert len(refused) == 47
    assert "already have 3 running or waiting" in str(refused[0])


async def test_fifty_at_once_do_not_get_past_the_days_limit(jobs: JobStore, new_job: NewJob, now: datetime) -> None:
    refused = await add_many(jobs, [new_job() for _ in range(50)], Quota(day=3))
    assert len(refused) == 47
    midnight = int(datetime(2026, 3, 15, tzinfo=UTC).timestamp())
    assert f"used up your 3 characters for today. You can start more <t:{midnight}:R>" in str(refused[0])


async def test_a_limit_of_nothing_is_no_limit(jobs: JobStore, new_job: NewJob) -> None:
    assert await add_many(jobs, [new_job() for _ in range(5)], Quota()) == []


async def test_only_ones_own_jobs_without_an_end_take_a_running_place(
    jobs: JobStore, new_job: NewJob, add: Add
) -> None:
    await add(owner_id=8)
    await add(outcome=Outcome.SUCCEEDED, step=Step.DELIVER)
    await add()
    await jobs.add(new_job(), Quota(running=2))
    with pytest.raises(QuotaReached):
        await jobs.add(new_job(), Quota(running=2))


async def test_the_day_begins_at_midnight_in_utc_and_what_cost_nothing_is_given_back(
    jobs: JobStore, new_job: NewJob, add: Add
) -> None:
    midnight = datetime(2026, 3, 14, tzinfo=UTC)
    await add(created_at=midnight - timedelta(microseconds=1))
    await add(created_at=midnight, counted=False)
    await add(created_at=midnight, owner_id=8)
    await add(created_at=midnight)
    await jobs.add(new_job(), Quota(day=2))
    with pytest.raises(QuotaReached):
        await jobs.add(new_job(), Quota(day=2))


async def test_two_hundred_concurrent_claims_never_hand_out_a_row_twice(
    jobs: JobStore, new_job: NewJob, now: datetime, database: Database
) -> None:
    async with database.write() as connection:
        await connection.execute(insert(jobs_table), [job_columns(new_job()) for _ in range(120)])
    claims = await asyncio.gather(
        *[jobs.claim(f"runner {n}", now=now, most=dict.fromkeys(Lane, 5)) for n in range(200)]
    )
    given = [(job.id, f"runner {n}", job.lease_owner) for n, claimed in enumerate(claims) for job in claimed]
    assert len(given) == 120
    assert len({job_id for job_id, _, _ in given}) == 120
    assert all(holder == leased_to for _, holder, leased_to in given)
    assert all(len(claimed) <= 5 for claimed in claims)


async def test_a_claim_leases_the_earliest_due_rows_and_counts_the_attempt(
    jobs: JobStore, add: Add, now: datetime
) -> None:
    late = await add(next_attempt_at=now - SECOND)
    await add(next_attempt_at=now)
    early = await add(next_attempt_at=now - 2 * SECOND, attempts=4)
    claimed = await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 2))
    assert [(job.id, job.attempts) for job in claimed] == [(early.id, 5), (late.id, 1)]
    assert {(job.lease_owner, job.lease_until) for job in claimed} == {("runner", now + limits.LEASE)}
    assert claimed[0] == await jobs.get(early.id)


async def test_what_is_not_due_done_waiting_for_a_person_or_leased_is_not_claimed(
    jobs: JobStore, add: Add, now: datetime
) -> None:
    await add(next_attempt_at=now + timedelta(microseconds=1))
    await add(next_attempt_at=None, step=Step.CHOOSE)
    await add(step=Step.DONE)
    await add(lease_owner="other", lease_until=now + timedelta(microseconds=1))
    expired = await add(lease_owner="other", lease_until=now)
    assert [job.id for job in await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 9))] == [expired.id]
    assert await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 0)) == []


async def test_a_row_that_cannot_be_read_is_put_off_and_the_rest_is_claimed(
    jobs: JobStore, add: Add, now: datetime, database_path: Path
) -> None:
    poison, good = await add(next_attempt_at=now - SECOND), await add()
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE jobs SET request = '{' WHERE id = ?", [poison.id])
    raw.close()
    with capture_logs() as logs:
        assert [job.id for job in await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 9))] == [good.id]
    assert [(log["event"], log["job"]) for log in logs] == [("row_unreadable", poison.id)]
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE jobs SET request = (SELECT request FROM jobs WHERE id = ?)", [good.id])
    raw.close()
    put_off = await jobs.get(poison.id)  # by a version that can read it
    assert put_off is not None
    assert (put_off.step, put_off.outcome, put_off.lease_owner) == (Step.PREPARE, None, None)
    assert put_off.next_attempt_at == now + timedelta(hours=1)


async def test_what_the_holder_is_still_at_work_on_is_left_alone(jobs: JobStore, add: Add, now: datetime) -> None:
    busy, other = await add(), await add(next_attempt_at=now + SECOND)
    assert await jobs.next_due("runner", lanes=Lane, but={busy.id}) == other.next_attempt_at
    assert await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 9), but={busy.id}) == []
    assert [job.id for job in await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 9))] == [busy.id]


async def test_next_due_is_when_something_can_be_claimed(jobs: JobStore, add: Add, now: datetime) -> None:
    assert await jobs.next_due("runner", lanes=Lane) is None
    await add(step=Step.DONE)
    await add(step=Step.CHOOSE, next_attempt_at=None)
    await add(lease_owner="runner", lease_until=now + SECOND)  # our own: it is being done
    assert await jobs.next_due("runner", lanes=Lane) is None
    await add(lease_owner="other", lease_until=now + 9 * SECOND)
    assert await jobs.next_due("runner", lanes=Lane) == now + 9 * SECOND
    await add(lease_owner="other", lease_until=now + SECOND, next_attempt_at=now + 8 * SECOND)
    assert await jobs.next_due("runner", lanes=Lane) == now + 8 * SECOND
    await add(next_attempt_at=now + 7 * SECOND)
    assert await jobs.next_due("runner", lanes=Lane) == now + 7 * SECOND


@pytest.mark.parametrize("fields", [{}, {"lease_owner": "other", "lease_until": NOW + 5 * SECOND}])
async def test_at_next_due_and_not_before_there_is_something_to_claim(
    jobs: JobStore, add: Add, fields: dict[str, Any]
) -> None:
    await add(**fields, next_attempt_at=NOW + 3 * SECOND)
    due = await jobs.next_due("runner", lanes=Lane)
    assert due is not None
    assert await jobs.claim("runner", now=due - timedelta(microseconds=1), most=dict.fromkeys(Lane, 1)) == []
    assert len(await jobs.claim("runner", now=due, most=dict.fromkeys(Lane, 1))) == 1


async def test_only_what_is_still_held_is_renewed(jobs: JobStore, add: Add, now: datetime) -> None:
    held = await add(lease_owner="runner", lease_until=now + SECOND)
    lost = await add(lease_owner="other", lease_until=now + SECOND)
    not_asked = await add(lease_owner="runner", lease_until=now + SECOND)
    assert await jobs.renew("runner", {held.id: 0, lost.id: 0, "f" * 16: 0}, now=now) == {held.id}
    until = [(await jobs.get(job.id)).lease_until for job in (held, lost, not_asked)]  # type: ignore[union-attr]  # they are there
    assert until == [now + limits.LEASE, now + SECOND, now + SECOND]
    assert await jobs.renew("runner", {held.id: 1}, now=now) == set()  # another lease of the same holder's
    assert await jobs.renew("runner", {}, now=now) == set()


async def test_a_holder_changes_its_row(jobs: JobStore, add: Add, now: datetime, origin: Origin) -> None:
    job = await add(lease_owner="runner", lease_until=now)
    changes = JobChanges(
        step=Step.WATCH,
        upload=Upload(url="https://files.example/u", at=now),
        failure=text("Because of {what}", what="x"),
        origin=replace(origin, token=None),
        progress=40,
    )
    later = now + SECOND
    changed = await jobs.apply(job.id, job.lease, Transition("test", changes), now=later)
    assert changed == replace(job, **changes, updated_at=later)
    assert await jobs.get(job.id) == changed
    released = await jobs.release(job.id, job.lease, Transition("test", {}), now=later)
    assert released == replace(changed, lease_owner=None, lease_until=None)


@pytest.mark.parametrize("leased_to", ["other", None])
async def test_who_holds_no_lease_changes_nothing(
    jobs: JobStore, add: Add, now: datetime, leased_to: str | None
) -> None:
    job = await add(lease_owner=leased_to)
    with pytest.raises(LeaseLost):
        await jobs.apply(job.id, Lease("runner", 0), Transition("test", {"progress": 1}), now=now)
    with pytest.raises(LeaseLost):
        await jobs.apply("f" * 16, Lease("runner", 0), Transition("test", {"progress": 1}), now=now)
    assert await jobs.get(job.id) == job


async def test_an_earlier_lease_of_the_same_holder_changes_nothing(jobs: JobStore, add: Add, now: datetime) -> None:
    await add()
    [first] = await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 1))
    [second] = await jobs.claim("runner", now=now + limits.LEASE, most=dict.fromkeys(Lane, 1))
    assert (first.lease, second.lease) == (Lease("runner", 1), Lease("runner", 2))
    with pytest.raises(LeaseLost):
        await jobs.note(first.id, first.lease, {"progress": 1}, now=now)
    assert (await jobs.note(second.id, second.lease, {"progress": 2}, now=now)).progress == 2


async def test_a_naive_instant_in_a_change_is_refused(jobs: JobStore, add: Add, now: datetime) -> None:
    job = await add(lease_owner="runner")
    with pytest.raises(ValueError, match="time zone"):
        await jobs.apply(
            job.id, job.lease, Transition("test", {"upload": Upload(url="u", at=now.replace(tzinfo=None))}), now=now
        )
    assert await jobs.get(job.id) == job


async def test_leases_are_given_back_and_cleared(jobs: JobStore, database: Database, add: Add, now: datetime) -> None:
    mine = await add(lease_owner="runner", lease_until=now + SECOND)
    other = await add(lease_owner="other", lease_until=now + SECOND)
    await jobs.release_all("runner")
    assert await jobs.get(mine.id) == replace(mine, lease_owner=None, lease_until=None)
    assert await jobs.get(other.id) == other
    await jobs.clear_leases()
    # Of a shared database, others may be at work just now: what they have is theirs until it runs out.
    cleared = other if database.shared else replace(other, lease_owner=None, lease_until=None)
    assert await jobs.get(other.id) == cleared


async def test_dead_tokens_are_wiped_out_of_the_file(
    jobs: JobStore, add: Add, now: datetime, origin: Origin, database: Database, database_path: Path
) -> None:
    dead = await add(origin=replace(origin, token="a-dead-token", token_at=now - SECOND))
    alive = await add()
    await add(origin=replace(origin, token=None, token_at=now - SECOND))
    assert await jobs.wipe_tokens(now) == 1
    assert await jobs.get(dead.id) == replace(dead, origin=replace(dead.origin, token=None))
    assert await jobs.get(alive.id) == alive
    assert await jobs.wipe_tokens(now) == 0
    await database.close()  # the journal goes into the file
    content = await asyncio.to_thread(database_path.read_bytes)
    assert b"a-dead-token" not in content
    assert b"interaction-token" in content


async def test_work_is_wanted_until_done_or_while_it_may_be_sent_again(jobs: JobStore, add: Add, now: datetime) -> None:
    unfinished = await add(step=Step.DELIVER, outcome=Outcome.SUCCEEDED, finished_at=now)
    unclear = await add(step=Step.DONE, outcome=Outcome.UNKNOWN, finished_at=now - limits.VIDEO_KEPT + SECOND)
    await add(step=Step.DONE, outcome=Outcome.UNKNOWN, finished_at=now - limits.VIDEO_KEPT)
    await add(step=Step.DONE, outcome=Outcome.FAILED, finished_at=now)
    clip = StoredFile(key="work/x/source", sha256="e" * 64, size=100, mime="video/mp4")
    failed = await add(step=Step.DONE, outcome=Outcome.FAILED, finished_at=now, file=clip)
    await add(step=Step.DONE, outcome=Outcome.FAILED, finished_at=now - limits.VIDEO_KEPT, file=clip)
    await add(step=Step.DONE, outcome=Outcome.SUCCEEDED, finished_at=now, file=clip)
    assert await jobs.wanted_work(now) == {unfinished.id, unclear.id, failed.id}


async def test_whose_task_it_is(jobs: JobStore, add: Add, cast: Add) -> None:
    await add(task_id="task_of_job", owner_id=8)
    await cast(task_id="task_of_character", owner_id=9)
    owners = [await jobs.task_owner(task_id) for task_id in ("task_of_job", "task_of_character", "task_of_nobody")]
    assert owners == [8, 9, None]


async def test_a_claim_that_is_cancelled_keeps_no_lock(jobs: JobStore, add: Add, now: datetime) -> None:
    """SQLite would keep it as long as the cancelled statement lived; the next writer waited ten seconds in vain."""
    for _ in range(9):
        await add()
    random = Random(3)
    for _ in range(100):

        async def claiming() -> None:
            while True:
                await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 3))
                await jobs.next_due("runner", lanes=Lane)

        task = asyncio.create_task(claiming())
        await asyncio.sleep(random.random() * 0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with asyncio.timeout(PATIENCE):
            await jobs.release_all("runner")
    assert len(await jobs.claim("other", now=now, most=dict.fromkeys(Lane, 9))) == 9, "and no lease"
