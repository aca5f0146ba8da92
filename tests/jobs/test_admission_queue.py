"""More work than there are places for: a line in which everybody has their turn and hears of their place."""

from __future__ import annotations

import asyncio

import pytest

from bot.errors import QuotaReached, Refusal
from bot.jobs.engine import MultiProcessEngine
from bot.store.admission import AdmissionLimits
from bot.texts import Text
from bot.values.job import CharacterRequest, Job, JobKind, Lane, Outcome, Step, Transition
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness, with_limits
from tests.leases import lease_of
from tests.patience import PATIENCE


@pytest.fixture
async def narrow(harness: JobHarness) -> JobHarness:
    """One place in all; a person may have five jobs."""
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 5, "running_in_all": 1})
    await harness.restart()
    return harness


async def let_go(harness: JobHarness) -> None:
    """Until what was held is free in the table as well: beside the work, not before it."""
    if isinstance(harness.runner._engine, MultiProcessEngine):
        await asyncio.gather(*harness.runner._engine._letting_go)


async def told_by(harness: JobHarness) -> None:
    """Until everybody has heard of their place: beside the work, not before it."""
    if harness.queue._telling is not None:
        await harness.queue._telling


async def test_jobs_in_line_are_done_one_after_the_other(narrow: JobHarness) -> None:
    jobs = [await narrow.ask(narrow.task(narrow.earlier_task()), owner=owner) for owner in (OWNER, STRANGER)]
    assert (await narrow.job(jobs[0])).admitted_at is not None
    assert (await narrow.job(jobs[1])).admitted_at is None
    await narrow.run()
    for job in jobs:
        assert (await narrow.job(job)).outcome is Outcome.SUCCEEDED
    first, second = [narrow.simulated.tasks[each.task_id].created for each in narrow.simulated.submissions]
    assert (second - first).total_seconds() >= narrow.simulated.seconds_per_task


async def test_nobody_starves_the_others(narrow: JobHarness) -> None:
    greedy = [await narrow.ask(narrow.task(narrow.earlier_task())) for _ in range(5)]
    modest = await narrow.ask(narrow.task(narrow.earlier_task()), owner=STRANGER)
    await narrow.run()
    order = [submission.business_id for submission in narrow.simulated.submissions]
    assert order.index(modest.id) <= 2  # after what was under way, and one that came earlier
    assert set(order) == {job.id for job in [*greedy, modest]}


async def test_the_place_in_line_is_told(narrow: JobHarness) -> None:
    jobs = []
    for owner in (1, 2, 3):
        jobs.append(await narrow.ask(narrow.task(narrow.earlier_task()), owner=owner))
        narrow.clock.advance(1)
    await narrow.runner.run_due()
    await told_by(narrow)
    told = {job_id: state for job_id, state, _ in narrow.courier.shown if state.startswith("Waiting for a free place")}
    assert told == {
        jobs[1].id: "Waiting for a free place: number 1 in line",
        jobs[2].id: "Waiting for a free place: number 2 in line",
    }


async def test_a_job_that_is_held_hears_of_its_place_once_it_is_not(narrow: JobHarness) -> None:
    """Before its command is answered there is no message to show it in."""
    first, second = await narrow.ask(narrow.task(narrow.earlier_task()), owner=1), narrow.job_starter.new_id()
    with narrow.job_service.held(second):
        request = CharacterRequest(source=narrow.task(narrow.earlier_task()), range=RANGE, model="sora-2")
        await narrow.job_starter.start(owner_id=2, origin=narrow.origin(), request=request, job_id=second)
        await narrow.queue.move(but={second})
        await narrow.runner.run_due()
        await told_by(narrow)
        assert [
            job_id for job_id, state, _ in narrow.courier.shown if state.startswith("Waiting for a free place")
        ] == []
    await let_go(narrow)
    await narrow.queue.move()
    await told_by(narrow)
    assert [job_id for job_id, state, _ in narrow.courier.shown if state.startswith("Waiting for a free place")] == [
        second
    ]
    assert (await narrow.job(first)).outcome is None


