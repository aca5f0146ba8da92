"""The command tree: where commands may be used, and an answer to every failure of one."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any, Protocol, cast

import aiohttp
import discord
from discord import app_commands

from bot import tracing
from bot.chat import replies
from bot.chat.interaction_handlers import ALWAYS_OPEN, InteractionHandlers
from bot.errors import Refusal
from bot.texts import text

_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)
_CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)


class _Client(Protocol):
    handlers: InteractionHandlers


class CastbookTree(app_commands.CommandTree[discord.Client]):
    """Commands for servers and for people who installed the bot themselves."""

    def __init__(self, client: discord.Client) -> None:
        # Left out, Discord hides the commands in private channels.
        super().__init__(client, allowed_installs=_INSTALLS, allowed_contexts=_CONTEXTS)

    async def payload_hash(self, dev_guild: discord.abc.Snowflake | None = None) -> str:
        """A hash of what Discord knows about our commands, in every language.

        It differs between applications and between dev guilds.
        """
        payload = [await self._told(command) for command in self.get_commands()]
        if dev_guild is not None:
            payload += [
                {"guild": dev_guild.id} | await self._told(command) for command in self.get_commands(guild=dev_guild)
            ]
        known = {"application": self.client.application_id, "commands": sorted(payload, key=str)}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    async def _told(
        self, command: app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
    ) -> dict[str, Any]:
        translator = self.translator
        return await command.get_translated_payload(self, translator) if translator else command.to_dict(self)

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py, which has no public place around a whole command."""
        with tracing.span("interaction"):
            await super()._call(interaction)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Called by discord.py before each command and each autocomplete: whether it is taken at all."""
        command = interaction.command
        tracing.mark(command=command.qualified_name if command is not None else None, kind=interaction.type.name)
        always_open = command is not None and command.qualified_name.split()[0] in ALWAYS_OPEN
        try:
            cast("_Client", self.client).handlers.check_access(interaction, always_open=always_open)
        except Refusal as refusal:
            if interaction.type is discord.InteractionType.autocomplete:
                await _no_choices(interaction)
            else:
                await replies.tell(interaction, refusal.text)
            return False
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Answer every failure: ours with its text, an outdated command with advice, the rest with an id."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await replies.tell(
                interaction,
                text("This command has just been updated. Restart Discord or wait a minute, then try again."),
            )
            return
        name = interaction.command.qualified_name if interaction.command else "unknown"
        await replies.failed(interaction, error, "command_failed", command=name)


async def _no_choices(interaction: discord.Interaction[Any]) -> None:
    """Without an answer, Discord would say that the options failed to load."""
    with suppress(discord.HTTPException, aiohttp.ClientError, OSError):
        await interaction.response.autocomplete([])
