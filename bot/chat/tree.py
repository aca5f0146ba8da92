"""The command tree: where commands may be used, and an answer to every failure of one."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, cast

import discord
from discord import app_commands

from bot.chat import replies
from bot.texts import text

_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)
_CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)


class _Draining(Protocol):
    draining: bool


class CastbookTree(app_commands.CommandTree[discord.Client]):
    """Commands for servers and for people who installed the bot themselves."""

    def __init__(self, client: discord.Client) -> None:
        # Left out, Discord hides the commands in private channels.
        super().__init__(client, allowed_installs=_INSTALLS, allowed_contexts=_CONTEXTS)

    def payload_hash(self) -> str:
        """What Discord knows of our commands, as one hash; another application has another one."""
        payload = [command.to_dict(self) for command in self.get_commands()]
        known = {"application": self.client.application_id, "commands": sorted(payload, key=str)}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Whether a command is taken at all: not while the bot is about to stop."""
        if not cast("_Draining", self.client).draining:
            return True
        await replies.tell(interaction, text("I am restarting. Please try again in a minute; nothing was charged."))
        return False

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Answer every failure: ours with its sentence, an outdated command with advice, the rest with an id."""
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await replies.tell(
                interaction, text("This command has changed; try again in a minute. Nothing was charged.")
            )
            return
        name = interaction.command.qualified_name if interaction.command else "unknown"
        await replies.failed(interaction, error, "command_failed", command=name)
