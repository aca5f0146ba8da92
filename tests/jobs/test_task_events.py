"""Webhooks wake jobs: the state is asked then, so that nothing in them has to be believed."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.jobs.task_events import TaskEvents
from bot.provider.webhooks import WebhookEvent
from bot.values.job import Job, Outcome, Step
from tests.jobs.harness import JobHarness, with_limits


@pytest.fixture
async def hooked(harness: JobHarness) -> JobHarness:
    """With a webhook secret, so that polling is the slow fallback."""
    harness.settings = with_limits(harness.settings, toapis={"webhook_secrets": (SecretStr("whsec"),)})
    await harness.restart()
    return harness


def sink(harness: JobHarness) -> TaskEvents:
    return TaskEvents(events=harness.events, workers=harness.runner, clock=harness.clock)


def event(number: int, job: Job, *, task_id: str | None = None, business: bool = True) -> WebhookEvent:
    return WebhookEvent(
        id=f"evt_{number}",
        type="generation.completed",
        task_id=task_id or job.task_id,
        business_id=job.id if business else None,
    )


async def watching(harness: JobHarness) -> Job:
    job = await harness.ask(harness.task(harness.earlier_task()))
    return await harness.run_to(Step.WATCH, job)


async def test_with_webhooks_the_provider_is_asked_less_often(hooked: JobHarness) -> None:
    job = await watching(hooked)
    hooked.simulated.hold_at(50)
    before = len(hooked.simulated.requests)
    await hooked.run(120)
    assert (await hooked.job(job)).step is Step.WATCH
    assert len(hooked.simulated.requests) - before <= 6  # every 30 seconds, not every 5


async def test_an_event_brings_the_result_at_once(hooked: JobHarness) -> None:
    job = await watching(hooked)
    hooked.simulated.hold_at(50)
    await hooked.run(40)
    hooked.simulated.hold_at(None)
    hooked.clock.advance(20)
    due = (await hooked.job(job)).next_attempt_at
    assert due is not None
    await sink(hooked).received(event(1, job))
    await hooked.runner.run_due()
    done = await hooked.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert done.finished_at is not None
    assert done.finished_at <= max(due, hooked.clock())


async def test_a_forged_event_changes_nothing(hooked: JobHarness) -> None:
    job = await watching(hooked)
    hooked.simulated.hold_at(50)
    await sink(hooked).received(event(1, job))
    await hooked.runner.run_due()
    still = await hooked.job(job)
    assert (still.step, still.outcome) == (Step.WATCH, None)


async def test_an_event_that_is_quicker_than_the_submissions_answer_is_not_lost(hooked: JobHarness) -> None:
    job = await hooked.ask(hooked.task(hooked.earlier_task()))
    hooked.simulated.seconds_per_task = 0
    await hooked.run_to(Step.SUBMIT, job)
    early = WebhookEvent(id="evt_0", type="generation.completed", task_id=None, business_id=job.id)
    await sink(hooked).received(early)
    asked_at = hooked.clock()
    await hooked.runner.run_due()
    assert hooked.clock() == asked_at  # no poll had to be waited for
    assert (await hooked.job(job)).outcome is Outcome.SUCCEEDED


async def test_an_unclear_submission_is_adopted_by_the_event_that_names_it(hooked: JobHarness) -> None:
    """The provider took it, its answer was lost, and it forgets our id: only the webhook says which task it is."""
    hooked.simulated.remembers_business_id = False
    hooked.simulated.drop_next("after_taken")
    job = await hooked.ask(hooked.task(hooked.earlier_task()))
    await hooked.run(1)
    unclear = await hooked.job(job)
    assert (unclear.step, unclear.task_id) == (Step.SUBMIT, None)
    [submission] = hooked.simulated.submissions
    await sink(hooked).received(event(1, unclear, task_id=submission.task_id))
    await hooked.run()
    done = await hooked.job(job)
    assert (done.outcome, done.task_id) == (Outcome.SUCCEEDED, submission.task_id)
    assert len(hooked.simulated.submissions) == 1


async def test_an_event_about_a_task_that_the_provider_does_not_know_is_not_adopted(hooked: JobHarness) -> None:
    hooked.simulated.remembers_business_id = False
    hooked.simulated.drop_next("after_taken")
    job = await hooked.ask(hooked.task(hooked.earlier_task()))
    await hooked.run(1)
    await sink(hooked).received(event(1, await hooked.job(job), task_id="task_made_up"))
    await hooked.run()
    assert (await hooked.job(job)).outcome is Outcome.UNKNOWN
