"""The card of a character with everything stored about it, as its owner sees it: shown, and redrawn later."""

from __future__ import annotations

from collections.abc import Sequence

from bot import limits
from bot.chat.markdown import Commands
from bot.chat.message import MessageContent
from bot.chat.render_character import render_character
from bot.jobs.character_offers import CharacterOffers
from bot.jobs.face_rows import FaceRows
from bot.store.characters import CharacterStore
from bot.store.groups import GroupStore
from bot.values.character import Character, CharacterFile, FileKind


class CharacterCards:
    """Reads what such a card shows besides the character itself."""

    def __init__(self, characters: CharacterStore, groups: GroupStore, rows: FaceRows, offers: CharacterOffers) -> None:
        self._characters = characters
        self._groups = groups
        self._rows = rows
        self._offers = offers

    async def own(
        self, character: Character, picture: bytes | None, locale: str, commands: Commands, *, pictured: bool = True
    ) -> MessageContent:
        """``picture``: its bytes. ``pictured``: show its stills if there is a choice."""
        kept = await self._characters.reference_set(character.owner_id, character.id)
        return render_character(
            character,
            picture,
            locale,
            commands,
            owner_sees=True,
            reference_set=kept,
            offer=await self._offers.best() if character.portable else None,
            groups=await self._groups.of(character.owner_id, character.id),
            stills=await self._stills(character.owner_id, kept) if pictured else None,
        )

    async def _stills(self, owner_id: int, reference_set: Sequence[CharacterFile]) -> bytes | None:
        """A picture of the stills side by side, if there is a choice."""
        stills = tuple(each.file for each in reference_set if each.kind is FileKind.STILL)[: limits.FACES_IN_ROW]
        made = await self._rows.of(owner_id, [stills]) if len(stills) > 1 else []
        return made[0] if made else None
