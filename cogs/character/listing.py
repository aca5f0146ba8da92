"""``/character list``: a cast as a grid of faces, page by page, and what opens as one types its names."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.buttons import TurnPage
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of
from bot.chat.render_cast import CastPage, few, render_page
from bot.chat.replies import edit_answer
from bot.store.cast_search import Sort
from bot.values.character import clean_name
from cogs.character.lookup import CastLookup


class LooksUp(commands.Cog):
    """A cog that reads casts. What its autocompletes offer is the person's own."""

    lookup: CastLookup

    async def own_names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Names of characters that fit what is typed, those that are used most, and of late, first."""
        names = await self.lookup.names(interaction.user.id, current)
        return [app_commands.Choice(name=name[: limits.CHOICE_NAME], value=name) for name in names]

    async def own_groups(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Names of groups that fit what is typed."""
        names = await self.lookup.group_names(interaction.user.id, current)
        return [app_commands.Choice(name=name, value=name) for name in names[: limits.AUTOCOMPLETE_CHOICES]]


async def show_page(interaction: discord.Interaction, lookup: CastLookup, wanted: CastPage) -> None:
    """Show a page in the answer, to its owner alone. The interaction is deferred."""
    owner = interaction.user.id
    group = None if wanted.group_id is None else await lookup.group_by_id(owner, wanted.group_id)
    page, found, total = await lookup.page(owner, wanted)
    pictures = await lookup.pictures(found, room=interaction.filesize_limit) if few(total) else {}
    faces = [] if few(total) else await lookup.faces(owner, found)
    locale, mentions = str(interaction.locale), mentions_of(interaction.client)
    shown = render_page(owner, page, found, total, pictures, locale, mentions, faces=faces, group=group)
    await edit_answer(interaction, shown)


class ListingCommands(LooksUp):
    """The part of :class:`cogs.character.cog.CharacterCommands` that shows a cast."""

    def __init__(self, lookup: CastLookup) -> None:
        commands.Cog.__init__(self)
        self.lookup = lookup

    @app_commands.command(name="list", description="Show your cast, with pictures.")
    @app_commands.describe(
        search="Part of a name, a note or a tag",
        sort="The order (default: used or made last first; of a search: what fits best)",
        group="Only those in this group",
    )
    @app_commands.choices(
        sort=[
            app_commands.Choice(name="recent first", value=Sort.RECENT.value),
            app_commands.Choice(name="newest first", value=Sort.NEWEST.value),
            app_commands.Choice(name="by name", value=Sort.NAME.value),
            app_commands.Choice(name="most used first", value=Sort.USED.value),
        ]
    )
    @app_commands.autocomplete(group=LooksUp.own_groups)
    async def list_cast(
        self,
        interaction: discord.Interaction,
        search: app_commands.Range[str, 1, 100] | None = None,
        sort: str | None = None,
        group: str | None = None,
    ) -> None:
        """Show the first page."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        wanted = clean_name(search or "")
        order = Sort(sort) if sort is not None else Sort.BEST if wanted else Sort.RECENT
        group_id = None if group is None else (await self.lookup.group(interaction.user.id, group)).id
        await show_page(interaction, self.lookup, CastPage(0, order, wanted, group_id))

    @on_press(TurnPage)
    async def turn_page(self, interaction: discord.Interaction, button: TurnPage) -> None:
        """Show another page, in the same message."""
        await interaction.response.defer()
        await show_page(interaction, self.lookup, CastPage.parse(button.page))
