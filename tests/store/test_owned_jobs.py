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
from sqlalchemy import event

from bot.errors import QuotaReached
from bot.store.database import Database
from bot.store.jobs import JobOverview, JobStore, LeaseLost
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import (
    CharacterRequest,
    DeliveryAttempt,
    DeliveryRoute,
    Job,
    JobKind,
    Origin,
    Outcome,
    Question,
    Seen,
    Step,
)
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange
from bot.values.video import Concern, Findings

SECOND = timedelta(seconds=1)
AS_THEY_CAME = Seen(sha256="ab" * 32)
STRANGER = 666
Add = Callable[..., Any]
LEASED: dict[str, Any] = {"lease_owner": "runner"}


@pytest.fixture
def elsewhere(origin: Origin, now: datetime) -> Origin:
    return replace(origin, channel_id=99, token="a new token", token_at=now + SECOND)


def knowingly(request: CharacterRequest) -> CharacterRequest:
    return replace(request, another=True)


# -- cancel ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [Step.PREPARE, Step.CHOOSE, Step.SUBMIT])
async def test_a_job_is_cancelled_before_its_submission(
    jobs: JobStore, add: Add, now: datetime, origin: Origin, step: Step
) -> None:
    job = await add(step=step, **LEASED, lease_until=now + SECOND)
    cancelled = await jobs.cancel(7, job.id, now=now + SECOND)
    assert cancelled == replace(
        job,
        step=Step.DONE,
        outcome=Outcome.CANCELLED,
        counted=False,
        next_attempt_at=None,
        lease_owner=None,
        lease_until=None,
        origin=replace(origin, token=None),
        finished_at=now + SECOND,
        updated_at=now + SECOND,
    )
    assert await jobs.get(job.id) == cancelled
    with pytest.raises(LeaseLost):  # the step that was at work on it cannot submit any more
        await jobs.change(job.id, "runner", {"submit_started_at": now}, now=now)


@pytest.mark.parametrize(
    "fields",
    [
        {"step": Step.SUBMIT, "submit_started_at": datetime.fromisoformat("2026-03-14T12:00:00Z")},
        *({"step": step} for step in (Step.WATCH, Step.COLLECT, Step.DELIVER, Step.DONE)),
        {"step": Step.SUBMIT, "outcome": Outcome.UNKNOWN},
    ],
)
async def test_a_job_past_that_is_not_cancelled(
    jobs: JobStore, add: Add, now: datetime, fields: dict[str, Any]
) -> None:
    job = await add(**fields)
    assert not job.may_be_cancelled
    assert await jobs.cancel(7, job.id, now=now) is None
    assert await jobs.get(job.id) == job


async def test_of_a_cancellation_and_a_submission_one_wins(jobs: JobStore, add: Add, now: datetime) -> None:
    for _ in range(10):
        job = await add(step=Step.SUBMIT, **LEASED)
        cancelled, submitted = await asyncio.gather(
            jobs.cancel(7, job.id, now=now),
            jobs.change(job.id, "runner", {"submit_started_at": now}, now=now),
            return_exceptions=True,
        )
        assert (cancelled is None) != isinstance(submitted, LeaseLost)


# -- answer ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", Question)
async def test_an_answer_sends_the_job_back_to_be_prepared(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, question: Question
) -> None:
    job = await add(step=Step.CHOOSE, question=question, attempts=3, next_attempt_at=now + SECOND, **LEASED)
    answered = await jobs.answer(7, job.id, question, elsewhere, amend=knowingly, now=now)
    assert answered == replace(
        job,
        step=Step.PREPARE,
        question=None,
        attempts=0,
        next_attempt_at=now,
        origin=elsewhere,
        lease_owner=None,
        request=replace(job.request, another=True),
    )
    assert await jobs.get(job.id) == answered
    assert await jobs.answer(7, job.id, question, elsewhere, amend=knowingly, now=now) is None  # pressed twice


