"""The menu "Make a character": a posted video, a form, a draft."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import discord
import pytest
from simcord import InteractionResult

from bot.values.source import Attachment
from tests.cogs.stage import MAX_BYTES, Stage, refusal

MENU = "Make a character"


async def posted(stage: Stage, *files: tuple[str, bytes]) -> discord.Message:
    return await stage.bob.send(stage.channel, "look", attachments=files)


def choices(form: InteractionResult) -> list[dict[str, Any]]:
    """Of the videos, in the open form."""
    assert form.modal is not None
    components = [each["component"] for each in form.modal["components"]]
    return next(list(each["options"]) for each in components if each["custom_id"] == "video")


def chosen(form: InteractionResult, number: int) -> str:
    return str(choices(form)[number]["value"])


async def test_a_posted_video_becomes_a_job_through_the_form(stage: Stage) -> None:
    message = await posted(stage, ("notes.txt", b"notes"), ("CLIP.MP4", b"first"), ("other.mp4", b"second"))
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    assert form.modal is not None
    first = chosen(form, 0)
    result = await stage.alice.submit_modal(form, {"range": "0:01-0:03", "name": " Duck ", "video": first})
    assert result.deferred
    assert result.ephemeral
    job = await stage.job_of(stage.alice)
    assert isinstance(job.about_source.source, Attachment)
    assert (job.about_source.source.filename, job.about_source.source.size) == ("CLIP.MP4", 5)
    assert (job.character.chosen.provider, job.character.name, job.character.model) == ("1,3", "Duck", "sora-2")
    assert job.about_source.source.of_others
    assert (job.origin.private, job.origin.ephemeral) == (False, True)


async def test_the_form_may_keep_the_result_to_its_owner(stage: Stage) -> None:
    form = await stage.alice.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    await stage.alice.submit_modal(form, {"range": "1-3", "private": ["yes"]})
    assert (await stage.job_of(stage.alice)).origin.private


async def test_a_video_of_ones_own_is_none_of_others(stage: Stage) -> None:
    message = await stage.alice.send(stage.channel, "look", attachments=[("clip.mp4", b"clip")])
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    await stage.alice.submit_modal(form, {"range": "1-3"})
    assert not (await stage.job_of(stage.alice)).character.of_others


@pytest.mark.parametrize(
    ("filename", "content_type", "taken"),
    [("clip", "video/mp4", True), ("clip.mov", None, True), ("clip.mov", "", True), ("clip", None, False)],
)
async def test_a_video_is_told_by_its_type_or_its_ending(
    stage: Stage, filename: str, content_type: str | None, taken: bool
) -> None:
    message = await posted(stage, (filename, b"clip"))
    (attachment,) = stage.env.backend.get_message(stage.channel.id, message.id).attachments
    attachment.pop("content_type", None)
    if content_type is not None:
        attachment["content_type"] = content_type
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    assert (form.modal is not None) is taken


async def test_the_form_survives_a_restart_and_the_name_may_be_left_out(stage: Stage) -> None:
    message = await posted(stage, ("clip.mp4", b"clip"))
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    await stage.restart()
    await stage.alice.submit_modal(form, {"range": "1-3"})
    assert (await stage.job_of(stage.alice)).character.name is None


async def test_of_several_videos_one_is_chosen(stage: Stage) -> None:
    message = await posted(stage, ("first.mp4", b"first"), ("notes.txt", b"notes"), ("second.mov", b"second"))
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    assert form.modal is not None
    assert [option["label"] for option in choices(form)] == ["1: first.mp4", "2: second.mov"]
    await stage.alice.submit_modal(form, {"range": "1-3", "video": chosen(form, 1)})
    source = (await stage.job_of(stage.alice)).about_source.source
    assert isinstance(source, Attachment)
    assert source.filename == "second.mov"


async def test_the_video_of_a_forwarded_message_is_taken_and_is_not_ones_own(stage: Stage) -> None:
    message = await stage.alice.forward(await posted(stage, ("clip.mp4", b"clip")), stage.channel)
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    assert form.modal is not None
    await stage.alice.submit_modal(form, {"range": "1-3"})
    source = (await stage.job_of(stage.alice)).about_source.source
    assert isinstance(source, Attachment)
    assert source.filename == "clip.mp4"
    assert source.of_others


async def test_a_video_that_is_too_large_is_no_choice(stage: Stage) -> None:
    message = await posted(stage, ("large.mp4", b"x" * (MAX_BYTES + 1)), ("clip.mp4", b"clip"))
    form = await stage.alice.context_menu(stage.channel, MENU, message)
    await stage.alice.submit_modal(form, {"range": "1-3"})
    source = (await stage.job_of(stage.alice)).about_source.source
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
async def test_a_message_without_a_video_is_answered_with_a_hint(stage: Stage, name: str, sentence: str) -> None:
    message = await posted(stage, (name, b"something"))
    (attachment,) = stage.env.backend.get_message(stage.channel.id, message.id).attachments
    attachment["content_type"] = {"png": "image/png", "ogg": "audio/ogg", "txt": "text/plain"}[name.split(".")[1]]
    result = await stage.alice.context_menu(stage.channel, MENU, message)
    assert result.modal is None
    assert sentence in refusal(result)


async def test_a_video_that_is_too_large_is_refused_before_the_form(stage: Stage) -> None:
    message = await posted(stage, ("clip.mp4", b"x" * (MAX_BYTES + 1)))
    result = await stage.alice.context_menu(stage.channel, MENU, message)
    assert result.modal is None
    assert "the most I can take is" in refusal(result)


async def test_a_bad_range_is_picked_with_the_video_that_is_here(stage: Stage) -> None:
    form = await stage.alice.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    await stage.alice.submit_modal(form, {"range": "1-9"})
    request = (await stage.job_of(stage.alice)).character
    assert (request.range, request.typed) == (None, "1-9")


async def test_a_draft_that_was_swept_says_what_to_do(stage: Stage) -> None:
    form = await stage.alice.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    await stage.harness.drafts.sweep(stage.harness.now + timedelta(seconds=1))
    result = await stage.alice.submit_modal(form, {"range": "1-3"})
    assert not result.deferred
    assert "too old" in refusal(result)


async def test_a_draft_is_nobody_elses(stage: Stage) -> None:
    form = await stage.alice.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    assert form.modal is not None
    other = await stage.bob.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    assert other.modal is not None
    forged = other._interaction.modal
    assert forged is not None
    forged["custom_id"] = form.modal["custom_id"]  # a forged submission
    result = await stage.bob.submit_modal(other, {"range": "1-3"})
    assert "too old" in refusal(result)
    assert await stage.jobs_of(stage.bob) == ()
    await stage.alice.submit_modal(form, {"range": "1-3"})  # the owner's is still there
    await stage.job_of(stage.alice)


async def test_a_refusal_is_the_first_answer_and_hidden(stage: Stage) -> None:
    for _ in range(5):  # as many as there may be in a day
        await stage.harness.job(stage.alice.id)
    form = await stage.alice.context_menu(stage.channel, MENU, await posted(stage, ("clip.mp4", b"clip")))
    result = await stage.alice.submit_modal(form, {"range": "1-3"})
    assert not result.deferred
    assert "used up your 5 characters for today" in refusal(result)


async def test_the_menu_goes_with_its_cog(stage: Stage) -> None:
    tree = stage.client.tree
    assert tree.get_command(MENU, type=discord.AppCommandType.message) is not None
    await stage.client.remove_cog("MessageMenu")
    assert tree.get_command(MENU, type=discord.AppCommandType.message) is None
