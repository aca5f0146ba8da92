"""``/operator``: in the operator's own server, for its owners alone, over a restart; and what health says."""

from __future__ import annotations

import re

import discord
import pytest
import simcord

from bot.chat.command_tree import CastbookTree
from bot.config import LimitSettings
from bot.store.commands import CommandSync
from bot.values.job import JobChanges, Step
from tests.cogs.bot_harness import AppHarness, BotHarness, refusal, words
from tests.cogs.test_picking import PICKING

COMMANDS = {"operator block", "operator unblock", "operator resume", "operator health"}


@pytest.fixture
def limit_settings() -> LimitSettings:
    return LimitSettings(running_per_user=5, running_in_all=1, per_user_per_day=9, files_mb_per_user=500)


@pytest.fixture
async def run(bot: BotHarness) -> BotHarness:
    """The bot, whose server is the operator's now, and Alice the operator."""
    bot.harness.change(discord={"dev_guild": bot.alice.guild.id, "owners": (bot.alice.id,)})
    await bot.restart()
    return bot


async def told(run: BotHarness, command: str, **options: object) -> str:
    result = await run.alice.slash(run.channel, f"operator {command}", **options)
    assert result.ephemeral
    assert result.response is not None
    return words(result.response)


# -- where it is ----------------------------------------------------------------------------------------------------


async def test_it_is_in_the_operators_server_alone(run: BotHarness) -> None:
    assert set(run.alice.available_commands(run.channel)) >= COMMANDS
    other = run.env.create_guild("Another")
    channel = other.create_text_channel("general")
    assert not COMMANDS & set(other.add_member(run.alice.user).available_commands(channel))
    assert not COMMANDS & set(run.alice.user.available_commands())


async def test_without_a_server_of_the_operators_there_is_none(harness: AppHarness) -> None:
    tree = (await harness.bot()).tree
    assert "operator" not in {command.name for command in tree.get_commands()}


async def test_commands_are_told_again_for_another_server(harness: AppHarness) -> None:
    hashes = set()
    for dev_guild in (0, 1, 2):
        harness.change(discord={"dev_guild": dev_guild})
        tree = (await harness.bot()).tree
        assert isinstance(tree, CastbookTree)
        hashes.add((await tree.translated(discord.Object(dev_guild) if dev_guild else None)).hash)
    assert len(hashes) == 3


async def test_a_server_the_bot_is_not_in_holds_up_nobody_else(bot: BotHarness) -> None:
    bot.harness.change(discord={"dev_guild": 42})
    await bot.harness.commands.save(CommandSync(hash="of before", ids={}))
    not_there = f"/applications/{bot.client.application_id}/guilds/42/commands"
    bot.env.inject_error("PUT", not_there, status=403, code=50001, message="Missing Access")
    await bot.restart()
    assert any(each.path == not_there for each in bot.env.http_requests)
    assert "tasks" in bot.client.command_ids
    assert "Your tasks" in words(_response(await bot.alice.slash(bot.channel, "tasks")))


# -- for whom -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", sorted(COMMANDS))
async def test_others_are_refused_with_a_sentence(run: BotHarness, command: str) -> None:
    options = {"user": run.alice} if command.endswith("block") else {}
    result = await run.bob.slash(run.channel, command, **options)
    assert refusal(result) == "Only the people who run this bot can use this."
    assert not run.harness.blocks.is_blocked(run.alice.id)


# -- what it does ---------------------------------------------------------------------------------------------------


async def test_a_block_holds_everywhere_and_over_a_restart(run: BotHarness) -> None:
    shut_out = "The people who run this bot have blocked you"
    assert await told(run, "block", user=run.bob) == f"{run.bob.mention} is now blocked everywhere."
    assert await told(run, "block", user=run.bob) == f"{run.bob.mention} was already blocked."
    await run.restart()
    await run.harness.blocks.load()
    assert shut_out in refusal(await run.bob.slash(run.channel, "character list"))
    assert shut_out in refusal(await run.bob.user.slash("character list"))
    exported = _response(await run.bob.slash(run.channel, "privacy export"))
    assert "Here's everything I keep about you" in words(exported)
    assert await told(run, "unblock", user=run.bob) == f"{run.bob.mention} can use the bot again."
    assert await told(run, "unblock", user=run.bob) == f"{run.bob.mention} was not blocked."
    assert "Your cast is empty" in words(_response(await run.bob.slash(run.channel, "character list")))


async def test_the_operators_cannot_shut_themselves_out_for_good(run: BotHarness) -> None:
    await told(run, "block", user=run.alice)
    assert "have blocked you" in refusal(await run.alice.slash(run.channel, "tasks"))
    assert "can use the bot again" in await told(run, "unblock", user=run.alice)


def without_video_models(said: str) -> str:
    """``said`` without what it says of them, which are many."""
    assert re.search(r"\nVideo models not tried yet\n\d+: .*wan2\.6", said)
    return re.sub(r"\n[^\n]*[Vv]ideo models[^\n]*\n[^\n]*", "", said)


async def test_when_all_is_well_health_says_so(run: BotHarness) -> None:
    await run.harness.app.start_jobs()
    assert without_video_models(await told(run, "health")) == (
        "Everything is fine\nDiscord's gateway\nworks\nDatabase\nworks\nJobs\nworks\nSubmissions\nopen\n"
        "Character models not tried yet\n2: sora-2, sora-2-pro\n"
        "Unfinished jobs\n0 (waiting for their owner: 0, waiting for a free place: 0)"
    )


async def test_what_is_out_of_order_stands_out(run: BotHarness) -> None:
    """The jobs are not started here."""
    harness = run.harness
    await harness.provider_state.pause("balance", now=harness.now)
    await harness.provider_state.close_model("sora-2-pro", now=harness.now)
    await harness.job(run.bob.id, PICKING)
    await harness.job(run.bob.id, JobChanges(step=Step.WATCH))
    for _ in range(2):
        await run.bob.slash(run.channel, "character create", task="task_of_somewhere", range="1-3")
    said = await told(run, "health")
    assert "\nClosed video models\n1: sora-2-pro\n" in said, "which is no trouble while there are others"
    assert without_video_models(said) == (
        "Something needs attention\nDiscord's gateway\nworks\nDatabase\nworks\n⚠ Jobs\n"
        "does not work\n⚠ Submissions\npaused: the balance is used up\n"
        "Character models not tried yet\n1: sora-2\n⚠ Closed character models\n1: sora-2-pro\n"
        "Unfinished jobs\n2 (waiting for their owner: 1, waiting for a free place: 0)"
    )


async def test_the_waiting_line_is_counted(run: BotHarness) -> None:
    for _ in range(3):
        await run.bob.slash(run.channel, "character create", task="task_of_somewhere", range="1-3")
    assert "3 (waiting for their owner: 0, waiting for a free place: 2)" in await told(run, "health")


def _response(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    assert result.response is not None
    return result.response


async def test_a_pause_that_would_last_for_ever_is_ended_by_hand(run: BotHarness) -> None:
    """The provider does not answer here, so no probe ever ends the pause."""
    await run.harness.provider_state.pause("balance", now=run.harness.now)
    assert await run.harness.breaker.paused() is not None
    assert "are on again" in await told(run, "resume")
    assert await run.harness.breaker.paused() is None
    assert "not paused" in await told(run, "resume")
