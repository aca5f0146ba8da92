"""Reading a cast: one character, a page of characters, their pictures."""

from __future__ import annotations

from collections.abc import Sequence

from bot import limits
from bot.chat.render_cast import CastPage
from bot.errors import Refusal, UnknownCharacter
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.texts import text
from bot.values.character import Character, clean_name


class CastLookup:
    """Every query carries the id of the person who asks: another person's character is an unknown one."""

    def __init__(self, characters: CharacterStore, files: FileStore) -> None:
        self._characters = characters
        self._files = files

    async def named(self, owner_id: int, name: str) -> Character:
        """The owner's character of that name, however it was typed, or of that reusable ID. Raises UnknownCharacter."""
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
        """What is on ``page``, and how many characters there are in all.

        Where the cast has become shorter since the button was made, it is the last page.
        """
        found, total = await self._on(owner_id, page)
        if total and not found:
            page = page.within(total)
            found, total = await self._on(owner_id, page)
        return page, found, total

    async def _on(self, owner_id: int, page: CastPage) -> tuple[list[Character], int]:
        return await self._characters.page(
            owner_id, search=page.search or None, sort=page.sort, offset=page.offset, limit=limits.CAST_PER_PAGE
        )

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
