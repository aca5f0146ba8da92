"""Watching a task: nothing but a final status ends it, and giving up on showing is not giving up on the result."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.values.job import Outcome, Step
from tests.jobs.shop import OWNER, Shop, with_limits

STATUS = "/v1/characters_tasks"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 401, 402, 403])
async def test_trouble_with_the_status_never_ends_a_paid_job(shop: Shop, status: int) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    shop.simulated.fail_next("GET", STATUS, status, times=6)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_a_task_that_both_paths_forgot_is_unknown_after_a_while_and_can_be_checked_again(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    forgotten = dict(shop.simulated.tasks)
    shop.simulated.tasks.clear()
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.counted) == (Outcome.UNKNOWN, True)
    assert shop.courier.operators
    shop.simulated.tasks.update(forgotten)
    await shop.job_service.check_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_result_after_the_progress_stopped_is_still_delivered(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    shop.settings = with_limits(shop.settings, toapis={"show_progress_for": 60})
    await shop.restart()
    job = await shop.ask()
    await shop.run(3600)
    row = await shop.job(job)
    assert (row.step, row.progress) == (Step.WATCH, 50)
    assert row.next_attempt_at is not None
    assert row.next_attempt_at - row.updated_at <= timedelta(seconds=331)
    last = shop.courier.shown[-1]
    assert (last[1].startswith("Still running at ToAPIs"), last[2]) == (True, None)
    await shop.run(3600)
    assert shop.courier.shown[-1] == last  # the same words: the courier shows them once
    shop.simulated.hold_at(None)
    await shop.run(3600)
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_task_without_an_end_is_unknown_and_can_be_checked_again(shop: Shop) -> None:
    shop.simulated.hold_at(99)
    shop.settings = with_limits(shop.settings, toapis={"show_progress_for": 60, "keep_watching_for": 3600})
    await shop.restart()
    job = await shop.ask()
    await shop.run(2 * 3600)
    done = await shop.job(job)
    assert (done.outcome, done.step) == (Outcome.UNKNOWN, Step.DONE)
    await shop.job_service.check_again(OWNER, job.id, shop.origin())
    await shop.run(60)
    assert (await shop.job(job)).outcome is Outcome.UNKNOWN  # one look, and the provider is not done
    shop.simulated.hold_at(None)
    shop.clock.advance(60)
    await shop.job_service.check_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(shop.simulated.submissions) == 1


async def test_one_claim_is_one_query(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    await shop.run(5.5)
    before = len(shop.simulated.requests)
    row = await shop.job(job)
    assert row.next_attempt_at is not None
    shop.clock.instant = row.next_attempt_at
    assert await shop.runner.run_due() == 1
    assert len(shop.simulated.requests) == before + 1


async def test_progress_never_goes_back(shop: Shop) -> None:
    shop.simulated.hold_at(60)
    job = await shop.ask()
    await shop.run(120)
    assert (await shop.job(job)).progress == 60
    shop.simulated.hold_at(20)
    await shop.run(60)
    assert (await shop.job(job)).progress == 60


async def test_after_a_long_absence_one_failed_look_does_not_end_it(shop: Shop) -> None:
    job = await shop.ask()
    await shop.run_to(Step.WATCH, job)
    shop.clock.advance(30 * 3600)
    shop.simulated.fail_next("GET", "/v1/", 503, times=3)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_after_a_long_absence_a_task_that_still_runs_is_looked_at_for_a_while(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    job = await shop.ask(shop.task(shop.earlier_task()))
    await shop.run_to(Step.WATCH, job)
    shop.clock.advance(3 * 24 * 3600)
    await shop.run(600)
    assert (await shop.job(job)).outcome is None
    shop.simulated.hold_at(None)
    await shop.run(600)
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_task_that_is_not_found_once_is_not_given_up(shop: Shop) -> None:
    shop.simulated.hold_at(50)
    job = await shop.ask(shop.task(shop.earlier_task()))
    await shop.run(1800)
    shop.simulated.fail_next("GET", "/v1/", 404, times=2 * 3)  # on both status paths, three times
    await shop.run(600)
    assert (await shop.job(job)).step is Step.WATCH
    shop.simulated.hold_at(None)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert not shop.courier.operators


async def test_a_result_that_could_not_be_stored_is_collected_when_checked_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MOST_DEFECTS_PAID", 2)
    job = await shop.ask()
    await shop.run_to(Step.COLLECT, job)
    with monkeypatch.context() as patch:
        patch.setattr(shop.characters, "add_for_job", None)  # no callable: a defect
        await shop.run()
    broken = await shop.job(job)
    assert (broken.outcome, broken.result is not None) == (Outcome.UNKNOWN, True)
    shop.simulated.tasks.clear()
    await shop.job_service.check_again(OWNER, job.id, shop.origin())
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert len(await shop.cast()) == 1


async def test_a_full_disk_costs_the_picture_and_not_the_character(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    job = await shop.ask()
    await shop.run_to(Step.COLLECT, job)
    monkeypatch.setattr(shop.files, "put_path", full)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert (await shop.cast())[0].picture is None
