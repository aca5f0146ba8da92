"""Seconds as a moving picture: watched, moved and used, also after a restart, and paid for only then."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from typing import Any

import discord
import pytest
from PIL import Image, ImageSequence

from bot.chat.render_closer_look import render_closer_look
from bot.chat.render_picker import render_picker
from bot.values.files import StoredFile
from bot.values.job import Job, JobChanges, JobKind, Outcome, PreviewRequest, Step
from bot.values.time_range import TimeRange
from tests.cards import lines, parts
from tests.cogs.bot_harness import BotHarness, origin, refusal, words
from tests.cogs.test_picking import FACTS, PICKING, now_of
from tests.media.child.generated_clips import nobody, write


async def picking(bot: BotHarness, *, seconds: float = 8.0) -> tuple[Job, discord.Message]:
    """A job of Alice's that waits with its picker, and its video of so many seconds."""
    file = StoredFile(key="work/x/source", sha256="ab", size=10, mime="video/mp4")
    seen = replace(PICKING["seen"], facts=replace(FACTS, seconds=seconds))
    changes = PICKING | JobChanges(origin=origin(bot.harness.now, private=True), file=file, seen=seen)
    job = await bot.harness.job(bot.alice.id, changes)
    folder = await bot.harness.files.work_folder(job.id)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "clip.mp4", nobody(seconds, (160, 90)), options={"preset": "ultrafast"}).rename(folder / "source")
    card = render_picker(job, b"RIFF....WEBP", "en-GB")
    channel = bot.env.bot.get_partial_messageable(bot.channel.id)
    await channel.send(**card.as_new())
    message = bot.channel.last_message
    assert message is not None
    return job, message


def now_shown(bot: BotHarness, message: discord.Message) -> discord.Message:
    [shown] = [each for each in bot.channel.history() if each.id == message.id]
    return shown


def switched(message: discord.Message) -> dict[str, bool]:
    """The buttons by their labels, and whether each can be pressed."""
    buttons = [part for part in parts(message) if part["type"] == 2]
    return {button["label"]: not button.get("disabled") for button in buttons}


@pytest.mark.parametrize("restarted", [False, True])
async def test_seconds_are_watched_moved_and_used(bot: BotHarness, restarted: bool) -> None:
    job, message = await picking(bot)
    await bot.alice.click(message, label="Watch 1")
    shown = now_shown(bot, message)
    assert "0:04–0:07 (3 s)" in words(shown)
    assert "Nothing has been charged yet." in words(shown)
    assert "free" not in words(shown)
    assert list(switched(shown)) == [
        "Use these", "Back to all", "Cancel", "0.5 s earlier", "0.5 s later", "Shorter", "Longer",
    ]  # fmt: skip
    if restarted:
        await bot.restart()
    await bot.alice.click(shown, label="0.5 s earlier")
    await bot.alice.click(now_shown(bot, message), label="Shorter")
    assert "0:03.5–0:06 (2.5 s)" in words(now_shown(bot, message)).replace("\\", "")
    waiting = await now_of(bot, job)
    assert (waiting.step, waiting.character.range) == (Step.CHOOSE, None)
    await bot.alice.click(now_shown(bot, message), label="Use these")
    after = await now_of(bot, job)
    assert (after.step, after.character.range) == (Step.PREPARE, TimeRange.parse("3.5-6"))
    assert not after.character.anyway  # nobody has said yet what speaks against them


