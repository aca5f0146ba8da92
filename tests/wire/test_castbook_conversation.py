"""The bot as a process: from the slash command to the delivered card and all that a cast is good for."""

from __future__ import annotations

import io
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from tests.loopback_discord.interactions import DEFERRED_MESSAGE, MODAL
from tests.wire.bot_process import BotProcess, castbook, environment, running
from tests.wire.scene import JPEG, PATIENCE, Scene, character_of, clip, migrated, scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Show(Scene):
    """The scene with the bot in it."""

    bot: BotProcess


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def show(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Show]:
    """One process for all tests of this module, which logs all it can; each test brings people of its own."""
    folder = tmp_path_factory.mktemp("castbook")
    async with (
        scene() as world,
        running(world.discord, world.provider, migrated(folder), LOG__LEVEL="DEBUG") as bot,
    ):
        yield Show(world.discord, world.provider, world.guild, world.channel, bot)


async def test_from_the_slash_command_to_the_delivered_card(show: Show) -> None:
    ann, bob, discord = show.person("ann"), show.person("bob"), show.discord
    submitted = len(show.provider.submissions)
    origin = await show.create(ann, name="Ada")

    callback = await discord.wait_for(lambda: discord.calls("POST", f"/interactions/{origin.id}/"), PATIENCE)
    (video,) = [file for file in discord.cdn._files.values() if str(file.id) in origin.data["resolved"]["attachments"]]
    assert video.fetches == 0, "nothing is fetched before the first answer"
    await origin.answered(PATIENCE)
    assert callback[0].payload["type"] == DEFERRED_MESSAGE

    question = await show.reads(ann, "Yes, I have permission")
    assert question.only_for is ann
    assert question not in show.channel.visible_to(bob)
    assert video.fetches == 1
    assert len(show.provider.submissions) == submitted, "nothing is sent before the answer"
    show.provider.hold_at(50)
    await question.press(ann, "Yes, I have permission")
    status = await show.reads(ann, "Cutting the clip out")
    assert status is question, "it goes on in the same private reply"
    assert status.labels == ["Cancel"]
    progress = await show.reads(bob, "Making the character “Ada”")
    await show.see(lambda: progress if status.deleted else None)
    show.provider.hold_at(None)
    card = await show.reads(bob, "Reusable task ID")

    assert not card.ephemeral
    await show.see(lambda: card if card is progress or progress.deleted else None)
    assert show.channel.visible_to(ann)[-1] is card
    assert "Ada" in card.text
    assert "sora-2" in card.text
    assert "0:01–0:03" in card.text
    assert card.labels == ["Use in a video", "Edit…", "Delete"]
    task = show.tasks[-1]
    assert f"```\n{task.id}\n```" in card.text
    made = character_of(task)
    assert made["display_name"] in card.text
    assert made["username"] not in card.text, "the username works like a key: nobody else may see it"
    assert card.picture().startswith(JPEG)
    assert _alike(card.picture(), await _get(made["profile_picture_url"])), "decoded and encoded anew"
    (creation,) = [each.creation for each in show.provider.submissions[submitted:]]
    assert (creation.start, creation.end) == (0, 2), "of the clip that was cut out of it"


def _alike(one: bytes, other: bytes) -> bool:
    first, second = (np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16) for data in (one, other))
    return first.shape == second.shape and float(np.abs(first - second).mean()) < 4


async def _get(url: str) -> bytes:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.read()


