"""Queries of the groups in people's casts. Another person's group counts as unknown (design, rule 7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.errors import Refusal
from bot.store.cast_tables import character_groups, characters, group_members
from bot.store.database import Database
from bot.store.write_locks import owner_lock
from bot.texts import ntext, text
from bot.values.character import CharacterGroup, name_key


class GroupStore:
    """The groups and their members."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, owner_id: int, name: str, *, now: datetime) -> CharacterGroup:
        """Create an empty group. ``name`` is clean. Raises :class:`~bot.errors.Refusal` if that is not possible."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            theirs = select(func.count()).where(character_groups.c.owner_id == owner_id)
            if (await connection.scalar(theirs) or 0) >= limits.GROUPS:
                raise Refusal(
                    ntext(
                        "You have {count} group, which is the most there can be.",
                        "You have {count} groups, which is the most there can be.",
                        count=limits.GROUPS,
                    )
                )
            await _refuse_taken(connection, owner_id, name)
            new = insert(character_groups).values(owner_id=owner_id, name=name, name_key=name_key(name), created_at=now)
            group_id = (await connection.scalars(new.returning(character_groups.c.id))).one()
            return CharacterGroup(id=group_id, name=name, created_at=now, size=0)

    async def all(self, owner_id: int) -> list[CharacterGroup]:
        """The owner's groups by name."""
        async with self._database.read_at_once() as connection:
            rows = await connection.execute(_owned(owner_id).order_by(character_groups.c.name_key))
            return [CharacterGroup(**row) for row in rows.mappings()]

    async def named(self, owner_id: int, name: str) -> CharacterGroup | None:
        """The owner's group with that name, however it is spelt."""
        return await self._one(_owned(owner_id).where(character_groups.c.name_key == name_key(name)))

    async def get(self, owner_id: int, group_id: int) -> CharacterGroup | None:
        """The owner's group with this id."""
        return await self._one(_owned(owner_id).where(character_groups.c.id == group_id))

    async def of(self, owner_id: int, character_id: int) -> list[CharacterGroup]:
        """The owner's groups that a character is in, by name."""
        its = select(group_members.c.group_id).where(group_members.c.character_id == character_id)
        query = _owned(owner_id).where(character_groups.c.id.in_(its)).order_by(character_groups.c.name_key)
        async with self._database.read_at_once() as connection:
            return [CharacterGroup(**row) for row in (await connection.execute(query)).mappings()]

    async def rename(self, owner_id: int, group_id: int, name: str) -> bool:
        """Rename the group; ``False`` if there is none. Raises Refusal if the name is taken."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            await _refuse_taken(connection, owner_id, name, but=group_id)
            its = (character_groups.c.owner_id == owner_id, character_groups.c.id == group_id)
            renamed = update(character_groups).where(*its).values(name=name, name_key=name_key(name))
            return bool((await connection.execute(renamed)).rowcount)

    async def delete(self, owner_id: int, group_id: int) -> bool:
        """Delete the group, but none of its characters; returns whether there was one."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            its = (character_groups.c.owner_id == owner_id, character_groups.c.id == group_id)
            return bool((await connection.execute(delete(character_groups).where(*its))).rowcount)

    async def add(self, owner_id: int, group_id: int, character_id: int) -> bool | None:
        """Add a character to a group; ``False`` if it is in it already, ``None`` if one of the two is not theirs."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if not await _both_theirs(connection, owner_id, group_id, character_id):
                return None
            its = (group_members.c.group_id == group_id, group_members.c.character_id == character_id)
            if await connection.scalar(select(group_members.c.group_id).where(*its)) is not None:
                return False
            await connection.execute(insert(group_members).values(group_id=group_id, character_id=character_id))
            return True

    async def remove(self, owner_id: int, group_id: int, character_id: int) -> bool | None:
        """Remove a character from a group; ``False`` if it is not in it, ``None`` as in :meth:`add`."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if not await _both_theirs(connection, owner_id, group_id, character_id):
                return None
            its = (group_members.c.group_id == group_id, group_members.c.character_id == character_id)
            return bool((await connection.execute(delete(group_members).where(*its))).rowcount)

    async def _one(self, query: Select[Any]) -> CharacterGroup | None:
        async with self._database.read_at_once() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else CharacterGroup(**row)


async def members_of(connection: AsyncConnection, owner_id: int) -> list[tuple[CharacterGroup, tuple[int, ...]]]:
    """The owner's groups with the ids of their characters, within the caller's transaction."""
    groups = [
        CharacterGroup(**row)
        for row in (await connection.execute(_owned(owner_id).order_by(character_groups.c.id))).mappings()
    ]
    query = (
        select(group_members)
        .join(character_groups, group_members.c.group_id == character_groups.c.id)
        .where(character_groups.c.owner_id == owner_id)
        .order_by(group_members.c.character_id)
    )
    rows = (await connection.execute(query)).all()
    return [(group, tuple(row.character_id for row in rows if row.group_id == group.id)) for group in groups]


def _owned(owner_id: int) -> Select[Any]:
    size = select(func.count()).where(group_members.c.group_id == character_groups.c.id).scalar_subquery()
    columns = (character_groups.c.id, character_groups.c.name, character_groups.c.created_at, size.label("size"))
    return select(*columns).where(character_groups.c.owner_id == owner_id)


async def _both_theirs(connection: AsyncConnection, owner_id: int, group_id: int, character_id: int) -> bool:
    group = select(character_groups.c.id).where(
        character_groups.c.owner_id == owner_id, character_groups.c.id == group_id
    )
    character = select(characters.c.id).where(characters.c.owner_id == owner_id, characters.c.id == character_id)
    return await connection.scalar(group) is not None and await connection.scalar(character) is not None


async def _refuse_taken(connection: AsyncConnection, owner_id: int, name: str, *, but: int | None = None) -> None:
    taken = select(character_groups.c.id).where(
        character_groups.c.owner_id == owner_id, character_groups.c.name_key == name_key(name)
    )
    if await connection.scalar(taken) not in (None, but):
        raise Refusal(text("You already have a group called “{name}”. Choose another name.", name=name))
