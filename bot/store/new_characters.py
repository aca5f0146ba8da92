"""Adds a character to a cast: inserts the row that a job makes, or updates the one that it completes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.character_rows import (
    SELECT,
    character_of,
    described_columns,
    drop_unused,
    keep_file,
    named_columns,
    one,
    owned,
    unique_name,
)
from bot.store.sent_messages import about_character, want
from bot.store.tables import character_files, characters
from bot.values.character import Character, CharacterFile
from bot.values.files import StoredFile
from bot.values.frecency import used
from bot.values.sent_message import PendingUpdate
from bot.values.time_range import TimeRange


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCharacter:
    """A character to be added to a cast. ``name`` is clean; the store makes it unique.

    ``reference_set``: what other models need to show it. ``completes``: the id of the character in the cast that has
    now been made by a model as well. It keeps its name and files; if its owner has deleted it meanwhile, this one is
    added as new, because it may have been paid for.
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
    source_hash: str | None = None  # of the source video (bot.store.consent_denials)
    completes: int | None = None
    denial_keys: frozenset[str] = frozenset()  # keys of a possible no (bot.store.consent_denials)
    note: str = ""
    tags: tuple[str, ...] = ()


async def insert_character(connection: AsyncConnection, job_id: str, new: NewCharacter, now: datetime) -> Character:
    """Insert the rows of ``new`` and of the files in its reference set; if its name is taken, it gets a number."""
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


async def complete_character(connection: AsyncConnection, new: NewCharacter, now: datetime) -> Character | None:
    """The existing character, updated with the provider's result; ``None`` if it was deleted or completed meanwhile."""
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
    await want(connection, PendingUpdate.REDRAWN, *about_character(old.owner_id, old.id))
    if old.picture is not None:
        await drop_unused(connection, {old.picture.key})
    return await one(connection, SELECT.where(*its))