@pytest.mark.parametrize("question", Question)
async def test_only_the_question_that_is_open_is_answered(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, question: Question
) -> None:
    others = set(Question) - {question}
    for job in (
        *[await add(step=Step.CHOOSE, question=other) for other in others],
        await add(step=Step.CHOOSE),
        await add(step=Step.SUBMIT, question=question),
        await add(step=Step.DONE, question=question),
    ):
        assert await jobs.answer(7, job.id, question, elsewhere, amend=knowingly, now=now) is None
        assert await jobs.get(job.id) == job


async def test_what_was_found_in_other_seconds_is_forgotten(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin
) -> None:
    findings = Findings(concerns=(Concern.SILENT,), faces=True)
    seen = Seen(sha256="ab", findings=findings)
    same = await add(step=Step.CHOOSE, question=Question.CONCERNS, seen=seen)
    answered = await jobs.answer(7, same.id, Question.CONCERNS, elsewhere, amend=knowingly, now=now)
    assert answered is not None
    assert answered.seen == seen
    other = await add(step=Step.CHOOSE, question=Question.SECONDS, seen=seen)
    chosen = TimeRange.parse("4-6")
    answered = await jobs.answer(
        7, other.id, Question.SECONDS, elsewhere, amend=lambda request: replace(request, range=chosen), now=now
    )
    assert answered is not None
    assert (answered.request.range, answered.seen) == (chosen, Seen(sha256="ab"))


@pytest.mark.parametrize("question", [Question.SECONDS, Question.CONCERNS])
async def test_the_seconds_are_picked_again(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, question: Question
) -> None:
    findings = Findings(concerns=(Concern.NO_SUBJECT,), faces=True)
    job = await add(step=Step.CHOOSE, question=question, seen=Seen(sha256="ab", findings=findings), **LEASED)
    assert await jobs.pick(STRANGER, job.id, elsewhere, now=now) is None
    picking = await jobs.pick(7, job.id, elsewhere, now=now)
    assert picking == replace(
        job,
        question=Question.SECONDS,
        request=replace(job.request, range=None),
        seen=Seen(sha256="ab"),
        origin=elsewhere,
        attempts=0,
        next_attempt_at=now,
        lease_owner=None,
    )


async def test_nothing_is_picked_where_nothing_waits_for_it(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin
) -> None:
    for job in (
        await add(step=Step.CHOOSE, question=Question.CONSENT),
        await add(step=Step.SUBMIT),
        await add(step=Step.DONE, question=Question.SECONDS),
    ):
        assert await jobs.pick(7, job.id, elsewhere, now=now) is None
        assert await jobs.get(job.id) == job


# -- resume ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def ended(now: datetime) -> dict[str, Any]:
    """The fields of a job whose submission is unclear and whose owner was told so."""
    return {
        "step": Step.DONE,
        "outcome": Outcome.UNKNOWN,
        "failure": text("This may have been charged."),
        "attempts": 4,
        "next_attempt_at": None,
        "submit_started_at": now - SECOND,
        "lookups": 4,
        "task_id": "task_x",
        "progress": 50,
        "deliveries": (DeliveryAttempt(path=DeliveryRoute.DM, channel_id=1, nonce="n", at=now),),
        "delivered_at": now,
        "finished_at": now,
    }


async def test_a_job_is_watched_again(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, ended: dict[str, Any]
) -> None:
    job = await add(**ended)
    resumed = await jobs.resume(
        7,
        job.id,
        outcome=Outcome.UNKNOWN,
        step=Step.WATCH,
        origin=elsewhere,
        now=now,
        forget_submission=False,
        running_limit=0,
    )
    assert resumed == replace(
        job,
        step=Step.WATCH,
        outcome=None,
        failure=None,
        finished_at=None,
        attempts=0,
        next_attempt_at=now,
        origin=elsewhere,
        deliveries=(),
        delivered_at=None,
    )
    assert await jobs.get(job.id) == resumed


