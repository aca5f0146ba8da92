"""The picker, and the doubts about seconds: buttons and form, for the owner alone, also after a restart."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest
from simcord import InteractionResult

from bot.chat.render_picker import render_picker
from bot.chat.render_question import render_question
from bot.values.job import (
    CharacterRequest,
    Job,
    JobChanges,
    JobKind,
    Lane,
    Outcome,
    PreviewRequest,
    Question,
    Seen,
    Step,
    Transition,
)
from bot.values.source import Attachment, Link
from bot.values.time_range import TimeRange
from bot.values.video import BestSeconds, Concern, Findings, Reason, Suggestion, VideoFacts
from tests.cogs.bot_harness import BotHarness, labels, origin, refusal, words
from tests.leases import lease_of

FACTS = VideoFacts(
    container="mp4", seconds=8.0, width=1280, height=720, frame_rate=24.0, video_codec="h264", audio_codec="aac"
)
BEST = BestSeconds(
    suggestions=(
        Suggestion(range=TimeRange.parse("4-7"), score=0.9, reasons=(Reason.ONE_FACE, Reason.VOICE)),
        Suggestion(range=TimeRange.parse("0.5-2"), score=0.4, concerns=(Concern.NO_SUBJECT,)),
    ),
    sampled=False,
    faces=True,
    voices=True,
)
REQUEST = CharacterRequest(
    source=Attachment(url=None, filename="clip.mp4", size=10), range=TimeRange.parse("1-3"), model="sora-2"
)
PICKING = JobChanges(
    step=Step.CHOOSE,
    question=Question.SECONDS,
    seen=Seen(facts=FACTS, best=BEST),
    request=replace(REQUEST, range=None),
)
DOUBTING = JobChanges(
    step=Step.CHOOSE,
    question=Question.CONCERNS,
    seen=Seen(facts=FACTS, findings=Findings(concerns=(Concern.NO_SUBJECT, Concern.CUT), faces=True)),
    request=REQUEST,
)


async def shown(bot: BotHarness, changes: JobChanges, *, private: bool = False) -> tuple[Job, discord.Message]:
    """A waiting job of Alice's and its message, as the courier would show it."""
    job = await bot.harness.job(bot.alice.id, changes | JobChanges(origin=origin(bot.harness.now, private=private)))
    assert job.question is not None
    picking = job.question is Question.SECONDS
    card = render_picker(job, b"RIFF....WEBP", "en-GB") if picking else render_question(job, job.question, "en-GB")
    channel = bot.env.bot.get_partial_messageable(bot.channel.id)
    await channel.send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return job, message


async def now_of(bot: BotHarness, job: Job) -> Job:
    found = await bot.harness.jobs.get(job.id)
    assert found is not None
    return found


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_suggestion_is_taken_with_one_press(bot: BotHarness, restarted: bool) -> None:
    job, message = await shown(bot, PICKING)
    if restarted:
        await bot.restart()
    await bot.alice.click(message, label="Use 2")
    after = await now_of(bot, job)
    assert (after.step, after.question) == (Step.PREPARE, None)
    assert after.character.range == TimeRange.parse("0.5-2")
    assert after.character.anyway  # what speaks against it stood beside it
    assert bot.harness.woken
    assert job.id in bot.harness.interrupted


@pytest.mark.parametrize("restarted", [False, True])
async def test_other_seconds_are_typed_into_a_form(bot: BotHarness, restarted: bool) -> None:
    job, message = await shown(bot, PICKING)
    opened = await bot.alice.click(message, label="Other seconds…")
    if restarted:
        await bot.restart()
    await bot.alice.submit_modal(opened, {"range": "0:02-0:04"})
    after = await now_of(bot, job)
    assert (after.step, after.character.range, after.character.anyway) == (Step.PREPARE, TimeRange.parse("2-4"), False)


@pytest.mark.parametrize(("typed", "sentence"), [("7-9", "The video is 8 s long"), ("soon", "“soon” is not a range")])
async def test_seconds_that_do_not_work_leave_the_picker_and_stay_in_the_form(
    bot: BotHarness, typed: str, sentence: str
) -> None:
    job, message = await shown(bot, PICKING)
    messages = len(bot.channel.history())
    opened = await bot.alice.click(message, label="Other seconds…")
    assert sentence in refusal(await bot.alice.submit_modal(opened, {"range": typed}))
    assert (await now_of(bot, job)).question is Question.SECONDS
    assert len(bot.channel.history()) == messages
    [kept] = [each for each in bot.channel.history() if each.id == message.id]
    assert words(kept) == words(message)
    again = await bot.alice.click(kept, label="Other seconds…")
    assert fields(again)["range"]["value"] == typed
    await bot.alice.submit_modal(again, {"range": "0:02-0:04"})
    assert (await now_of(bot, job)).character.range == TimeRange.parse("2-4")


