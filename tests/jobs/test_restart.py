"""Every step interrupted by a restart: before it, and after its act but before its row."""

from __future__ import annotations

import pytest

from bot.jobs.leased_job import LeasedJob, StepFunction, Steps
from bot.provider.client import ToapisClient
from bot.provider.task import Task
from bot.values.job import Job, Lane, Outcome, Step, Transition
from tests.jobs.harness import OWNER, JobHarness


class Killed(BaseException):
    """The process is gone. Not an Exception: nothing in the runner may handle it."""


STEPS = [Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER]


def killed_after(step: StepFunction) -> StepFunction:
    async def act_and_die(leased: LeasedJob) -> Transition | None:
        await step(leased)
        raise Killed

    return act_and_die


def killing(at: Step) -> object:
    def wrap(steps: Steps) -> Steps:
        return {**steps, at: killed_after(steps[at])} if at in steps else steps

    return wrap


async def die_at(harness: JobHarness, step: Step, job: Job) -> None:
    await harness.run_to(step, job)
    row = await harness.job(job)
    assert row.next_attempt_at is not None
    harness.clock.instant = max(harness.clock(), row.next_attempt_at)
    [claimed] = await harness.jobs.claim(
        harness.runner._engine.holder, now=harness.clock(), most=dict.fromkeys(Lane, 1)
    )
    with pytest.raises(Killed):
        await harness.runner._begin(claimed)


@pytest.mark.parametrize("step", STEPS)
async def test_a_restart_before_a_step_loses_nothing(harness: JobHarness, step: Step) -> None:
    job = await harness.ask()
    await harness.run_to(step, job)
    await harness.restart()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1
    assert len(await harness.cast()) == 1
    assert len(harness.courier.delivered) == 1


@pytest.mark.parametrize("step", [Step.PREPARE, Step.WATCH, Step.COLLECT])
async def test_a_kill_between_act_and_row_repeats_the_step_without_harm(harness: JobHarness, step: Step) -> None:
    harness.wrap_steps = killing(step)  # type: ignore[assignment] # a function over steps
    await harness.restart()
    job = await harness.ask()
    await die_at(harness, step, job)
    harness.wrap_steps = lambda steps: steps
    await harness.restart()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1
    assert len(await harness.cast()) == 1


async def test_a_kill_between_the_submissions_answer_and_its_row(harness: JobHarness, remembers: bool) -> None:
    harness.simulated.remembers_business_id = remembers
    harness.wrap_steps = killing(Step.SUBMIT)  # type: ignore[assignment] # a function over steps
    await harness.restart()
    job = await harness.ask()
    await die_at(harness, Step.SUBMIT, job)
    harness.wrap_steps = lambda steps: steps
    await harness.restart()
    await harness.run()
    assert len(harness.simulated.submissions) == 1
    expected = Outcome.SUCCEEDED if remembers else Outcome.UNKNOWN
    assert (await harness.job(job)).outcome is expected


async def test_a_kill_between_the_row_and_the_submission(
    harness: JobHarness, remembers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.simulated.remembers_business_id = remembers

    async def die(*_: object, **__: object) -> Task:
        raise Killed

    job = await harness.ask()
    with monkeypatch.context() as patch:
        patch.setattr(ToapisClient, "create_character", die)
        await die_at(harness, Step.SUBMIT, job)
    await harness.restart()
    await harness.run()
    row = await harness.job(job)
    assert row.outcome is Outcome.UNKNOWN
    assert harness.simulated.submissions == []  # never sent by itself
    await harness.job_service.send_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_a_kill_after_the_message_keeps_the_attempt_in_the_row(harness: JobHarness) -> None:
    harness.wrap_steps = killing(Step.DELIVER)  # type: ignore[assignment] # a function over steps
    await harness.restart()
    job = await harness.ask()
    await die_at(harness, Step.DELIVER, job)
    row = await harness.job(job)
    assert [attempt.nonce for attempt in row.deliveries] == [job.id]  # the courier finds the message by it
    harness.wrap_steps = lambda steps: steps
    await harness.restart()
    await harness.run()
    assert (await harness.job(job)).delivered_at is not None


async def test_a_day_of_darkness_loses_nothing(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    await harness.close()
    harness.clock.advance(20 * 3600)
    await harness.open()
    await harness.jobs.clear_leases()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
