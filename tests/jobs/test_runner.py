"""The runner: leases, places, defects, waking, stopping."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import make_url
from structlog.testing import capture_logs

from bot import limits
from bot.jobs import transitions
from bot.jobs.leased_job import LeasedJob, Steps
from bot.jobs.runner import Runner
from bot.store.log_sync import LogSync
from bot.values.job import Job, JobKind, Lane, Outcome, Step, Transition
from tests.jobs.harness import OWNER, JobHarness
from tests.patience import PATIENCE


def only(
    prepare: Callable[[LeasedJob], Awaitable[Transition | None]],
    **others: Callable[[LeasedJob], Awaitable[Transition | None]],
) -> Steps:
    """Steps of which just the first matters; what follows ends the job."""

    async def finish(leased: LeasedJob) -> Transition | None:
        return Transition("test", {"step": Step.DONE, "next_attempt_at": None})

    steps = dict.fromkeys(Step, finish)
    return steps | {Step.PREPARE: prepare} | {Step(name): step for name, step in others.items()}


async def done(leased: LeasedJob) -> Transition:
    return Transition("test", {"step": Step.DONE, "next_attempt_at": None, "outcome": Outcome.SUCCEEDED})


async def started(harness: JobHarness, count: int = 1) -> list[Job]:
    return [await harness.ask(owner=OWNER + number) for number in range(count)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


async def test_new_work_is_begun_at_once(harness: JobHarness) -> None:
    begun = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    harness.job_service._workers = runner
    await runner.start()
    await asyncio.sleep(0)  # it sleeps for LONGEST_NAP now unless it is woken
    await harness.ask()
    await asyncio.wait_for(begun.wait(), PATIENCE)
    await runner.stop()
    assert not runner.alive


async def test_nothing_is_done_for_a_job_that_is_held(harness: JobHarness) -> None:
    begun: list[str] = []

    async def step(leased: LeasedJob) -> Transition | None:
        begun.append(leased.job.id)
        return await done(leased)

    runner = harness.runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    held, other = await started(harness, 2)
    with runner.hold(held.id):
        with runner.hold(held.id):  # by two presses at once
            await runner.run_due()
        await runner.run_due()
        assert begun == [other.id]
    await runner.run_due()
    assert begun == [other.id, held.id]


async def test_a_job_that_is_held_no_longer_is_begun_at_once(harness: JobHarness) -> None:
    begun = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    harness.job_service._workers = runner
    (job,) = await started(harness, 1)
    with harness.job_service.held(job.id):
        await runner.start()
        await asyncio.sleep(0.1)
        assert not begun.is_set()
    await asyncio.wait_for(begun.wait(), PATIENCE)
    await runner.stop()


async def test_a_job_that_waits_takes_no_place(harness: JobHarness) -> None:
    first, second = await started(harness, 2)
    order: list[str] = []

    async def step(leased: LeasedJob) -> Transition | None:
        order.append(leased.job.id)
        if leased.job.id == first.id and leased.job.attempts == 1:
            return transitions.retried(leased.job, leased.now, timedelta(seconds=60))
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)}, tasks=1)
    await runner.run_due()
    assert sorted(order) == sorted([first.id, second.id])
    assert (await harness.job(second)).step is Step.DONE
    harness.clock.advance(60)
    await runner.run_due()
    assert order[2:] == [first.id]


async def test_no_more_steps_at_once_than_there_are_places(harness: JobHarness) -> None:
    await started(harness, 7)
    running = most = 0
    breaker = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await breaker.wait()
        running -= 1
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)}, tasks=3)
    await runner.start()
    await until(lambda: running == 3)
    breaker.set()
    await until(lambda: not runner._working)
    await runner.stop()
    assert most == 3


async def test_two_runners_never_do_the_same_step(harness: JobHarness) -> None:
    jobs = await started(harness, 6)
    seen: list[str] = []

    async def step(leased: LeasedJob) -> Transition | None:
        seen.append(leased.job.id)
        await asyncio.sleep(0.01)
        return await done(leased)

    runners = [harness.new_runner({JobKind.CHARACTER: only(step)}) for _ in range(3)]
    await asyncio.gather(*(runner.run_due() for runner in runners))
    assert sorted(seen) == sorted(job.id for job in jobs)


async def test_a_defect_is_this_jobs_trouble_alone(harness: JobHarness, caplog: pytest.LogCaptureFixture) -> None:
    bad, good = await started(harness, 2)

    async def step(leased: LeasedJob) -> Transition | None:
        if leased.job.id == bad.id:
            raise RuntimeError("a defect")
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.run_due()
    assert (await harness.job(good)).outcome is Outcome.SUCCEEDED
    assert (await harness.job(bad)).outcome is None
    for _ in range(limits.MOST_DEFECTS):
        harness.clock.advance(600)
        await runner.run_due()
    row = await harness.job(bad)
    assert row.outcome is Outcome.FAILED
    assert "ID" in str(row.failure)


async def test_a_defect_after_the_submission_is_unknown_not_failed(harness: JobHarness) -> None:
    [job] = await started(harness)

    async def step(leased: LeasedJob) -> Transition | None:
        await leased.apply(Transition("test", {"submit_started_at": leased.now, "step": Step.SUBMIT}))
        raise RuntimeError("a defect")

    runner = harness.new_runner({JobKind.CHARACTER: only(step, submit=step)})
    for _ in range(limits.MOST_DEFECTS):
        await runner.run_due()
        harness.clock.advance(600)
    row = await harness.job(job)
    assert row.outcome is Outcome.UNKNOWN
    assert "may have been charged" in str(row.failure)


async def test_a_defect_in_the_delivery_leaves_the_result_in_tasks(harness: JobHarness) -> None:
    [job] = await started(harness)

    async def broken(leased: LeasedJob) -> Transition | None:
        raise RuntimeError("a defect")

    async def step(leased: LeasedJob) -> Transition | None:
        return Transition(
            "test", {"step": Step.DELIVER, "attempts": 0, "next_attempt_at": leased.now, "outcome": Outcome.SUCCEEDED}
        )

    runner = harness.new_runner({JobKind.CHARACTER: only(step, deliver=broken)})
    for _ in range(limits.MOST_DEFECTS + 1):
        await runner.run_due()
        harness.clock.advance(600)
    row = await harness.job(job)
    assert (row.step, row.outcome, row.undelivered) == (Step.DONE, Outcome.SUCCEEDED, True)


async def test_a_step_that_lost_its_lease_writes_nothing(harness: JobHarness) -> None:
    [job] = await started(harness)
    wrote = False

    async def step(leased: LeasedJob) -> Transition | None:
        nonlocal wrote
        await harness.jobs.release_all(runner._engine.holder)
        await leased.note({"progress": 50})
        wrote = True
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    assert len(await runner._claim()) == 1
    await harness.jobs.release_all(runner._engine.holder)
    [claimed] = await runner._claim()
    await runner._begin(claimed)
    assert not wrote
    assert (await harness.job(job)).progress == 0


async def test_a_renewal_that_finds_the_lease_gone_cancels_the_step(harness: JobHarness) -> None:
    [job] = await started(harness)
    cancelled = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return None

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    await until(lambda: job.id in runner._working)
    harness.clock.advance(10)
    await runner.renew()
    row = await harness.job(job)
    lease = limits.SHARED_LEASE if harness.database.shared else limits.LEASE
    assert row.lease_until == harness.clock() + lease
    assert not cancelled.is_set()
    await harness.job_service.cancel(job.owner_id, job.id)
    await runner.renew()
    await asyncio.wait_for(cancelled.wait(), PATIENCE)
    await runner.stop()
    assert (await harness.job(job)).outcome is Outcome.CANCELLED


async def test_stopping_lets_a_running_step_finish(harness: JobHarness) -> None:
    [job] = await started(harness)
    begun = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        await asyncio.sleep(0.05)
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    assert runner.alive
    await begun.wait()
    await runner.stop()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_stopping_cancels_a_late_step_and_gives_its_lease_back(harness: JobHarness) -> None:
    [job] = await started(harness)
    begun = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    await begun.wait()
    await runner.stop(timedelta(seconds=0.05))
    row = await harness.job(job)
    assert (row.step, row.lease_owner) == (Step.PREPARE, None)
    other: Runner = harness.new_runner({JobKind.CHARACTER: only(done)})
    assert await other.run_due() == 1


async def test_the_loop_outlives_a_fault_of_the_database(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = harness.jobs.claim
    faults, claimed = 2, []

    async def faulty(*args: object, **kwargs: object) -> list[Job]:
        nonlocal faults
        if faults:
            faults -= 1
            raise OSError("disk I/O error")
        found = await claim(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came
        claimed.extend(found)
        return found

    monkeypatch.setattr(harness.jobs, "claim", faulty)
    [job] = await started(harness)
    runner = harness.new_runner({JobKind.CHARACTER: only(done)})
    await runner.start()
    for _ in range(3):
        await asyncio.sleep(0.02)
        runner.wake()
    await until(lambda: bool(claimed) and not runner._working)
    assert runner.alive
    await runner.stop()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_busy_loop_begins_a_few_steps_at_a_time(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that comes in the middle of many jobs waits for a few of their steps, not for all of them."""
    jobs = await started(harness, 3 * limits.BEGUN_AT_ONCE)
    working = most = 0

    async def step(leased: LeasedJob) -> Transition:
        nonlocal working, most
        working += 1
        most = max(most, working)
        for _ in range(10):
            began = time.thread_time()
            while time.thread_time() - began < limits.LOOP_BUSY:  # it computes
                pass
            await asyncio.sleep(0)
        working -= 1
        return await done(leased)

    monkeypatch.setattr("bot.limits.LOOP_KEEPS_UP_WITHIN", 3600.0)
    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    async with asyncio.timeout(PATIENCE):
        while not all([(await harness.job(job)).outcome for job in jobs]):
            await asyncio.sleep(0.1)
    await runner.stop()
    assert most <= limits.BEGUN_AT_ONCE


