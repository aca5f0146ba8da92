"""Characters and their files as rows, within the caller's transaction. Every query carries the owner's id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, Select, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import character_files, characters, files, videos
from bot.values.character import Character, CharacterFile, FileKind, name_key, numbered
from bot.values.files import StoredFile
from bot.values.folding import indexed
from bot.values.frecency import used
from bot.values.time_range import TimeRange

SELECT = select(
    characters,
    files.c.sha256.label("picture_sha256"),
    files.c.size.label("picture_size"),
    files.c.mime.label("picture_mime"),
).select_from(characters.outerjoin(files, characters.c.picture_key == files.c.key))


async def whole_cast(connection: AsyncConnection, owner_id: int) -> list[Character]:
    """All of the owner's characters, oldest first, within the caller's transaction."""
    rows = await connection.execute(owned(owner_id).order_by(characters.c.id))
    return [character_of(row) for row in rows.mappings()]


async def reference_sets(
    connection: AsyncConnection, owner_id: int, character_id: int | None = None
) -> dict[int, tuple[CharacterFile, ...]]:
    """By character id, the reference sets of the whole cast or of one character, within the caller's transaction."""
    query = (
        select(
            *(character_files.c.character_id, character_files.c.kind),
            *(character_files.c.width, character_files.c.height, character_files.c.seconds),
            character_files.c.filled,
            files,
        )
        .join(files, character_files.c.key == files.c.key)
        .join(characters, character_files.c.character_id == characters.c.id)
        .where(characters.c.owner_id == owner_id)
        .order_by(character_files.c.character_id, character_files.c.position)
    )
    if character_id is not None:
        query = query.where(characters.c.id == character_id)
    found: dict[int, tuple[CharacterFile, ...]] = {}
    for row in await connection.execute(query):
        file = StoredFile(key=row.key, sha256=row.sha256, size=row.size, mime=row.mime)
        its = CharacterFile(FileKind(row.kind), file, row.width, row.height, row.seconds, row.filled)
        found[row.character_id] = (*found.get(row.character_id, ()), its)
    return found


def owned(owner_id: int) -> Select[Any]:
    """The query for the owner's characters."""
    return SELECT.where(characters.c.owner_id == owner_id)


async def one(connection: AsyncConnection, query: Select[Any]) -> Character | None:
    """The single character that ``query`` finds, if any."""
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else character_of(row)


def picture_of(row: RowMapping) -> StoredFile | None:
    """The picture joined to a character's row, if it has one."""
    if row["picture_key"] is None:
        return None
    return StoredFile(
        key=row["picture_key"], sha256=row["picture_sha256"], size=row["picture_size"], mime=row["picture_mime"]
    )


def character_of(row: RowMapping) -> Character:
    """The character in a row of :data:`SELECT`."""
    return Character(
        id=row["id"],
        owner_id=row["owner_id"],
        name=row["name"],
        display_name=row["display_name"],
        username=row["username"],
        provider_id=row["provider_id"],
        task_id=row["task_id"],
        model=row["model"],
        range=TimeRange(Decimal(row["range_start"]), Decimal(row["range_end"])),
        picture=picture_of(row),
        picture_is_still=row["picture_is_still"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        note=row["note"],
        tags=tuple(json.loads(row["tags"])),
        uses=row["uses"],
    )


def named_columns(name: str) -> dict[str, str]:
    """The columns of a character's name."""
    return {"name": name, "name_key": name_key(name), "search_name": indexed(name)}


def described_columns(display_name: str, note: str, tags: Sequence[str]) -> dict[str, str]:
    """The columns of a character's other searched texts."""
    return {
        "display_name": display_name,
        "display_key": name_key(display_name),
        "note": note,
        "tags": json.dumps(tags, ensure_ascii=False),
        "search_more": indexed(display_name, *tags, note),
    }


async def note_uses(connection: AsyncConnection, owner_id: int, character_ids: Iterable[int], now: datetime) -> None:
    """Count a use of each of these characters that belongs to the owner."""
    theirs = (characters.c.owner_id == owner_id, characters.c.id.in_(sorted(set(character_ids))))
    for row in (await connection.execute(select(characters.c.id, characters.c.frecency).where(*theirs))).all():
        counted = update(characters).where(characters.c.owner_id == owner_id, characters.c.id == row.id)
        await connection.execute(
            counted.values(uses=characters.c.uses + 1, frecency=used(row.frecency, now), last_used_at=now)
        )


async def drop_unused(connection: AsyncConnection, keys: set[str]) -> tuple[str, ...]:
    """Delete the rows of those files that no character and no video refers to; returns their keys."""
    used = or_(
        select(characters.c.id).where(characters.c.picture_key == files.c.key).exists(),
        select(character_files.c.key).where(character_files.c.key == files.c.key).exists(),
        select(videos.c.id).where(videos.c.file_key == files.c.key).exists(),
        select(videos.c.id).where(videos.c.poster_key == files.c.key).exists(),
    )
    unused = delete(files).where(files.c.key.in_(keys), ~used).returning(files.c.key)
    return tuple((await connection.scalars(unused)).all())


async def unique_name(connection: AsyncConnection, owner_id: int, name: str, *, but: int | None = None) -> str:
    """``name``, or with the first free number; ``but``: a character that may have it already."""
    query = select(characters.c.name_key).where(characters.c.owner_id == owner_id)
    if but is not None:
        query = query.where(characters.c.id != but)
    return first_free(set((await connection.scalars(query)).all()), name)


def first_free(taken: set[str], name: str) -> str:
    """``name``, or with the first number whose key is not in ``taken``."""
    candidate, number = name, 1
    while name_key(candidate) in taken:
        number += 1
        candidate = numbered(name, number)
    return candidate


async def keep_file(connection: AsyncConnection, owner_id: int, file: StoredFile, now: datetime) -> None:
    """Record that the file is stored, unless that was done before."""
    if await connection.scalar(select(files.c.key).where(files.c.key == file.key)) is None:
        row = insert(files).values(
            key=file.key, owner_id=owner_id, sha256=file.sha256, size=file.size, mime=file.mime, created_at=now
        )
        await connection.execute(row)