async def test_a_cast_is_listed_shown_renamed_and_deleted(show: Show) -> None:
    cara, files_before = show.person("cara"), _files(show)
    await show.made(cara, name="Ada")
    card = await show.made(cara, name="Bea", range="0:00.5-0:02")

    tasks = await cara.slash(show.channel, "tasks")
    listed = await show.says(tasks, "Your tasks")
    assert listed.ephemeral
    # It follows what runs: the end of the second job may be noted only now.
    await show.see(
        lambda: listed if {"Ada", "Bea"} <= set(re.findall(r"^(\w+) \(0:0", listed.text, re.MULTILINE)) else None
    )
    assert re.search(r"\b2 of 20\b", listed.text), "the day's quota"

    cast = await (await cara.slash(show.channel, "character list")).replied(PATIENCE)
    assert cast.ephemeral
    assert [line for line in cast.text.splitlines() if line in ("**Bea**", "**Ada**")] == ["**Bea**", "**Ada**"]
    pictures = [url.removeprefix("attachment://") for url in cast.media]
    assert all(cast.file(name).data.startswith(JPEG) for name in pictures)

    offered = await cara.autocomplete(show.channel, "character show", {"name": "be"}, "name")
    assert offered[0] == {"name": "Bea", "value": "Bea"}  # the provider may have named the other one alike
    shown = await (await cara.slash(show.channel, "character show", {"name": "bea"})).replied(PATIENCE)
    assert shown.ephemeral
    assert "@" + character_of(show.tasks[-1])["username"] in shown.text

    form = await (await card.press(cara, "Edit…")).opened(PATIENCE)
    taken = await show.says(await cara.submit(form, {"Name": "Ada"}), "You already have a character called “Ada”")
    assert (taken.only_for, taken.labels) == (cara, ["Use “Ada 2”", "Another name…"])
    await show.says(await taken.press(cara, "Use “Ada 2”"), "“Bea” is now called “Ada 2”")
    await show.see(lambda: card if "Ada 2" in card.text else None)

    origin = await show.says(await card.press(cara, "Delete"), "Delete “Ada 2”")
    assert origin.ephemeral
    assert origin.labels == ["Delete it", "Keep it"]
    kept = await origin.press(cara, "Keep it")
    await show.says(kept, "Nothing was deleted")
    for name in ("Ada 2", "Ada"):
        asking = await (await cara.slash(show.channel, "character delete", {"name": name})).replied(PATIENCE)
        await show.says(await asking.press(cara, "Delete it"), "I deleted")
    empty = await (await cara.slash(show.channel, "character list")).replied(PATIENCE)
    assert "/character create" in empty.text
    assert _files(show) == files_before


def _files(show: Show) -> set[Path]:
    """Those that are kept; a work folder goes a moment after the card is delivered."""
    kept = show.bot.folder / "files"
    return {path for path in kept.rglob("*") if path.is_file() and path.relative_to(kept).parts[0] != "work"}


async def test_private_is_private_from_the_question_to_the_card(show: Show) -> None:
    jan, kim = show.person("jan"), show.person("kim")
    before = show.channel.visible_to(kim)
    origin = await show.create(jan, private=True, name="Jana")
    question = await show.says(origin, "Yes, I have permission")
    await question.press(jan, "Yes, I have permission")
    card = await show.reads(jan, "Jana\n")
    assert "Reusable task ID" in card.text
    assert card.only_for is jan
    assert show.channel.visible_to(kim) == before


async def test_what_happens_while_the_gateway_is_away_is_answered_afterwards(show: Show) -> None:
    gateway, lee = show.discord.gateway, show.person("lee")
    gateway.drop()
    await show.discord.wait_for(lambda: not gateway.connected, PATIENCE)
    origin = await lee.slash(show.channel, "tasks")
    assert "You haven't made anything yet" in (await origin.replied(PATIENCE)).text
    assert (gateway.resumes, len(gateway.identifies)) == (1, 1)


async def test_a_posted_video_becomes_a_character_by_the_message_menu(show: Show) -> None:
    dan, eve = show.person("dan"), show.person("eve")
    posted = await eve.say(show.channel, "look at this", show.discord.file("holiday.mp4", clip(), "video/mp4"))
    form = await (await dan.menu(posted, "Make a character")).opened(PATIENCE)
    assert form.interaction.answer_type == MODAL
    submitted = await dan.submit(form, {"range": "1-3", "name": "Dora"})
    assert (await submitted.answered(PATIENCE)).answer_type == DEFERRED_MESSAGE
    question = await show.reads(dan, "Yes, I have permission")
    await question.press(dan, "Yes, I have permission")
    card = await show.reads(dan, "Dora\n")
    assert "Reusable task ID" in card.text
    words = await eve.say(show.channel, "no video here")
    refused = await (await dan.menu(words, "Make a character")).replied(PATIENCE)
    assert refused.ephemeral
    assert "There's no video attached" in refused.text