async def test_seconds_of_a_preview_are_watched_moved_and_used_below_it(bot: BotHarness) -> None:
    job, _ = await picking(bot)
    asked = PreviewRequest(source=job.about_source.source, character_price=Decimal(60))
    now = bot.harness.now
    done = JobChanges(request=asked, question=None, step=Step.DONE, outcome=Outcome.SUCCEEDED, finished_at=now)
    changes = PICKING | JobChanges(origin=origin(now, private=True), file=job.file, seen=job.seen) | done
    preview = await bot.harness.job(bot.alice.id, changes)
    folders = [await bot.harness.files.work_folder(each.id) for each in (job, preview)]
    folders[0].rename(folders[1])
    channel = bot.env.bot.get_partial_messageable(bot.channel.id)
    await channel.send(**render_picker(preview, b"RIFF....WEBP", "en-GB").as_new())
    message = bot.channel.last_message
    assert message is not None
    result = await bot.alice.click(message, label="Watch 1")
    (look,) = [each for each in (result.response, *result.followups) if each is not None and each.id != message.id]
    assert look.ephemeral
    assert "A look at this video" in words(now_shown(bot, message)), "the preview stays"
    assert "The character is expected to cost 60 credits." in words(look)
    assert list(switched(look.message)) == ["Use these", "0.5 s earlier", "0.5 s later", "Shorter", "Longer"]
    await bot.alice.click(look, label="Shorter")
    (shown,) = [each for each in bot.channel.history(viewer=bot.alice) if each.id == look.id]
    assert "2.5 s" in words(shown).replace("\\", "")
    await bot.alice.click(shown, label="Use these")
    jobs = await bot.jobs_of(bot.alice)
    (begun,) = [each for each in jobs if each.kind is JobKind.CHARACTER and each.id != job.id]
    assert begun.character.chosen.seconds == Decimal("2.5")
    assert not begun.character.anyway  # nobody has said yet what speaks against them


async def test_the_moving_picture_is_small_and_lasts_as_long_as_the_seconds(bot: BotHarness) -> None:
    job, message = await picking(bot)
    await bot.alice.click(message, label="Watch 2")
    [file] = now_shown(bot, message).attachments
    data = await bot.harness.app.inspection.moving(job, TimeRange.parse("0.5-2"))
    assert len(data) == file.size <= 500_000
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.format == "WEBP"
        lasting = 0
        for frame in ImageSequence.Iterator(picture):
            frame.load()
            lasting += frame.info["duration"]
        assert lasting == 1500


async def test_a_suggestion_that_was_watched_first_is_used_as_one(bot: BotHarness) -> None:
    job, message = await picking(bot)
    await bot.alice.click(message, label="Watch 2")
    assert "no face found" in words(now_shown(bot, message))
    await bot.alice.click(now_shown(bot, message), label="Use these")
    assert (await now_of(bot, job)).character.anyway


async def test_buttons_that_lead_out_of_the_video_are_off(bot: BotHarness) -> None:
    _, message = await picking(bot, seconds=7.0)
    await bot.alice.click(message, label="Watch 1")
    shown = now_shown(bot, message)
    assert [label for label, is_on in switched(shown).items() if not is_on] == ["0.5 s later", "Longer"]


async def test_what_waits_no_longer_is_not_shown(bot: BotHarness) -> None:
    job, message = await picking(bot)
    await bot.harness.job_service.cancel_unseen(bot.alice.id, job.id)
    result = await bot.alice.click(message, label="Watch 2")
    assert "no longer waiting" in words(result.followups[-1])
    assert "Which seconds" in words(now_shown(bot, message))


async def test_another_persons_press_shows_nothing(bot: BotHarness) -> None:
    _, message = await picking(bot)
    result = await bot.bob.click(message, label="Watch 1")
    assert "for the person who started this" in refusal(result)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "sora-2", "price": Decimal(60)}, "Nothing has been charged yet. The expected cost is 60 credits."),
        ({"model": None}, "This is free."),
    ],
)
async def test_what_these_seconds_cost_is_said_with_them(bot: BotHarness, changes: dict[str, Any], said: str) -> None:
    job, _ = await picking(bot)
    asked = replace(job, request=replace(job.character, **changes))
    card = render_closer_look(asked, TimeRange.parse("4-7"), b"moving", "en-GB")
    assert said in "\n".join(lines(card))
    assert ("charged" in "\n".join(lines(card))) is ("price" in changes)
