"""The group ``/group``: sorts a cast into groups; a character may be in many."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import TurnGroups
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of
from bot.chat.render_cast import CastPage
from bot.chat.render_groups import render_groups
from bot.chat.replies import edit_answer
from bot.chat.seconds_forms import visible_name
from bot.chat.selects import OpenGroup
from bot.errors import Refusal
from bot.store.cast_search import Sort
from bot.store.groups import GroupStore
from bot.texts import text
from bot.values.clock import Clock
from cogs.character.listing import show_page
from cogs.character.lookup import CastAutocompletes, CastLookup


class GroupCommands(
    CastAutocompletes, commands.GroupCog, group_name="group", group_description="Sort your cast into groups."
):
    """Everything here acts for the asker only: another person's group counts as unknown."""

    def __init__(self, lookup: CastLookup, *, groups: GroupStore, clock: Clock) -> None:
        super().__init__()
        self.lookup = lookup
        self._groups = groups
        self._clock = clock

    @app_commands.command(name="create", description="Make a group, and put a character in it if you like.")
    @app_commands.describe(name="What the group is called", character="The first one in it")
    @app_commands.autocomplete(character=CastAutocompletes.own_names)
    async def create(
        self, interaction: discord.Interaction, name: app_commands.Range[str, 1, 100], character: str | None = None
    ) -> None:
        """Look the character up first, so that a wrong name creates no empty group."""
        wanted = visible_name(name)
        await interaction.response.defer(thinking=True, ephemeral=True)
        owner = interaction.user.id
        first = None if character is None else await self.lookup.named(owner, character)
        group = await self._groups.create(owner, wanted, now=self._clock())
        reply = text("I made the group “{group}”. Put characters in it with /group add.", group=group.name)
        if first is not None and await self._groups.add(owner, group.id, first.id):
            reply = text("I made the group “{group}” with “{name}” in it.", group=group.name, name=first.name)
        await edit_answer(interaction, reply)

    @app_commands.command(name="add", description="Put a character into a group.")
    @app_commands.describe(group="The group", character="The character")
    @app_commands.autocomplete(group=CastAutocompletes.own_groups, character=CastAutocompletes.own_names)
    async def add(self, interaction: discord.Interaction, group: str, character: str) -> None:
        """Add a character."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        owner = interaction.user.id
        its, who = await self.lookup.group(owner, group), await self.lookup.named(owner, character)
        added = await self._groups.add(owner, its.id, who.id)
        reply = text("“{name}” is already in “{group}”.", name=who.name, group=its.name)
        if added:
            reply = text("“{name}” is now in “{group}”.", name=who.name, group=its.name)
        elif added is None:
            raise _gone()
        await edit_answer(interaction, reply)

    @app_commands.command(name="remove", description="Take a character out of a group. It stays in your cast.")
    @app_commands.describe(group="The group", character="The character")
    @app_commands.autocomplete(group=CastAutocompletes.own_groups, character=CastAutocompletes.own_names)
    async def remove(self, interaction: discord.Interaction, group: str, character: str) -> None:
        """Remove a character."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        owner = interaction.user.id
        its, who = await self.lookup.group(owner, group), await self.lookup.named(owner, character)
        removed = await self._groups.remove(owner, its.id, who.id)
        reply = text("“{name}” is not in “{group}”.", name=who.name, group=its.name)
        if removed:
            reply = text("“{name}” is no longer in “{group}”.", name=who.name, group=its.name)
        elif removed is None:
            raise _gone()
        await edit_answer(interaction, reply)

    @app_commands.command(name="show", description="Show your groups, or who is in one of them.")
    @app_commands.describe(group="The group (leave it out to see all your groups)")
    @app_commands.autocomplete(group=CastAutocompletes.own_groups)
    async def show(self, interaction: discord.Interaction, group: str | None = None) -> None:
        """Show all groups, or the faces of one."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        if group is None:
            await self._show_groups(interaction, 0)
            return
        its = await self.lookup.group(interaction.user.id, group)
        await show_page(interaction, self.lookup, CastPage(0, Sort.RECENT, "", its.id))

    @on_press(TurnGroups)
    async def turn_page(self, interaction: discord.Interaction, button: TurnGroups) -> None:
        """Show another page of groups, in the same message."""
        await interaction.response.defer()
        await self._show_groups(interaction, button.offset)

    async def _show_groups(self, interaction: discord.Interaction, offset: int) -> None:
        found = await self._groups.all(interaction.user.id)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        await edit_answer(interaction, render_groups(interaction.user.id, offset, found, locale, mentions))

    @on_press(OpenGroup)
    async def open(self, interaction: discord.Interaction, menu: OpenGroup) -> None:
        """Show the faces of a group in a new message: the list stays."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await show_page(interaction, self.lookup, CastPage(0, Sort.RECENT, "", int(menu.chosen)))

    @app_commands.command(name="rename", description="Give a group another name.")
    @app_commands.describe(group="The group", typed="Its new name")
    @app_commands.rename(typed="new_name")
    @app_commands.autocomplete(group=CastAutocompletes.own_groups)
    async def rename(
        self, interaction: discord.Interaction, group: str, typed: app_commands.Range[str, 1, 100]
    ) -> None:
        """Rename a group."""
        wanted = visible_name(typed)
        await interaction.response.defer(thinking=True, ephemeral=True)
        its = await self.lookup.group(interaction.user.id, group)
        if not await self._groups.rename(interaction.user.id, its.id, wanted):
            raise _gone()
        await edit_answer(interaction, text("The group “{old}” is now called “{new}”.", old=its.name, new=wanted))

    @app_commands.command(name="delete", description="Delete a group. Its characters stay in your cast.")
    @app_commands.describe(group="The group")
    @app_commands.autocomplete(group=CastAutocompletes.own_groups)
    async def delete(self, interaction: discord.Interaction, group: str) -> None:
        """Delete a group without asking, because it can be created again."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        its = await self.lookup.group(interaction.user.id, group)
        if not await self._groups.delete(interaction.user.id, its.id):
            raise _gone()
        reply = text("I deleted the group “{group}”. Its characters are still in your cast.", group=its.name)
        await edit_answer(interaction, reply)


def _gone() -> Refusal:
    return Refusal(text("That group or that character is no longer there. See /group show for your groups."))
