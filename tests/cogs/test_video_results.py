"""The buttons under finished and refused videos: each starts another video, for its owner alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import discord
import pytest

from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import MakeVideoByOtherModel
from bot.chat.render_job import render_failure
from bot.chat.render_video import render_video
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import CastRole, Job, JobChanges, Outcome, Step, VideoRejection, VideoRequest
from bot.values.made_video import MadeVideo
from tests.cogs.bot_harness import BotHarness, labels, origin, refusal, words
from tests.rendered_clips import render_clip

WISH = VideoRequest(prompt="@Ann waves", cast=(), model="seedance-2", model_named=True, duration=5)


@pytest.fixture
async def wish(bot: BotHarness, tmp_path: Path) -> VideoRequest:
    """With a character that every model takes, by its clip or by its still."""
    clip = tmp_path / "made.mp4"
    render_clip(clip, seconds=3, size=(640, 360), fps=12)
    still = await bot.harness.files.put_bytes(bot.alice.id, b"still", "image/jpeg")
    kept = await bot.harness.files.put_path(bot.alice.id, clip, "video/mp4")
    ann = await bot.harness.character(bot.alice.id, "Ann", portable=(kept, still))
    return replace(WISH, cast=(CastRole(character_id=ann.id, name="Ann"),))


async def a_video_job(bot: BotHarness, wish: VideoRequest, outcome: Outcome, *, private: bool = False) -> Job:
    now = bot.harness.now
    done = JobChanges(
        step=Step.DONE, outcome=outcome, request=wish, finished_at=now, delivered_at=now, failure=text("No.")
    )
    done["origin"] = origin(now, private=private)
    return await bot.harness.job(bot.alice.id, done)


async def shown(bot: BotHarness, job: Job, *also: DurableButton) -> discord.Message:
    """How ``job`` ended, for everybody to see, with ``also`` under it."""
    card = render_failure(job, "en-GB")
    card = replace(card, buttons=(*card.buttons, *also))
    if job.outcome is Outcome.SUCCEEDED:
        card = render_video(job, a_video(job), None, "en-GB")
    await bot.env.bot.get_partial_messageable(bot.channel.id).send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return message


def a_video(job: Job) -> MadeVideo:
    return MadeVideo(
        id=1,
        owner_id=job.owner_id,
        job_id=job.id,
        prompt=job.video.prompt,
        model=job.video.chosen_model,
        roles=job.video.cast,
        file=StoredFile(key="1/ab", sha256="ab", size=900, mime="video/mp4"),
        poster=None,
        seconds=5,
        width=640,
        height=360,
        created_at=job.created_at,
    )


async def started(bot: BotHarness) -> VideoRequest:
    """What the one job that runs now was asked for."""
    return (await bot.job_of(bot.alice)).video


async def test_again_is_the_same_once_more(bot: BotHarness, wish: VideoRequest) -> None:
    message = await shown(bot, await a_video_job(bot, wish, Outcome.SUCCEEDED))
    result = await bot.alice.click(message, label="Again")
    assert result.deferred
    assert bot.channel.last_message == message, "it is for their eyes only until there is something to show"
    assert await started(bot) == wish


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("label", ["Again", "Try again"])
async def test_what_is_made_again_is_as_private_as_it_was(
    bot: BotHarness, wish: VideoRequest, private: bool, label: str
) -> None:
    await bot.harness.servers.set_private_results(bot.alice.guild.id, not private)
    outcome = Outcome.SUCCEEDED if label == "Again" else Outcome.FAILED
    job = await a_video_job(bot, wish, outcome, private=private)
    await bot.alice.click(await shown(bot, job), label=label)
    assert (await bot.job_of(bot.alice)).origin.private is private


async def test_a_model_that_was_not_named_is_chosen_anew(bot: BotHarness, wish: VideoRequest) -> None:
    before = replace(wish, model="grok-video-1.0", model_named=False)
    message = await shown(bot, await a_video_job(bot, before, Outcome.SUCCEEDED))
    await bot.alice.click(message, label="Again")
    assert (await started(bot)).model != "grok-video-1.0", "there are better ones"


async def test_a_real_face_goes_to_a_model_that_takes_it(bot: BotHarness, wish: VideoRequest) -> None:
    refused = replace(wish, refused=VideoRejection.REAL_FACE)
    job = await a_video_job(bot, refused, Outcome.FAILED)
    other = MakeVideoByOtherModel(job.id, job.owner_id, "Use another model")  # on a card of an earlier version
    message = await shown(bot, job, other)
    await bot.alice.click(message, label="Use another model")
    now = await started(bot)
    assert now.model is not None
    assert not now.model.startswith("seedance"), "its sisters refuse it as well"
    assert (now.prompt, now.cast, now.duration, now.refused) == (wish.prompt, wish.cast, 5, None)


async def test_the_model_that_is_offered_for_a_real_face_is_the_one_that_is_taken(
    bot: BotHarness, wish: VideoRequest
) -> None:
    offered = replace(wish, refused=VideoRejection.REAL_FACE, instead="viduq3", instead_price=Decimal("62.5"))
    job = await a_video_job(bot, offered, Outcome.FAILED)
    await bot.alice.click(await shown(bot, job), label="Use viduq3 (62.5 credits)")
    now = await started(bot)
    assert (now.model, now.refused, now.instead, now.instead_price) == ("viduq3", None, None, None)


async def test_a_model_that_was_offered_and_is_closed_since_is_told(bot: BotHarness, wish: VideoRequest) -> None:
    offered = replace(wish, refused=VideoRejection.REAL_FACE, instead="viduq3")
    job = await a_video_job(bot, offered, Outcome.FAILED)
    await bot.harness.app.video_availability.refused("viduq3")
    told = refusal(await bot.alice.click(await shown(bot, job), label="Use viduq3"))
    assert "doesn't offer the model “viduq3”" in told
    assert await bot.jobs_of(bot.alice) == ()


async def test_nobody_real_stays_with_the_model_that_was_taken(bot: BotHarness, wish: VideoRequest) -> None:
    refused = replace(wish, refused=VideoRejection.REAL_FACE, made_up_helps=True)
    message = await shown(bot, await a_video_job(bot, refused, Outcome.FAILED))
    await bot.alice.click(message, label="They're all made up")
    assert await started(bot) == replace(wish, nobody_real=True)


async def test_a_model_that_knows_no_avatars_is_not_asked_again(bot: BotHarness, wish: VideoRequest) -> None:
    refused = replace(wish, model="viduq3", refused=VideoRejection.REAL_FACE, made_up_helps=True)  # until lately
    message = await shown(bot, await a_video_job(bot, refused, Outcome.FAILED))
    told = refusal(await bot.alice.click(message, label="They're all made up"))
    assert "viduq3 has no way to say that a character is made up" in told
    assert await bot.jobs_of(bot.alice) == ()


async def test_a_refused_sound_is_left_out(bot: BotHarness, wish: VideoRequest) -> None:
    refused = replace(wish, refused=VideoRejection.OWN_SOUND)
    message = await shown(bot, await a_video_job(bot, refused, Outcome.FAILED))
    await bot.alice.click(message, label="Make it without sound")
    assert (await started(bot)) == replace(wish, sound=False)


async def test_a_failed_video_is_changed_in_a_form_with_all_that_was_asked_for_also_after_a_restart(
    bot: BotHarness, wish: VideoRequest
) -> None:
    refused = replace(wish, model_named=False, refused=VideoRejection.OWN_SOUND)
    job = await a_video_job(bot, refused, Outcome.FAILED, private=True)
    form = await bot.alice.click(await shown(bot, job), label="Change it…")
    assert form.modal is not None
    fields = {each["custom_id"]: each for each in (row["component"] for row in form.modal["components"])}
    assert fields["prompt"]["value"] == wish.prompt
    cast, model = (
        [each["value"] for each in fields[name]["options"] if each.get("default")] for name in ("cast", "model")
    )
    assert (cast, model) == ([str(wish.cast[0].character_id)], ["seedance-2"])
    await bot.restart()
    await bot.alice.submit_modal(form, {"prompt": "@Ann dances", "cast": cast, "model": ["viduq3"]})
    now = await bot.job_of(bot.alice)
    assert (now.video.prompt, now.video.model, now.video.duration) == ("@Ann dances", "viduq3", wish.duration)
    assert (now.video.refused, now.origin.private) == (None, True)


async def test_a_form_for_a_video_that_is_no_longer_known_is_not_opened(bot: BotHarness, wish: VideoRequest) -> None:
    message = await shown(bot, await a_video_job(bot, wish, Outcome.FAILED))
    await bot.harness.erasure.erase(bot.alice.id)
    assert "no longer" in refusal(await bot.alice.click(message, label="Change it…"))


async def test_tasks_offer_both_for_a_video_that_failed(bot: BotHarness, wish: VideoRequest) -> None:
    await a_video_job(bot, wish, Outcome.FAILED)
    tasks = (await bot.alice.slash(bot.channel, "tasks")).response
    assert tasks is not None
    assert {"Try again", "Change it…"} <= set(labels(tasks))
    await bot.alice.click(tasks, label="Try again")
    assert await started(bot) == wish


async def test_who_has_left_the_cast_is_told(bot: BotHarness, wish: VideoRequest) -> None:
    message = await shown(bot, await a_video_job(bot, wish, Outcome.FAILED))
    await bot.harness.characters.delete(bot.alice.id, wish.cast[0].character_id)
    told = refusal(await bot.alice.click(message, label="Try again"))
    assert "“Ann” is no longer in your cast" in told
    assert await bot.jobs_of(bot.alice) == ()


async def test_a_stranger_starts_nothing(bot: BotHarness, wish: VideoRequest) -> None:
    message = await shown(bot, await a_video_job(bot, wish, Outcome.SUCCEEDED))
    refusal(await bot.bob.click(message, label="Again"))
    assert await bot.jobs_of(bot.alice) == ()
    assert await bot.jobs_of(bot.bob) == ()
    assert "Ann waves" in words(message)
