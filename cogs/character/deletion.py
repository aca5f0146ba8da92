"""Implements ``/character delete``: asks first, then deletes the row and the files."""

from __future__ import annotations

import discord

from bot.chat.buttons import ConfirmDelete, DeleteCharacter, KeepCharacter
from bot.chat.card import AMBER
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.chat.replies import edit_answer, follow_up
from bot.chat.sent_message_records import RecordSent, card_at
from bot.jobs.lending import Lending
from bot.texts import text
from bot.values.character import Character
from bot.values.clock import Clock
from cogs.character.lookup import CastLookup, deleted


class CharacterDeletion:
    """Deletes characters. ``lending`` ends their loans too."""

    def __init__(self, lookup: CastLookup, *, lending: Lending, record_sent: RecordSent, clock: Clock) -> None:
        self._lookup = lookup
        self._lending = lending
        self._record_sent = record_sent
        self._clock = clock

    async def delete(self, interaction: discord.Interaction, name: str) -> None:
        """Ask first, when called by command."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._lookup.named(interaction.user.id, name)
        await edit_answer(interaction, _ask_delete(interaction, character))

    @on_press(DeleteCharacter)
    async def ask_delete(self, interaction: discord.Interaction, button: DeleteCharacter) -> None:
        """Ask first, when called by button."""
        card = interaction.message
        if card is None:
            raise AssertionError("a button stands under a message")
        await interaction.response.defer()
        character = await self._lookup.by_id(interaction.user.id, button.character_id)
        await self._record_sent(card_at(interaction, card, character, self._clock))
        await follow_up(interaction, _ask_delete(interaction, character))

    @on_press(ConfirmDelete)
    async def confirm_delete(self, interaction: discord.Interaction, button: ConfirmDelete) -> None:
        """Delete the row first, then the files that nothing else refers to: never a row without its picture."""
        await interaction.response.defer()
        gone = await self._lending.delete(interaction.user.id, button.character_id)
        if gone is None:
            raise deleted()
        reply = text(
            "I deleted “{name}” with its pictures, clips and voice. I can't delete what ToAPIs has.",
            name=gone.character.name,
        )
        if gone.character.portable:
            reply = text("I deleted “{name}” with its pictures, clips and voice.", name=gone.character.name)
        await edit_answer(interaction, reply)

    @on_press(KeepCharacter)
    async def keep(self, interaction: discord.Interaction, button: KeepCharacter) -> None:
        """Say that nothing was deleted."""
        kept = say(text("Nothing was deleted."), str(interaction.locale))
        await interaction.response.edit_message(content=kept, embed=None, view=None)


def _ask_delete(interaction: discord.Interaction, character: Character) -> MessageContent:
    locale, owner = str(interaction.locale), interaction.user.id
    question = text(
        "Delete “{name}” from your cast, with its pictures, clips and voice? This can't be undone.", name=character.name
    )
    buttons = (
        ConfirmDelete(character.id, owner, say(text("Delete it"), locale), discord.ButtonStyle.danger),
        KeepCharacter(character.id, owner, say(text("Keep it"), locale)),
    )
    embed = discord.Embed(description=say(question, locale), colour=AMBER)
    return MessageContent(embeds=(embed,), buttons=buttons)
