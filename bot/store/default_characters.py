"""Queries of the default characters: who plays in a person's videos in a server if they name nobody."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cast_tables import characters, default_characters
from bot.store.character_rows import character_of, owned
from bot.store.database import Database
from bot.store.write_locks import owner_lock
from bot.values.character import Character

_NO_SERVER = 0


class DefaultCharacter(NamedTuple):
    """A default, by ids. ``guild_id`` is ``None`` outside all servers."""

    guild_id: int | None
    character_id: int


class DefaultCharacterStore:
    """The default_characters table. ``guild_id`` is ``None`` outside all servers, which count as one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, owner_id: int, guild_id: int | None) -> Character | None:
        """Who plays for them there."""
        its = default_characters.c
        chosen = select(its.character_id).where(its.owner_id == owner_id, its.guild_id == (guild_id or _NO_SERVER))
        async with self._database.read_at_once() as connection:
            query = owned(owner_id).where(characters.c.id == chosen.scalar_subquery())
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else character_of(row)

    async def choose(self, owner_id: int, guild_id: int | None, character_id: int | None) -> bool:
        """Set or clear the default character; ``False`` if there is no such character, or there was no default."""
        its = default_characters.c
        theirs = select(characters.c.id).where(characters.c.owner_id == owner_id, characters.c.id == character_id)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if character_id is not None and await connection.scalar(theirs) is None:
                return False
            there = (its.owner_id == owner_id, its.guild_id == (guild_id or _NO_SERVER))
            was = (await connection.execute(delete(default_characters).where(*there))).rowcount
            if character_id is None:
                return bool(was)
            row = {"owner_id": owner_id, "guild_id": guild_id or _NO_SERVER, "character_id": character_id}
            await connection.execute(insert(default_characters), row)
            return True


async def defaults_of(connection: AsyncConnection, owner_id: int) -> list[DefaultCharacter]:
    """All defaults of the owner, within the caller's transaction."""
    its = default_characters.c
    query = select(its.guild_id, its.character_id).where(its.owner_id == owner_id).order_by(its.guild_id)
    rows = await connection.execute(query)
    return [DefaultCharacter(row.guild_id or None, row.character_id) for row in rows]
