"""Queries for exporting a cast, and for importing one completely or not at all."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.cast_tables import character_groups, default_characters, group_members
from bot.store.character_rows import (
    character_of,
    described_columns,
    first_free,
    keep_file,
    named_columns,
    owned,
    reference_sets,
)
from bot.store.consent_denials import denied_hashes
from bot.store.database import Database
from bot.store.default_characters import DefaultCharacter, defaults_of
from bot.store.dialects import ids_given
from bot.store.drafts import Draft, UnsentImport, content_json, to_draft
from bot.store.groups import members_of
from bot.store.loan_tables import person_consents
from bot.store.pseudonyms import Pseudonyms
from bot.store.tables import character_files, characters, consents, drafts, files
from bot.store.write_locks import owner_lock
from bot.values.cast_import import IncomingCharacter
from bot.values.character import Character, CharacterFile, CharacterGroup, name_key
from bot.values.files import StoredFile
from bot.values.frecency import used
from bot.values.loan import Answer
from bot.values.source import PORTABLE_ID


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a cast: all of it, one character, or a group. Buttons and links carry it as a short string."""

    character_id: int | None = None
    group_id: int | None = None

    def __str__(self) -> str:
        if self.group_id is not None:
            return f"g{self.group_id}"
        return "all" if self.character_id is None else f"c{self.character_id}"

    @classmethod
    def parse(cls, word: str) -> Selection:
        """Parse what ``str`` wrote. Raises :class:`ValueError` if it is not a selection."""
        if word == "all":
            return cls()
        if not re.fullmatch(r"[cg]\d{1,18}", word):
            raise ValueError("no selection")
        number = int(word[1:])
        return cls(number) if word[0] == "c" else cls(group_id=number)