async def test_a_job_is_sent_again(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, ended: dict[str, Any]
) -> None:
    job = await add(**ended)
    resumed = await jobs.resume(
        7,
        job.id,
        outcome=Outcome.UNKNOWN,
        step=Step.SUBMIT,
        origin=elsewhere,
        now=now,
        forget_submission=True,
        running_limit=0,
    )
    assert resumed is not None
    assert (resumed.step, resumed.outcome, resumed.submit_started_at) == (Step.SUBMIT, None, None)
    assert (resumed.lookups, resumed.task_id, resumed.maybe_charged, resumed.progress) == (0, None, True, 0)


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, None])
async def test_a_job_is_delivered_again_with_the_end_it_had(
    jobs: JobStore,
    add: Add,
    now: datetime,
    elsewhere: Origin,
    ended: dict[str, Any],
    outcome: Outcome | None,
) -> None:
    job = await add(**ended | {"delivered_at": None})
    resumed = await jobs.resume(
        7,
        job.id,
        outcome=outcome,
        step=Step.DELIVER,
        origin=elsewhere,
        now=now,
        forget_submission=False,
        running_limit=0,
    )
    assert resumed == replace(job, step=Step.DELIVER, attempts=0, next_attempt_at=now, origin=elsewhere, deliveries=())


async def test_only_a_done_job_with_that_outcome_is_resumed(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, ended: dict[str, Any]
) -> None:
    for fields in ({"outcome": Outcome.FAILED}, {"outcome": Outcome.SUCCEEDED}, {"step": Step.DELIVER}):
        job = await add(**ended | fields)
        resumed = await jobs.resume(
            7,
            job.id,
            outcome=Outcome.UNKNOWN,
            step=Step.WATCH,
            origin=elsewhere,
            now=now,
            forget_submission=False,
            running_limit=0,
        )
        assert resumed is None
        assert await jobs.get(job.id) == job


async def test_a_resumed_job_takes_a_place_unless_it_is_only_delivered(
    jobs: JobStore, add: Add, now: datetime, elsewhere: Origin, ended: dict[str, Any]
) -> None:
    await add()
    job = await add(**ended | {"delivered_at": None})
    where: dict[str, Any] = {"outcome": None, "origin": elsewhere, "now": now, "running_limit": 1}
    for step in (Step.WATCH, Step.SUBMIT):
        with pytest.raises(QuotaReached, match="1 at a time"):
            await jobs.resume(7, job.id, step=step, forget_submission=step is Step.SUBMIT, **where)
    assert await jobs.resume(7, job.id, step=Step.DELIVER, forget_submission=False, **where) is not None


async def test_a_job_that_may_have_been_charged_is_not_cancelled(jobs: JobStore, add: Add, now: datetime) -> None:
    job = await add(step=Step.SUBMIT, maybe_charged=True)
    assert not job.may_be_cancelled
    assert await jobs.cancel(7, job.id, now=now) is None


# -- the same again -------------------------------------------------------------------------------------------------


FILE = StoredFile(key="work/1/source", sha256="ab" * 32, size=100, mime="video/mp4")


@pytest.fixture
def same(jobs: JobStore, now: datetime) -> Callable[..., Any]:
    async def same(**changed: Any) -> Job | None:
        wanted = {
            "owner_id": 7,
            "but": "f" * 16,
            "sha256": FILE.sha256,
            "task_id": None,
            "range": TimeRange(Decimal("1.0"), Decimal("3.00")),  # the same seconds, otherwise written
            "since": now,
        }
        return await jobs.same_recently(**wanted | changed)  # type: ignore[arg-type]  # a mixed dictionary

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
    request = replace(new_job().request, source=EarlierTask(task_id="task_1"))
    job = await add(request=request)
    assert await same(sha256=None, task_id="task_1") == job
    assert await same(sha256=None, task_id="task_2") is None


