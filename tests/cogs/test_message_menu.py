"""The menu "Make a character": a posted video, a form, a draft."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.values.source import Attachment
from tests.cogs.bot_harness import MAX_BYTES, BotHarness, refusal

MENU = "Make a character"


async def posted(bot: BotHarness, *files: tuple[str, bytes]) -> discord.Message:
    return await bot.bob.send(bot.channel, "look", attachments=files)


def choices(form: InteractionResult) -> list[dict[str, Any]]:
    """Of the videos, in the open form."""
    assert form.modal is not None
    components = [each["component"] for each in form.modal["components"]]
    return next(list(each["options"]) for each in components if each["custom_id"] == "video")


def chosen(form: InteractionResult, number: int) -> str:
    return str(choices(form)[number]["value"])


async def test_a_posted_video_becomes_a_job_through_the_form(bot: BotHarness) -> None:
    message = await posted(bot, ("notes.txt", b"notes"), ("CLIP.MP4", b"first"), ("other.mp4", b"second"))
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    assert form.modal is not None
    first = chosen(form, 0)
    result = await bot.alice.submit_modal(form, {"range": "0:01-0:03", "name": " Duck ", "video": first})
    assert result.deferred
    assert result.ephemeral
    job = await bot.job_of(bot.alice)
    assert isinstance(job.about_source.source, Attachment)
    assert (job.about_source.source.filename, job.about_source.source.size) == ("CLIP.MP4", 5)
    assert (job.character.chosen.provider, job.character.name, job.character.model) == ("1,3", "Duck", "sora-2")
    assert job.about_source.source.of_others
    assert (job.origin.private, job.origin.ephemeral) == (False, True)


async def test_the_form_may_keep_the_result_to_its_owner(bot: BotHarness) -> None:
    form = await bot.alice.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    await bot.alice.submit_modal(form, {"range": "1-3", "private": ["yes"]})
    assert (await bot.job_of(bot.alice)).origin.private


async def test_a_video_of_ones_own_is_none_of_others(bot: BotHarness) -> None:
    message = await bot.alice.send(bot.channel, "look", attachments=[("clip.mp4", b"clip")])
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    await bot.alice.submit_modal(form, {"range": "1-3"})
    assert not (await bot.job_of(bot.alice)).character.of_others


@pytest.mark.parametrize(
    ("filename", "content_type", "taken"),
    [("clip", "video/mp4", True), ("clip.mov", None, True), ("clip.mov", "", True), ("clip", None, False)],
)
async def test_a_video_is_told_by_its_type_or_its_ending(
    bot: BotHarness, filename: str, content_type: str | None, taken: bool
) -> None:
    message = await posted(bot, (filename, b"clip"))
    (attachment,) = bot.env.backend.get_message(bot.channel.id, message.id).attachments
    attachment.pop("content_type", None)
    if content_type is not None:
        attachment["content_type"] = content_type
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    assert (form.modal is not None) is taken


async def test_the_form_survives_a_restart_and_the_name_may_be_left_out(bot: BotHarness) -> None:
    message = await posted(bot, ("clip.mp4", b"clip"))
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    await bot.restart()
    await bot.alice.submit_modal(form, {"range": "1-3"})
    assert (await bot.job_of(bot.alice)).character.name is None


async def test_of_several_videos_one_is_chosen(bot: BotHarness) -> None:
    message = await posted(bot, ("first.mp4", b"first"), ("notes.txt", b"notes"), ("second.mov", b"second"))
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    assert form.modal is not None
    assert [option["label"] for option in choices(form)] == ["1: first.mp4", "2: second.mov"]
    await bot.alice.submit_modal(form, {"range": "1-3", "video": chosen(form, 1)})
    source = (await bot.job_of(bot.alice)).about_source.source
    assert isinstance(source, Attachment)
    assert source.filename == "second.mov"


async def test_the_video_of_a_forwarded_message_is_taken_and_is_not_ones_own(bot: BotHarness) -> None:
    message = await bot.alice.forward(await posted(bot, ("clip.mp4", b"clip")), bot.channel)
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    assert form.modal is not None
    await bot.alice.submit_modal(form, {"range": "1-3"})
    source = (await bot.job_of(bot.alice)).about_source.source
    assert isinstance(source, Attachment)
    assert source.filename == "clip.mp4"
    assert source.of_others


async def test_a_video_that_is_too_large_is_no_choice(bot: BotHarness) -> None:
    message = await posted(bot, ("large.mp4", b"x" * (MAX_BYTES + 1)), ("clip.mp4", b"clip"))
    form = await bot.alice.context_menu(bot.channel, MENU, message)
    await bot.alice.submit_modal(form, {"range": "1-3"})
    source = (await bot.job_of(bot.alice)).about_source.source
    assert isinstance(source, Attachment)
    assert source.filename == "clip.mp4"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("picture.png", "only pictures"),
        ("voice-message.ogg", "only sound"),
        ("notes.txt", "no video attached"),
    ],
)
async def test_a_message_without_a_video_is_answered_with_a_hint(bot: BotHarness, name: str, sentence: str) -> None:
    message = await posted(bot, (name, b"something"))
    (attachment,) = bot.env.backend.get_message(bot.channel.id, message.id).attachments
    attachment["content_type"] = {"png": "image/png", "ogg": "audio/ogg", "txt": "text/plain"}[name.split(".")[1]]
    result = await bot.alice.context_menu(bot.channel, MENU, message)
    assert result.modal is None
    assert sentence in refusal(result)


async def test_a_video_that_is_too_large_is_refused_before_the_form(bot: BotHarness) -> None:
    message = await posted(bot, ("clip.mp4", b"x" * (MAX_BYTES + 1)))
    result = await bot.alice.context_menu(bot.channel, MENU, message)
    assert result.modal is None
    assert "the most I can take is" in refusal(result)


async def test_a_bad_range_is_picked_with_the_video_that_is_here(bot: BotHarness) -> None:
    form = await bot.alice.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    await bot.alice.submit_modal(form, {"range": "1-9"})
    request = (await bot.job_of(bot.alice)).character
    assert (request.range, request.typed) == (None, "1-9")


async def test_a_draft_that_was_swept_says_what_to_do(bot: BotHarness) -> None:
    form = await bot.alice.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    await bot.harness.drafts.sweep(bot.harness.now + timedelta(seconds=1))
    result = await bot.alice.submit_modal(form, {"range": "1-3"})
    assert not result.deferred
    assert "too old" in refusal(result)


async def test_a_draft_is_nobody_elses(bot: BotHarness) -> None:
    form = await bot.alice.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    assert form.modal is not None
    other = await bot.bob.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    assert other.modal is not None
    forged = other._interaction.modal
    assert forged is not None
    forged["custom_id"] = form.modal["custom_id"]  # a forged submission
    result = await bot.bob.submit_modal(other, {"range": "1-3"})
    assert "too old" in refusal(result)
    assert await bot.jobs_of(bot.bob) == ()
    await bot.alice.submit_modal(form, {"range": "1-3"})  # the owner's is still there
    await bot.job_of(bot.alice)


async def test_a_refusal_is_the_first_answer_and_hidden(bot: BotHarness) -> None:
    for _ in range(5):  # as many as there may be in a day
        await bot.harness.job(bot.alice.id)
    form = await bot.alice.context_menu(bot.channel, MENU, await posted(bot, ("clip.mp4", b"clip")))
    result = await bot.alice.submit_modal(form, {"range": "1-3"})
    assert not result.deferred
    assert "used up your 5 characters for today" in refusal(result)


async def test_the_menu_goes_with_its_cog(bot: BotHarness) -> None:
    tree = bot.client.tree
    assert tree.get_command(MENU, type=discord.AppCommandType.message) is not None
    await bot.client.remove_cog("MessageMenu")
    assert tree.get_command(MENU, type=discord.AppCommandType.message) is None
