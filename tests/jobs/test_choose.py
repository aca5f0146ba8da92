"""The seconds are picked by a person: filmstrip at once, suggestions when they are found, a day to answer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from bot import limits
from bot.errors import BadRange, UnknownJob
from bot.jobs import transitions
from bot.jobs.video_inspection import problem_with
from bot.media import operations, worker
from bot.media.child.loudness import TARGET, loudness
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.texts import text
from bot.values.character import FileKind
from bot.values.job import Job, JobKind, Outcome, PreviewRequest, Question, Step
from bot.values.requests import price_of
from bot.values.time_range import TimeRange
from bot.values.video import Concern
from tests.jobs.harness import OWNER, STRANGER, JobHarness, with_limits
from tests.media.child.numbered import evenly, read_sound, write_numbered
from tests.media.child.test_loudness import spoken

CHOSEN = TimeRange(Decimal("0.5"), Decimal("2.5"))


async def test_without_a_range_the_filmstrip_is_shown_and_then_the_suggestions_on_it(harness: JobHarness) -> None:
    job = await harness.ask(range=None)
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert harness.courier.questions == [(job.id, Question.SECONDS)] * 2
    first, second = harness.courier.pictures
    assert first is not None
    assert second is not None
    assert first[:4] == second[:4] == b"RIFF"
    assert first != second
    assert waiting.seen.best is not None
    assert waiting.seen.best.suggestions
    assert not harness.simulated.submissions


async def test_where_the_look_failed_a_person_still_picks_and_it_is_kept_that_it_failed(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SUGGEST", replace(operations.SUGGEST, wall=0.01))
    monkeypatch.setattr(harness.media, "suggest", MediaWorker().suggest)  # which remembers no earlier look
    job = await harness.ask(range=None)
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.seen.best is not None
    assert waiting.seen.best.failed
    await harness.job_service.choose(OWNER, job.id, CHOSEN, harness.origin(), anyway=True)
    await harness.run_to(Step.WATCH, job)


async def test_the_chosen_seconds_are_cut_out_and_nothing_else_is_sent(harness: JobHarness) -> None:
    job = await _picking(harness)
    await harness.job_service.choose(OWNER, job.id, CHOSEN, harness.origin(), anyway=True)
    submitted = await harness.run_to(Step.WATCH, job)
    [submission] = harness.simulated.submissions
    assert (submission.creation.start, submission.creation.end) == (0, 2)
    assert submitted.seen.cut is not None
    assert submitted.seen.cut.seconds == pytest.approx(2, abs=0.05)
    assert submitted.file is not None
    assert submitted.file.key == f"work/{job.id}/clip.mp4"
    assert not (harness.work(job) / "source").exists()  # nothing is kept that is not needed
    await harness.run()
    [character] = await harness.cast()
    assert character.range == CHOSEN


async def test_the_whole_video_is_sent_where_the_operator_wants_it(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, media={"send": "link"})
    await harness.restart()
    job = await harness.ask()
    done = await harness.run_to(Step.WATCH, job)
    [submission] = harness.simulated.submissions
    assert (submission.creation.start, submission.creation.end) == (1, 3)
    assert done.seen.cut is None
    assert (harness.work(job) / "source").exists()
    await harness.run()
    [character] = await harness.cast()
    kinds = Counter(each.kind for each in await harness.characters.reference_set(OWNER, character.id))
    assert kinds == {FileKind.CLIP: 1, FileKind.REFERENCE: 1, FileKind.VOICE: 1, FileKind.STILL: 3}
    assert len(harness.simulated.submissions) == 1


@pytest.mark.parametrize("trouble", [MediaFailed(text("The child died.")), OSError(28, "No space left on device")])
async def test_a_whole_video_that_cannot_be_cut_gives_a_character_all_the_same(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise trouble

    harness.settings = with_limits(harness.settings, media={"send": "link"})
    await harness.restart()
    monkeypatch.setattr(harness.media, "cut", fail)
    await harness.ask()
    await harness.run()
    [character] = await harness.cast()
    assert await harness.characters.reference_set(OWNER, character.id) == ()


async def test_seconds_outside_the_video_are_refused_and_the_question_stays(harness: JobHarness) -> None:
    job = await _picking(harness)
    with pytest.raises(BadRange, match="4 s long"):
        await harness.job_service.choose(OWNER, job.id, TimeRange.parse("3-6"), harness.origin(), anyway=False)
    assert (await harness.job(job)).question is Question.SECONDS


async def test_a_range_outside_the_video_leads_to_the_picker_and_fetches_the_video_once(harness: JobHarness) -> None:
    job = await harness.ask(range=TimeRange.parse("3-6"))
    await harness.run(60)
    asked = await harness.job(job)
    assert (asked.step, asked.question, asked.character.range) == (Step.CHOOSE, Question.SECONDS, None)
    assert asked.character.typed == "0:03–0:06"
    assert str(problem_with(asked.character.typed, asked.seen.facts)).startswith("The video is 4 s long")
    assert not harness.simulated.submissions
    await harness.job_service.choose(OWNER, job.id, CHOSEN, harness.origin(), anyway=True)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.character.range, done.character.typed) == (Outcome.SUCCEEDED, CHOSEN, "")
    assert harness.host.hits == 1


async def test_what_is_picked_again_is_remembered_for_the_form(harness: JobHarness) -> None:
    job = await harness.ask(range=CHOSEN)
    row = replace(job, step=Step.CHOOSE, question=Question.CONCERNS)
    again = transitions.reopened(row, harness.clock(), row.origin).changes
    assert again["request"] == replace(row.character, range=None, typed=CHOSEN.people)


@pytest.mark.parametrize(("before", "after"), [(None, "Duck"), ("Goose", "Goose")])
async def test_a_name_is_taken_with_the_seconds_where_there_is_none(
    harness: JobHarness, before: str | None, after: str
) -> None:
    job = await harness.ask(range=None, name=before)
    await harness.run(60)
    await harness.job_service.choose(OWNER, job.id, CHOSEN, harness.origin(), anyway=True, name="Duck")
    assert (await harness.job(job)).character.name == after


async def test_a_restart_between_the_filmstrip_and_the_answer_loses_nothing(harness: JobHarness) -> None:
    job = await _picking(harness)
    await harness.restart()
    await harness.run(60)
    assert (await harness.job(job)).question is Question.SECONDS
    await harness.job_service.choose(OWNER, job.id, CHOSEN, harness.origin(), anyway=True)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_start_leaves_questions_as_they_stand(harness: JobHarness) -> None:
    """The row of an answer is written before its question changes, so a question in the row is still there to press."""
    job = await _picking(harness)
    await harness.restart()
    harness.courier.questions.clear()
    await harness.runner.start()
    await harness.runner.run_due()
    await harness.runner.stop()
    assert not harness.courier.questions
    assert (await harness.job(job)).next_attempt_at == job.origin.token_at + limits.CHOICE_OPEN


async def test_the_picker_is_shown_anew_where_it_is_asked_for(harness: JobHarness) -> None:
    job = await _picking(harness)
    harness.courier.questions.clear()
    elsewhere = harness.origin(channel_id=99, message_id=5)
    await harness.job_service.pick(OWNER, job.id, elsewhere)
    await harness.run(60)
    assert harness.courier.questions == [(job.id, Question.SECONDS)]  # the suggestions are known by now
    assert (await harness.job(job)).origin.channel_id == 99


async def test_nobody_else_chooses(harness: JobHarness) -> None:
    job = await _picking(harness)
    with pytest.raises(UnknownJob):
        await harness.job_service.choose(STRANGER, job.id, CHOSEN, harness.origin(), anyway=True)
    with pytest.raises(UnknownJob):
        await harness.job_service.pick(STRANGER, job.id, harness.origin())
    assert (await harness.job(job)).question is Question.SECONDS


async def test_after_a_day_it_is_cancelled_and_the_video_is_gone(harness: JobHarness) -> None:
    job = await _picking(harness)
    harness.clock.advance(timedelta(hours=25).total_seconds())
    await harness.run(60)
    ended = await harness.job(job)
    assert (ended.step, ended.outcome, ended.counted) == (Step.DONE, Outcome.CANCELLED, False)
    assert not harness.work(job).exists()


async def test_what_nobody_can_be_shown_waits_in_tasks(harness: JobHarness) -> None:
    harness.courier.askable = False
    job = await harness.ask(range=None)
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.seen.best is not None


async def test_trouble_at_discord_is_waited_out(harness: JobHarness) -> None:
    harness.courier.trouble = 2
    job = await harness.ask(range=None)
    await harness.run(120)
    assert harness.courier.questions == [(job.id, Question.SECONDS)] * 2


async def test_an_earlier_task_needs_its_seconds_named(harness: JobHarness) -> None:
    with pytest.raises(BadRange, match="can't see that task's video"):
        await harness.ask(harness.task("task_1"), range=None)


# -- doubts about seconds that were named ---------------------------------------------------------------------------


async def test_seconds_without_anybody_are_asked_about_and_used_knowingly(harness: JobHarness) -> None:
    job = await harness.ask(harness.link("nobody.mp4"), anyway=False)
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.CONCERNS)
    assert waiting.seen.findings is not None
    assert waiting.seen.findings.grave
    assert harness.courier.pictures[-1]  # the seconds themselves
    assert not harness.simulated.submissions
    await harness.job_service.answer(OWNER, job.id, Question.CONCERNS, harness.origin())
    await harness.run_to(Step.WATCH, job)
    assert len(harness.simulated.submissions) == 1


async def test_quiet_seconds_are_made_louder_where_their_owner_wants_it(harness: JobHarness, tmp_path: Path) -> None:
    voice = spoken(4)
    voice *= 10 ** ((-40 - loudness(voice)) / 20)
    source = write_numbered(tmp_path / "a.mp4", evenly(10, 4), ends=Fraction(4), sound=voice, sound_codec="aac")
    harness.host.files["quiet.mp4"] = source.read_bytes()
    job = await harness.ask(harness.link("quiet.mp4"), anyway=False)
    await harness.run(60)
    waiting = await harness.job(job)
    assert waiting.question is Question.CONCERNS
    assert waiting.seen.findings is not None
    assert Concern.QUIET in waiting.seen.findings.grave
    await harness.job_service.make_louder(OWNER, job.id, harness.origin())
    await harness.run_to(Step.WATCH, job)
    assert (await harness.job(job)).character.louder
    heard = read_sound(harness.work(job) / "clip.mp4")
    assert heard is not None
    assert loudness(heard) == pytest.approx(TARGET, abs=1.5)


async def test_doubtful_seconds_are_picked_again(harness: JobHarness) -> None:
    job = await harness.ask(harness.link("nobody.mp4"), anyway=False)
    await harness.run(60)
    await harness.job_service.pick(OWNER, job.id, harness.origin())
    await harness.run(60)
    waiting = await harness.job(job)
    assert (waiting.question, waiting.character.range, waiting.seen.findings) == (Question.SECONDS, None, None)
    assert harness.courier.questions[-1] == (job.id, Question.SECONDS)


async def test_good_seconds_are_not_asked_about(harness: JobHarness) -> None:
    job = await harness.ask(anyway=False)
    await harness.run_to(Step.WATCH, job)
    assert harness.courier.questions == []


# -- a look and nothing more ----------------------------------------------------------------------------------------


async def test_a_preview_shows_filmstrip_and_suggestions_and_sends_nothing(harness: JobHarness) -> None:
    job = await _preview(harness)
    await harness.run(60)
    done = await harness.job(job)
    assert (done.kind, done.step, done.outcome, done.counted) == (
        JobKind.PREVIEW,
        Step.DONE,
        Outcome.SUCCEEDED,
        False,
    )
    assert harness.courier.questions == [(job.id, Question.SECONDS)] * 2
    assert not harness.simulated.submissions
    assert (harness.work(job) / "source").exists()  # a character may be made of it
    overview = await harness.job_service.overview(OWNER)
    assert (overview.used_today, overview.finished, overview.unfinished) == (0, (), ())


@pytest.mark.parametrize("lives", [True, False])
async def test_a_preview_knows_what_a_character_of_it_would_cost(harness: JobHarness, lives: bool) -> None:
    harness.settings = with_limits(harness.settings, toapis={"prices": {"sora-2": Decimal(60)}})
    await harness.restart()
    if not lives:
        for model in harness.app.availability.models:
            await harness.app.availability.refused(model)
    request = (await _preview(harness)).request
    assert isinstance(request, PreviewRequest)
    assert (request.needs_sound, request.character_price) == (lives, Decimal(60) if lives else None)
    assert price_of(request) == 0  # it is none of the preview's


async def test_a_preview_takes_a_running_place_but_none_of_the_day(harness: JobHarness) -> None:
    harness.settings = with_limits(harness.settings, limits={"running_per_user": 1, "per_user_per_day": 1})
    await harness.restart()
    await harness.ask(anyway=True)
    assert (await _preview(harness)).is_queued
    await harness.run()
    assert not (await _preview(harness)).is_queued


async def _picking(harness: JobHarness) -> Job:
    job = await harness.ask(range=None)
    await harness.run(60)
    return await harness.job(job)


async def _preview(harness: JobHarness) -> Job:
    origin = harness.origin(private=True, ephemeral=True)
    return await harness.job_starter.preview(owner_id=OWNER, origin=origin, source=harness.link())
