"""``/server settings``: what people with the permission Manage Server decide for their server."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.markdown import say
from bot.chat.message import BLUE
from bot.errors import Refusal
from bot.store.servers import ServerRules, ServerStore
from bot.texts import Text, text


@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Server(commands.GroupCog, group_name="server", group_description="Settings of Castbook for this server."):
    """Discord shows it to managers only. A server may change that, so the permission is checked here as well."""

    def __init__(self, *, servers: ServerStore, allowed_per_day: int) -> None:
        super().__init__()
        self._servers = servers
        self._allowed = allowed_per_day

    @app_commands.command(name="settings", description="Show and change the settings for this server.")
    @app_commands.describe(
        day_limit="Characters per day in this server; 0 for as many as the bot allows",
        private_results="Whether results are shown to their owners alone, unless they choose otherwise",
        switch_off="A channel or category in which nobody can use the bot, threads included",
        switch_on="A channel or category in which people can use the bot again",
        block="A member who cannot use the bot here",
        unblock="A member who can use the bot here again",
    )
    async def settings(
        self,
        interaction: discord.Interaction,
        day_limit: app_commands.Range[int, 0, limits.SERVER_DAY_LIMIT] | None = None,
        private_results: bool | None = None,
        switch_off: app_commands.AppCommandChannel | None = None,
        switch_on: app_commands.AppCommandChannel | None = None,
        block: discord.User | None = None,
        unblock: discord.User | None = None,
    ) -> None:
        """Change what was given, then show the settings, to the manager alone."""
        guild_id = _managed(interaction)
        await interaction.response.defer(thinking=True, ephemeral=True)
        if day_limit is not None:
            await self._servers.set_day_limit(guild_id, day_limit or None)
        if private_results is not None:
            await self._servers.set_private_results(guild_id, private_results)
        if switch_off is not None:
            await self._servers.close_channel(guild_id, switch_off.id)
        if switch_on is not None:
            await self._servers.open_channel(guild_id, switch_on.id)
        if block is not None:
            await self._servers.block(guild_id, block.id)
        if unblock is not None:
            await self._servers.unblock(guild_id, unblock.id)
        rules = self._servers.rules(guild_id)
        await interaction.edit_original_response(embed=_embed(rules, self._allowed, str(interaction.locale)))


def _managed(interaction: discord.Interaction) -> int:
    if interaction.guild_id is None or not interaction.permissions.manage_guild:
        raise Refusal(text("You need the permission Manage Server for this."))
    return interaction.guild_id


def _embed(rules: ServerRules, allowed: int, locale: str) -> discord.Embed:
    embed = discord.Embed(title=say(text("Settings for this server"), locale), colour=BLUE)
    for name, value in (
        (text("Characters per day"), _limit(rules, allowed)),
        (text("Results are shown"), text("to their owners alone") if rules.private_results else text("to everyone")),
        (text("Blocked members"), _blocked(rules)),
    ):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    embed.add_field(name=say(text("Switched off in"), locale), value=_channels(rules, locale), inline=False)
    return embed


def _limit(rules: ServerRules, allowed: int) -> Text:
    own = rules.day_limit
    if own is not None and (not allowed or own < allowed):
        return text("{limit} (set for this server)", limit=own)
    if own is not None:
        return text("{limit} (the most this bot allows; set for this server: {own})", limit=allowed, own=own)
    return text("{limit} (the most this bot allows)", limit=allowed) if allowed else text("no limit")


def _blocked(rules: ServerRules) -> Text:
    """Only their number: what is kept are keyed hashes of their user ids."""
    if not rules.blocked:
        return text("nobody")
    return text("{number} (I don't keep their names)", number=len(rules.blocked))


def _channels(rules: ServerRules, locale: str) -> str:
    shown = [f"<#{channel_id}>" for channel_id in sorted(rules.closed_channels)]
    if not shown:
        return say(text("no channel"), locale)
    return " ".join(shown[:40]) + (" …" if len(shown) > 40 else "")
