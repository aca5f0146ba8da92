"""Watching a task: nothing but a final status ends it, and giving up on showing is not giving up on the result."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.values.job import Outcome, Step
from tests.jobs.harness import OWNER, JobHarness, with_limits

STATUS = "/v1/characters_tasks"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 401, 402, 403])
async def test_trouble_with_the_status_never_ends_a_paid_job(harness: JobHarness, status: int) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    harness.simulated.fail_next("GET", STATUS, status, times=6)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_a_task_that_both_paths_forgot_is_unknown_after_a_while_and_can_be_checked_again(
    harness: JobHarness,
) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    forgotten = dict(harness.simulated.tasks)
    harness.simulated.tasks.clear()
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.counted) == (Outcome.UNKNOWN, True)
    assert harness.courier.operators
    harness.simulated.tasks.update(forgotten)
    await harness.job_service.check_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_result_after_the_progress_stopped_is_still_delivered(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    harness.settings = with_limits(harness.settings, toapis={"show_progress_for": 60})
    await harness.restart()
    job = await harness.ask()
    await harness.run(3600)
    row = await harness.job(job)
    assert (row.step, row.progress) == (Step.WATCH, 50)
    assert row.next_attempt_at is not None
    assert row.next_attempt_at - row.updated_at <= timedelta(seconds=331)
    last = harness.courier.shown[-1]
    assert (last[1].startswith("Still running at ToAPIs"), last[2]) == (True, None)
    await harness.run(3600)
    assert harness.courier.shown[-1] == last  # the same words: the courier shows them once
    harness.simulated.hold_at(None)
    await harness.run(3600)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_task_without_an_end_is_unknown_and_can_be_checked_again(harness: JobHarness) -> None:
    harness.simulated.hold_at(99)
    harness.settings = with_limits(harness.settings, toapis={"show_progress_for": 60, "keep_watching_for": 3600})
    await harness.restart()
    job = await harness.ask()
    await harness.run(2 * 3600)
    done = await harness.job(job)
    assert (done.outcome, done.step) == (Outcome.UNKNOWN, Step.DONE)
    await harness.job_service.check_again(OWNER, job.id, harness.origin())
    await harness.run(60)
    assert (await harness.job(job)).outcome is Outcome.UNKNOWN  # one look, and the provider is not done
    harness.simulated.hold_at(None)
    harness.clock.advance(60)
    await harness.job_service.check_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 1


async def test_one_claim_is_one_query(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    await harness.run(5.5)
    before = len(harness.simulated.requests)
    row = await harness.job(job)
    assert row.next_attempt_at is not None
    harness.clock.instant = row.next_attempt_at
    assert await harness.runner.run_due() == 1
    assert len(harness.simulated.requests) == before + 1


async def test_progress_never_goes_back(harness: JobHarness) -> None:
    harness.simulated.hold_at(60)
    job = await harness.ask()
    await harness.run(120)
    assert (await harness.job(job)).progress == 60
    harness.simulated.hold_at(20)
    await harness.run(60)
    assert (await harness.job(job)).progress == 60


async def test_after_a_long_absence_one_failed_look_does_not_end_it(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    harness.clock.advance(30 * 3600)
    harness.simulated.fail_next("GET", "/v1/", 503, times=3)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_after_a_long_absence_a_task_that_still_runs_is_looked_at_for_a_while(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    job = await harness.ask(harness.task(harness.earlier_task()))
    await harness.run_to(Step.WATCH, job)
    harness.clock.advance(3 * 24 * 3600)
    await harness.run(600)
    assert (await harness.job(job)).outcome is None
    harness.simulated.hold_at(None)
    await harness.run(600)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_task_that_is_not_found_once_is_not_given_up(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    job = await harness.ask(harness.task(harness.earlier_task()))
    await harness.run(1800)
    harness.simulated.fail_next("GET", "/v1/", 404, times=2 * 3)  # on both status paths, three times
    await harness.run(600)
    assert (await harness.job(job)).step is Step.WATCH
    harness.simulated.hold_at(None)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert not harness.courier.operators


async def test_a_result_that_could_not_be_stored_is_collected_when_checked_again(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MOST_DEFECTS_PAID", 2)
    job = await harness.ask()
    await harness.run_to(Step.COLLECT, job)
    with monkeypatch.context() as patch:
        patch.setattr(harness.characters, "add_for_job", None)  # no callable: a defect
        await harness.run()
    broken = await harness.job(job)
    assert (broken.outcome, broken.result is not None) == (Outcome.UNKNOWN, True)
    harness.simulated.tasks.clear()
    await harness.job_service.check_again(OWNER, job.id, harness.origin())
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(await harness.cast()) == 1


async def test_a_full_disk_costs_the_picture_and_not_the_character(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    job = await harness.ask()
    await harness.run_to(Step.COLLECT, job)
    monkeypatch.setattr(harness.files, "put_path", full)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert (await harness.cast())[0].picture is None
