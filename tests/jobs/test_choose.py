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
from tests.jobs.shop import OWNER, STRANGER, Shop, with_limits
from tests.media.child.numbered import evenly, read_sound, write_numbered
from tests.media.child.test_loudness import spoken

CHOSEN = TimeRange(Decimal("0.5"), Decimal("2.5"))


async def test_without_a_range_the_filmstrip_is_shown_and_then_the_suggestions_on_it(shop: Shop) -> None:
    job = await shop.ask(range=None)
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert shop.courier.questions == [(job.id, Question.SECONDS)] * 2
    first, second = shop.courier.pictures
    assert first is not None
    assert second is not None
    assert first[:4] == second[:4] == b"RIFF"
    assert first != second
    assert waiting.seen.best is not None
    assert waiting.seen.best.suggestions
    assert not shop.simulated.submissions


async def test_where_the_look_failed_a_person_still_picks_and_it_is_kept_that_it_failed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SUGGEST", replace(operations.SUGGEST, wall=0.01))
    monkeypatch.setattr(shop.media, "suggest", MediaWorker().suggest)  # which remembers no earlier look
    job = await shop.ask(range=None)
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.seen.best is not None
    assert waiting.seen.best.failed
    await shop.job_service.choose(OWNER, job.id, CHOSEN, shop.origin(), anyway=True)
    await shop.run_to(Step.WATCH, job)


async def test_the_chosen_seconds_are_cut_out_and_nothing_else_is_sent(shop: Shop) -> None:
    job = await _picking(shop)
    await shop.job_service.choose(OWNER, job.id, CHOSEN, shop.origin(), anyway=True)
    submitted = await shop.run_to(Step.WATCH, job)
    [submission] = shop.simulated.submissions
    assert (submission.creation.start, submission.creation.end) == (0, 2)
    assert submitted.seen.cut is not None
    assert submitted.seen.cut.seconds == pytest.approx(2, abs=0.05)
    assert submitted.file is not None
    assert submitted.file.key == f"work/{job.id}/clip.mp4"
    assert not (shop.work(job) / "source").exists()  # nothing is kept that is not needed
    await shop.run()
    [character] = await shop.cast()
    assert character.range == CHOSEN


async def test_the_whole_video_is_sent_where_the_operator_wants_it(shop: Shop) -> None:
    shop.settings = with_limits(shop.settings, media={"send": "link"})
    await shop.restart()
    job = await shop.ask()
    done = await shop.run_to(Step.WATCH, job)
    [submission] = shop.simulated.submissions
    assert (submission.creation.start, submission.creation.end) == (1, 3)
    assert done.seen.cut is None
    assert (shop.work(job) / "source").exists()
    await shop.run()
    [character] = await shop.cast()
    kinds = Counter(each.kind for each in await shop.characters.reference_set(OWNER, character.id))
    assert kinds == {FileKind.CLIP: 1, FileKind.REFERENCE: 1, FileKind.VOICE: 1, FileKind.STILL: 3}
    assert len(shop.simulated.submissions) == 1


@pytest.mark.parametrize("trouble", [MediaFailed(text("The child died.")), OSError(28, "No space left on device")])
async def test_a_whole_video_that_cannot_be_cut_gives_a_character_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise trouble

    shop.settings = with_limits(shop.settings, media={"send": "link"})
    await shop.restart()
    monkeypatch.setattr(shop.media, "cut", fail)
    await shop.ask()
    await shop.run()
    [character] = await shop.cast()
    assert await shop.characters.reference_set(OWNER, character.id) == ()


async def test_seconds_outside_the_video_are_refused_and_the_question_stays(shop: Shop) -> None:
    job = await _picking(shop)
    with pytest.raises(BadRange, match="4 s long"):
        await shop.job_service.choose(OWNER, job.id, TimeRange.parse("3-6"), shop.origin(), anyway=False)
    assert (await shop.job(job)).question is Question.SECONDS


async def test_a_range_outside_the_video_leads_to_the_picker_and_fetches_the_video_once(shop: Shop) -> None:
    job = await shop.ask(range=TimeRange.parse("3-6"))
    await shop.run(60)
    asked = await shop.job(job)
    assert (asked.step, asked.question, asked.character.range) == (Step.CHOOSE, Question.SECONDS, None)
    assert asked.character.typed == "0:03–0:06"
    assert str(problem_with(asked.character.typed, asked.seen.facts)).startswith("The video is 4 s long")
    assert not shop.simulated.submissions
    await shop.job_service.choose(OWNER, job.id, CHOSEN, shop.origin(), anyway=True)
    await shop.run()
    done = await shop.job(job)
    assert (done.outcome, done.character.range, done.character.typed) == (Outcome.SUCCEEDED, CHOSEN, "")
    assert shop.host.hits == 1


