"""Implements ``/character list`` and ``show``: a cast as a grid of faces, page by page, and a single card."""

from __future__ import annotations

import discord

from bot.chat.buttons import ShowCharacter, TurnPage
from bot.chat.character_cards import CharacterCards
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of
from bot.chat.render_cast import CastPage, few, render_page
from bot.chat.replies import edit_answer
from bot.chat.selects import OpenCharacter
from bot.chat.sent_message_records import RecordSent, card_at
from bot.store.cast_search import Sort
from bot.values.character import Character, clean_name
from bot.values.clock import Clock
from cogs.character.lookup import CastLookup


async def show_page(interaction: discord.Interaction, lookup: CastLookup, wanted: CastPage) -> None:
    """Show a page in the deferred answer, to its owner only."""
    owner = interaction.user.id
    group = None if wanted.group_id is None else await lookup.group_by_id(owner, wanted.group_id)
    page, found, total = await lookup.page(owner, wanted)
    pictures = await lookup.pictures(found, room=interaction.filesize_limit) if few(total) else {}
    faces = [] if few(total) else await lookup.faces(owner, found)
    locale, mentions = str(interaction.locale), mentions_of(interaction.client)
    shown = render_page(owner, page, found, total, pictures, locale, mentions, faces=faces, group=group)
    await edit_answer(interaction, shown)


class CastListing:
    """Shows a cast, to its owner only."""

    def __init__(self, lookup: CastLookup, *, cards: CharacterCards, record_sent: RecordSent, clock: Clock) -> None:
        self._lookup = lookup
        self._cards = cards
        self._record_sent = record_sent
        self._clock = clock

    async def list_cast(
        self,
        interaction: discord.Interaction,
        search: str | None,
        sort: str | None,
        group: str | None,
    ) -> None:
        """Show the first page."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        wanted = clean_name(search or "")
        order = Sort(sort) if sort is not None else Sort.BEST if wanted else Sort.RECENT
        group_id = None if group is None else (await self._lookup.group(interaction.user.id, group)).id
        await show_page(interaction, self._lookup, CastPage(0, order, wanted, group_id))

    @on_press(TurnPage)
    async def turn_page(self, interaction: discord.Interaction, button: TurnPage) -> None:
        """Show another page, in the same message."""
        await interaction.response.defer()
        await show_page(interaction, self._lookup, CastPage.parse(button.page))

    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """Show one character, to its owner only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.named(interaction.user.id, name))

    @on_press(ShowCharacter)
    async def show_pressed(self, interaction: discord.Interaction, button: ShowCharacter) -> None:
        """Show one character in a new message, to its owner only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.by_id(interaction.user.id, button.character_id))

    @on_press(OpenCharacter)
    async def open(self, interaction: discord.Interaction, menu: OpenCharacter) -> None:
        """Show one character of the list in a new message: the list stays."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.by_id(interaction.user.id, int(menu.chosen)))

    async def _show(self, interaction: discord.Interaction, character: Character) -> None:
        pictures = await self._lookup.pictures([character], room=interaction.filesize_limit)
        card = await self._cards.own(
            character, pictures.get(character.id), str(interaction.locale), mentions_of(interaction.client)
        )
        shown = await edit_answer(interaction, card)
        await self._record_sent(card_at(interaction, shown, character, self._clock))
