"""Characters that no model makes: free, from what is seen in the video, and made by a model later on."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from bot.errors import BadSource, Refusal
from bot.provider.errors import ModelClosed
from bot.values.character import Character, FileKind
from bot.values.job import CharacterRequest, Job, Outcome, Question, Step
from bot.values.source import Source, earlier_task
from bot.values.time_range import TimeRange
from tests.jobs.harness import OWNER, RANGE, STRANGER, JobHarness
from tests.jobs.test_earlier_videos import earlier


async def ask(
    harness: JobHarness, source: Source | None = None, *, model: str | None = None, name: str | None = None
) -> Job:
    wanted = CharacterRequest(source=source or harness.link(), range=RANGE, model=model, name=name, anyway=True)
    return await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)


@pytest.fixture
async def closed(harness: JobHarness) -> JobHarness:
    """No model that makes characters can be had."""
    harness.simulated.close_character_models()
    await harness.availability.refresh()
    return harness


async def reopen(harness: JobHarness) -> None:
    harness.simulated.close_character_models(reopened=True)
    await harness.availability.refresh()


async def portable(harness: JobHarness, source: Source | None = None, name: str = "Rosie") -> Character:
    job = await ask(harness, source, name=name)
    await harness.run()
    done = await harness.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    [character] = await harness.cast()
    return character


async def make(harness: JobHarness, character: Character, *, owner: int = OWNER) -> Job:
    return await earlier(harness).make_by_model(owner, character.id, harness.job_starter.new_id(), harness.origin())


async def test_without_a_model_a_character_is_made_here_and_nothing_is_sent(closed: JobHarness) -> None:
    job = await ask(closed, name="Rosie")
    before = len(closed.simulated.requests)
    await closed.run()
    done = await closed.job(job)
    assert (done.step, done.outcome, done.submit_started_at, done.task_id) == (Step.DONE, Outcome.SUCCEEDED, None, None)
    assert len(closed.simulated.requests) == before
    [character] = await closed.cast()
    assert character.portable
    assert (character.name, character.task_id, character.username) == ("Rosie", f"cast_{job.id}", "")
    assert character.picture is not None
    assert (await closed.files.read(character.picture.key)).startswith(b"\xff\xd8")
    kinds = [each.kind for each in await closed.characters.reference_set(OWNER, character.id)]
    assert kinds.count(FileKind.CLIP) == kinds.count(FileKind.REFERENCE) == 1
    assert kinds.count(FileKind.STILL) >= 1
    assert closed.courier.delivered[0][1] == character
    assert not closed.work(job).exists()
    overview = await closed.job_service.overview(OWNER)
    assert overview.used_today == 1, "it is free, and takes a place of the day like any other"


async def test_a_video_without_sound_becomes_a_portable_character_and_nothing_else(closed: JobHarness) -> None:
    character = await portable(closed, closed.link("silent.mp4"))
    kinds = {each.kind for each in await closed.characters.reference_set(OWNER, character.id)}
    assert FileKind.VOICE not in kinds
    assert FileKind.REFERENCE in kinds
    await reopen(closed)
    refused = await ask(closed, closed.link("silent.mp4"))
    await closed.run()
    assert "no sound" in str((await closed.job(refused)).failure)
    later = await make(closed, character)
    await closed.run()
    done = await closed.job(later)
    assert done.outcome is Outcome.FAILED
    assert "no sound" in str(done.failure)
    assert closed.simulated.submissions == []
    assert (await closed.cast())[0].portable


async def test_a_silent_video_is_no_reason_to_ask(closed: JobHarness) -> None:
    wanted = CharacterRequest(source=closed.link("silent.mp4"), range=RANGE, name="Rosie")
    await closed.job_starter.start(owner_id=OWNER, origin=closed.origin(), request=wanted)
    await closed.run(120)
    asked = [question for _, question in closed.courier.questions]
    for _, question in closed.courier.questions:
        assert question is Question.CONCERNS, "nobody is seen by the face model, perhaps"
    assert len(asked) <= 1


async def test_a_model_that_was_named_is_refused_while_it_is_closed(closed: JobHarness) -> None:
    with pytest.raises(ModelClosed):
        await ask(closed, model="sora-2")


async def test_the_video_of_a_task_is_not_here(closed: JobHarness) -> None:
    with pytest.raises(BadSource, match="can't fetch"):
        await ask(closed, closed.task(closed.earlier_task()))


async def test_a_pause_keeps_no_portable_character_waiting(closed: JobHarness) -> None:
    await closed.state.pause("balance", now=closed.clock())
    assert (await portable(closed)).portable


@pytest.mark.parametrize("named", [True, False])
async def test_a_model_that_turns_out_to_be_closed_costs_nobody_their_character(
    harness: JobHarness, named: bool
) -> None:
    """The list names it still; the provider refuses the request itself."""
    for model in harness.availability.models:
        harness.simulated.model_gone(model, listed=True)
    for model in harness.availability.models[1:]:
        await harness.availability.refused(model)
    job = await ask(harness, model="sora-2" if named else None)
    assert job.character.model == "sora-2"
    await harness.run()
    done = await harness.job(job)
    if named:
        assert done.outcome is Outcome.FAILED
        assert await harness.cast() == []
    else:
        assert (done.outcome, done.character.model, done.submit_started_at) == (Outcome.SUCCEEDED, None, None)
        [character] = await harness.cast()
        assert character.portable


async def test_it_is_made_by_a_model_later_and_stays_the_same_character(closed: JobHarness) -> None:
    before = await portable(closed)
    kept = await closed.characters.reference_set(OWNER, before.id)
    await reopen(closed)
    job = await make(closed, before)
    await closed.run()
    done = await closed.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    [submission] = closed.simulated.submissions
    assert (submission.creation.start, submission.creation.end) == (Decimal(0), Decimal(2))
    [after] = await closed.cast()
    assert (after.id, after.name, after.created_at) == (before.id, before.name, before.created_at)
    assert not after.portable
    assert after.model == "sora-2"
    assert after.task_id == done.task_id == submission.task_id
    assert after.username
    assert await closed.characters.reference_set(OWNER, before.id) == kept
    assert before.picture is not None
    assert after.picture is not None
    assert after.picture.key != before.picture.key
    assert not after.picture_is_still
    assert before.picture.key not in await closed.disk.keys(), "the still that stood in for it is not needed"
    for typed in (before.task_id, after.task_id):
        assert await closed.characters.by_reusable_id(OWNER, typed) == after
        assert await closed.characters.by_reusable_id(STRANGER, typed) is None
    with pytest.raises(Refusal, match="already"):
        await make(closed, after)


async def test_the_clip_reaches_the_provider_as_it_was_kept(closed: JobHarness) -> None:
    character = await portable(closed)
    clip = (await closed.characters.reference_set(OWNER, character.id))[0]
    await reopen(closed)
    job = await make(closed, character)
    await closed.run_to(Step.WATCH, job)
    [submission] = closed.simulated.submissions
    sent = closed.simulated._generated_media().find(submission.creation.url.removeprefix(closed.simulated.base_url))  # type: ignore[union-attr]
    assert sent is not None
    assert sent.read_bytes() == await closed.files.read(clip.file.key)


async def test_two_presses_at_once_are_one_job(closed: JobHarness) -> None:
    character = await portable(closed)
    await reopen(closed)
    both = await asyncio.gather(make(closed, character), make(closed, character), return_exceptions=True)
    assert sorted(type(each).__name__ for each in both) == ["Job", "Refusal"]
    await closed.run()
    assert len(closed.simulated.submissions) == 1


async def test_a_stranger_cannot_have_it_made(closed: JobHarness) -> None:
    character = await portable(closed)
    await reopen(closed)
    with pytest.raises(Refusal, match="no longer in your cast"):
        await make(closed, character, owner=STRANGER)


async def test_nothing_is_made_while_no_model_lives(closed: JobHarness) -> None:
    character = await portable(closed)
    with pytest.raises(Refusal, match="No model that makes characters"):
        await make(closed, character)
    assert (await closed.job_service.overview(OWNER)).unfinished == ()


async def test_a_paid_character_comes_even_where_the_portable_one_was_deleted(closed: JobHarness) -> None:
    character = await portable(closed)
    await reopen(closed)
    job = await make(closed, character)
    await closed.run_to(Step.WATCH, job)
    gone = await closed.characters.delete(OWNER, character.id)
    assert gone is not None
    for key in gone.orphans:
        await closed.files.delete(key)
    await closed.run()
    [made] = await closed.cast()
    assert made.id != character.id
    assert (made.name, made.portable) == ("Rosie", False)
    [clip] = await closed.characters.reference_set(OWNER, made.id)
    assert clip.kind is FileKind.CLIP
    assert await closed.files.read(clip.file.key)


@pytest.mark.parametrize("step", [Step.SUBMIT, Step.COLLECT])
async def test_a_restart_in_the_middle_makes_it_once(closed: JobHarness, step: Step) -> None:
    job = await ask(closed, name="Rosie")
    await closed.run_to(step, job)
    await closed.restart()
    await closed.availability.refresh()
    await closed.run()
    assert (await closed.job(job)).outcome is Outcome.SUCCEEDED
    assert [each.name for each in await closed.cast()] == ["Rosie"]


async def test_without_its_files_it_fails_and_gives_its_place_back(closed: JobHarness) -> None:
    job = await ask(closed)
    await closed.run_to(Step.COLLECT, job)
    await closed.files.drop_work(job.id)
    await closed.run()
    done = await closed.job(job)
    assert (done.outcome, done.counted) == (Outcome.FAILED, False)
    assert "no longer have the video" in str(done.failure)
    assert await closed.cast() == []


async def test_a_preview_of_a_silent_video_leads_to_a_portable_character(closed: JobHarness) -> None:
    source = closed.attachment("silent.mp4")
    preview = await closed.job_starter.preview(owner_id=OWNER, origin=closed.origin(), source=source)
    await closed.run(60)
    assert (await closed.job(preview)).outcome is Outcome.SUCCEEDED
    chosen = TimeRange.parse("0.5-2.5")
    job = await earlier(closed).use_preview(
        OWNER, preview.id, closed.job_starter.new_id(), closed.origin(), chosen, anyway=True, name="Mim"
    )
    await closed.run(600)
    assert (await closed.job(job)).outcome is Outcome.SUCCEEDED
    [character] = await closed.cast()
    assert (character.name, character.portable) == ("Mim", True)


def test_its_id_is_no_video() -> None:
    with pytest.raises(BadSource, match="That's a character"):
        earlier_task("cast_0123456789abcdef")
