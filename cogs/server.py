"""``/server settings``: what the managers of a server decide for it. For those who may manage the server alone."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.markdown import say
from bot.chat.message import BLUE
from bot.errors import Refusal
from bot.store.servers import ServerRules, ServerStore
from bot.texts import Text, text

_MOST_PER_DAY = 100_000


@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Server(commands.GroupCog, group_name="server", group_description="What Castbook may do in this server."):
    """Discord shows it to managers only; a server may override that, so it is looked at here as well."""

    def __init__(self, *, servers: ServerStore, allowed_per_day: int) -> None:
        super().__init__()
        self._servers = servers
        self._allowed = allowed_per_day

    @app_commands.command(name="settings", description="Show what holds in this server, and change it.")
    @app_commands.describe(
        day_limit="Characters a day in this server; 0: as many as the operator of this bot allows",
        switch_off="A channel or category in which I am to be switched off, threads included",
        switch_on="A channel or category in which I may be used again",
        block="A member who may not use me here",
        unblock="A member who may use me here again",
    )
    async def settings(
        self,
        interaction: discord.Interaction,
        day_limit: app_commands.Range[int, 0, _MOST_PER_DAY] | None = None,
        switch_off: app_commands.AppCommandChannel | None = None,
        switch_on: app_commands.AppCommandChannel | None = None,
        block: discord.User | None = None,
        unblock: discord.User | None = None,
    ) -> None:
        """Change what was named, then show what holds now; for the manager's eyes only."""
        guild_id = _managed(interaction)
        await interaction.response.defer(thinking=True, ephemeral=True)
        if day_limit is not None:
            await self._servers.set_day_limit(guild_id, day_limit or None)
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
        raise Refusal(text("Only those who may manage the server can see and change this."))
    return interaction.guild_id


def _embed(rules: ServerRules, allowed: int, locale: str) -> discord.Embed:
    embed = discord.Embed(title=say(text("In this server"), locale), colour=BLUE)
    for name, value in ((text("Characters a day"), _limit(rules, allowed)), (text("Blocked members"), _blocked(rules))):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    embed.add_field(name=say(text("Switched off in"), locale), value=_channels(rules, locale), inline=False)
    return embed


def _limit(rules: ServerRules, allowed: int) -> Text:
    own = rules.day_limit
    if own is not None and (not allowed or own < allowed):
        return text("{limit}, set here", limit=own)
    if own is not None:
        return text("{limit}, by the operator; set here: {own}", limit=allowed, own=own)
    return text("{limit}, by the operator", limit=allowed) if allowed else text("no limit")


def _blocked(rules: ServerRules) -> Text:
    """A number: they are kept as keyed hashes, which name nobody."""
    if not rules.blocked:
        return text("nobody")
    return text("{number} (their names are not kept)", number=len(rules.blocked))


def _channels(rules: ServerRules, locale: str) -> str:
    shown = [f"<#{channel_id}>" for channel_id in sorted(rules.closed_channels)]
    if not shown:
        return say(text("no channel"), locale)
    return " ".join(shown[:40]) + (" …" if len(shown) > 40 else "")
