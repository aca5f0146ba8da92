"""The command ``/apps``, instead of a message's Apps menu, which the simulated Discord's page cannot open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import discord
from discord import AppCommandType, app_commands
from simcord.builders import ChannelHandle

History: TypeAlias = Callable[[int | None], Sequence[discord.Message]]
NAME = "apps"
SHOWN = 25  # choices, by Discord


def add_apps_command(tree: app_commands.CommandTree[discord.Client], history: History) -> None:
    """Add ``/apps menu message``, with the message menus of ``tree``. The page runs it, not the bot.

    ``history`` gives the messages of a channel, oldest first, with the contents that only their readers see.
    """
    menus = [menu.name for menu in tree.get_commands(type=AppCommandType.message)]

    @app_commands.describe(menu="What to do with the message", message="A message with a file in it, newest first")
    @app_commands.choices(menu=[app_commands.Choice(name=menu, value=menu) for menu in menus])
    async def apps(_: discord.Interaction, menu: str, message: str) -> None:
        raise RuntimeError("the page opens the menu itself")

    async def posted(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        with_files = [message for message in history(interaction.channel_id) if message.attachments]
        shown = [app_commands.Choice(name=_shown(message), value=str(message.id)) for message in reversed(with_files)]
        return [choice for choice in shown if typed.casefold() in choice.name.casefold()][:SHOWN]

    command: app_commands.Command[Any, ..., None] = app_commands.Command(
        name=NAME,
        description="Stands for Apps in the menu of a message (right-click), which this simulated page does not have.",
        callback=apps,
    )
    command.autocomplete("message")(posted)
    tree.add_command(command)


def find_message(channel: ChannelHandle, message_id: object) -> discord.Message | None:
    """The chosen message of the channel; ``None`` if it is gone."""
    return next((message for message in channel.history() if str(message.id) == message_id), None)


def _shown(message: discord.Message) -> str:
    names = ", ".join(attachment.filename for attachment in message.attachments)
    return f"{message.author.display_name}: {message.content} [{names}]"[:100]
