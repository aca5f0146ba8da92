from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.errors import QuotaReached
from bot.jobs import transitions
from bot.jobs.transition_table import NotAllowed
from bot.store.database import Database
from bot.store.jobs import JobStore, LeaseLost
from bot.store.owned_jobs import HeldLeases, JobOverview, OwnedJobStore, Pending
from bot.store.quotas import Quota
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import (
    Job,
    Origin,
    Outcome,
    PreviewRequest,
    Question,
    Seen,
    Step,
    Transition,
)
from bot.values.source import EarlierTask, Link
from bot.values.time_range import TimeRange

SECOND = timedelta(seconds=1)
AS_THEY_CAME = Seen(sha256="ab" * 32)
STRANGER = 666
Add = Callable[..., Any]
LEASED: dict[str, Any] = {"lease_owner": "runner"}


@pytest.fixture
def owned(database: Database) -> OwnedJobStore:
    return OwnedJobStore(database)


@pytest.fixture
def elsewhere(origin: Origin, now: datetime) -> Origin:
    return replace(origin, channel_id=99, token="a new token", token_at=now + SECOND)


def moved(step: Step, **more: Any) -> Callable[[Job], Transition]:
    return lambda job: Transition("test", {"step": step, "next_attempt_at": None, **more})  # type: ignore[typeddict-item]


# -- an owner decides -----------------------------------------------------------------------------------------------


async def test_what_the_owner_decides_is_written_and_takes_the_row_from_a_step(
    owned: OwnedJobStore, jobs: JobStore, add: Add, now: datetime, elsewhere: Origin
) -> None:
    job = await add(**LEASED, lease_until=now + SECOND)
    later = now + SECOND
    decided = await owned.decide(7, job.id, moved(Step.CHOOSE, origin=elsewhere), now=later)
    assert decided == replace(
        job,
        step=Step.CHOOSE,
        next_attempt_at=None,
        origin=elsewhere,
        lease_owner=None,
        lease_until=None,
        updated_at=later,
    )
    assert await owned.get(7, job.id) == decided
    with pytest.raises(LeaseLost):
        await jobs.note(job.id, job.lease, {"progress": 1}, now=later)


async def test_a_decision_sees_the_row_as_it_is_and_of_two_at_once_one_wins(
    owned: OwnedJobStore, jobs: JobStore, add: Add, now: datetime
) -> None:
    job = await add(step=Step.SUBMIT, **LEASED)

    def cancel(row: Job) -> Transition:
        return transitions.cancelled(row, now)

    submitting = transitions.submitting(job, now)
    results = await asyncio.gather(
        owned.decide(7, job.id, cancel, now=now),
        jobs.apply(job.id, job.lease, submitting, now=now),
        return_exceptions=True,
    )
    assert sum(isinstance(result, (LeaseLost, NotAllowed)) for result in results) == 1
    row = await owned.get(7, job.id)
    assert row is not None
    assert (row.outcome is Outcome.CANCELLED) != (row.submit_started_at is not None)


async def test_a_job_is_moved_to_another_message_unless_a_step_is_at_work_on_it(
    owned: OwnedJobStore, jobs: JobStore, add: Add, now: datetime, elsewhere: Origin
) -> None:
    job = await add()
    later = now + SECOND
    assert await owned.move(7, job.id, elsewhere, now=later)
    assert await owned.get(7, job.id) == replace(job, origin=elsewhere, updated_at=later)
    working = await add(**LEASED, lease_until=now + SECOND)
    assert not await owned.move(7, working.id, elsewhere, now=later)
    assert not await owned.move(STRANGER, job.id, working.origin, now=later)
    assert await owned.get(7, working.id) == working


