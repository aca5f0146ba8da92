"""The command tree: where commands are available, and an answer to every failure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, cast

import aiohttp
import discord
from discord import app_commands

from bot import tracing
from bot.chat import replies
from bot.chat.interaction_handlers import ALWAYS_OPEN, InteractionHandlers
from bot.chat.rest_errors import BAD_FORM
from bot.concurrency import work_until_answered
from bot.errors import Refusal
from bot.texts import text

_INSTALLS = app_commands.AppInstallationType(guild=True, user=True)
_CONTEXTS = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)


@dataclass(frozen=True, slots=True)
class TranslatedCommands:
    """Our commands as sent to Discord, in every language."""

    application_id: int | None
    everybody: list[dict[str, Any]]
    guild_id: int | None  # the operators' server, with the commands that exist only there
    in_guild: list[dict[str, Any]]

    @property
    def hash(self) -> str:
        """Differs between applications and between dev guilds."""
        payload = [*self.everybody, *({"guild": self.guild_id} | each for each in self.in_guild)]
        known = {"application": self.application_id, "commands": sorted(payload, key=str)}
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


class _Client(Protocol):
    handlers: InteractionHandlers


class CastbookTree(app_commands.CommandTree[discord.Client]):
    """Commands for servers and for people who installed the bot for themselves."""

    def __init__(self, client: discord.Client) -> None:
        # Without this, Discord hides the commands in private channels.
        super().__init__(client, allowed_installs=_INSTALLS, allowed_contexts=_CONTEXTS)

    async def translated(self, dev_guild: discord.abc.Snowflake | None = None) -> TranslatedCommands:
        """The global commands and those of ``dev_guild``, in the form that is sent to Discord."""
        return TranslatedCommands(
            application_id=self.client.application_id,
            everybody=[await self._payload(each) for each in self.get_commands()],
            guild_id=dev_guild.id if dev_guild else None,
            in_guild=[await self._payload(each) for each in self.get_commands(guild=dev_guild)] if dev_guild else [],
        )

    async def _payload(
        self, command: app_commands.Command[Any, ..., Any] | app_commands.Group | app_commands.ContextMenu
    ) -> dict[str, Any]:
        translator = self.translator
        return await command.get_translated_payload(self, translator) if translator else command.to_dict(self)

    async def register(self, commands: TranslatedCommands) -> dict[str, int]:
        """Register the global commands, like ``sync``, which would translate them a second time.

        Returns Discord's id of each command by its name. Raises ``CommandSyncFailure`` if Discord rejects one.
        """
        assert commands.application_id is not None  # noqa: S101 - for the type checker: known since the login
        with self._sync_errors():
            registered = await self.client.http.bulk_upsert_global_commands(
                commands.application_id, payload=commands.everybody
            )
        return {each["name"]: int(each["id"]) for each in registered}

    async def register_guild(self, commands: TranslatedCommands) -> None:
        """Register the commands of ``guild_id``."""
        assert commands.application_id is not None  # noqa: S101 - for the type checker: known since the login
        assert commands.guild_id is not None  # noqa: S101 - for the type checker
        with self._sync_errors(discord.Object(commands.guild_id)):
            await self.client.http.bulk_upsert_guild_commands(
                commands.application_id, commands.guild_id, payload=commands.in_guild
            )

    @contextmanager
    def _sync_errors(self, guild: discord.abc.Snowflake | None = None) -> Iterator[None]:
        try:
            yield
        except discord.HTTPException as error:
            if error.status == HTTPStatus.BAD_REQUEST and error.code == BAD_FORM:
                raise app_commands.CommandSyncFailure(error, self.get_commands(guild=guild)) from None
            raise

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        """Called by discord.py, which has no public hook around a whole command."""
        work_until_answered(interaction.response.is_done)
        with tracing.span("interaction"):
            await super()._call(interaction)

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Called by discord.py before each command and each autocomplete: whether to handle it."""
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
        """Answer every failure: our errors with their text, an outdated command with advice, the rest with an id."""
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
