"""``/character show | delete``, and with the modules beside it all of the group ``/character``."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import (
    ConfirmDelete,
    DeleteCharacter,
    KeepCharacter,
    ShowCharacter,
)
from bot.chat.card import AMBER
from bot.chat.character_cards import CharacterCards
from bot.chat.interaction_handlers import on_press
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.replies import edit_answer, follow_up
from bot.chat.selects import OpenCharacter
from bot.chat.sent_notes import NoteSent, card_at
from bot.jobs.job_starter import JobStarter
from bot.jobs.lending import Lending
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.ports import SentMessages
from bot.store.characters import CharacterStore
from bot.store.default_characters import DefaultCharacterStore
from bot.store.files import FileStore
from bot.store.loans import LoanStore
from bot.store.person_consents import PersonConsentStore
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.character import Character
from bot.values.clock import Clock
from cogs.character.consent import ConsentCommands
from cogs.character.editing import EditingCommands
from cogs.character.lending import LendingCommands
from cogs.character.listing import ListingCommands, LooksUp
from cogs.character.lookup import CastLookup, deleted
from cogs.character.making import MakingCommands
from cogs.character.portability import Portability, PortabilityCommands


class CharacterCommands(
    MakingCommands,
    ListingCommands,
    EditingCommands,
    LendingCommands,
    ConsentCommands,
    PortabilityCommands,
    commands.GroupCog,
    group_name="character",
    group_description="Make characters, and look after your cast.",
):
    """Makes characters, and looks after the casts.

    ``availability`` says which models are offered; ``max_bytes`` is the most that may be attached.
    """

    def __init__(
        self,
        lookup: CastLookup,
        *,
        cards: CharacterCards,
        starter: JobStarter,
        lending: Lending,
        loans: LoanStore,
        consents: PersonConsentStore,
        cast: PlayableCast,
        characters: CharacterStore,
        defaults: DefaultCharacterStore,
        videos: VideoStore,
        files: FileStore,
        messages: SentMessages,
        note_sent: NoteSent,
        clock: Clock,
        availability: ModelAvailability,
        max_bytes: int,
        portability: Portability,
    ) -> None:
        MakingCommands.__init__(
            self, starter=starter, videos=videos, clock=clock, availability=availability, max_bytes=max_bytes
        )
        LendingCommands.__init__(
            self,
            lookup,
            lending=lending,
            loans=loans,
            consents=consents,
            cast=cast,
            characters=characters,
            videos=videos,
            files=files,
            clock=clock,
        )
        ConsentCommands.__init__(
            self, lookup, lending=lending, consents=consents, characters=characters, files=files, clock=clock
        )
        self._portability = portability
        ListingCommands.__init__(self, lookup)
        EditingCommands.__init__(
            self,
            lookup,
            characters=characters,
            defaults=defaults,
            files=files,
            messages=messages,
            note_sent=note_sent,
            clock=clock,
        )
        self._cards = cards

    # -- show -----------------------------------------------------------------------------------------------------

    @app_commands.command(name="show", description="Show one character: picture, task ID, username.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=LooksUp.own_names)
    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """Show one character, to its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self.lookup.named(interaction.user.id, name))

    @on_press(ShowCharacter)
    async def show_pressed(self, interaction: discord.Interaction, button: ShowCharacter) -> None:
        """Show one character in a new message, to its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self.lookup.by_id(interaction.user.id, button.character_id))

    @on_press(OpenCharacter)
    async def open(self, interaction: discord.Interaction, menu: OpenCharacter) -> None:
        """Show one character of the list in a new message: the list stays."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self.lookup.by_id(interaction.user.id, int(menu.chosen)))

    async def _show(self, interaction: discord.Interaction, character: Character) -> None:
        pictures = await self.lookup.pictures([character], room=interaction.filesize_limit)
        card = await self._cards.own(
            character, pictures.get(character.id), str(interaction.locale), mentions_of(interaction.client)
        )
        shown = await edit_answer(interaction, card)
        await self._note_sent(card_at(interaction, shown, character, self._clock))

    # -- delete ---------------------------------------------------------------------------------------------------

    @app_commands.command(name="delete", description="Delete one of your characters. Asks first.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=LooksUp.own_names)
    async def delete(self, interaction: discord.Interaction, name: str) -> None:
        """Ask first, by command."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self.lookup.named(interaction.user.id, name)
        await edit_answer(interaction, _ask_delete(interaction, character))

    @on_press(DeleteCharacter)
    async def ask_delete(self, interaction: discord.Interaction, button: DeleteCharacter) -> None:
        """Ask first, by button."""
        card = interaction.message
        if card is None:
            raise AssertionError("a button stands under a message")
        await interaction.response.defer()
        character = await self.lookup.by_id(interaction.user.id, button.character_id)
        await self._note_sent(card_at(interaction, card, character, self._clock))
        await follow_up(interaction, _ask_delete(interaction, character))

    @on_press(ConfirmDelete)
    async def confirm_delete(self, interaction: discord.Interaction, button: ConfirmDelete) -> None:
        """The row first, then the files nothing refers to any more: never a row without its picture."""
        await interaction.response.defer()
        gone = await self._lending.delete(interaction.user.id, button.character_id)
        if gone is None:
            raise deleted()
        told = text(
            "I deleted “{name}” and its picture. I can't delete what ToAPIs has.",
            name=gone.character.name,
        )
        if gone.character.portable:
            told = text("I deleted “{name}”, its picture and its clips.", name=gone.character.name)
        await edit_answer(interaction, told)

    @on_press(KeepCharacter)
    async def keep(self, interaction: discord.Interaction, button: KeepCharacter) -> None:
        """Say that nothing was deleted."""
        kept = say(text("Nothing was deleted."), str(interaction.locale))
        await interaction.response.edit_message(content=kept, embed=None, view=None)


def _ask_delete(interaction: discord.Interaction, character: Character) -> MessageContent:
    locale, owner = str(interaction.locale), interaction.user.id
    question = text("Delete “{name}” and its picture from your cast? This can't be undone.", name=character.name)
    buttons = (
        ConfirmDelete(character.id, owner, say(text("Delete it"), locale), discord.ButtonStyle.danger),
        KeepCharacter(character.id, owner, say(text("Keep it"), locale)),
    )
    embed = discord.Embed(description=say(question, locale), colour=AMBER)
    return MessageContent(embeds=(embed,), buttons=buttons)