async def test_what_is_picked_again_is_remembered_for_the_form(shop: Shop) -> None:
    job = await shop.ask(range=CHOSEN)
    row = replace(job, step=Step.CHOOSE, question=Question.CONCERNS)
    again = transitions.reopened(row, shop.clock(), row.origin).changes
    assert again["request"] == replace(row.character, range=None, typed=CHOSEN.people)


@pytest.mark.parametrize(("before", "after"), [(None, "Duck"), ("Goose", "Goose")])
async def test_a_name_is_taken_with_the_seconds_where_there_is_none(shop: Shop, before: str | None, after: str) -> None:
    job = await shop.ask(range=None, name=before)
    await shop.run(60)
    await shop.job_service.choose(OWNER, job.id, CHOSEN, shop.origin(), anyway=True, name="Duck")
    assert (await shop.job(job)).character.name == after


async def test_a_restart_between_the_filmstrip_and_the_answer_loses_nothing(shop: Shop) -> None:
    job = await _picking(shop)
    await shop.restart()
    await shop.run(60)
    assert (await shop.job(job)).question is Question.SECONDS
    await shop.job_service.choose(OWNER, job.id, CHOSEN, shop.origin(), anyway=True)
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED


async def test_a_start_leaves_questions_as_they_stand(shop: Shop) -> None:
    """The row of an answer is written before its question changes, so a question in the row is still there to press."""
    job = await _picking(shop)
    await shop.restart()
    shop.courier.questions.clear()
    await shop.runner.start()
    await shop.runner.run_due()
    await shop.runner.stop()
    assert not shop.courier.questions
    assert (await shop.job(job)).next_attempt_at == job.origin.token_at + limits.CHOICE_OPEN


async def test_the_picker_is_shown_anew_where_it_is_asked_for(shop: Shop) -> None:
    job = await _picking(shop)
    shop.courier.questions.clear()
    elsewhere = shop.origin(channel_id=99, message_id=5)
    await shop.job_service.pick(OWNER, job.id, elsewhere)
    await shop.run(60)
    assert shop.courier.questions == [(job.id, Question.SECONDS)]  # the suggestions are known by now
    assert (await shop.job(job)).origin.channel_id == 99


async def test_nobody_else_chooses(shop: Shop) -> None:
    job = await _picking(shop)
    with pytest.raises(UnknownJob):
        await shop.job_service.choose(STRANGER, job.id, CHOSEN, shop.origin(), anyway=True)
    with pytest.raises(UnknownJob):
        await shop.job_service.pick(STRANGER, job.id, shop.origin())
    assert (await shop.job(job)).question is Question.SECONDS


async def test_after_a_day_it_is_cancelled_and_the_video_is_gone(shop: Shop) -> None:
    job = await _picking(shop)
    shop.clock.advance(timedelta(hours=25).total_seconds())
    await shop.run(60)
    ended = await shop.job(job)
    assert (ended.step, ended.outcome, ended.counted) == (Step.DONE, Outcome.CANCELLED, False)
    assert not shop.work(job).exists()


async def test_what_nobody_can_be_shown_waits_in_tasks(shop: Shop) -> None:
    shop.courier.askable = False
    job = await shop.ask(range=None)
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.SECONDS)
    assert waiting.seen.best is not None


async def test_trouble_at_discord_is_waited_out(shop: Shop) -> None:
    shop.courier.trouble = 2
    job = await shop.ask(range=None)
    await shop.run(120)
    assert shop.courier.questions == [(job.id, Question.SECONDS)] * 2


async def test_an_earlier_task_needs_its_seconds_named(shop: Shop) -> None:
    with pytest.raises(BadRange, match="can't see that task's video"):
        await shop.ask(shop.task("task_1"), range=None)


# -- doubts about seconds that were named ---------------------------------------------------------------------------