async def test_a_job_that_is_held_for_an_answer_is_moved_by_whoever_answers(
    database: Database, add: Add, now: datetime, elsewhere: Origin
) -> None:
    job, held_leases = await add(), HeldLeases()
    answering = OwnedJobStore(database, held_leases)
    held_leases.jobs.add(job.id)
    decided = await answering.decide(7, job.id, moved(Step.CHOOSE), now=now)
    assert decided is not None
    assert decided.lease_owner == held_leases.holder
    assert not await OwnedJobStore(database, HeldLeases()).move(7, job.id, elsewhere, now=now)
    assert await answering.move(7, job.id, elsewhere, now=now)
    assert await answering.get(7, job.id) == replace(decided, origin=elsewhere)


async def test_a_decision_that_is_not_possible_writes_nothing(owned: OwnedJobStore, add: Add, now: datetime) -> None:
    job = await add(step=Step.WATCH, submit_started_at=now)
    with pytest.raises(NotAllowed):
        await owned.decide(7, job.id, lambda row: transitions.cancelled(row, now), now=now)
    assert await owned.get(7, job.id) == job


async def test_a_job_that_goes_on_needs_a_place_among_those_running(
    owned: OwnedJobStore, add: Add, now: datetime
) -> None:
    job = await add(step=Step.DONE, outcome=Outcome.UNKNOWN)
    await add()
    with pytest.raises(QuotaReached):
        await owned.decide(7, job.id, moved(Step.WATCH), now=now, quota=Quota(running=1))
    assert await owned.get(7, job.id) == job
    assert await owned.decide(7, job.id, moved(Step.WATCH), now=now, quota=Quota(running=2)) is not None


async def test_each_time_a_job_is_sent_again_counts_in_the_day(owned: OwnedJobStore, add: Add, now: datetime) -> None:
    quota = Quota(day=3, server_day=10, user_key="me", server_key="here")
    job = await add(step=Step.DONE, outcome=Outcome.UNKNOWN)
    for used in (2, 3):
        assert await owned.decide(7, job.id, moved(Step.DONE), now=now, quota=quota) is not None
        assert (await owned.overview(7, now=now, user_key="me")).used_today == used
    with pytest.raises(QuotaReached):
        await owned.decide(7, job.id, moved(Step.DONE), now=now, quota=quota)
    tomorrow = now + timedelta(days=1)
    assert await owned.decide(7, job.id, moved(Step.DONE), now=tomorrow, quota=quota) is not None


# -- the same again -------------------------------------------------------------------------------------------------


FILE = StoredFile(key="work/1/source", sha256="ab" * 32, size=100, mime="video/mp4")


@pytest.fixture
def same(owned: OwnedJobStore, now: datetime) -> Callable[..., Any]:
    async def same(**changed: Any) -> Job | None:
        wanted = {
            "owner_id": 7,
            "but": "f" * 16,
            "sha256": FILE.sha256,
            "task_id": None,
            "range": TimeRange(Decimal("1.0"), Decimal("3.00")),  # the same seconds, otherwise written
            "since": now,
        }
        return await owned.same_recently(**wanted | changed)  # type: ignore[arg-type]  # a mixed dictionary

    return same


async def test_the_same_bytes_and_seconds_are_found(same: Add, add: Add, now: datetime) -> None:
    await add(seen=AS_THEY_CAME)
    newest = await add(seen=AS_THEY_CAME, outcome=Outcome.SUCCEEDED, step=Step.DONE, created_at=now + SECOND)
    assert await same() == newest
    assert await same(owner_id=STRANGER) is None
    assert await same(sha256="cd" * 32) is None
    assert await same(sha256=None) is None
    assert await same(range=TimeRange(Decimal(1), Decimal(2))) is None
    assert await same(since=now + 2 * SECOND) is None


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED])
async def test_what_came_to_nothing_is_not_the_same(same: Add, add: Add, outcome: Outcome) -> None:
    job = await add(seen=AS_THEY_CAME)
    assert await same() == job
    assert await same(but=job.id) is None
    await add(seen=AS_THEY_CAME, outcome=outcome, step=Step.DONE)
    assert await same(but=job.id) is None


async def test_the_same_earlier_task_is_found(same: Add, add: Add, new_job: Callable[..., Job]) -> None:
    request = replace(new_job().character, source=EarlierTask(task_id="task_1"))
    job = await add(request=request)
    assert await same(sha256=None, task_id="task_1") == job
    assert await same(sha256=None, task_id="task_2") is None


