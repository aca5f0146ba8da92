"""``/server settings``: what members with the permission Manage Server decide for their server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.buttons import SetDayLimit, ShowResultsTo
from bot.chat.card import BLUE
from bot.chat.durable_items import view
from bot.chat.interaction_handlers import DurableForm, on_press, on_submit, text_line
from bot.chat.markdown import say
from bot.chat.selects import BlockedMembers, ClosedChannels
from bot.chat.server_menus import BackToSettings, ShowRoles
from bot.errors import Refusal
from bot.store.servers import ServerRules, ServerStore
from bot.texts import Text, text

_MOST_SHOWN = 40  # members or channels: so many mentions fit into a field


class DayLimitForm(DurableForm, prefix="cbf:daylimit"):
    """Asks a manager for the daily limits of the server it is sent in."""

    always_open = True

    def __init__(self, rules: ServerRules, locale: str) -> None:
        lines = [
            text_line(
                name,
                say(label, locale),
                value=str(value or ""),
                placeholder=say(text("Leave this empty for the most this bot allows"), locale),
                max_length=len(str(limits.SERVER_DAY_LIMIT)),
                required=False,
            )
            for name, label, value in (
                ("limit", text("Characters, whole server"), rules.day_limit),
                ("videos", text("Videos, whole server"), rules.video_limit),
                ("credits", text("Credits, whole server"), rules.credits),
                ("member_credits", text("Credits per member"), rules.member_credits),
            )
        ]
        super().__init__("server", say(text("Daily limits"), locale), *lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The operator's daily limits for a server, which may set lower ones; 0: no limit.

    ``priced``: some price is known, so credits are counted.
    """

    characters: int
    videos: int = 0
    credits: int = 0
    member_credits: int = 0
    priced: bool = True


@app_commands.default_permissions(manage_guild=True)
@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Server(commands.GroupCog, group_name="server", group_description="Settings of Castbook for this server."):
    """Discord shows it to managers only. A server may change that, so the permission is checked here as well."""

    def __init__(self, *, servers: ServerStore, allowed: Allowed) -> None:
        super().__init__()
        self._servers = servers
        self._allowed = allowed

    @app_commands.command(name="settings", description="Show and change the settings for this server.")
    @app_commands.describe(
        day_limit="Characters per day in this server (0 for the most this bot allows)",
        video_limit="Videos per day in this server (0 for the most this bot allows)",
        private_results="Show results only to their owners, unless they choose otherwise",
        switch_off="A channel or category to switch the bot off in, threads included",
        switch_on="A channel or category to switch the bot on in again",
        block="A member to block from using the bot here",
        unblock="A member to let use the bot here again",
    )
    async def settings(
        self,
        interaction: discord.Interaction,
        day_limit: app_commands.Range[int, 0, limits.SERVER_DAY_LIMIT] | None = None,
        video_limit: app_commands.Range[int, 0, limits.SERVER_DAY_LIMIT] | None = None,
        private_results: bool | None = None,
        switch_off: app_commands.AppCommandChannel | None = None,
        switch_on: app_commands.AppCommandChannel | None = None,
        block: discord.User | None = None,
        unblock: discord.User | None = None,
    ) -> None:
        """Change the given settings, then show all of them, to the manager only."""
        guild_id = managed(interaction)
        await interaction.response.defer(thinking=True, ephemeral=True)
        if day_limit is not None:
            await self._servers.set_day_limit(guild_id, day_limit or None)
        if video_limit is not None:
            await self._servers.set_video_limit(guild_id, video_limit or None)
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
        await self._show(interaction, guild_id)

    async def _show(self, interaction: discord.Interaction, guild_id: int) -> None:
        """Show all settings, with the components that change them."""
        blocked = await self._servers.known_blocked(guild_id)
        rules, locale, owner = self._servers.rules(guild_id), str(interaction.locale), interaction.user.id
        await interaction.edit_original_response(
            embed=_embed(rules, self._allowed, blocked, locale),
            view=view(
                BlockedMembers(owner, say(text("Choose members to block here…"), locale), blocked),
                ClosedChannels(
                    owner,
                    say(text("Choose channels to switch me off in…"), locale),
                    sorted(rules.closed_channels),
                ),
                SetDayLimit(owner, say(text("Daily limits…"), locale)),
                ShowResultsTo(not rules.private_results, owner, say(_other(rules), locale)),
                ShowRoles(owner, say(text("Roles and log…"), locale)),
            ),
        )

    # -- what stands under the settings -------------------------------------------------------------------------

    @on_press(BlockedMembers)
    async def choose_blocked(self, interaction: discord.Interaction, menu: BlockedMembers) -> None:
        """Block the members that were added, and unblock those that were removed."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        for user_id in menu.chosen - menu.shown:
            await self._servers.block(guild_id, user_id)
        for user_id in menu.shown - menu.chosen:
            await self._servers.unblock(guild_id, user_id)
        await self._show(interaction, guild_id)

    @on_press(ClosedChannels)
    async def choose_channels(self, interaction: discord.Interaction, menu: ClosedChannels) -> None:
        """Switch the bot off in channels that were added, and on in those that were removed."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        for channel_id in menu.chosen - menu.shown:
            await self._servers.close_channel(guild_id, channel_id)
        for channel_id in menu.shown - menu.chosen:
            await self._servers.open_channel(guild_id, channel_id)
        await self._show(interaction, guild_id)

    @on_press(ShowResultsTo)
    async def show_results_to(self, interaction: discord.Interaction, button: ShowResultsTo) -> None:
        """Set whether results are public or private by default."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        await self._servers.set_private_results(guild_id, button.private)
        await self._show(interaction, guild_id)

    @on_press(BackToSettings)
    async def back(self, interaction: discord.Interaction, _: BackToSettings) -> None:
        """Show this page again, replacing the second one."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        await self._show(interaction, guild_id)

    @on_press(SetDayLimit)
    async def open_limit_form(self, interaction: discord.Interaction, _: SetDayLimit) -> None:
        """Ask for the daily limits."""
        rules = self._servers.rules(managed(interaction))
        await interaction.response.send_modal(DayLimitForm(rules, str(interaction.locale)))

    @on_submit(DayLimitForm)
    async def limit_typed(self, interaction: discord.Interaction, _: str, typed: Mapping[str, str]) -> None:
        """Set them; empty ones are the operator's."""
        guild_id = managed(interaction)
        given = {name: number_typed(words) for name, words in typed.items()}
        await interaction.response.defer()
        await self._servers.set_day_limit(guild_id, given.get("limit"))
        if "videos" in given:  # the form of an earlier version did not have this field
            await self._servers.set_video_limit(guild_id, given["videos"])
        if "credits" in given:  # nor this one
            each = given.get("member_credits")
            await self._servers.set_credits(guild_id, everybody=given["credits"], each=each)
        await self._show(interaction, guild_id)


