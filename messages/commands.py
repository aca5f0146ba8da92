"""Collects what Discord shows of our commands, as discord.py requests its translation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from typing import Any

import discord
from discord import app_commands

from bot.app.build import App
from bot.app.discord_commands import cogs_of, operator_cog_of
from bot.chat.client import CastbookClient
from bot.chat.command_translations import DESCRIPTION, context_of
from bot.config import load
from messages.message import Message

_SETTINGS = {
    "CASTBOOK__DISCORD__TOKEN": "nobody-logs-in",
    "CASTBOOK__DISCORD__DEV_GUILD": "1",
    "CASTBOOK__TOAPIS__API_KEY": "nobody-asks",
}
_LIMITS = {"command": 32, "option": 32, "menu": 32, "choice": 100, DESCRIPTION: 100}  # Discord: Application Commands
_COMMENTS = {
    "command": "The name of a command: lower case, one word (- and _ may stand in it), at most 32 characters.",
    "option": "The name of an option: lower case, one word (- and _ may stand in it), at most 32 characters.",
    "menu": "An entry of the menu Apps of a message: at most 32 characters.",
    "choice": "What an option offers to choose: at most 100 characters.",
    DESCRIPTION: "What a command or an option does: at most 100 characters.",
}
_IN_DISCORD = "cogs"


async def client() -> CastbookClient:
    """A client with all our commands. It is connected to nothing and stores nothing."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(load(None, _SETTINGS | {"CASTBOOK__STORE__FILES": folder}))
        await app.client.add_parts(cogs_of(app), [operator_cog_of(app)])
    return app.client


class _Asked(app_commands.Translator):
    """Records each string that discord.py wants translated."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], None] = {}

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContext[Any, Any],
    ) -> str | None:
        self.found[context_of(context), string.message] = None
        return None


async def payload(of: CastbookClient, translator: app_commands.Translator) -> list[dict[str, Any]]:
    """What Discord receives about the commands of ``of``."""
    guilds: list[discord.abc.Snowflake | None] = [None, discord.Object(1)]
    commands = [command for guild in guilds for command in of.tree.get_commands(guild=guild)]
    return [await command.get_translated_payload(of.tree, translator) for command in commands]


async def messages() -> Iterable[Message]:
    """Names, descriptions, options and choices."""
    asked = _Asked()
    await payload(await client(), asked)
    return [
        Message(msgid, context=context, files=(_IN_DISCORD,), comments=(_COMMENTS[context],), at_most=_LIMITS[context])
        for context, msgid in asked.found
    ]
