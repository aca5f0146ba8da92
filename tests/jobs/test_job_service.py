"""The owner's side: counting, answering, cancelling, and nobody else's hands."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import CastbookError, QuotaReached, TooLateToCancel, UnknownJob
from bot.values.job import Job, Origin, Outcome, Question, Step
from tests.jobs.harness import OWNER, STRANGER, JobHarness, with_limits
from tests.patience import PATIENCE


@pytest.fixture
async def strict(harness: JobHarness) -> JobHarness:
    """With consent asked for, and two jobs at once, three a day."""
    harness.settings = with_limits(
        harness.settings, consent={"ask": True}, limits={"running_per_user": 2, "per_user_per_day": 3}
    )
    await harness.restart()
    return harness


async def test_consent_is_asked_for_once_and_recorded(strict: JobHarness) -> None:
    job = await strict.ask()
    await strict.run(60)
    row = await strict.job(job)
    assert (row.step, row.question) == (Step.CHOOSE, Question.CONSENT)
    assert (row.origin.message_id, row.origin.ephemeral) == (77, True)
    assert strict.simulated.submissions == []
    await strict.job_service.answer(OWNER, job.id, Question.CONSENT, strict.origin(channel_id=55))
    await strict.run()
    done = await strict.job(job)
    assert done.outcome is Outcome.SUCCEEDED
    assert done.origin.channel_id == 55
    assert await strict.consents.given(OWNER)
    assert strict.host.hits == 1  # the bytes were kept while it waited
    assert done.character.consent_at is not None
    other = await strict.ask(strict.link("silent.mp4"))
    await strict.run()
    assert (await strict.job(other)).outcome is Outcome.FAILED
    assert len(strict.courier.questions) == 1


async def test_a_question_waits_a_day_across_restarts_and_then_ends_uncharged(strict: JobHarness) -> None:
    job = await strict.ask()
    await strict.run(60)
    await strict.restart()
    await strict.run(23 * 3600)
    assert (await strict.job(job)).step is Step.CHOOSE
    await strict.run(2 * 3600)
    done = await strict.job(job)
    assert (done.step, done.outcome, done.counted) == (Step.DONE, Outcome.CANCELLED, False)
    assert not strict.work(job).exists()
    with pytest.raises(UnknownJob):
        await strict.job_service.answer(OWNER, job.id, Question.CONSENT, strict.origin())


async def test_a_question_is_asked_later_where_discord_is_in_trouble(strict: JobHarness) -> None:
    strict.courier.trouble = 3
    job = await strict.ask()
    await strict.run(120)
    assert strict.courier.questions == [(job.id, Question.CONSENT)]


async def test_an_answer_that_is_quicker_than_the_question_wins(
    strict: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the live runner: it is woken by the answer while the step that asks is still at work."""
    answers: list[asyncio.Task[Job]] = []

    async def answered_meanwhile(job: Job, question: Question, *_: object) -> Origin:
        answer = strict.job_service.answer(OWNER, job.id, question, strict.origin(channel_id=55))
        answers.append(asyncio.create_task(answer))
        await asyncio.sleep(3600)  # the answer interrupts it
        return job.origin

    monkeypatch.setattr(strict.courier, "ask", answered_meanwhile)
    await strict.runner.start()
    job = await strict.ask()
    async with asyncio.timeout(PATIENCE):
        while not answers or (row := await strict.job(job)).step in {Step.CHOOSE, Step.PREPARE}:
            await asyncio.sleep(0.02)
    await answers[0]
    await strict.runner.stop()
    assert row.origin.channel_id == 55
    await strict.restart()
    await strict.run()
    done = await strict.job(job)
    assert (done.outcome, done.origin.channel_id) == (Outcome.SUCCEEDED, 55)


async def test_a_question_that_cannot_be_shown_waits_in_tasks(strict: JobHarness) -> None:
    strict.courier.askable = False
    job = await strict.ask()
    await strict.run(60)
    overview = await strict.job_service.overview(OWNER)
    assert [(row.id, row.question) for row in overview.unfinished] == [(job.id, Question.CONSENT)]
    pending = await strict.owned_jobs.pending(OWNER, now=strict.clock())
    assert (pending.results, pending.questions) == ((), (job.id,))


async def test_whom_no_question_reached_is_told_when_its_day_is_over(strict: JobHarness) -> None:
    strict.courier.askable = False
    job = await strict.ask()
    await strict.run(25 * 3600)
    row = await strict.job(job)
    assert (row.step, row.outcome, row.counted) == (Step.DONE, Outcome.CANCELLED, False)
    [(told, content)] = strict.courier.delivered
    assert (told.id, content) == (job.id, None)
    assert "couldn't reach you for a day" in str(row.failure)


async def test_whom_the_question_reached_reads_there_that_it_has_expired(strict: JobHarness) -> None:
    job = await strict.ask()
    await strict.run(25 * 3600)
    assert (await strict.job(job)).outcome is Outcome.CANCELLED
    assert strict.courier.expired == [job.id]
    assert strict.courier.delivered == []


async def test_the_same_clip_and_seconds_are_made_again_only_knowingly(harness: JobHarness) -> None:
    first = await harness.ask()
    await harness.run(60)
    second = await harness.ask()
    await harness.run(60)
    assert harness.courier.questions == [(second.id, Question.SAME_AGAIN)]
    await harness.job_service.answer(OWNER, second.id, Question.SAME_AGAIN, harness.origin())
    await harness.run()
    assert (await harness.job(first)).outcome is Outcome.SUCCEEDED
    assert (await harness.job(second)).outcome is Outcome.SUCCEEDED
    assert len(harness.simulated.submissions) == 2
    names = {character.name for character in await harness.cast()}
    assert len(names) == 2