# -- overview -------------------------------------------------------------------------------------------------------


async def test_the_overview_has_all_that_matters(jobs: JobStore, add: Add, now: datetime) -> None:
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
    assert await jobs.overview(7, now=day, finished=2) == JobOverview(
        unfinished=(first, second), finished=(newer, older, kept), used_today=3, running=1
    )
    assert len((await jobs.overview(7, now=day)).finished) == 5


async def test_results_that_wait_are_found_newest_first_and_nobody_elses(
    jobs: JobStore, add: Add, now: datetime
) -> None:
    done = {"step": Step.DONE, "outcome": Outcome.FAILED, "next_attempt_at": None}
    older = await add(**done)
    newer = await add(**done | {"outcome": Outcome.UNKNOWN}, created_at=now + SECOND)
    await add(**done, delivered_at=now)
    await add(**done | {"outcome": Outcome.CANCELLED})
    await add(**done | {"kind": JobKind.PREVIEW})
    await add(step=Step.DELIVER, outcome=Outcome.SUCCEEDED)
    await add(**done, owner_id=STRANGER)
    assert await jobs.pending_results(7) == [newer.id, older.id]


async def test_looking_for_results_that_wait_reads_the_owners_jobs_alone(jobs: JobStore, database: Database) -> None:
    origin: list[tuple[str, Any]] = []
    assert database._reader is not None
    event.listen(
        database._reader.sync_engine,
        "before_cursor_execute",
        lambda _c, _u, statement, parameters, *_: origin.append((statement, parameters)),
    )
    await jobs.pending_results(7)
    ((statement, parameters),) = [each for each in origin if "FROM jobs" in each[0]]
    async with database.read() as connection:
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert plan[0] == "SEARCH jobs USING INDEX ix_jobs_owner_id_created_at (owner_id=?)"


async def test_a_row_that_cannot_be_read_does_not_hide_the_others(
    jobs: JobStore, add: Add, now: datetime, database_path: Path, elsewhere: Origin
) -> None:
    good = await add()
    poison = await add(step=Step.CHOOSE, question=Question.SAME_AGAIN)
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE jobs SET request = '{' WHERE id = ?", [poison.id])
    raw.close()
    overview = await jobs.overview(7, now=now)
    assert overview.unfinished == (good,)
    assert await jobs.owned(7, poison.id) is None
    assert await jobs.answer(7, poison.id, Question.SAME_AGAIN, elsewhere, amend=knowingly, now=now) is None


# -- strangers ------------------------------------------------------------------------------------------------------


async def test_a_strangers_hands_stay_off(jobs: JobStore, add: Add, now: datetime, elsewhere: Origin) -> None:
    running = await add()
    asking = await add(step=Step.CHOOSE, question=Question.SAME_AGAIN)
    agreeing = await add(step=Step.CHOOSE, question=Question.CONSENT)
    unclear = await add(step=Step.DONE, outcome=Outcome.UNKNOWN)
    assert await jobs.owned(STRANGER, running.id) is None
    assert await jobs.cancel(STRANGER, running.id, now=now) is None
    assert await jobs.answer(STRANGER, asking.id, Question.SAME_AGAIN, elsewhere, amend=knowingly, now=now) is None
    assert await jobs.answer(STRANGER, agreeing.id, Question.CONSENT, elsewhere, amend=knowingly, now=now) is None
    resumed = await jobs.resume(
        STRANGER,
        unclear.id,
        outcome=None,
        step=Step.WATCH,
        origin=elsewhere,
        now=now,
        forget_submission=True,
        running_limit=0,
    )
    assert resumed is None
    nothing = JobOverview(unfinished=(), finished=(), used_today=0, running=0)
    assert await jobs.overview(STRANGER, now=now) == nothing
    for job in (running, asking, agreeing, unclear):
        assert await jobs.owned(7, job.id) == job
