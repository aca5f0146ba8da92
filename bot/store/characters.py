"""Queries of the characters table: a person's cast, and its pictures' rows in the files table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

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
from bot.store.database import Database
from bot.store.jobs import write_leased
from bot.store.loan_reach import playable
from bot.store.sent_messages import about_character, want
from bot.store.tables import character_files, characters
from bot.texts import text
from bot.values.character import Character, CharacterFile, FileKind, clean_name, name_key
from bot.values.files import StoredFile
from bot.values.frecency import used
from bot.values.job import CastRole, Job, Lease, Transition
from bot.values.sent_message import Wanted
from bot.values.source import PORTABLE_ID
from bot.values.time_range import TimeRange


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCharacter:
    """A character about to enter a cast. ``name`` is clean; the store makes it unique.

    ``reference_set``: what it needs to live on at models that take references. ``completes``: the id of the character
    in the cast that a model has made now as well. It keeps its name and files; where its owner has deleted it
    meanwhile, this one is new: it may have been paid for.
    """

    owner_id: int
    name: str
    display_name: str
    username: str = field(repr=False)
    provider_id: str
    task_id: str
    model: str
    range: TimeRange
    picture: StoredFile | None
    picture_is_still: bool = False
    reference_set: tuple[CharacterFile, ...] = ()
    source_hash: str | None = None  # of the video that it is of (bot.store.refusals)
    completes: int | None = None
    note: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A character that is gone, and the keys of files that nothing refers to any more."""

    character: Character
    orphans: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A character as it is now, and the keys of files that nothing refers to any more."""

    character: Character
    orphans: tuple[str, ...]


class CharacterStore:
    """The characters table. Another person's character is an unknown one (design, rule 7)."""

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

        A still that the provider's picture takes the place of has no row any more; the next sweep takes its file.
        The lease goes on. Done twice for a job, it gives the same character. Raises
        :class:`~bot.store.jobs.LeaseLost`.
        """
        async with self._database.write() as connection:
            made_by_job = (characters.c.owner_id == new.owner_id, characters.c.job_id == job_id)
            character = await _completed(connection, new, now) if new.completes is not None else None
            character = character or await one(connection, SELECT.where(*made_by_job))
            if character is None:
                its = (new.picture, *(each.file for each in new.reference_set))
                for file in {file.key: file for file in its if file}.values():
                    await keep_file(connection, new.owner_id, file, now)
                character = await _insert(connection, job_id, new, now)
            changes = collected(character.id).changes
            return await write_leased(connection, job_id, lease, changes, now=now), character

    async def get(self, owner_id: int, character_id: int) -> Character | None:
        """The owner's character with this id."""
        return await self._find(owned(owner_id).where(characters.c.id == character_id))

    async def playing(self, user_id: int, role: CastRole) -> tuple[Character, tuple[CharacterFile, ...]] | None:
        """The character of ``role`` with its reference set: that person's own, or one that is lent to them.

        For the provider: its keys and files are its owner's to see, and nobody else's.
        """
        async with self._database.read() as connection:
            character = await one(connection, SELECT.where(playable(user_id, role)))
            if character is None:
                return None
            kept = await reference_sets(connection, character.owner_id, character.id)
            return character, kept.get(character.id, ())

    async def by_name(self, owner_id: int, name: str) -> Character | None:
        """The owner's character of that name, however it is spelt."""
        return await self._find(owned(owner_id).where(characters.c.name_key == _key(name)))

    async def by_reusable_id(self, owner_id: int, typed: str) -> Character | None:
        """The owner's character with that ID: the provider's, or the one that it had, or would have, without it."""
        if not typed.isprintable():  # half of a surrogate pair cannot even be asked for
            return None
        found = characters.c.task_id == typed
        if typed.startswith(PORTABLE_ID):
            found |= characters.c.job_id == typed.removeprefix(PORTABLE_ID)
        async with self._database.read() as connection:
            row = (await connection.execute(owned(owner_id).where(found).limit(1))).mappings().one_or_none()
            return None if row is None else character_of(row)

    async def roles(self, owner_id: int) -> tuple[CastRole, ...]:
        """All of the owner's cast by id and name, those that are used most, and of late, first."""
        query = (
            select(characters.c.id, characters.c.name)
            .where(characters.c.owner_id == owner_id)
            .order_by(characters.c.frecency.desc(), characters.c.id.desc())
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(CastRole(character_id=row.id, name=row.name) for row in rows)

    async def rename(self, owner_id: int, character_id: int, new_name: str) -> Character | None:
        """Give the character another name, also on the messages that show it.

        Raises :class:`~bot.errors.Refusal` where nothing of the name is left after cleaning it, and
        :class:`~bot.errors.NameTaken` where another one of theirs has it.
        """
        name = clean_name(new_name)
        if not name:
            raise Refusal(text("That name has no visible characters. Please choose another one."))
        async with self._database.write() as connection:
            its = (characters.c.owner_id == owner_id, characters.c.id == character_id)
            if await connection.scalar(select(characters.c.id).where(*its)) is None:
                return None
            free = await unique_name(connection, owner_id, name, but=character_id)
            if free != name:
                raise NameTaken(name, free)
            await connection.execute(update(characters).where(*its).values(named_columns(name)))
            await want(connection, Wanted.REDRAWN, *about_character(owner_id, character_id))
            return await one(connection, owned(owner_id).where(characters.c.id == character_id))

    async def describe(
        self, owner_id: int, character_id: int, *, note: str, tags: tuple[str, ...], picture_sha256: str | None = None
    ) -> Changed | None:
        """Write the note and the tags, and make one of its stills its picture, also on the messages that show it.

        All are clean. A picture that is none of its stills changes nothing. ``None`` where there is no such character.
        """
        async with self._database.write() as connection:
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
                await want(connection, Wanted.REDRAWN, *about_character(owner_id, character_id))
            unused = {old.picture.key} if old.picture is not None and new.picture != old.picture else set()
            return Changed(character=new, orphans=await drop_unused(connection, unused))

    async def free_name(self, owner_id: int, name: str) -> str:
        """``name``, or where one of theirs has it the first number behind it that makes another one of it."""
        async with self._database.read() as connection:
            return await unique_name(connection, owner_id, name)

    async def delete(self, owner_id: int, character_id: int) -> Deleted | None:
        """Remove the character, and the rows of its files that no other character has; its messages are emptied."""
        async with self._database.write() as connection:
            character = await one(connection, owned(owner_id).where(characters.c.id == character_id))
            if character is None:
                return None
            of_it = character_files.c.character_id == character.id
            its = set((await connection.scalars(select(character_files.c.key).where(of_it))).all())
            if character.picture is not None:
                its.add(character.picture.key)
            await want(connection, Wanted.EMPTIED, *about_character(owner_id, character.id))
            await connection.execute(delete(character_files).where(of_it))
            await connection.execute(delete(characters).where(characters.c.id == character.id))
            return Deleted(character=character, orphans=await drop_unused(connection, its))

    async def reference_set(self, owner_id: int, character_id: int) -> tuple[CharacterFile, ...]:
        """The files of the owner's character, stills best first; empty for one without, or of somebody else."""
        async with self._database.read() as connection:
            return (await reference_sets(connection, owner_id, character_id)).get(character_id, ())

    async def count(self, owner_id: int) -> int:
        """How many characters the owner has."""
        query = select(func.count()).select_from(characters).where(characters.c.owner_id == owner_id)
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def _find(self, query: Select[Any]) -> Character | None:
        async with self._database.read() as connection:
            return await one(connection, query)


def _key(typed: str) -> str:
    return name_key(clean_name(typed))


async def _insert(connection: AsyncConnection, job_id: str, new: NewCharacter, now: datetime) -> Character:
    name = await unique_name(connection, new.owner_id, new.name)
    inserted = insert(characters).values(
        owner_id=new.owner_id,
        job_id=job_id,
        **named_columns(name),
        **described_columns(new.display_name, new.note, new.tags),
        username=new.username,
        provider_id=new.provider_id,
        task_id=new.task_id,
        model=new.model,
        frecency=used(None, now),
        range_start=str(new.range.start),
        range_end=str(new.range.end),
        picture_key=new.picture and new.picture.key,
        picture_is_still=new.picture_is_still,
        source_hash=new.source_hash,
        created_at=now,
    )
    character_id = (await connection.scalars(inserted.returning(characters.c.id))).one()
    for position, each in enumerate(new.reference_set):
        row_of = insert(character_files).values(
            character_id=character_id,
            position=position,
            kind=each.kind,
            key=each.file.key,
            width=each.width,
            height=each.height,
            seconds=each.seconds,
            filled=each.filled,
        )
        await connection.execute(row_of)
    row = await connection.execute(owned(new.owner_id).where(characters.c.id == character_id))
    return character_of(row.mappings().one())


async def _completed(connection: AsyncConnection, new: NewCharacter, now: datetime) -> Character | None:
    """The character in the cast, with what the provider made of it; ``None`` where it is gone, or has been made."""
    its = (characters.c.owner_id == new.owner_id, characters.c.id == new.completes)
    old = await one(connection, SELECT.where(*its, or_(characters.c.model == "", characters.c.task_id == new.task_id)))
    if old is None:
        return None
    made = update(characters).where(*its)
    if new.picture is not None and not new.picture_is_still:
        await keep_file(connection, new.owner_id, new.picture, now)
        made = made.values(picture_key=new.picture.key, picture_is_still=False)
    made = made.values(
        **described_columns(new.display_name, old.note, old.tags),
        username=new.username,
        provider_id=new.provider_id,
        task_id=new.task_id,
        model=new.model,
    )
    await connection.execute(made)
    await want(connection, Wanted.REDRAWN, *about_character(old.owner_id, old.id))
    if old.picture is not None:
        await drop_unused(connection, {old.picture.key})
    return await one(connection, SELECT.where(*its))
