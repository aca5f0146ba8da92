"""Queries of the characters table: a person's cast, and its pictures' rows in the files table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select, update

from bot.errors import NameTaken, Refusal
from bot.store.character_rows import (
    SELECT,
    character_of,
    described_columns,
    drop_unused,
    keep_file,
    named_columns,
    one,
    owned,
    reference_sets,
    unique_name,
)
from bot.store.consent_denials import check
from bot.store.database import Database
from bot.store.jobs import write_leased
from bot.store.loan_reach import playable
from bot.store.new_characters import NewCharacter, complete_character, insert_character
from bot.store.sent_messages import about_character, want
from bot.store.tables import character_files, characters
from bot.store.write_locks import owner_lock
from bot.texts import text
from bot.values.character import Character, CharacterFile, FileKind, clean_name, name_key
from bot.values.job import CastRole, Job, Lease, Transition
from bot.values.sent_message import PendingUpdate
from bot.values.source import PORTABLE_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A deleted character, and the keys of files that nothing refers to any more."""

    character: Character
    orphans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A character as it is now, and the keys of files that nothing refers to any more."""

    character: Character
    orphans: tuple[str, ...]


class CharacterStore:
    """The characters table. Another person's character counts as unknown (design, rule 7)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_for_job(
        self,
        job_id: str,
        lease: Lease,
        new: NewCharacter,
        collected: Callable[[int], Transition],
        *,
        now: datetime,
    ) -> tuple[Job, Character]:
        """Add ``new`` to the cast and write its job's ``collected`` (given the character's id), in one transaction.

        A still that is replaced by the provider's picture gets no row; the next sweep deletes its file. The lease is
        kept. Repeated calls for a job return the same character. Raises :class:`~bot.store.jobs.LeaseLost`, and
        :class:`~bot.store.consent_denials.ConsentDenied` if somebody in it has said no in the meantime.
        """
        its = (new.picture, *(each.file for each in new.reference_set))
        async with self._database.write(locks={owner_lock(new.owner_id)}) as connection:
            await check(connection, new.denial_keys, {file.key for file in its if file})
            made_by_job = (characters.c.owner_id == new.owner_id, characters.c.job_id == job_id)
            character = await complete_character(connection, new, now) if new.completes is not None else None
            character = character or await one(connection, SELECT.where(*made_by_job))
            if character is None:
                for file in {file.key: file for file in its if file}.values():
                    await keep_file(connection, new.owner_id, file, now)
                character = await insert_character(connection, job_id, new, now)
            changes = collected(character.id).changes
            return await write_leased(connection, job_id, lease, changes, now=now), character

    async def get(self, owner_id: int, character_id: int) -> Character | None:
        """The owner's character with this id."""
        return await self._find(owned(owner_id).where(characters.c.id == character_id))

    async def playing(self, user_id: int, role: CastRole) -> tuple[Character, tuple[CharacterFile, ...]] | None:
        """The character of ``role`` with its reference set: that person's own, or one that is lent to them.

        Use it for the provider only: nobody but the owner may see its keys and files.
        """
        async with self._database.read() as connection:
            character = await one(connection, SELECT.where(playable(user_id, role)))
            if character is None:
                return None
            kept = await reference_sets(connection, character.owner_id, character.id)
            return character, kept.get(character.id, ())

    async def by_name(self, owner_id: int, name: str) -> Character | None:
        """The owner's character with that name, however it is spelt."""
        return await self._find(owned(owner_id).where(characters.c.name_key == _key(name)))

    async def by_reusable_id(self, owner_id: int, typed: str) -> Character | None:
        """The owner's character with that ID: the provider's, or the one it has, or would have, without a provider."""
        if not typed.isprintable():  # an unpaired surrogate cannot even be queried
            return None
        found = characters.c.task_id == typed
        if typed.startswith(PORTABLE_ID):
            found |= characters.c.job_id == typed.removeprefix(PORTABLE_ID)
        async with self._database.read_at_once() as connection:
            row = (await connection.execute(owned(owner_id).where(found).limit(1))).mappings().one_or_none()
            return None if row is None else character_of(row)

    async def roles(self, owner_id: int) -> tuple[CastRole, ...]:
        """All of the owner's cast by id and name, those used most and most recently first."""
        query = (
            select(characters.c.id, characters.c.name)
            .where(characters.c.owner_id == owner_id)
            .order_by(characters.c.frecency.desc(), characters.c.id.desc())
        )
        async with self._database.read_at_once() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(CastRole(character_id=row.id, name=row.name) for row in rows)

    async def rename(self, owner_id: int, character_id: int, new_name: str) -> Character | None:
        """Rename the character, also on the messages that show it.

        Raises :class:`~bot.errors.Refusal` if cleaning leaves nothing of the name, and :class:`~bot.errors.NameTaken`
        if another of their characters has it.
        """
        name = clean_name(new_name)
        if not name:
            raise Refusal(text("That name has no visible characters. Please choose another one."))
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            its = (characters.c.owner_id == owner_id, characters.c.id == character_id)
            if await connection.scalar(select(characters.c.id).where(*its)) is None:
                return None
            free = await unique_name(connection, owner_id, name, but=character_id)
            if free != name:
                raise NameTaken(name, free)
            await connection.execute(update(characters).where(*its).values(named_columns(name)))
            await want(connection, PendingUpdate.REDRAWN, *about_character(owner_id, character_id))
            return await one(connection, owned(owner_id).where(characters.c.id == character_id))

    async def describe(
        self, owner_id: int, character_id: int, *, note: str, tags: tuple[str, ...], picture_sha256: str | None = None
    ) -> Changed | None:
        """Set the note, the tags and which still is the picture, also on the messages that show it.

        All values are clean. A picture that is not one of its stills changes nothing. ``None`` if there is no such
        character.
        """
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            its = (characters.c.owner_id == owner_id, characters.c.id == character_id)
            old = await one(connection, SELECT.where(*its))
            if old is None:
                return None
            columns: dict[str, Any] = dict(described_columns(old.display_name, note, tags))
            files = (await reference_sets(connection, owner_id, character_id)).get(character_id, ())
            stills = {each.file.sha256: each.file for each in files if each.kind is FileKind.STILL}
            still = stills.get(picture_sha256 or "")
            if still is not None:
                columns |= {"picture_key": still.key, "picture_is_still": True}
            await connection.execute(update(characters).where(*its).values(columns))
            new = await one(connection, SELECT.where(*its))
            assert new is not None  # noqa: S101 - for the type checker: it was there a moment ago
            if new.picture != old.picture:
                await want(connection, PendingUpdate.REDRAWN, *about_character(owner_id, character_id))
            unused = {old.picture.key} if old.picture is not None and new.picture != old.picture else set()
            return Changed(character=new, orphans=await drop_unused(connection, unused))

    async def free_name(self, owner_id: int, name: str) -> str:
        """``name``, or, if another of their characters has it, with the first free number after it."""
        async with self._database.read() as connection:
            return await unique_name(connection, owner_id, name)

    async def delete(self, owner_id: int, character_id: int) -> Deleted | None:
        """Delete the character and the rows of files that no other character has; its messages are emptied."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            character = await one(connection, owned(owner_id).where(characters.c.id == character_id))
            if character is None:
                return None
            of_it = character_files.c.character_id == character.id
            its = set((await connection.scalars(select(character_files.c.key).where(of_it))).all())
            if character.picture is not None:
                its.add(character.picture.key)
            await want(connection, PendingUpdate.EMPTIED, *about_character(owner_id, character.id))
            await connection.execute(delete(character_files).where(of_it))
            await connection.execute(delete(characters).where(characters.c.id == character.id))
            return Deleted(character=character, orphans=await drop_unused(connection, its))

    async def reference_set(self, owner_id: int, character_id: int) -> tuple[CharacterFile, ...]:
        """The files of the owner's character, stills best first; empty if it has none or is somebody else's."""
        async with self._database.read() as connection:
            return (await reference_sets(connection, owner_id, character_id)).get(character_id, ())

    async def count(self, owner_id: int) -> int:
        """How many characters the owner has."""
        query = select(func.count()).select_from(characters).where(characters.c.owner_id == owner_id)
        async with self._database.read_at_once() as connection:
            return await connection.scalar(query) or 0

    async def _find(self, query: Select[Any]) -> Character | None:
        async with self._database.read_at_once() as connection:
            return await one(connection, query)


def _key(typed: str) -> str:
    return name_key(clean_name(typed))
