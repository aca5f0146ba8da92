"""The characters that a person may use in a video: their own, and those lent to them or to the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.store.cast_search import CastSearch
from bot.store.characters import CharacterStore
from bot.store.loans import LoanStore
from bot.values.character import clean_name, name_key, numbered
from bot.values.clock import Clock
from bot.values.folding import fold
from bot.values.job import CastRole
from bot.values.loan import Borrowed


class PlayableCast:
    """``guild_id``: the server in which they ask, or ``None``. If two have the same name, one gets a number."""

    def __init__(self, *, characters: CharacterStore, search: CastSearch, loans: LoanStore, clock: Clock) -> None:
        self._characters = characters
        self._search = search
        self._loans = loans
        self._clock = clock

    async def roles(self, user_id: int, guild_id: int | None) -> tuple[CastRole, ...]:
        """Everybody: first their own, the most used first, then the borrowed ones."""
        own = await self._characters.roles(user_id)
        found = await self._loans.borrowed(user_id, guild_id, now=self._clock())
        return (*own, *(_role(each) for each in _called(found, {name_key(role.name) for role in own})))

    async def names(self, user_id: int, guild_id: int | None, typed: str, limit: int) -> dict[str, int | None]:
        """Names for autocomplete, each with its owner if it is borrowed.

        Their own come first, then the borrowed ones that contain what was typed.
        """
        own = await self._search.names(user_id, typed, limit)
        wanted = fold(clean_name(typed))
        found: dict[str, int | None] = dict.fromkeys(own)
        borrowed = await self.borrowed(user_id, guild_id)
        found |= {each.called: each.owner_id for each in borrowed if wanted in fold(each.called)}
        return dict(list(found.items())[:limit])

    async def borrowed(self, user_id: int, guild_id: int | None) -> tuple[Borrowed, ...]:
        """The borrowed characters, under the names they have among all of them."""
        found = await self._loans.borrowed(user_id, guild_id, now=self._clock())
        if not any(each.clashes for each in found):
            return _called(found, set())
        return _called(found, {name_key(role.name) for role in await self._characters.roles(user_id)})


def _role(borrowed: Borrowed) -> CastRole:
    return CastRole(character_id=borrowed.character_id, name=borrowed.called, loan_id=borrowed.loan_id)


def _called(found: Sequence[Borrowed], taken: set[str]) -> tuple[Borrowed, ...]:
    """The one lent first keeps its name; each later one of the same name gets a number after it."""
    called = []
    for each in reversed(found):
        name, number = each.name, 1
        while name_key(name) in taken:
            number += 1
            name = numbered(each.name, number)
        taken.add(name_key(name))
        called.append(replace(each, called=name))
    return tuple(reversed(called))