async def test_few_new_jobs_are_begun_while_commands_keep_coming(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paid ones go on, new ones get a guaranteed share, and the runner does as much as usual once it is quiet."""
    monkeypatch.setattr(limits, "ROUND_BESIDE_ANSWERS", 0.01)
    claim, asked = harness.jobs.claim, []

    async def watched(*args: Any, most: Mapping[Lane, int], **kwargs: Any) -> list[Job]:
        asked.append(most)
        return await claim(*args, most=most, **kwargs)

    monkeypatch.setattr(harness.jobs, "claim", watched)
    jobs = await started(harness, 3)
    runner = harness.new_runner({JobKind.CHARACTER: only(done)})
    with harness.database.foreground.waits():
        await runner.start()
        async with asyncio.timeout(PATIENCE):
            while not all([(await harness.job(job)).outcome for job in jobs]):
                await asyncio.sleep(0.01)
        beside_answers = list(asked)
    async with asyncio.timeout(PATIENCE):
        while asked[-1] == beside_answers[-1]:
            runner.wake()
            await asyncio.sleep(0.01)
    await runner.stop()
    share = {Lane.UNSUBMITTED: limits.NEW_BESIDE_ANSWERS, Lane.SUBMITTED: limits.PAID_BESIDE_ANSWERS}
    assert all(most == share for most in beside_answers)
    assert asked[-1] == dict.fromkeys(Lane, limits.BEGUN_AT_ONCE)


async def test_an_interrupted_step_stops_at_once(harness: JobHarness) -> None:
    [job] = await started(harness)
    begun = asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        await asyncio.Event().wait()
        return None

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    await begun.wait()
    await runner.interrupt(job.id)
    await runner.interrupt("0123456789abcdef")  # nothing of this name is being done
    assert job.id not in runner._working
    await runner.stop()


async def test_what_a_step_did_is_written_though_the_database_fails_for_a_while(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.step_execution.backoff", lambda *_, **__: timedelta())
    [job] = await started(harness)
    release, faults = harness.jobs.release, 3

    async def faulty(*args: object, **kwargs: object) -> Job:
        nonlocal faults
        if faults:
            faults -= 1
            raise OSError("disk I/O error")
        return await release(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(harness.jobs, "release", faulty)
    times = 0

    async def step(leased: LeasedJob) -> Transition | None:
        nonlocal times
        times += 1
        return Transition("test", {**(await done(leased)).changes, "task_id": "task_paid"})

    await harness.new_runner({JobKind.CHARACTER: only(step)}).run_due()
    assert (times, (await harness.job(job)).task_id) == (1, "task_paid")


async def test_what_a_step_did_is_written_though_it_is_cancelled_then(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = await started(harness)
    release = harness.jobs.release
    writing, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*args: object, **kwargs: object) -> Job:
        writing.set()
        await go_on.wait()
        return await release(*args, **kwargs)  # type: ignore[arg-type] # passed on as they came

    monkeypatch.setattr(harness.jobs, "release", slow)

    async def step(leased: LeasedJob) -> Transition | None:
        return Transition("test", {**(await done(leased)).changes, "task_id": "task_paid"})

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    await writing.wait()
    stopping = asyncio.create_task(runner.stop(timedelta()))
    await asyncio.sleep(0.05)
    assert not stopping.done()
    go_on.set()
    await stopping
    assert (await harness.job(job)).task_id == "task_paid"


async def test_defects_count_only_in_a_row(harness: JobHarness) -> None:
    [job] = await started(harness)

    async def step(leased: LeasedJob) -> Transition | None:
        if leased.job.attempts % 4:
            raise RuntimeError("a defect")
        return transitions.retried(leased.job, leased.now, timedelta(seconds=1))

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    for _ in range(4 * limits.MOST_DEFECTS):
        await runner.run_due()
        harness.clock.advance(600)
    assert (await harness.job(job)).outcome is None


async def test_a_paid_job_is_not_given_up_for_a_few_defects(harness: JobHarness) -> None:
    [job] = await started(harness)

    async def step(leased: LeasedJob) -> Transition | None:
        if leased.job.task_id is None:
            await leased.apply(
                Transition("test", {"task_id": "task_paid", "submit_started_at": leased.now, "step": Step.WATCH})
            )
        raise RuntimeError("a defect")

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    for _ in range(3 * limits.MOST_DEFECTS):
        await runner.run_due()
        harness.clock.advance(3600)
    assert (await harness.job(job)).outcome is None


async def test_leases_are_renewed_while_a_step_goes_on(harness: JobHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LEASE_RENEWAL", "SHARED_LEASE_RENEWAL"):
        monkeypatch.setattr(f"bot.limits.{name}", timedelta(seconds=0.02))
    [job] = await started(harness)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def step(leased: LeasedJob) -> Transition | None:
        begun.set()
        await go_on.wait()
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    await runner.start()
    await begun.wait()
    before = (await harness.job(job)).lease_until
    harness.clock.advance(10)
    async with asyncio.timeout(PATIENCE):
        while (await harness.job(job)).lease_until == before:
            await asyncio.sleep(0.02)
    go_on.set()
    await runner.stop()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


@pytest.mark.sqlite_only("it is what waits for a disk of ours")
async def test_a_lease_that_was_given_back_is_not_told_as_lost(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    [job] = await started(harness)
    reached, go_on = asyncio.Event(), asyncio.Event()
    synced = LogSync.synced

    async def slow_disk(log: LogSync, *, urgent: bool) -> None:
        if (await harness.job(job)).step is Step.DONE:
            reached.set()
            await go_on.wait()
        await synced(log, urgent=urgent)

    monkeypatch.setattr(LogSync, "synced", slow_disk)
    runner = harness.new_runner({JobKind.CHARACTER: only(done)})
    with capture_logs() as logs:
        working = asyncio.create_task(runner.run_due())
        await reached.wait()  # the end of the step is committed, and not on the disk yet
        await runner.renew()
        go_on.set()
        await working
    assert [line["event"] for line in logs if line["event"] in {"lease_lost", "step_done"}] == ["step_done"]


@pytest.mark.sqlite_only("of many processes none moves what all do by its own clock: they go by the database's")
async def test_a_clock_that_is_set_back_by_hours_holds_up_no_job(harness: JobHarness) -> None:
    harness.simulated.hold_at(50)
    job = await harness.ask(harness.task(harness.earlier_task()))
    await harness.run(60)
    before = (await harness.job(job)).next_attempt_at
    harness.clock.instant -= timedelta(hours=6)
    harness.simulated.clock = lambda: harness.clock() + timedelta(hours=6)
    assert await harness.runner.run_due() == 0
    after = (await harness.job(job)).next_attempt_at
    assert before is not None
    assert after is not None
    assert timedelta(hours=5, minutes=59) <= before - after <= timedelta(hours=6)
    harness.simulated.hold_at(None)
    await harness.run(120)
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert len(harness.courier.delivered) == 1


@pytest.mark.sqlite_only("its file is locked as a whole")
async def test_a_database_that_is_busy_is_no_jobs_fault(harness: JobHarness) -> None:
    [job] = await started(harness)
    async with harness.database.write() as connection:
        await connection.exec_driver_sql("PRAGMA busy_timeout=20")
    path = str(make_url(harness.settings.store.url).database)

    async def step(leased: LeasedJob) -> Transition | None:
        if leased.job.attempts <= 2 * limits.MOST_DEFECTS:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                await leased.note({"progress": 1})
        return await done(leased)

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    for _ in range(2 * limits.MOST_DEFECTS):
        await runner.run_due()
        assert (await harness.job(job)).outcome is None
        harness.clock.advance(3600)
    await runner.run_due()
    row = await harness.job(job)
    assert (row.outcome, row.progress) == (Outcome.SUCCEEDED, 0)


async def test_stopping_ends_though_nothing_can_be_written(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished, late = await started(harness, 2)
    begun = asyncio.Event()

    async def faulty(*_: object, **__: object) -> Job:
        raise OSError("disk I/O error")

    async def step(leased: LeasedJob) -> Transition | None:
        if leased.job.id == finished.id:
            return await done(leased)
        begun.set()
        await asyncio.Event().wait()
        return None

    runner = harness.new_runner({JobKind.CHARACTER: only(step)})
    with monkeypatch.context() as failing:
        for name in ("release", "release_all"):
            failing.setattr(harness.jobs, name, faulty)
        await runner.start()
        await begun.wait()
        async with asyncio.timeout(PATIENCE):
            await runner.stop(timedelta(seconds=0.05))
    assert {(await harness.job(job)).step for job in (finished, late)} == {Step.PREPARE}
    await harness.end_dead_leases()
    await harness.new_runner({JobKind.CHARACTER: only(done)}).run_due()
    assert {(await harness.job(job)).outcome for job in (finished, late)} == {Outcome.SUCCEEDED}