@pytest.mark.parametrize("how", ["one is cancelled", "all are let in"])
async def test_who_has_left_the_line_meanwhile_hears_no_more_of_it(
    narrow: JobHarness, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    jobs = []
    for owner in (1, 2, 3, 4):
        jobs.append(await narrow.ask(narrow.task(narrow.earlier_task()), owner=owner))
        narrow.clock.advance(1)
    told: list[str] = []
    begun: asyncio.Future[asyncio.Task[None] | None] = asyncio.get_running_loop().create_future()

    async def they_leave(job: Job, state: Text, _percent: int | None) -> None:
        if not str(state).startswith("Waiting for a free place"):
            return
        told.append(job.id)
        if len(told) > 1:
            return
        if how == "one is cancelled":
            await narrow.job_service.cancel(3, jobs[2].id)
        else:
            await narrow.jobs.let_in(AdmissionLimits(in_all=10), now=narrow.clock())
        begun.set_result(asyncio.current_task())

    monkeypatch.setattr(narrow.courier, "progress", they_leave)
    await narrow.runner.run_due()
    async with asyncio.timeout(PATIENCE):
        telling = await begun
        assert telling is not None
        await telling
    hear_of_it = {jobs[1].id, jobs[3].id} if how == "one is cancelled" else {jobs[1].id}
    assert set(told) == hear_of_it


async def test_a_restart_keeps_the_line(narrow: JobHarness) -> None:
    jobs = [await narrow.ask(narrow.task(narrow.earlier_task()), owner=owner) for owner in (1, 2)]
    await narrow.restart()
    await narrow.run()
    for job in jobs:
        assert (await narrow.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_third_job_of_a_person_is_done_when_one_of_theirs_is(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 2})
    await harness.restart()
    harness.simulated.hold_at(50)
    jobs = []
    for _ in range(4):
        jobs.append(await harness.ask(harness.task(harness.earlier_task())))
        harness.clock.advance(1)
    await harness.run_to(Step.WATCH, jobs[1])
    await harness.queue.move()
    await told_by(harness)
    assert [await _place(harness, job) for job in jobs] == [
        None,
        None,
        "Waiting for your other tasks: number 1 in your line",
        "Waiting for your other tasks: number 2 in your line",
    ]
    assert (jobs[2].id, "Waiting for your other tasks: number 1 in your line", None) in harness.courier.shown
    assert len(harness.simulated.submissions) == 2
    await harness.job_service.cancel(OWNER, jobs[2].id)
    harness.simulated.hold_at(None)
    await harness.run()
    outcomes = [(await harness.job(job)).outcome for job in jobs]
    assert outcomes == [Outcome.SUCCEEDED, Outcome.SUCCEEDED, Outcome.CANCELLED, Outcome.SUCCEEDED]


async def test_a_cancelled_jobs_place_goes_to_the_next_at_once(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 1})
    await harness.restart()
    first, second = await harness.ask(), await harness.ask(harness.task(harness.earlier_task()))
    woken: list[None] = []
    monkeypatch.setattr(harness.runner, "wake", lambda: woken.append(None))
    await harness.job_service.cancel(OWNER, first.id)
    assert woken, "it would be seen half a minute later"
    await harness.run()
    assert (await harness.job(second)).outcome is Outcome.SUCCEEDED


async def test_an_answered_question_waits_for_the_owners_others(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 1})
    await harness.restart()
    picking = await harness.ask(range=None)
    await harness.run_to(Step.CHOOSE, picking)
    harness.simulated.hold_at(50)
    running = await harness.ask(harness.task(harness.earlier_task()))
    await harness.run_to(Step.WATCH, running)
    job = await harness.job_service.choose(OWNER, picking.id, RANGE, harness.origin(), anyway=True)
    assert job.is_queued
    await harness.runner.run_due()
    assert len(harness.simulated.submissions) == 1
    harness.simulated.hold_at(None)
    await harness.run()
    assert (await harness.job(picking)).outcome is Outcome.SUCCEEDED


async def _place(harness: JobHarness, job: Job) -> str | None:
    text = (await harness.job_service.overview(OWNER)).queued.get(job.id)
    return None if text is None else str(text)