async def test_the_form_begins_with_what_the_command_had(bot: BotHarness) -> None:
    request = replace(REQUEST, range=None, typed="1-9")
    job, message = await shown(bot, PICKING | JobChanges(request=request))
    assert "must be 1 to 3 seconds long" in words(message)
    opened = await bot.alice.click(message, label="Other seconds…")
    assert fields(opened)["range"]["value"] == "1-9"
    await bot.alice.submit_modal(opened, {"range": "2-4", "name": " Duck "})
    assert (await now_of(bot, job)).character.name == "Duck"


async def test_the_form_asks_for_no_name_where_there_is_one(bot: BotHarness) -> None:
    _, message = await shown(bot, PICKING | JobChanges(request=replace(REQUEST, range=None, name="Duck")))
    assert list(fields(await bot.alice.click(message, label="Other seconds…"))) == ["range"]


def fields(opened: InteractionResult) -> dict[str, dict[str, object]]:
    """The fields of a form, by their names."""
    assert opened.modal is not None
    return {each["component"]["custom_id"]: each["component"] for each in opened.modal["components"]}


async def test_doubtful_seconds_are_used_anyway(bot: BotHarness) -> None:
    job, message = await shown(bot, DOUBTING)
    assert "I found no face" in words(message)
    assert "There's a cut" in words(message)
    await bot.alice.click(message, label="Use anyway")
    after = await now_of(bot, job)
    assert (after.step, after.character.anyway) == (Step.PREPARE, True)
    assert after.character.range == REQUEST.range


async def test_doubtful_seconds_are_picked_again(bot: BotHarness) -> None:
    job, message = await shown(bot, DOUBTING)
    result = await bot.alice.click(message, label="Pick other seconds")
    (picker,) = result.followups
    assert picker.ephemeral, "the picker is for its owner's eyes only, and this question was not"
    after = await now_of(bot, job)
    assert (after.step, after.question, after.character.range) == (Step.CHOOSE, Question.SECONDS, None)
    assert (after.origin.message_id, after.origin.ephemeral) == (picker.id, True)


@pytest.mark.parametrize("changes", [PICKING, DOUBTING])
async def test_a_strangers_press_changes_nothing(bot: BotHarness, changes: JobChanges) -> None:
    job, message = await shown(bot, changes)
    for label in (
        ("Use 1", "Other seconds…", "Cancel") if changes is PICKING else ("Use anyway", "Pick other seconds", "Cancel")
    ):
        result = await bot.bob.click(message, label=label)
        assert "These buttons are for the person who started this" in refusal(result)
        assert await now_of(bot, job) == job


async def test_a_form_of_anothers_job_is_answered_like_an_unknown_one(bot: BotHarness) -> None:
    job, _ = await shown(bot, PICKING)
    _, own = await shown(bot, PICKING)
    opened = await bot.alice.click(own, label="Other seconds…")
    await bot.harness.job_service.cancel(bot.alice.id, job.id)
    await bot.harness.job_service.cancel(bot.alice.id, (await bot.jobs_of(bot.alice))[0].id)
    result = await bot.alice.submit_modal(opened, {"range": "2-4"})
    assert "no longer waiting" in told(result)


@pytest.mark.parametrize("changes", [PICKING, DOUBTING])
async def test_the_list_offers_to_pick(bot: BotHarness, changes: JobChanges) -> None:
    job, _ = await shown(bot, changes)
    listed = await bot.alice.slash(bot.channel, "tasks")
    assert listed.response is not None
    wanted = ["Pick seconds", "Cancel"] if changes is PICKING else ["Pick seconds", "Use anyway", "Cancel"]
    assert labels(listed.response) == wanted
    await bot.alice.click(listed.response, label="Pick seconds")
    after = await now_of(bot, job)
    assert after.question is Question.SECONDS
    assert after.origin.ephemeral
    assert after.origin.message_id not in {None, job.origin.message_id}
    assert after.next_attempt_at == bot.harness.now


# -- the command ----------------------------------------------------------------------------------------------------