async def test_one_form_with_the_clip_in_it_becomes_a_character(show: Show) -> None:
    ida = show.person("ida")
    form = await (await ida.slash(show.channel, "character new")).opened(PATIENCE)
    clip_of_hers = show.discord.file("holiday.mp4", clip(), "video/mp4")
    submitted = await ida.submit(form, {"clip": [clip_of_hers], "range": "1 3", "name": "Delia", "consent": ["yes"]})
    assert (await submitted.answered(PATIENCE)).answer_type == DEFERRED_MESSAGE
    card = await show.reads(ida, "Delia\n")  # and nothing was asked on the way
    assert "Reusable task ID" in card.text


async def test_a_stranger_is_refused_kindly_and_nothing_changes(show: Show) -> None:
    fay, gus = show.person("fay"), show.person("gus")
    card = await show.made(fay, name="Fern")
    for button in ("Edit…", "Delete"):
        refusal = await (await card.press(gus, button)).replied(PATIENCE)
        assert refusal.only_for is gus
        assert "These buttons are for the person who started this" in refusal.text
    by_name = await gus.slash(show.channel, "character show", {"name": "Fern"})
    assert (await show.says(by_name, "no character called “Fern”")).only_for is gus
    assert await gus.autocomplete(show.channel, "character delete", {"name": ""}, "name") == []
    still = await (await fay.slash(show.channel, "character show", {"name": "Fern"})).replied(PATIENCE)
    assert "Fern" in still.text


async def test_an_error_of_ours_shows_an_id_and_the_log_has_it_with_the_traceback(show: Show) -> None:
    hal = show.person("hal")
    with _without_table(show, "characters"):
        origin = await hal.slash(show.channel, "character list")
        answer = await show.says(origin, "Something went wrong")
    assert answer.only_for is hal
    found = re.search(r"Something went wrong on our side \(ID ([0-9a-f]{8})\)", answer.text)
    assert found, answer.text
    assert "Traceback" not in answer.text
    _, _, after = show.bot.stderr.partition(found[1])
    assert "Traceback (most recent call last)" in after
    assert "no such table: characters" in after


@contextmanager
def _without_table(show: Show, name: str) -> Iterator[None]:
    """While that table of the bot's database is gone."""
    with closing(sqlite3.connect(show.bot.folder / "castbook.db", isolation_level=None)) as database:
        database.execute(f"ALTER TABLE {name} RENAME TO {name}_away")
        try:
            yield
        finally:
            database.execute(f"ALTER TABLE {name}_away RENAME TO {name}")


async def test_it_says_that_it_is_ready(show: Show) -> None:
    assert await show.bot.healthy() == {
        "status": "ok",
        "probes": {"gateway": True, "database": True, "jobs": True},
    }
    names = {command["name"] for command in show.discord.commands}
    assert names == {"character", "video", "group", "tasks", "privacy", "server", "help", "about", "Make a character"}


async def test_a_second_process_on_the_same_database_refuses_to_start(show: Show) -> None:
    environ = environment(show.discord, show.provider, show.bot.folder)
    second = await castbook("run", environ, show.bot.folder)
    assert second.code == 69
    assert "Another Castbook is already using this database" in second.sentence
    assert len(show.discord.gateway.identifies) == 1


async def test_a_whole_run_at_debug_logs_no_secret(show: Show) -> None:
    ida, discord = show.person("ida"), show.discord
    card = await show.made(ida, name="Iris")
    shown = await (await ida.slash(show.channel, "character show", {"name": "Iris"})).replied(PATIENCE)
    assert character_of(show.tasks[-1])["username"] in shown.text
    await (await card.press(ida, "Delete")).replied(PATIENCE)
    # some trouble, for there to be something to log
    discord.inject("PATCH", "/webhooks/", drop=True)
    await show.made(ida, range="0.5-2", name="Ivy")
    discord.inject("PATCH", "/webhooks/", drop=True)
    broken = await ida.slash(show.channel, "character show", {"name": "Iris"})
    await show.says(broken, "Something went wrong")

    log = show.bot.stderr
    assert "discord_unreachable" in log
    assert "Connection reset by peer" in log
    usernames = [character_of(task)["username"] for task in show.tasks]
    tokens = list(discord.interactions)
    assert len(tokens) > 3
    for secret in (discord.token, show.provider.key, *tokens, *usernames):
        assert secret not in log
