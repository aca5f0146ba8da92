"""``/character list | show | rename | delete``, and the buttons of characters and of the list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.buttons import (
    ConfirmDelete,
    DeleteCharacter,
    KeepCharacter,
    RenameCharacter,
    ShowCharacter,
    TakeName,
    TurnPage,
    TypeAnotherName,
)
from bot.chat.card import AMBER
from bot.chat.interaction_handlers import on_press, on_submit
from bot.chat.markdown import mentions_of, say
from bot.chat.message import MessageContent
from bot.chat.render_cast import CastPage, render_page
from bot.chat.render_character import render_character
from bot.chat.replies import edit_answer, follow_up
from bot.chat.seconds_forms import visible_name
from bot.chat.selects import OpenCharacter
from bot.chat.sent_notes import NoteSent, card_at
from bot.concurrency import within
from bot.errors import NameTaken, Refusal, UnknownCharacter
from bot.jobs.job_starter import JobStarter
from bot.jobs.lending import Lending
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.ports import SentMessages
from bot.store.characters import CharacterStore, Sort
from bot.store.files import FileStore
from bot.store.loans import LoanStore
from bot.store.person_consents import PersonConsentStore
from bot.store.portable_casts import Selection
from bot.store.videos import VideoStore
from bot.texts import Text, text
from bot.values.character import Character, clean_name
from bot.values.clock import Clock
from cogs.character.asking import AskingCommands
from cogs.character.lending import LendingCommands
from cogs.character.lookup import CastLookup, deleted
from cogs.character.making import MakingCommands
from cogs.character.portability import Portability, PortabilityCommands
from cogs.character.renaming import RenameForm, ask_another, asks_another, is_card_of, renamed

_Answer: TypeAlias = Callable[[discord.Interaction, MessageContent | Text], Awaitable[object]]


class CharacterCommands(
    MakingCommands,
    LendingCommands,
    AskingCommands,
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
        *,
        starter: JobStarter,
        lending: Lending,
        loans: LoanStore,
        consents: PersonConsentStore,
        cast: PlayableCast,
        characters: CharacterStore,
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
            lending=lending,
            loans=loans,
            consents=consents,
            cast=cast,
            characters=characters,
            videos=videos,
            files=files,
            clock=clock,
        )
        AskingCommands.__init__(
            self, lending=lending, consents=consents, characters=characters, files=files, clock=clock
        )
        self._portability = portability
        self._characters = characters
        self._files = files
        self._messages = messages
        self._note_sent = note_sent
        self._lookup = CastLookup(characters, files)

    async def _own_names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        names = await self._characters.names(interaction.user.id, current, limits.AUTOCOMPLETE_CHOICES)
        return [app_commands.Choice(name=name[: limits.CHOICE_NAME], value=name) for name in names]

    # -- list, show -----------------------------------------------------------------------------------------------

    @app_commands.command(name="list", description="Show your cast, with pictures.")
    @app_commands.describe(search="Part of a name", sort="The order (default: newest first)")
    @app_commands.choices(
        sort=[
            app_commands.Choice(name="newest first", value=Sort.NEWEST.value),
            app_commands.Choice(name="by name", value=Sort.NAME.value),
        ]
    )
    async def list_cast(
        self,
        interaction: discord.Interaction,
        search: app_commands.Range[str, 1, 100] | None = None,
        sort: str = Sort.NEWEST.value,
    ) -> None:
        """Show the first page."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show_page(interaction, CastPage(0, Sort(sort), clean_name(search or "")))

    @on_press(TurnPage)
    async def turn_page(self, interaction: discord.Interaction, button: TurnPage) -> None:
        """Show another page, in the same message."""
        await interaction.response.defer()
        await self._show_page(interaction, CastPage.parse(button.page))

    async def _show_page(self, interaction: discord.Interaction, wanted: CastPage) -> None:
        owner = interaction.user.id
        page, found, total = await self._lookup.page(owner, wanted)
        pictures = await self._lookup.pictures(found, room=interaction.filesize_limit)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        await edit_answer(interaction, render_page(owner, page, found, total, pictures, locale, mentions))

    @app_commands.command(name="show", description="Show one character: picture, task ID, username.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=_own_names)
    async def show(self, interaction: discord.Interaction, name: str) -> None:
        """Show one character, to its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.named(interaction.user.id, name))

    @on_press(ShowCharacter)
    async def show_pressed(self, interaction: discord.Interaction, button: ShowCharacter) -> None:
        """Show one character in a new message, to its owner alone."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.by_id(interaction.user.id, button.character_id))

    @on_press(OpenCharacter)
    async def open(self, interaction: discord.Interaction, menu: OpenCharacter) -> None:
        """Show one character of the list in a new message: the list stays."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._show(interaction, await self._lookup.by_id(interaction.user.id, int(menu.chosen)))

    async def _show(self, interaction: discord.Interaction, character: Character) -> None:
        pictures = await self._lookup.pictures([character], room=interaction.filesize_limit)
        locale, mentions = str(interaction.locale), mentions_of(interaction.client)
        kept = await self._characters.reference_set(character.owner_id, character.id)
        picture = pictures.get(character.id)
        makeable = character.portable and bool(await self._availability.living())
        card = render_character(
            character, picture, locale, mentions, owner_sees=True, reference_set=kept, makeable=makeable
        )
        shown = await edit_answer(interaction, card)
        await self._note_sent(card_at(interaction, shown, character, self._clock))

    # -- rename ---------------------------------------------------------------------------------------------------

    @app_commands.command(name="rename", description="Give one of your characters another name.")
    @app_commands.describe(name="The character", typed="Its new name")
    @app_commands.rename(typed="new_name")
    @app_commands.autocomplete(name=_own_names)
    async def rename(self, interaction: discord.Interaction, name: str, typed: str) -> None:
        """Rename a character by command."""
        wanted = visible_name(typed)
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._rename(interaction, await self._lookup.named(interaction.user.id, name), wanted)

    @on_press(RenameCharacter)
    async def open_rename_form(self, interaction: discord.Interaction, button: RenameCharacter) -> None:
        """Open the form. It shows the present name if that is read in time: a form has to be the first answer."""
        present = ""
        try:
            found = await within(limits.READ_BEFORE_FORM, self._lookup.by_id(interaction.user.id, button.character_id))
            present = found.name
        except TimeoutError:
            pass
        form = RenameForm(button.character_id, present, str(interaction.locale))
        await interaction.response.send_modal(form)

    @on_press(TypeAnotherName)
    async def open_rename_form_again(self, interaction: discord.Interaction, button: TypeAnotherName) -> None:
        """Open the form with what was typed, which is taken."""
        form = RenameForm(button.character_id, button.name, str(interaction.locale))
        await interaction.response.send_modal(form)

    @on_submit(RenameForm)
    async def rename_submitted(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Rename a character by form. The card from which the form was opened gets the new name, too."""
        character_id, wanted = int(subject), visible_name(typed["name"])
        message = interaction.message
        card = message if message is not None and is_card_of(message, character_id, interaction.user.id) else None
        if card is not None:
            await interaction.response.defer()
        else:
            again = message is not None and asks_another(message)
            await interaction.response.defer(thinking=not again, ephemeral=True)
        old = await self._lookup.by_id(interaction.user.id, character_id)
        if card is not None:
            await self._note_sent(card_at(interaction, card, old, self._clock))
        await self._rename(interaction, old, wanted, edit_answer if card is None else follow_up)

    @on_press(TakeName)
    async def take_name(self, interaction: discord.Interaction, button: TakeName) -> None:
        """Rename a character to the name that was offered."""
        await interaction.response.defer()
        old = await self._lookup.by_id(interaction.user.id, button.character_id)
        await self._rename(interaction, old, visible_name(button.name))

    async def _rename(
        self, interaction: discord.Interaction, old: Character, wanted: str, answer: _Answer = edit_answer
    ) -> None:
        """Rename it, everywhere, or ask where the name is taken."""
        try:
            new = await self._characters.rename(old.owner_id, old.id, wanted)
        except NameTaken as taken:
            await answer(interaction, ask_another(taken, old, str(interaction.locale)))
            return
        if new is None:
            raise UnknownCharacter(old.name)
        self._messages.wake()
        await answer(interaction, renamed(old, new))

    # -- export -----------------------------------------------------------------------------------------------------

    @app_commands.command(
        name="export", description="Take characters along: a zip with their clips, pictures and voice."
    )
    @app_commands.describe(name="One character (default: your whole cast)", group="Everybody in one group")
    @app_commands.autocomplete(name=_own_names, group=PortabilityCommands._groups)  # noqa: SLF001 - its other half
    async def export(self, interaction: discord.Interaction, name: str | None = None, group: str | None = None) -> None:
        """Give the owner a zip, or several."""
        if name and group:
            raise Refusal(text("Give a name or a group, not both."))
        await interaction.response.defer(thinking=True, ephemeral=True)
        selection = Selection()
        if name:
            selection = Selection((await self._lookup.named(interaction.user.id, name)).id)
        elif group:
            selection = await self._group_named(interaction.user.id, group)
        await self._export(interaction, selection)

    # -- delete ---------------------------------------------------------------------------------------------------

    @app_commands.command(name="delete", description="Delete one of your characters. Asks first.")
    @app_commands.describe(name="The character")
    @app_commands.autocomplete(name=_own_names)
    async def delete(self, interaction: discord.Interaction, name: str) -> None:
        """Ask first, by command."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        character = await self._lookup.named(interaction.user.id, name)
        await edit_answer(interaction, _ask_delete(interaction, character))

    @on_press(DeleteCharacter)
    async def ask_delete(self, interaction: discord.Interaction, button: DeleteCharacter) -> None:
        """Ask first, by button."""
        card = interaction.message
        if card is None:
            raise AssertionError("a button stands under a message")
        await interaction.response.defer()
        character = await self._lookup.by_id(interaction.user.id, button.character_id)
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
