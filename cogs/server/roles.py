"""The second page of ``/server settings``: which roles may make what, and how much, and where jobs are logged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

import discord
from discord.ext import commands

from bot import limits
from bot.chat.card import BLUE
from bot.chat.durable_items import view
from bot.chat.interaction_handlers import DurableForm, on_press, on_submit, text_line
from bot.chat.markdown import say
from bot.chat.rest_errors import RouteClosed
from bot.chat.server_lookup import server_lookup_of
from bot.chat.server_menus import BackToSettings, CharacterRolesMenu, LimitedRole, LogChannel, ShowRoles, VideoRolesMenu
from bot.jobs.ports import DiscordUnavailable
from bot.store.servers import RoleRules, ServerRules, ServerStore
from bot.texts import Text, text
from bot.values.job import JobKind
from cogs.server.cog import managed, number_typed

_MOST_SHOWN = 20  # roles: so many lines fit into a field


class LogState(Protocol):
    """The state of the servers' logs."""

    @property
    def closed(self) -> Collection[int]:
        """The servers whose channel rejected the last line."""


class RoleLimitsForm(DurableForm, prefix="cbf:rolelimits"):
    """Asks a manager how much each member with a role may use per day. Its subject is the role's id."""

    always_open = True

    def __init__(self, role_id: int, rules: RoleRules, locale: str) -> None:
        lines = [
            text_line(
                name,
                say(label, locale),
                value=str(value or ""),
                placeholder=say(text("Empty: same as everyone"), locale),
                max_length=len(str(limits.SERVER_DAY_LIMIT)),
                required=False,
            )
            for name, label, value in (
                ("characters", text("Characters per member with this role"), rules.characters),
                ("videos", text("Videos per member with this role"), rules.videos),
                ("credits", text("Credits per member with this role"), rules.credits),
            )
        ]
        super().__init__(str(role_id), say(text("Daily limits of a role"), locale), *lines)


class ServerRoles(commands.Cog):
    """The content of that page. It has no command."""

    def __init__(self, *, servers: ServerStore, log: LogState) -> None:
        self._servers = servers
        self._log = log

    @on_press(ShowRoles)
    async def show_roles(self, interaction: discord.Interaction, _: ShowRoles) -> None:
        """Show the page, replacing the first one."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        await self._show(interaction, guild_id)

    @on_press(CharacterRolesMenu)
    async def choose_character_makers(self, interaction: discord.Interaction, menu: CharacterRolesMenu) -> None:
        """Allow only members of those roles to make characters."""
        await self._makers(interaction, JobKind.CHARACTER, menu.chosen)

    @on_press(VideoRolesMenu)
    async def choose_video_makers(self, interaction: discord.Interaction, menu: VideoRolesMenu) -> None:
        """Allow only members of those roles to make videos."""
        await self._makers(interaction, JobKind.VIDEO, menu.chosen)

    async def _makers(self, interaction: discord.Interaction, kind: JobKind, chosen: Collection[int]) -> None:
        guild_id = managed(interaction)
        await interaction.response.defer()
        await self._servers.set_makers(guild_id, kind, chosen)
        await self._show(interaction, guild_id)

    @on_press(LogChannel)
    async def choose_log(self, interaction: discord.Interaction, menu: LogChannel) -> None:
        """Set the channel that gets a line about each job, or none."""
        guild_id = managed(interaction)
        await interaction.response.defer()
        await self._servers.set_log_channel(guild_id, next(iter(menu.chosen), None))
        await self._show(interaction, guild_id)

    @on_press(LimitedRole)
    async def open_limits(self, interaction: discord.Interaction, menu: LimitedRole) -> None:
        """Ask for the limits of that role."""
        rules = self._servers.rules(managed(interaction)).roles
        if not menu.chosen:
            await interaction.response.defer()
            return
        [role_id] = menu.chosen
        form = RoleLimitsForm(role_id, rules.get(role_id, RoleRules()), str(interaction.locale))
        await interaction.response.send_modal(form)

    @on_submit(RoleLimitsForm)
    async def limits_typed(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Set them; empty ones are not set."""
        guild_id = managed(interaction)
        given = {name: number_typed(typed.get(name, "")) for name in ("characters", "videos", "credits")}
        await interaction.response.defer()
        await self._servers.set_role_limits(guild_id, int(subject), **given)
        await self._show(interaction, guild_id)

    async def _show(self, interaction: discord.Interaction, guild_id: int) -> None:
        rules, locale, owner = self._servers.rules(guild_id), str(interaction.locale), interaction.user.id
        creators = [role_id for role_id, each in rules.roles.items() if each.may_create]
        filmers = [role_id for role_id, each in rules.roles.items() if each.may_film]
        log = [] if rules.log_channel is None else [rules.log_channel]
        closed = guild_id in self._log.closed or not await _may_write(interaction, rules.log_channel)
        await interaction.edit_original_response(
            embed=_embed(rules, locale, log_closed=closed),
            view=view(
                CharacterRolesMenu(owner, say(text("Only these roles may make characters…"), locale), creators),
                VideoRolesMenu(owner, say(text("Only these roles may make videos…"), locale), filmers),
                LimitedRole(owner, say(text("Set a role's daily limits…"), locale)),
                LogChannel(owner, say(text("Log jobs in this channel…"), locale), log),
                BackToSettings(owner, say(text("Back"), locale)),
            ),
        )


async def _may_write(interaction: discord.Interaction, channel_id: int | None) -> bool:
    """Whether the bot may write in that channel, as far as it can find out."""
    if channel_id is None:
        return True
    try:
        may = await server_lookup_of(interaction.client).permissions(channel_id)
    except RouteClosed:
        return False
    except DiscordUnavailable:
        return True
    return may.view_channel and may.send_messages


def _embed(rules: ServerRules, locale: str, *, log_closed: bool) -> discord.Embed:
    embed = discord.Embed(title=say(text("Roles and log of this server"), locale), colour=BLUE)
    for name, allowed in (
        (text("Who can make characters"), [role for role, each in rules.roles.items() if each.may_create]),
        (text("Who can make videos"), [role for role, each in rules.roles.items() if each.may_film]),
    ):
        roles = " ".join(f"<@&{role_id}>" for role_id in allowed)
        embed.add_field(name=say(name, locale), value=roles or say(text("everybody"), locale))
    limited = list(_limits(rules, locale))[:_MOST_SHOWN]
    by_role = say(text("Daily limits per member, by role"), locale)
    embed.add_field(name=by_role, value="\n".join(limited) or say(text("none"), locale), inline=False)
    value = say(text("nowhere"), locale)
    if rules.log_channel is not None:
        reply = text("<#{channel}>: a line for each job that starts, ends or is withdrawn.", channel=rules.log_channel)
        if log_closed:
            reply = text(
                "I can't write in <#{channel}>. Give me View Channel and Send Messages there, or choose another one.",
                channel=rules.log_channel,
            )
        value = say(reply, locale)
    embed.add_field(name=say(text("Where jobs are logged"), locale), value=value, inline=False)
    return embed


def _limits(rules: ServerRules, locale: str) -> Iterator[str]:
    for role_id, each in rules.roles.items():
        lines: list[Text] = []
        lines += [text("characters: {number}", number=float(each.characters))] if each.characters is not None else []
        lines += [text("videos: {number}", number=float(each.videos))] if each.videos is not None else []
        lines += [text("credits: {number}", number=float(each.credits))] if each.credits is not None else []
        if lines:
            yield f"<@&{role_id}> · {' · '.join(say(part, locale) for part in lines)}"