# -- overview -------------------------------------------------------------------------------------------------------


async def test_the_overview_has_all_that_matters(owned: OwnedJobStore, add: Add, now: datetime) -> None:
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    done = {"step": Step.DONE, "outcome": Outcome.SUCCEEDED, "next_attempt_at": None}
    kept = await add(**done, created_at=day - 9 * SECOND)  # never arrived, and older than the last few
    await add(**done | {"outcome": Outcome.CANCELLED}, created_at=day - 8 * SECOND)
    await add(**done, created_at=day - 7 * SECOND, delivered_at=now)
    older = await add(**done, created_at=day, delivered_at=now)
    newer = await add(**done | {"outcome": Outcome.CANCELLED}, created_at=day + SECOND, counted=False)
    second = await add(created_at=now)
    first = await add(created_at=now - SECOND, step=Step.DELIVER, outcome=Outcome.SUCCEEDED)
    await add(owner_id=8)
    assert await owned.overview(7, now=day, finished=2) == JobOverview(
        unfinished=(first, second), finished=(newer, older, kept), used_today=3, running=1
    )
    assert len((await owned.overview(7, now=day)).finished) == 5


async def test_results_that_wait_are_found_newest_first_and_nobody_elses(
    owned: OwnedJobStore, add: Add, now: datetime
) -> None:
    done = {"step": Step.DONE, "outcome": Outcome.FAILED, "next_attempt_at": None}
    older = await add(**done)
    newer = await add(**done | {"outcome": Outcome.UNKNOWN}, created_at=now + SECOND)
    await add(**done, delivered_at=now)
    await add(**done | {"outcome": Outcome.CANCELLED})
    told_why = await add(
        **done | {"outcome": Outcome.CANCELLED, "failure": text("I couldn't reach you.")}, created_at=now + 2 * SECOND
    )
    await add(**done | {"request": PreviewRequest(source=Link(url="https://example.org/clip.mp4"))})
    await add(step=Step.DELIVER, outcome=Outcome.SUCCEEDED)
    await add(**done, owner_id=STRANGER)
    asked = await add(step=Step.CHOOSE, question=Question.SECONDS, next_attempt_at=now + SECOND)
    await add(step=Step.CHOOSE, question=Question.SECONDS, next_attempt_at=now + SECOND, delivered_at=now)
    await add(step=Step.CHOOSE, question=Question.SECONDS, next_attempt_at=now)  # about to be asked
    await add(step=Step.CHOOSE, question=Question.SECONDS, next_attempt_at=now + SECOND, lease_owner="runner")
    assert await owned.pending(7, now=now) == Pending(results=(told_why.id, newer.id, older.id), questions=(asked.id,))


async def test_a_row_that_cannot_be_read_does_not_hide_the_others(
    owned: OwnedJobStore, add: Add, now: datetime, database_path: Path
) -> None:
    good = await add()
    poison = await add(step=Step.CHOOSE, question=Question.SAME_AGAIN)
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE jobs SET request = '{' WHERE id = ?", [poison.id])
    raw.close()
    overview = await owned.overview(7, now=now)
    assert overview.unfinished == (good,)
    assert await owned.get(7, poison.id) is None
    assert await owned.decide(7, poison.id, moved(Step.PREPARE), now=now) is None


# -- strangers ------------------------------------------------------------------------------------------------------


async def test_a_stranger_sees_and_decides_nothing(owned: OwnedJobStore, add: Add, now: datetime) -> None:
    job = await add()

    def never(row: Job) -> Transition:
        raise AssertionError(f"a stranger was shown job {row.id}")

    assert await owned.get(STRANGER, job.id) is None
    assert await owned.decide(STRANGER, job.id, never, now=now) is None
    nothing = JobOverview(unfinished=(), finished=(), used_today=0, running=0)
    assert await owned.overview(STRANGER, now=now) == nothing
    assert await owned.get(7, job.id) == job