async def test_a_video_without_a_range_is_taken(bot: BotHarness) -> None:
    await bot.alice.slash(bot.channel, "character create", video=("clip.mp4", b"12345"))
    job = await bot.job_of(bot.alice)
    assert (job.kind, job.character.range) == (JobKind.CHARACTER, None)


async def test_a_preview_is_for_the_person_who_asked_alone(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "character preview", video=("clip.mp4", b"12345"))
    assert result.response is not None
    assert result.response.ephemeral
    job = await bot.job_of(bot.alice)
    assert (job.kind, job.counted, job.origin.private, job.origin.ephemeral) == (JobKind.PREVIEW, False, True, True)


async def test_a_preview_needs_exactly_one_video(bot: BotHarness) -> None:
    result = await bot.alice.slash(bot.channel, "character preview")
    assert "exactly one" in refusal(result)


async def test_a_waiting_preview_asks_for_nothing(bot: BotHarness) -> None:
    await bot.alice.slash(bot.channel, "character preview", video=("clip.mp4", b"12345"))
    preview = await bot.job_of(bot.alice)
    await bot.harness.jobs.claim("test", now=bot.harness.now, most=dict.fromkeys(Lane, 5))
    waiting = JobChanges(step=Step.CHOOSE, question=Question.SECONDS)
    await bot.harness.jobs.release(
        preview.id, await lease_of(bot.harness.jobs, preview.id), Transition("test", waiting), now=bot.harness.now
    )
    listed = await bot.alice.slash(bot.channel, "tasks")
    assert listed.response is not None
    assert "Looking for the best seconds" in words(listed.response)
    assert labels(listed.response) == ["Cancel"]


PREVIEWED = JobChanges(
    step=Step.DONE,
    outcome=Outcome.SUCCEEDED,
    seen=Seen(facts=FACTS, best=BEST),
    request=PreviewRequest(source=Link(url="https://example.org/clip.mp4")),
)


async def previewed(bot: BotHarness) -> tuple[Job, discord.Message]:
    job = await bot.harness.job(bot.alice.id, PREVIEWED | JobChanges(finished_at=bot.harness.now))
    card = render_picker(job, b"RIFF....WEBP", "en-GB")
    channel = bot.env.bot.get_partial_messageable(bot.channel.id)
    await channel.send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return job, message


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_preview_starts_a_character_with_one_press(bot: BotHarness, restarted: bool) -> None:
    preview, message = await previewed(bot)
    if restarted:
        await bot.restart()
    result = await bot.alice.click(message, label="Use 2")
    assert result.deferred
    job = await bot.job_of(bot.alice)
    assert (job.character.range, job.character.anyway) == (TimeRange.parse("0.5-2"), True)
    assert (job.step, job.seen, job.about_source.source) == (Step.PREPARE, preview.seen, preview.about_source.source)
    await bot.alice.click(message, label="Use 1")  # and another one
    assert len(await bot.jobs_of(bot.alice)) == 2


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_preview_starts_a_character_from_other_seconds(bot: BotHarness, restarted: bool) -> None:
    _, message = await previewed(bot)
    opened = await bot.alice.click(message, label="Other seconds…")
    if restarted:
        await bot.restart()
    await bot.alice.submit_modal(opened, {"range": "2-4", "name": " Duck "})
    job = await bot.job_of(bot.alice)
    assert (job.character.range, job.character.anyway) == (TimeRange.parse("2-4"), False)
    assert job.character.name == "Duck"


@pytest.mark.parametrize(("typed", "sentence"), [("7-9", "The video is 8 s long"), ("soon", "“soon” is not a range")])
async def test_seconds_that_do_not_work_leave_the_preview_and_stay_in_the_form(
    bot: BotHarness, typed: str, sentence: str
) -> None:
    _, message = await previewed(bot)
    messages = len(bot.channel.history())
    opened = await bot.alice.click(message, label="Other seconds…")
    assert sentence in refusal(await bot.alice.submit_modal(opened, {"range": typed}))
    assert await bot.jobs_of(bot.alice) == ()
    assert len(bot.channel.history()) == messages
    [kept] = [each for each in bot.channel.history() if each.id == message.id]
    assert words(kept) == words(message)
    again = await bot.alice.click(kept, label="Other seconds…")
    assert fields(again)["range"]["value"] == typed


def told(result: InteractionResult) -> str:
    return "\n".join(words(message) for message in (result.response, *result.followups) if message is not None)