@dataclass(frozen=True, slots=True)
class CastMember:
    """A character with everything that is exported of it; its stills best first."""

    character: Character
    reference_set: tuple[CharacterFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ExportedCast:
    """The exported characters, with all groups and defaults that may refer to them."""

    members: tuple[CastMember, ...]
    groups: tuple[tuple[CharacterGroup, tuple[int, ...]], ...] = ()
    defaults: tuple[DefaultCharacter, ...] = ()


@dataclass(frozen=True, slots=True)
class PreparedCharacter:
    """A character to be added to a cast, with its files, which are stored by now."""

    its: IncomingCharacter
    picture: StoredFile | None
    reference_set: tuple[CharacterFile, ...]
    new_id: str
    """The reusable ID it gets if its own is taken, or if it has none."""


class NoImport(Exception):
    """The import no longer exists: it was confirmed, dropped or forgotten."""


class NoRoom(Exception):
    """These files would exceed the owner's disk quota."""


class PortableCastStore:
    """Reads and writes across the tables of a cast. Every query carries the owner's id."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people

    async def selected(self, owner_id: int, selection: Selection) -> ExportedCast:
        """The selected part of the owner's cast, oldest first; without members if there are none."""
        query = owned(owner_id).order_by(characters.c.id)
        if selection.character_id is not None:
            query = query.where(characters.c.id == selection.character_id)
        if selection.group_id is not None:
            its = select(group_members.c.character_id).where(group_members.c.group_id == selection.group_id)
            query = query.where(characters.c.id.in_(its))
        async with self._database.read() as connection:
            groups = await members_of(connection, owner_id)
            if selection.group_id is not None and selection.group_id not in {group.id for group, _ in groups}:
                return ExportedCast(())
            found = [character_of(row) for row in (await connection.execute(query)).mappings()]
            sets = await reference_sets(connection, owner_id, selection.character_id)
            defaults = await defaults_of(connection, owner_id)
        members = tuple(CastMember(each, sets.get(each.id, ())) for each in found)
        return ExportedCast(members, tuple(groups), tuple(defaults))

    async def names(self, owner_id: int) -> set[str]:
        """The name keys in the owner's cast."""
        async with self._database.read() as connection:
            return await _taken(connection, owner_id)

    async def refused(self, owner_id: int) -> set[int]:
        """The ids of characters about which somebody said no to the owner."""
        async with self._database.read() as connection:
            return await _refused(connection, owner_id)

    async def offer(self, draft: Draft) -> list[str]:
        """Store the draft of an import, replacing earlier ones of its owner; returns their ids."""
        theirs = select(drafts).where(drafts.c.owner_id == draft.owner_id)
        async with self._database.write(locks={owner_lock(draft.owner_id)}) as connection:
            rows = (await connection.execute(theirs)).mappings().all()
            read = [each for row in rows if (each := to_draft(row)) is not None]
            old = [each.id for each in read if isinstance(each.content, UnsentImport)]
            await connection.execute(delete(drafts).where(drafts.c.owner_id == draft.owner_id, drafts.c.id.in_(old)))
            row_of = insert(drafts).values(
                id=draft.id,
                owner_id=draft.owner_id,
                content=content_json(draft.content),
                created_at=draft.created_at,
            )
            await connection.execute(row_of)
            return old

    async def bring_in(
        self,
        owner_id: int,
        import_id: str,
        prepared: Sequence[PreparedCharacter],
        *,
        now: datetime,
        most_bytes: int,
        consent: bool,
    ) -> list[str]:
        """Add all of them, under free names, and end the import, or do nothing; returns the names.

        ``most_bytes``: the owner's disk quota; 0: no limit. ``consent``: they have confirmed their consent. Raises
        :class:`NoImport` and :class:`NoRoom`.
        """
        ended = delete(drafts).where(drafts.c.owner_id == owner_id, drafts.c.id == import_id)
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            if not (await connection.execute(ended)).rowcount:
                raise NoImport
            taken = await _taken(connection, owner_id)
            groups = await _groups(connection, owner_id, prepared, now)
            refused = await _refused(connection, owner_id)  # somebody may have said no since it was offered
            hashes = {sha256 for each in prepared for sha256 in each.its.hashes}
            no = await denied_hashes(connection, self._people, owner_id, hashes)
            coming = [each for each in prepared if each.its.was not in refused and no.isdisjoint(each.its.hashes)]
            names = [await _add(connection, owner_id, each, taken, groups, now) for each in coming]
            in_all = select(func.sum(files.c.size)).where(files.c.owner_id == owner_id)
            if most_bytes and int(await connection.scalar(in_all) or 0) > most_bytes:
                raise NoRoom
            given = select(consents.c.owner_id).where(consents.c.owner_id == owner_id)
            if consent and await connection.scalar(given) is None:
                await connection.execute(insert(consents).values(owner_id=owner_id, given_at=now))
            return names

    async def unkept(self, owner_id: int, keys: Collection[str]) -> set[str]:
        """The owner's file keys, among ``keys``, that have no row."""
        query = select(files.c.key).where(files.c.owner_id == owner_id)
        async with self._database.read_at_once() as connection:
            return set(keys) - set((await connection.scalars(query)).all())


async def _taken(connection: AsyncConnection, owner_id: int) -> set[str]:
    query = select(characters.c.name_key).where(characters.c.owner_id == owner_id)
    return set((await connection.scalars(query)).all())


async def _add(
    connection: AsyncConnection,
    owner_id: int,
    prepared: PreparedCharacter,
    taken: set[str],
    groups: Mapping[str, int],
    now: datetime,
) -> str:
    its = prepared.its
    name = first_free(taken, its.name)
    taken.add(name_key(name))
    kept = (prepared.picture, *(each.file for each in prepared.reference_set))
    for file in {file.key: file for file in kept if file is not None}.values():
        await keep_file(connection, owner_id, file, now)
    same_id = await _same_id(connection, its.was)
    inserted = insert(characters).values(
        **same_id,
        owner_id=owner_id,
        **named_columns(name),
        **described_columns(its.display_name, its.note, its.tags),
        username=its.username,
        provider_id=its.provider_id,
        task_id=await _reusable_id(connection, owner_id, prepared),
        model=its.model,
        range_start=str(its.range.start),
        range_end=str(its.range.end),
        picture_key=prepared.picture and prepared.picture.key,
        picture_is_still=its.picture_is_still,
        created_at=min(its.made_at, now),
        last_used_at=its.last_used_at and min(its.last_used_at, now),
        uses=its.uses,
        frecency=used(None, min(its.last_used_at or its.made_at, now)),
    )
    character_id = (await connection.scalars(inserted.returning(characters.c.id))).one()
    if same_id:
        await ids_given(connection, characters)
    rows = [
        {
            "character_id": character_id,
            "position": position,
            "kind": each.kind,
            "key": each.file.key,
            "width": each.width,
            "height": each.height,
            "seconds": each.seconds,
            "filled": each.filled,
        }
        for position, each in enumerate(prepared.reference_set)
    ]
    if rows:
        await connection.execute(insert(character_files), rows)
    for group_id in {groups[key] for each in its.groups if (key := name_key(each)) in groups}:
        await connection.execute(insert(group_members).values(group_id=group_id, character_id=character_id))
    for guild_id in its.plays_in:
        await _plays(connection, owner_id, guild_id or 0, character_id)
    return name


async def _refused(connection: AsyncConnection, owner_id: int) -> set[int]:
    its = person_consents.c
    query = select(its.character_id).where(its.owner_id == owner_id, its.answer == Answer.NO)
    return set((await connection.scalars(query)).all())


async def _same_id(connection: AsyncConnection, was: int | None) -> dict[str, int]:
    """A deleted character gets its old id back: answers about it still count, and it is not copied."""
    there = select(characters.c.id).where(characters.c.id == was)
    return {"id": was} if was is not None and await connection.scalar(there) is None else {}


async def _groups(
    connection: AsyncConnection, owner_id: int, prepared: Sequence[PreparedCharacter], now: datetime
) -> dict[str, int]:
    """The ids of the named groups, by name key; missing ones are created, up to the limit."""
    query = select(character_groups.c.name_key, character_groups.c.id).where(character_groups.c.owner_id == owner_id)
    found = {row.name_key: row.id for row in await connection.execute(query)}
    for name in [name for each in prepared for name in each.its.groups]:
        if (key := name_key(name)) not in found and len(found) < limits.GROUPS:
            new = insert(character_groups).values(owner_id=owner_id, name=name, name_key=key, created_at=now)
            found[key] = (await connection.scalars(new.returning(character_groups.c.id))).one()
    return found


async def _plays(connection: AsyncConnection, owner_id: int, guild_id: int, character_id: int) -> None:
    """Set the default character, unless the owner has another one."""
    its = default_characters.c
    query = select(its.character_id).where(its.owner_id == owner_id, its.guild_id == guild_id)
    if await connection.scalar(query) is None:
        row = {"owner_id": owner_id, "guild_id": guild_id, "character_id": character_id}
        await connection.execute(insert(default_characters), row)


async def _reusable_id(connection: AsyncConnection, owner_id: int, prepared: PreparedCharacter) -> str:
    """Its own ID, unless another character of the cast has it, as portable characters are recognised by theirs."""
    its = prepared.its
    if its.model:
        return its.task_id
    of_job = its.task_id.removeprefix(PORTABLE_ID)
    same = or_(characters.c.task_id == its.task_id, characters.c.job_id == of_job)
    query = select(characters.c.id).where(characters.c.owner_id == owner_id, same).limit(1)
    if its.task_id and await connection.scalar(query) is None:
        return its.task_id
    return f"{PORTABLE_ID}{prepared.new_id}"