async def test_seconds_without_anybody_are_asked_about_and_used_knowingly(shop: Shop) -> None:
    job = await shop.ask(shop.link("nobody.mp4"), anyway=False)
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.question) == (Step.CHOOSE, Question.CONCERNS)
    assert waiting.seen.findings is not None
    assert waiting.seen.findings.grave
    assert shop.courier.pictures[-1]  # the seconds themselves
    assert not shop.simulated.submissions
    await shop.job_service.answer(OWNER, job.id, Question.CONCERNS, shop.origin())
    await shop.run_to(Step.WATCH, job)
    assert len(shop.simulated.submissions) == 1


async def test_quiet_seconds_are_made_louder_where_their_owner_wants_it(shop: Shop, tmp_path: Path) -> None:
    voice = spoken(4)
    voice *= 10 ** ((-40 - loudness(voice)) / 20)
    source = write_numbered(tmp_path / "a.mp4", evenly(10, 4), ends=Fraction(4), sound=voice, sound_codec="aac")
    shop.host.files["quiet.mp4"] = source.read_bytes()
    job = await shop.ask(shop.link("quiet.mp4"), anyway=False)
    await shop.run(60)
    waiting = await shop.job(job)
    assert waiting.question is Question.CONCERNS
    assert waiting.seen.findings is not None
    assert Concern.QUIET in waiting.seen.findings.grave
    await shop.job_service.make_louder(OWNER, job.id, shop.origin())
    await shop.run_to(Step.WATCH, job)
    assert (await shop.job(job)).character.louder
    heard = read_sound(shop.work(job) / "clip.mp4")
    assert heard is not None
    assert loudness(heard) == pytest.approx(TARGET, abs=1.5)


async def test_doubtful_seconds_are_picked_again(shop: Shop) -> None:
    job = await shop.ask(shop.link("nobody.mp4"), anyway=False)
    await shop.run(60)
    await shop.job_service.pick(OWNER, job.id, shop.origin())
    await shop.run(60)
    waiting = await shop.job(job)
    assert (waiting.question, waiting.character.range, waiting.seen.findings) == (Question.SECONDS, None, None)
    assert shop.courier.questions[-1] == (job.id, Question.SECONDS)


async def test_good_seconds_are_not_asked_about(shop: Shop) -> None:
    job = await shop.ask(anyway=False)
    await shop.run_to(Step.WATCH, job)
    assert shop.courier.questions == []


# -- a look and nothing more ----------------------------------------------------------------------------------------


async def test_a_preview_shows_filmstrip_and_suggestions_and_sends_nothing(shop: Shop) -> None:
    job = await _preview(shop)
    await shop.run(60)
    done = await shop.job(job)
    assert (done.kind, done.step, done.outcome, done.counted) == (
        JobKind.PREVIEW,
        Step.DONE,
        Outcome.SUCCEEDED,
        False,
    )
    assert shop.courier.questions == [(job.id, Question.SECONDS)] * 2
    assert not shop.simulated.submissions
    assert (shop.work(job) / "source").exists()  # a character may be made of it
    overview = await shop.job_service.overview(OWNER)
    assert (overview.used_today, overview.finished, overview.unfinished) == (0, (), ())


@pytest.mark.parametrize("lives", [True, False])
async def test_a_preview_knows_what_a_character_of_it_would_cost(shop: Shop, lives: bool) -> None:
    shop.settings = with_limits(shop.settings, toapis={"prices": {"sora-2": Decimal(60)}})
    await shop.restart()
    if not lives:
        for model in shop.app.availability.models:
            await shop.app.availability.refused(model)
    request = (await _preview(shop)).request
    assert isinstance(request, PreviewRequest)
    assert (request.needs_sound, request.character_price) == (lives, Decimal(60) if lives else None)
    assert price_of(request) == 0  # it is none of the preview's


async def test_a_preview_takes_a_running_place_but_none_of_the_day(shop: Shop) -> None:
    shop.settings = with_limits(shop.settings, limits={"running_per_user": 1, "per_user_per_day": 1})
    await shop.restart()
    await shop.ask(anyway=True)
    assert (await _preview(shop)).is_queued
    await shop.run()
    assert not (await _preview(shop)).is_queued


async def _picking(shop: Shop) -> Job:
    job = await shop.ask(range=None)
    await shop.run(60)
    return await shop.job(job)


async def _preview(shop: Shop) -> Job:
    origin = shop.origin(private=True, ephemeral=True)
    return await shop.job_starter.preview(owner_id=OWNER, origin=origin, source=shop.link())
