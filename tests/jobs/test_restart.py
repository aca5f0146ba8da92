"""Every step interrupted by a restart: before it, and after its act but before its row."""

from __future__ import annotations

import pytest

from bot.jobs.leased_job import LeasedJob, StepFunction, Steps
from bot.provider.client import ToapisClient
from bot.provider.task import Task
from bot.values.job import Job, Lane, Outcome, Step, Transition
from tests.jobs.shop import OWNER, Shop


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


async def die_at(shop: Shop, step: Step, job: Job) -> None:
    await shop.run_to(step, job)
    row = await shop.job(job)
    assert row.next_attempt_at is not None
    shop.clock.instant = max(shop.clock(), row.next_attempt_at)
    [claimed] = await shop.jobs.claim(shop.runner._engine.holder, now=shop.clock(), most=dict.fromkeys(Lane, 1))
    with pytest.raises(Killed):
        await shop.runner._begin(claimed)


@pytest.mark.parametrize("step", STEPS)
async def test_a_restart_before_a_step_loses_nothing(shop: Shop, step: Step) -> None:
    job = await shop.ask()
    await shop.run_to(step, job)
    await shop.restart()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1
    assert len(await shop.cast()) == 1
    assert len(shop.courier.delivered) == 1


@pytest.mark.parametrize("step", [Step.PREPARE, Step.WATCH, Step.COLLECT])
async def test_a_kill_between_act_and_row_repeats_the_step_without_harm(shop: Shop, step: Step) -> None:
    shop.wrap_steps = killing(step)  # type: ignore[assignment] # a function over steps
    await shop.restart()
    job = await shop.ask()
    await die_at(shop, step, job)
    shop.wrap_steps = lambda steps: steps
    await shop.restart()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1
    assert len(await shop.cast()) == 1


async def test_a_kill_between_the_submissions_answer_and_its_row(shop: Shop, remembers: bool) -> None:
    shop.simulated.remembers_business_id = remembers
    shop.wrap_steps = killing(Step.SUBMIT)  # type: ignore[assignment] # a function over steps
    await shop.restart()
    job = await shop.ask()
    await die_at(shop, Step.SUBMIT, job)
    shop.wrap_steps = lambda steps: steps
    await shop.restart()
    await shop.run()
    assert len(shop.simulated.submissions) == 1
    expected = Outcome.SUCCEEDED if remembers else Outcome.UNKNOWN
    assert (await shop.job(job)).outcome is expected


async def test_a_kill_between_the_row_and_the_submission(
    shop: Shop, remembers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.simulated.remembers_business_id = remembers

    async def die(*_: object, **__: object) -> Task:
        raise Killed

    job = await shop.ask()
    with monkeypatch.context() as patch:
        patch.setattr(ToapisClient, "create_character", die)
        await die_at(shop, Step.SUBMIT, job)
    await shop.restart()
    await shop.run()
    row = await shop.job(job)
    assert row.outcome is Outcome.UNKNOWN
    assert shop.simulated.submissions == []  # never sent by itself
    await shop.job_service.send_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_a_kill_after_the_message_keeps_the_attempt_in_the_row(shop: Shop) -> None:
    shop.wrap_steps = killing(Step.DELIVER)  # type: ignore[assignment] # a function over steps
    await shop.restart()
    job = await shop.ask()
    await die_at(shop, Step.DELIVER, job)
    row = await shop.job(job)
    assert [attempt.nonce for attempt in row.deliveries] == [job.id]  # the courier finds the message by it
    shop.wrap_steps = lambda steps: steps
    await shop.restart()
    await shop.run()
    assert (await shop.job(job)).delivered_at is not None


async def test_a_day_of_darkness_loses_nothing(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    await shop.close()
    shop.clock.advance(20 * 3600)
    await shop.open()
    await shop.jobs.clear_leases()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