async def test_after_ten_minutes_nothing_is_asked(harness: JobHarness) -> None:
    await harness.ask()
    await harness.run(601)
    await harness.ask()
    await harness.run()
    assert harness.courier.questions == []
    assert len(harness.simulated.submissions) == 2


async def test_fifty_commands_at_once_and_two_places(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 2, "waiting_per_user": 0})
    await harness.restart()
    results = await asyncio.gather(*(harness.ask() for _ in range(50)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, QuotaReached)]
    assert len(results) - len(refused) == 2
    assert len(refused) == 48


async def test_what_cost_nothing_gives_its_place_in_the_day_back(strict: JobHarness) -> None:
    strict.settings = with_limits(strict.settings, consent={"ask": False})
    await strict.restart()
    for _ in range(3):
        await strict.ask(strict.link("silent.mp4"))
        await strict.run(700)
    assert (await strict.job_service.overview(OWNER)).used_today == 0
    for _ in range(3):
        await strict.ask()
        await strict.run(700)
    assert (await strict.job_service.overview(OWNER)).used_today == 3
    with pytest.raises(QuotaReached, match="3"):
        await strict.ask()
    strict.clock.advance(86400)
    await strict.ask()


async def test_cancel_before_the_submission_costs_nothing(strict: JobHarness) -> None:
    job = await strict.ask()
    await strict.run(60)
    cancelled = await strict.job_service.cancel(OWNER, job.id)
    assert (cancelled.outcome, cancelled.counted) == (Outcome.CANCELLED, False)
    [(withdrawn, words)] = strict.courier.withdrawn
    assert (withdrawn.id, withdrawn.origin.token) == (job.id, "interaction-token")  # wiped from the row, but not here
    assert "Nothing was charged" in words
    assert not strict.work(job).exists()
    await strict.run()
    assert strict.simulated.submissions == []
    with pytest.raises(UnknownJob):
        await strict.job_service.cancel(OWNER, job.id)


async def test_cancel_after_the_submission_is_too_late(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    with pytest.raises(TooLateToCancel):
        await harness.job_service.cancel(OWNER, job.id)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_stranger_reaches_nothing(strict: JobHarness) -> None:
    job = await strict.ask()
    await strict.run(60)
    job_service, origin = strict.job_service, strict.origin()
    for attempt in (
        job_service.answer(STRANGER, job.id, Question.CONSENT, origin),
        job_service.cancel(STRANGER, job.id),
        job_service.send_again(STRANGER, job.id, origin),
        job_service.check_again(STRANGER, job.id, origin),
        job_service.show_again(STRANGER, job.id, origin),
    ):
        with pytest.raises(UnknownJob):
            await attempt
    assert (await job_service.overview(STRANGER)).unfinished == ()
    assert not await strict.consents.given(STRANGER)
    assert (await strict.job(job)).step is Step.CHOOSE


async def test_for_a_video_of_somebody_elses_consent_is_asked_each_time_and_recorded_with_the_job(
    strict: JobHarness,
) -> None:
    strict.settings = with_limits(strict.settings, limits={"running_per_user": 2, "per_user_per_day": 9})
    await strict.restart()
    for _ in range(2):
        job = await strict.ask(replace(strict.attachment(), of_others=True), another=True)
        await strict.run(60)
        row = await strict.job(job)
        assert (row.question, row.character.consent_at) == (Question.CONSENT, None)
        asked_at = strict.clock()
        await strict.job_service.answer(OWNER, job.id, Question.CONSENT, strict.origin())
        await strict.run()
        done = await strict.job(job)
        assert (done.outcome, done.character.consent_at) == (Outcome.SUCCEEDED, asked_at)
    assert not await strict.consents.given(OWNER)  # that was about those videos alone
    own = await strict.ask(strict.attachment(), another=True)
    await strict.run(60)
    await strict.job_service.answer(OWNER, own.id, Question.CONSENT, strict.origin())
    await strict.run()
    theirs = await strict.ask(replace(strict.attachment(), of_others=True), another=True)
    await strict.run(60)
    assert (await strict.job(theirs)).question is Question.CONSENT  # though they have agreed in general


async def test_nothing_is_resumed_that_did_not_end_that_way(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run()
    for attempt in (
        harness.job_service.send_again(OWNER, job.id, harness.origin()),
        harness.job_service.check_again(OWNER, job.id, harness.origin()),
        harness.job_service.show_again(OWNER, job.id, harness.origin()),
        harness.job_service.answer(OWNER, job.id, Question.SAME_AGAIN, harness.origin()),
    ):
        with pytest.raises(CastbookError):
            await attempt
    assert len(harness.simulated.submissions) == 1


async def test_the_overview_counts_disk_and_day(harness: JobHarness) -> None:
    job = await harness.ask()
    await harness.run_to(Step.WATCH, job)
    overview = await harness.job_service.overview(OWNER)
    row = await harness.job(job)
    assert row.file is not None
    assert (overview.running, overview.used_today) == (1, 1)
    assert overview.disk_used == row.file.size
    await harness.run()
    [character] = await harness.cast()
    assert character.picture is not None
    after = await harness.job_service.overview(OWNER)
    assert (after.running, after.used_today) == (0, 1)
    folder = Path(harness.settings.store.files) / str(OWNER)
    assert after.disk_used == sum(file.stat().st_size for file in folder.iterdir())
    assert after.disk_used > character.picture.size + row.file.size  # the clip and its stills, too