def number_typed(typed: str) -> int | None:
    """A typed limit; ``None`` if it is empty or 0. Raises Refusal."""
    words = typed.strip()
    if words and not (words.isdecimal() and int(words) <= limits.SERVER_DAY_LIMIT):
        raise Refusal(text("Please give a whole number, from 0 to {most}.", most=limits.SERVER_DAY_LIMIT))
    return int(words or 0) or None


def managed(interaction: discord.Interaction) -> int:
    """The server, if the interaction comes from a manager. Raises Refusal for anybody else."""
    if interaction.guild_id is None or not interaction.permissions.manage_guild:
        raise Refusal(text("You need the permission Manage Server for this."))
    return interaction.guild_id


def _embed(rules: ServerRules, allowed: Allowed, blocked: Sequence[int], locale: str) -> discord.Embed:
    embed = discord.Embed(title=say(text("Settings for this server"), locale), colour=BLUE)
    for name, value in (
        (text("Characters per day"), _limit(rules.day_limit, allowed.characters)),
        (text("Videos per day"), _limit(rules.video_limit, allowed.videos)),
        (text("Credits per day"), _credits(rules.credits, allowed.credits, allowed)),
        (text("Credits per day for each member"), _credits(rules.member_credits, allowed.member_credits, allowed)),
        (text("Results"), text("Shown only to their owners") if rules.private_results else text("Shown to everyone")),
    ):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    embed.add_field(name=say(text("Blocked members"), locale), value=_blocked(rules, blocked, locale), inline=False)
    embed.add_field(name=say(text("Switched off in"), locale), value=_channels(rules, locale), inline=False)
    return embed


def _other(rules: ServerRules) -> Text:
    return text("Show results to everyone") if rules.private_results else text("Show results only to their owners")


def _credits(own: int | None, operators: int, allowed: Allowed) -> Text:
    if not allowed.priced and (own is not None or operators):
        return text("not counted, because this bot knows no prices")
    return _limit(own, operators)


def _limit(own: int | None, allowed: int) -> Text:
    if own is not None and (not allowed or own < allowed):
        return text("{limit} (set for this server)", limit=float(own))
    if own is not None:
        return text(
            "{limit} (the most this bot allows; set for this server: {own})", limit=float(allowed), own=float(own)
        )
    return text("{limit} (the most this bot allows)", limit=float(allowed)) if allowed else text("no limit")


def _blocked(rules: ServerRules, known: Sequence[int], locale: str) -> str:
    """Mentions, which Discord shows with current names, because only user ids are stored."""
    if not rules.blocked:
        return say(text("nobody"), locale)
    lines = [" ".join(f"<@{user_id}>" for user_id in known[:_MOST_SHOWN]) + (" …" if len(known) > _MOST_SHOWN else "")]
    if unknown := len(rules.blocked) - len(known):
        lines.append(
            say(
                text(
                    "Blocked with an earlier version of this bot, so I can't name them: {number}. To unblock one, use "
                    "the option **unblock**.",
                    number=unknown,
                ),
                locale,
            )
        )
    return "\n".join(line for line in lines if line)


def _channels(rules: ServerRules, locale: str) -> str:
    shown = [f"<#{channel_id}>" for channel_id in sorted(rules.closed_channels)]
    if not shown:
        return say(text("no channel"), locale)
    return " ".join(shown[:_MOST_SHOWN]) + (" …" if len(shown) > _MOST_SHOWN else "")
