"""The client: what it tells Discord about itself, when it tells it about its commands, and how it stops."""

import asyncio
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.chat.command_tree import CastbookTree
from bot.store.commands import CommandStore
from tests.catalogues import write_catalogue
from tests.chat.bot_harness import BotHarness, a_client


def syncs(bot: BotHarness) -> int:
    return sum(entry.method == "PUT" and entry.path.endswith("/commands") for entry in bot.env.http_requests)


async def extended(store: CommandStore) -> Any:
    """The next version of the bot, with one more command."""
    client = await a_client(store)

    @client.tree.command(name="more", description="There is more.")
    async def more(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message("more")

    return client


async def test_commands_are_told_once_and_their_ids_kept(bot: BotHarness) -> None:
    first = bot.client.command_mentions
    assert first["trial end"] == f"</trial end:{bot.client.command_ids['trial']}>"
    client = await bot.restart()
    assert syncs(bot) == 1
    assert client.command_mentions == first


async def test_changed_commands_are_told(bot: BotHarness) -> None:
    await bot.restart(await extended(bot.store))
    assert syncs(bot) == 2
    assert (await bot.alice.slash(bot.channel, "more")).response
    assert set(bot.client.command_ids) == {"trial", "more"}


def in_german(folder: Path, described: str) -> None:
    write_catalogue(
        folder,
        "de",
        f"""
msgctxt "command"
msgid "trial"
msgstr "versuch"

msgctxt "description"
msgid "What can happen to a command."
msgstr "{described}"

msgctxt "option"
msgid "how"
msgstr "wie"
""",
    )


async def test_names_and_descriptions_are_told_in_every_language(catalogues_in: Path, bot: BotHarness) -> None:
    in_german(catalogues_in, "Was einem Befehl geschehen kann.")
    client = await bot.restart()
    assert syncs(bot) == 2
    (told,) = await client.tree.fetch_commands()
    assert told.name_localizations == {discord.Locale.german: "versuch"}
    assert told.description_localizations == {discord.Locale.german: "Was einem Befehl geschehen kann."}
    end = next(option for option in told.options if option.name == "end")
    assert isinstance(end, app_commands.AppCommandGroup)
    assert {option.name: option.name_localizations for option in end.options}["how"] == {discord.Locale.german: "wie"}
    in_german(catalogues_in, "Was alles geschehen kann.")
    await bot.restart()
    assert syncs(bot) == 3, "a changed translation was not told"
    await bot.restart()
    assert syncs(bot) == 3


async def test_another_application_is_told_again(bot: BotHarness) -> None:
    tree = bot.client.tree
    assert isinstance(tree, CastbookTree)
    told = (await tree.translated()).hash
    bot.client._connection.application_id = 1
    assert (await tree.translated()).hash != told


async def test_outage_while_telling_leaves_the_old_ids(bot: BotHarness, capsys: pytest.CaptureFixture[str]) -> None:
    bot.env.inject_error("PUT", "/applications/*/commands", status=503)
    client = await bot.restart(await extended(bot.store))
    assert set(client.command_ids) == {"trial"}
    assert "commands_not_synced" in capsys.readouterr().out
    assert (await bot.alice.slash(bot.channel, "trial buttons")).response
    await bot.restart(await extended(bot.store))
    assert set(bot.client.command_ids) == {"trial", "more"}


async def test_refused_commands_stop_the_start(bot: BotHarness) -> None:
    bot.env.inject_error("PUT", "/applications/*/commands", status=400, code=50035)
    with pytest.raises(app_commands.CommandSyncFailure):
        await bot.restart(await extended(bot.store))


async def test_client_asks_for_no_privileged_intent(store: CommandStore) -> None:
    client = await a_client(store, with_cog=False)
    assert client.intents == discord.Intents(guilds=True)
    assert client.allowed_mentions is not None
    assert client.allowed_mentions.to_dict() == {"parse": []}
    assert client.help_command is None
    assert client._connection.member_cache_flags == discord.MemberCacheFlags.none()


async def test_drain_waits_for_what_runs(store: CommandStore) -> None:
    client = await a_client(store, with_cog=False)
    go = asyncio.Event()
    ended: list[str] = []

    async def command() -> None:
        await go.wait()
        ended.append("command")
        asyncio.create_task(button(), name="discord-ui-dynamic-item")  # noqa: RUF006 - drain waits for it

    async def button() -> None:
        ended.append("button")

    running = asyncio.create_task(command(), name="CommandTree-invoker")
    draining = asyncio.create_task(client.drain(30))
    await asyncio.sleep(0)
    assert not draining.done()
    go.set()
    await draining
    assert ended == ["command", "button"]
    assert running.done()


async def test_drain_gives_up_in_the_end(store: CommandStore, capsys: pytest.CaptureFixture[str]) -> None:
    client = await a_client(store, with_cog=False)
    stuck = asyncio.create_task(asyncio.Event().wait(), name="CommandTree-invoker")
    await client.drain(0.01)
    assert not stuck.done()
    assert "commands_cut_off" in capsys.readouterr().out
    stuck.cancel()