async def test_who_stands_in_line_may_leave_it(narrow: JobHarness) -> None:
    await narrow.ask(narrow.task(narrow.earlier_task()), owner=1)
    waiting = await narrow.ask(narrow.task(narrow.earlier_task()), owner=2)
    await narrow.job_service.cancel(2, waiting.id)
    await narrow.run()
    assert len(narrow.simulated.submissions) == 1
    assert (await narrow.job(waiting)).outcome is Outcome.CANCELLED


async def test_fifty_commands_at_once_and_three_that_run(harness: JobHarness) -> None:
    harness.settings = with_limits(
        harness.settings, limits={"running_per_user": 3, "waiting_per_user": 4, "per_user_per_day": 0}
    )
    await harness.restart()
    tasks = [harness.task(harness.earlier_task()) for _ in range(50)]
    results = await asyncio.gather(*[harness.ask(task) for task in tasks], return_exceptions=True)
    assert len([result for result in results if isinstance(result, QuotaReached)]) == 43
    overview = await harness.job_service.overview(OWNER)
    assert (overview.running, len(overview.queued), overview.used_today) == (3, 4, 7)


# -- who may come in ------------------------------------------------------------------------------------------------


async def test_whom_the_operator_shut_out_begins_nothing(harness: JobHarness) -> None:
    unclear = await _unclear(harness)
    await harness.blocks.block(OWNER, now=harness.clock())
    with pytest.raises(Refusal, match="The people who run this bot have blocked you"):
        await harness.ask()
    with pytest.raises(Refusal):
        await harness.job_service.send_again(OWNER, unclear, harness.origin())
    await harness.ask(harness.task(harness.earlier_task()), owner=STRANGER)


async def test_a_server_shuts_out_a_member_and_a_channel_for_itself_alone(harness: JobHarness) -> None:
    await harness.servers.block(1, OWNER)
    await harness.servers.close_channel(1, 2)
    with pytest.raises(Refusal, match="blocked you from using me here"):
        await harness.ask()
    with pytest.raises(Refusal, match="switched off in this channel"):
        await harness.ask(owner=STRANGER)
    elsewhere = harness.origin(guild_id=99)
    request = CharacterRequest(source=harness.link(), range=RANGE, model="sora-2")
    job = await harness.job_starter.start(owner_id=OWNER, origin=elsewhere, request=request)
    assert job.origin.guild_id == 99


async def test_a_server_sets_itself_a_smaller_day(harness: JobHarness) -> None:
    await harness.servers.set_day_limit(1, 1)
    await harness.ask(harness.task(harness.earlier_task()))
    with pytest.raises(QuotaReached, match="This server has used up its 1 character for today"):
        await harness.ask(harness.task(harness.earlier_task()), owner=STRANGER)


@pytest.mark.parametrize(("kind", "day"), [(JobKind.CHARACTER, 1), (JobKind.VIDEO, 2)])
async def test_what_a_server_sets_itself_counts_for_each_kind_alone(
    harness: JobHarness, kind: JobKind, day: int
) -> None:
    await harness.servers.set_day_limit(1, 1)
    await harness.servers.set_video_limit(1, 2)
    assert harness.app.access_policy.day_limit(kind, 1, 100) == day
    assert harness.app.access_policy.day_limit(kind, 99, 100) == 100, "elsewhere it is the operator's"
    assert harness.app.access_policy.day_limit(kind, 1, 1) == 1


async def _unclear(harness: JobHarness) -> str:
    """A job of the owner's whose submission was never cleared up."""
    job = await harness.ask(harness.task(harness.earlier_task()))
    await harness.run_to(Step.SUBMIT, job)
    await harness.jobs.claim("test", now=harness.clock(), most=dict.fromkeys(Lane, 9))
    unclear = Transition("test", {"step": Step.DONE, "outcome": Outcome.UNKNOWN, "finished_at": harness.clock()})
    await harness.jobs.release(job.id, await lease_of(harness.jobs, job.id), unclear, now=harness.clock())
    return job.id
