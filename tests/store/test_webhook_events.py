"""Webhook events: each once, waking the job they are about, or kept until it is known."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.store.database import Database
from bot.store.jobs import JobStore
from bot.store.webhook_events import WebhookEventStore
from bot.values.job import Job, JobChanges, Lane, Step

LATER = timedelta(seconds=30)
Add = Callable[..., Any]


@pytest.fixture
def events(database: Database) -> WebhookEventStore:
    return WebhookEventStore(database)


@pytest.fixture
async def watched(add: Add, now: datetime) -> Job:
    job: Job = await add(step=Step.WATCH, task_id="task_1", submit_started_at=now, next_attempt_at=now + LATER)
    return job


async def due(jobs: JobStore, job: Job) -> datetime | None:
    row = await jobs.get(job.id)
    assert row is not None
    return row.next_attempt_at


async def test_an_event_makes_its_job_due_by_either_id(
    events: WebhookEventStore, jobs: JobStore, add: Add, watched: Job, now: datetime
) -> None:
    unclear = await add(step=Step.SUBMIT, submit_started_at=now, next_attempt_at=now + LATER)
    assert await events.receive("evt_1", task_id="task_1", business_id=None, now=now)
    assert await due(jobs, watched) == now
    assert await events.receive("evt_2", task_id="task_2", business_id=unclear.id, now=now)
    assert await due(jobs, unclear) == now
    assert await events.task_of(unclear.id) == "task_2"


async def test_a_replay_wakes_nothing(events: WebhookEventStore, jobs: JobStore, watched: Job, now: datetime) -> None:
    woken = await asyncio.gather(
        *[events.receive("evt_1", task_id="task_1", business_id=None, now=now) for _ in range(10)]
    )
    assert sum(woken) == 1


async def test_only_jobs_that_wait_for_the_provider_are_woken(
    events: WebhookEventStore, jobs: JobStore, add: Add, now: datetime
) -> None:
    not_waiting: tuple[JobChanges, ...] = (
        {"step": Step.CHOOSE},
        {"step": Step.SUBMIT},  # nothing was sent yet
        {"step": Step.DONE, "next_attempt_at": None, "submit_started_at": now},
    )
    for number, fields in enumerate(not_waiting):
        job = await add(task_id=f"task_{number}", **{"next_attempt_at": now + LATER, **fields})
        assert not await events.receive(f"evt_{number}", task_id=job.task_id, business_id=job.id, now=now)
        assert await due(jobs, job) == job.next_attempt_at


async def test_an_event_without_ids_wakes_nobody(
    events: WebhookEventStore, jobs: JobStore, add: Add, now: datetime
) -> None:
    job = await add(step=Step.WATCH, submit_started_at=now, next_attempt_at=now + LATER)  # its task id is not known
    assert not await events.receive("evt", task_id=None, business_id=None, now=now)
    assert await due(jobs, job) == now + LATER


async def test_an_event_that_came_too_early_is_found_once(events: WebhookEventStore, now: datetime) -> None:
    await events.receive("evt_1", task_id="task_9", business_id=None, now=now)
    assert not await events.waiting_for("0" * 16, "task_8")
    assert await events.waiting_for("0" * 16, "task_9")
    assert not await events.waiting_for("0" * 16, "task_9")
    await events.receive("evt_2", task_id=None, business_id="1" * 16, now=now)
    assert await events.waiting_for("1" * 16, "task_7")


async def test_a_job_that_is_being_worked_on_finds_the_event_afterwards(
    events: WebhookEventStore, jobs: JobStore, watched: Job, now: datetime
) -> None:
    await jobs.claim("runner", now=now + LATER, most=dict.fromkeys(Lane, 1))
    assert not await events.receive("evt_1", task_id="task_1", business_id=None, now=now)
    assert await events.waiting_for(watched.id, "task_1")


async def test_old_events_are_forgotten(events: WebhookEventStore, now: datetime) -> None:
    await events.receive("evt_1", task_id="task_9", business_id=None, now=now)
    assert await events.sweep(now) == 0
    assert await events.sweep(now + LATER) == 1
    assert not await events.waiting_for("0" * 16, "task_9")
