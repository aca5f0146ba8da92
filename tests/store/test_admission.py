"""Who is begun at once, who stands in line, and in which order the line moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import limits
from bot.errors import QuotaReached
from bot.store.admission import AdmissionLimits, Waiting, admissions, in_turn
from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.quotas import Quota
from bot.values.job import Job, Lane, Outcome, Step, Transition
from tests.leases import lease_of

SECOND = timedelta(seconds=1)
TWO_EACH = Quota(running=2, waiting=3)
Add = Callable[..., Any]
NewJob = Callable[..., Job]


def everybodys(job: Job, number: int) -> Waiting:
    return Waiting(job_id=job.id, number=number, own=False)


def own(job: Job, number: int) -> Waiting:
    return Waiting(job_id=job.id, number=number, own=True)


# -- everybody's line -------------------------------------------------------------------------------------------------


async def test_whoever_finds_no_place_stands_in_line(jobs: JobStore, new_job: NewJob, now: datetime) -> None:
    first, second = [await jobs.add(new_job(owner_id=number), Quota(in_all=1)) for number in (1, 2)]
    assert (first.admitted_at, first.next_attempt_at) == (now, now)
    assert (second.admitted_at, second.next_attempt_at) == (None, None)
    assert [job.id for job in await jobs.claim("runner", now=now + SECOND, most=dict.fromkeys(Lane, 9))] == [first.id]
    assert await jobs.let_in(AdmissionLimits(in_all=1), now=now + SECOND) == (everybodys(second, 1),)  # still no place
    await jobs.release(
        first.id, await lease_of(jobs, first.id), Transition("test", {"outcome": Outcome.SUCCEEDED}), now=now + SECOND
    )
    assert await jobs.let_in(AdmissionLimits(in_all=1), now=now + SECOND) == ()
    admitted = await jobs.get(second.id)
    assert admitted is not None
    assert admitted.admitted_at == admitted.next_attempt_at == now + SECOND


async def test_nobody_gets_past_those_in_line(jobs: JobStore, new_job: NewJob, now: datetime, add: Add) -> None:
    running = await add(owner_id=1, lease_owner="runner")
    waiting = await jobs.add(new_job(owner_id=2), Quota(in_all=1))
    assert waiting.admitted_at is None
    await jobs.apply(running.id, running.lease, Transition("test", {"outcome": Outcome.FAILED}), now=now)
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


# -- a person's own line -----------------------------------------------------------------------------------------------


async def test_a_third_job_of_a_person_waits_and_keeps_nobody_else(
    jobs: JobStore, new_job: NewJob, now: datetime
) -> None:
    first, _, third, fourth = [
        await jobs.add(new_job(created_at=now + number * SECOND, next_attempt_at=now), TWO_EACH) for number in range(4)
    ]
    assert (third.admitted_at, third.next_attempt_at, third.is_queued) == (None, None, True)
    other = await jobs.add(new_job(owner_id=8), replace(TWO_EACH, in_all=3))
    assert other.admitted_at is not None
    assert await jobs.let_in(AdmissionLimits(each=2), now=now) == (own(third, 1), own(fourth, 2))
    await jobs.claim("runner", now=now, most=dict.fromkeys(Lane, 9))
    await jobs.release(
        first.id, await lease_of(jobs, first.id), Transition("test", {"outcome": Outcome.FAILED}), now=now
    )
    assert await jobs.let_in(AdmissionLimits(each=2), now=now + SECOND) == (own(fourth, 1),)
    admitted = await jobs.get(third.id)
    assert admitted is not None
    assert admitted.admitted_at == admitted.next_attempt_at == now + SECOND


async def test_the_line_of_a_person_has_an_end(jobs: JobStore, new_job: NewJob) -> None:
    for _ in range(5):
        await jobs.add(new_job(), TWO_EACH)
    with pytest.raises(QuotaReached, match="already have 5 running or waiting"):
        await jobs.add(new_job(), TWO_EACH)
    await jobs.add(new_job(owner_id=8), TWO_EACH)


async def test_who_waits_for_their_owner_takes_no_place_of_theirs_but_is_counted(
    jobs: JobStore, new_job: NewJob, add: Add
) -> None:
    for _ in range(4):
        await add(step=Step.CHOOSE)
    assert (await jobs.add(new_job(), TWO_EACH)).admitted_at is not None
    with pytest.raises(QuotaReached):
        await jobs.add(new_job(), TWO_EACH)


async def test_nobody_overtakes_their_own(jobs: JobStore, new_job: NewJob, add: Add, now: datetime) -> None:
    await add(owner_id=8)
    waiting = await jobs.add(new_job(), Quota(running=2, waiting=3, in_all=1))
    late = await jobs.add(new_job(created_at=now + SECOND), replace(TWO_EACH, running=1))
    assert (waiting.admitted_at, late.admitted_at) == (None, None)


async def test_those_who_wait_for_their_own_others_do_not_fill_everybodys_line(
    jobs: JobStore, new_job: NewJob, add: Add
) -> None:
    for owner in range(100, 110):
        for _ in range(4):
            await jobs.add(new_job(owner_id=owner), Quota(running=1, waiting=3, in_all=11))
    assert (await jobs.add(new_job(owner_id=1), Quota(running=1, in_all=11))).admitted_at is not None
    assert (await jobs.add(new_job(owner_id=2), Quota(running=1, in_all=11))).admitted_at is None


async def test_who_answers_a_question_while_enough_of_theirs_run_joins_the_line(
    jobs: JobStore, database: Database, add: Add, now: datetime
) -> None:
    asked = await add(step=Step.CHOOSE, created_at=now - SECOND)
    go_on = Transition("test", {"step": Step.PREPARE, "next_attempt_at": now})
    owned = OwnedJobStore(database)
    await add()
    job = await owned.decide(7, asked.id, lambda _: go_on, now=now, running=2)
    assert job is not None
    assert job.next_attempt_at == now
    await owned.decide(7, asked.id, lambda _: Transition("test", {"step": Step.CHOOSE}), now=now)
    await add()
    job = await owned.decide(7, asked.id, lambda _: go_on, now=now, running=2)
    assert job is not None
    assert (job.admitted_at, job.next_attempt_at) == (None, None)
    assert await jobs.let_in(AdmissionLimits(each=2), now=now) == (own(job, 1),)


@given(
    st.lists(st.integers(1, 5), max_size=25),
    st.dictionaries(st.integers(1, 5), st.integers(0, 4)),
    st.integers(0, 3),
    st.integers(0, 12),
)
def test_the_line_moves_as_far_as_the_limits_allow_and_no_further(
    owners: list[int], working: dict[int, int], each: int, in_all: int
) -> None:
    waiting = [(f"{place:02}", owner) for place, owner in enumerate(owners)]
    admission_state = admissions(waiting, working, AdmissionLimits(each=each, in_all=in_all))
    assert sorted([*admission_state.admitted, *(one.job_id for one in admission_state.waiting)]) == [
        job_id for job_id, _ in waiting
    ]
    at_work = dict(working)
    for job_id in admission_state.admitted:
        owner = dict(waiting)[job_id]
        at_work[owner] = at_work.get(owner, 0) + 1
        assert not each or at_work[owner] <= each
    total = sum(at_work.values())
    assert not admission_state.admitted or not in_all or total <= in_all
    for one in admission_state.waiting:
        owner = dict(waiting)[one.job_id]
        at_limit = each and at_work.get(owner, 0) >= each
        assert at_limit or (in_all and total >= in_all)
    for kind in (True, False):
        numbers = [one.number for one in admission_state.waiting if one.own is kind]
        assert kind or numbers == list(range(1, len(numbers) + 1))
