"""Looks up characters: one by name or id, a page of them, their pictures."""

from __future__ import annotations

from collections.abc import Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot import limits
from bot.chat.render_cast import CastPage, rows_of
from bot.errors import Refusal, UnknownCharacter
from bot.jobs.face_rows import FaceRows
from bot.store.cast_search import CastSearch
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.store.groups import GroupStore
from bot.texts import text
from bot.values.character import Character, CharacterGroup, clean_name
from bot.values.folding import fold


class CastLookup:
    """Every query carries the asker's id: another person's character counts as unknown."""

    def __init__(
        self, characters: CharacterStore, cast: CastSearch, groups: GroupStore, files: FileStore, rows: FaceRows
    ) -> None:
        self._characters = characters
        self._cast = cast
        self._groups = groups
        self._rows = rows
        self._files = files

    async def named(self, owner_id: int, name: str) -> Character:
        """The owner's character with that name, however it was typed, or that reusable ID. Raises UnknownCharacter."""
        character = await self._characters.by_name(owner_id, clean_name(name))
        if character is None:
            character = await self._characters.by_reusable_id(owner_id, name.strip())
        if character is None:
            raise UnknownCharacter(name)
        return character

    async def by_id(self, owner_id: int, character_id: int) -> Character:
        """The owner's character. Raises :class:`~bot.errors.Refusal`."""
        character = await self._characters.get(owner_id, character_id)
        if character is None:
            raise deleted()
        return character

    async def page(self, owner_id: int, page: CastPage) -> tuple[CastPage, list[Character], int]:
        """The characters on ``page``, and how many there are in all.

        If the cast has become shorter since the button was made, the last page.
        """
        found, total = await self._on(owner_id, page)
        if total and not found:
            page = page.within(total)
            found, total = await self._on(owner_id, page)
        return page, found, total

    async def _on(self, owner_id: int, page: CastPage) -> tuple[list[Character], int]:
        return await self._cast.page(owner_id, page.query, offset=page.offset, limit=limits.CAST_PER_PAGE)

    async def faces(self, owner_id: int, characters: Sequence[Character]) -> list[bytes]:
        """A picture for each row of a grid with them; empty if they cannot be made."""
        return await self._rows.of(owner_id, [tuple(each.picture for each in row) for row in rows_of(characters)])

    async def names(self, owner_id: int, typed: str) -> list[str]:
        """Names that match what is typed."""
        return await self._cast.names(owner_id, typed, limits.AUTOCOMPLETE_CHOICES)

    async def group(self, owner_id: int, name: str) -> CharacterGroup:
        """The owner's group with that name. Raises :class:`~bot.errors.Refusal`."""
        found = await self._groups.named(owner_id, clean_name(name))
        if found is None:
            raise Refusal(text("You have no group called “{name}”. See /group show for yours.", name=name))
        return found

    async def group_by_id(self, owner_id: int, group_id: int) -> CharacterGroup:
        """The owner's group. Raises :class:`~bot.errors.Refusal`."""
        found = await self._groups.get(owner_id, group_id)
        if found is None:
            raise Refusal(text("That group is no longer there. See /group show for yours."))
        return found

    async def group_names(self, owner_id: int, typed: str) -> list[str]:
        """Names of groups that fit what is typed."""
        wanted = fold(typed)
        return [each.name for each in await self._groups.all(owner_id) if wanted in fold(each.name)]

    async def pictures(self, characters: Sequence[Character], *, room: int) -> dict[int, bytes]:
        """Their pictures by character id, as many as fit into one message of ``room`` bytes."""
        pictures: dict[int, bytes] = {}
        for character in characters:
            if character.picture is None or character.picture.size > room:
                continue
            try:
                pictures[character.id] = await self._files.read(character.picture.key)
            except FileNotFoundError:  # the rest is worth showing without it
                continue
            room -= character.picture.size
        return pictures


def deleted() -> Refusal:
    """The answer to a button of a character that is not there any more."""
    return Refusal(text("That character is no longer in your cast. See /character list for your cast."))


class CastAutocompletes(commands.Cog):
    """Base class of cogs that read casts. Its autocompletes offer only the person's own."""

    lookup: CastLookup

    async def own_names(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Names of characters that match what is typed, those used most and most recently first."""
        names = await self.lookup.names(interaction.user.id, current)
        return [app_commands.Choice(name=name[: limits.CHOICE_NAME], value=name) for name in names]

    async def own_groups(self, interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        """Names of groups that match what is typed."""
        names = await self.lookup.group_names(interaction.user.id, current)
        return [app_commands.Choice(name=name, value=name) for name in names[: limits.AUTOCOMPLETE_CHOICES]]
