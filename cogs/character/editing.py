"""Implements ``/character edit``, ``rename`` and ``default``: name, note, tags, picture, and the default character."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import discord

from bot import limits
from bot.chat.buttons import RenameCharacter, TakeName, TypeAnotherName
from bot.chat.interaction_handlers import on_press, on_submit
from bot.chat.message import MessageContent
from bot.chat.replies import edit_answer, follow_up
from bot.chat.seconds_forms import visible_name
from bot.chat.sent_message_records import RecordSent, card_at
from bot.concurrency import within
from bot.errors import NameTaken, Refusal, UnknownCharacter
from bot.jobs.ports import SentMessages
from bot.store.characters import CharacterStore
from bot.store.default_characters import DefaultCharacterStore
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.character import Character, clean_note, clean_tags
from bot.values.clock import Clock
from cogs.character.edit_form import (
    EditForm,
    RenameForm,
    ask_another,
    asks_another,
    is_card_of,
    picture_in,
    renamed,
    stills_of,
)
from cogs.character.lookup import CastLookup, deleted

_Answer: TypeAlias = Callable[[discord.Interaction, MessageContent | Text], Awaitable[object]]


class CharacterEditing:
    """Changes characters, by command or by form."""

    def __init__(
        self,
        lookup: CastLookup,
        *,
        characters: CharacterStore,
        defaults: DefaultCharacterStore,
        files: FileStore,
        messages: SentMessages,
        record_sent: RecordSent,
        clock: Clock,
    ) -> None:
        self._lookup = lookup
        self._characters = characters
        self._defaults = defaults
        self._files = files
        self._messages = messages
        self._record_sent = record_sent
        self._clock = clock

    async def edit(self, interaction: discord.Interaction, name: str) -> None:
        """Open the filled-in form: it has to be the first answer."""
        try:
            form = await within(limits.READ_BEFORE_FORM, self._form(interaction, name=name))
        except TimeoutError:
            raise Refusal(text("I couldn't read that character in time. Please try again.")) from None
        await interaction.response.send_modal(form)

    @on_press(RenameCharacter)
    async def edit_pressed(self, interaction: discord.Interaction, button: RenameCharacter) -> None:
        """Open the form. If the character cannot be read in time, open the form for its name alone."""
        form: EditForm | RenameForm
        try:
            read = self._form(interaction, character_id=button.character_id)
            form = await within(limits.READ_BEFORE_FORM, read)
        except TimeoutError:
            form = RenameForm(button.character_id, "", str(interaction.locale))
        await interaction.response.send_modal(form)

    async def _form(
        self, interaction: discord.Interaction, *, name: str = "", character_id: int | None = None
    ) -> EditForm:
        owner = interaction.user.id
        if character_id is None:
            character = await self._lookup.named(owner, name)
        else:
            character = await self._lookup.by_id(owner, character_id)
        stills = stills_of(await self._characters.reference_set(owner, character.id))
        return EditForm(character, stills, str(interaction.locale))

    @on_submit(EditForm)
    async def edit_submitted(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Save the form, also after a restart."""
        wanted = visible_name(typed.get("name", ""))
        old, answer = await self._answering(interaction, int(subject))
        note, tags = clean_note(typed.get("note", "")), clean_tags(typed.get("tags", ""))
        picture = picture_in(typed)
        async with self._files.owner(old.owner_id):
            described = await self._characters.describe(
                old.owner_id, old.id, note=note, tags=tags, picture_sha256=picture
            )
            if described is None:
                raise deleted()
            for key in described.orphans:
                await self._files.delete(key)
        new = described.character
        if new != old:
            self._messages.wake()
        if wanted != old.name:
            await self._rename(interaction, new, wanted, answer)
        elif new == old:
            await answer(interaction, text("Nothing has changed."))
        else:
            await answer(interaction, text("I saved what you changed about “{name}”.", name=new.name))

    # -- the name alone -------------------------------------------------------------------------------------------

    async def rename(self, interaction: discord.Interaction, name: str, typed: str) -> None:
        """Rename a character by command."""
        wanted = visible_name(typed)
        await interaction.response.defer(thinking=True, ephemeral=True)
        await self._rename(interaction, await self._lookup.named(interaction.user.id, name), wanted)

    @on_press(TypeAnotherName)
    async def open_rename_form_again(self, interaction: discord.Interaction, button: TypeAnotherName) -> None:
        """Open the form, filled with the typed name, which is taken."""
        form = RenameForm(button.character_id, button.name, str(interaction.locale))
        await interaction.response.send_modal(form)

    @on_submit(RenameForm)
    async def rename_submitted(self, interaction: discord.Interaction, subject: str, typed: Mapping[str, str]) -> None:
        """Rename a character by form."""
        wanted = visible_name(typed["name"])
        old, answer = await self._answering(interaction, int(subject))
        await self._rename(interaction, old, wanted, answer)

    async def _answering(self, interaction: discord.Interaction, character_id: int) -> tuple[Character, _Answer]:
        """Defer a form. The card it was opened from stays, and is renamed too."""
        message = interaction.message
        card = message if message is not None and is_card_of(message, character_id, interaction.user.id) else None
        if card is not None:
            await interaction.response.defer()
        else:
            again = message is not None and asks_another(message)
            await interaction.response.defer(thinking=not again, ephemeral=True)
        old = await self._lookup.by_id(interaction.user.id, character_id)
        if card is None:
            return old, edit_answer
        await self._record_sent(card_at(interaction, card, old, self._clock))
        return old, follow_up

    @on_press(TakeName)
    async def take_name(self, interaction: discord.Interaction, button: TakeName) -> None:
        """Rename a character to the offered name."""
        await interaction.response.defer()
        old = await self._lookup.by_id(interaction.user.id, button.character_id)
        await self._rename(interaction, old, visible_name(button.name))

    async def _rename(
        self, interaction: discord.Interaction, old: Character, wanted: str, answer: _Answer = edit_answer
    ) -> None:
        """Rename it everywhere, or ask if the name is taken."""
        try:
            new = await self._characters.rename(old.owner_id, old.id, wanted)
        except NameTaken as taken:
            await answer(interaction, ask_another(taken, old, str(interaction.locale)))
            return
        if new is None:
            raise UnknownCharacter(old.name)
        self._messages.wake()
        await answer(interaction, renamed(old, new))

    # -- who plays where nobody is named --------------------------------------------------------------------------

    async def default(self, interaction: discord.Interaction, name: str | None) -> None:
        """Set the default character for this server, or for direct messages, for this person only."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        owner, guild_id = interaction.user.id, interaction.guild_id
        if name is None:
            was = await self._defaults.get(owner, guild_id)
            await self._defaults.choose(owner, guild_id, None)
            reply = text("You had no default character here. Choose one with /character default and its name.")
            if was is not None:
                reply = text("“{name}” is no longer your default character here.", name=was.name)
            await edit_answer(interaction, reply)
            return
        character = await self._lookup.named(owner, name)
        if not await self._defaults.choose(owner, guild_id, character.id):
            raise deleted()
        reply = text(
            "“{name}” is now in your videos outside of servers whenever you don't name anyone.", name=character.name
        )
        if guild_id is not None:
            reply = text("“{name}” is now in your videos here whenever you don't name anyone.", name=character.name)
        await edit_answer(interaction, reply)
