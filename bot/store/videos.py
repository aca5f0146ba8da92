"""Queries of the videos table: the videos that people had made with their cast, kept for some days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import RowMapping, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.character_rows import drop_unused, keep_file
from bot.store.consent_denials import check, keep_borrowed_file
from bot.store.database import Database
from bot.store.jobs import write_leased
from bot.store.loan_tables import loan_uses
from bot.store.tables import files, videos
from bot.store.write_locks import owner_lock
from bot.values.files import StoredFile
from bot.values.job import CastRole, Job, Lease, Transition
from bot.values.made_video import MadeVideo

_ROLES = TypeAdapter(tuple[CastRole, ...])
_FILE, _POSTER = files.alias("file"), files.alias("poster")
_SELECT = select(
    videos,
    *(_FILE.c.sha256.label("file_sha256"), _FILE.c.size.label("file_size"), _FILE.c.mime.label("file_mime")),
    *(
        _POSTER.c.sha256.label("poster_sha256"),
        _POSTER.c.size.label("poster_size"),
        _POSTER.c.mime.label("poster_mime"),
    ),
).select_from(
    videos.join(_FILE, videos.c.file_key == _FILE.c.key).outerjoin(_POSTER, videos.c.poster_key == _POSTER.c.key)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVideo:
    """A video that was just stored: like :class:`~bot.values.made_video.MadeVideo`, whose id it gets.

    What can be seen in it is added later (:meth:`VideoStore.looked_into`).
    """

    owner_id: int
    prompt: str
    model: str
    roles: tuple[CastRole, ...]
    file: StoredFile
    denial_keys: frozenset[str] = frozenset()  # keys of a possible no to its cast (bot.store.consent_denials)


class VideoStore:
    """The videos table. Another person's video counts as unknown (design, rule 7)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_for_job(
        self, job_id: str, lease: Lease, new: NewVideo, collected: Callable[[int], Transition], *, now: datetime
    ) -> tuple[Job, MadeVideo]:
        """Add ``new`` and write its job's ``collected`` (given the video's id), in one transaction.

        The lease is kept. Repeated calls for a job return the same video. Raises :class:`~bot.store.jobs.LeaseLost`,
        and :class:`~bot.store.consent_denials.ConsentDenied` if somebody in it has said no in the meantime.
        """
        async with self._database.write(locks={owner_lock(new.owner_id)}) as connection:
            await check(connection, new.denial_keys, {new.file.key})
            by_job = _owned(new.owner_id).where(videos.c.job_id == job_id)
            video = await _one(connection, by_job)
            if video is None:
                await keep_file(connection, new.owner_id, new.file, now)
                await connection.execute(insert(videos), _columns(job_id, new, now))
                if any(role.loan_id is not None for role in new.roles):
                    await keep_borrowed_file(connection, new.file.sha256, now)
                video = _to_video((await connection.execute(by_job)).mappings().one())
            changes = collected(video.id).changes
            return await write_leased(connection, job_id, lease, changes, now=now), video

    async def looked_into(
        self,
        owner_id: int,
        video_id: int,
        *,
        poster: StoredFile,
        seconds: float,
        width: int,
        height: int,
        now: datetime,
    ) -> tuple[str, ...]:
        """Record what was seen in the owner's video.

        Returns the keys of files that nothing refers to: the poster's, if the video was deleted in the meantime.
        """
        seen = update(videos).where(videos.c.owner_id == owner_id, videos.c.id == video_id)
        values = {"poster_key": poster.key, "seconds": seconds, "width": width, "height": height}
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            await keep_file(connection, owner_id, poster, now)
            there = (await connection.execute(seen.values(values))).rowcount
            return () if there else await drop_unused(connection, {poster.key})

    async def get(self, owner_id: int, video_id: int) -> MadeVideo | None:
        """The owner's video with this id."""
        async with self._database.read_at_once() as connection:
            return await _one(connection, _owned(owner_id).where(videos.c.id == video_id))

    async def by_job(self, owner_id: int, job_id: str) -> MadeVideo | None:
        """The owner's video that this job made."""
        async with self._database.read_at_once() as connection:
            return await _one(connection, _owned(owner_id).where(videos.c.job_id == job_id))

    async def lent_for(self, lender_id: int, job_id: str) -> MadeVideo | None:
        """That job's video, whoever owns it, if ``lender_id`` has lent a character in it, and so may see it."""
        lent = select(loan_uses.c.job_id).where(loan_uses.c.job_id == job_id, loan_uses.c.owner_id == lender_id)
        async with self._database.read_at_once() as connection:
            return await _one(connection, _SELECT.where(videos.c.job_id == job_id, lent.exists()))

    async def page(self, owner_id: int, *, offset: int, limit: int) -> tuple[list[MadeVideo], int]:
        """Some of the owner's videos, newest first, and how many there are in all."""
        page = _owned(owner_id).order_by(videos.c.created_at.desc(), videos.c.id.desc()).offset(offset).limit(limit)
        count = select(func.count()).select_from(videos).where(videos.c.owner_id == owner_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(page)).mappings().all()
            return [_to_video(row) for row in rows], await connection.scalar(count) or 0

    async def delete(self, owner_id: int, video_id: int) -> tuple[str, ...] | None:
        """Delete the video; returns the keys of files that nothing refers to any more, ``None`` if it is unknown."""
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            video = await _one(connection, _owned(owner_id).where(videos.c.id == video_id))
            return None if video is None else await _remove(connection, video)

    async def old(self, before: datetime, *, limit: int) -> list[MadeVideo]:
        """Up to ``limit`` videos, of anybody, that were made before ``before``: for maintenance."""
        query = _SELECT.where(videos.c.created_at < before).order_by(videos.c.created_at).limit(limit)
        async with self._database.read_at_once() as connection:
            return [_to_video(row) for row in (await connection.execute(query)).mappings()]


async def videos_of(connection: AsyncConnection, owner_id: int) -> list[MadeVideo]:
    """All of the owner's videos, oldest first, within the caller's transaction."""
    rows = await connection.execute(_owned(owner_id).order_by(videos.c.id))
    return [_to_video(row) for row in rows.mappings()]


async def _remove(connection: AsyncConnection, video: MadeVideo) -> tuple[str, ...]:
    await connection.execute(delete(videos).where(videos.c.id == video.id))
    return await drop_unused(connection, {file.key for file in (video.file, video.poster) if file is not None})


def _owned(owner_id: int) -> Select[Any]:
    return _SELECT.where(videos.c.owner_id == owner_id)


async def _one(connection: AsyncConnection, query: Select[Any]) -> MadeVideo | None:
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _to_video(row)


def _columns(job_id: str, new: NewVideo, now: datetime) -> dict[str, Any]:
    return {
        "owner_id": new.owner_id,
        "job_id": job_id,
        "prompt": new.prompt,
        "model": new.model,
        "roles": _ROLES.dump_json(new.roles).decode(),
        "file_key": new.file.key,
        "created_at": now,
    }


def _to_video(row: RowMapping) -> MadeVideo:
    return MadeVideo(
        **{name: row[name] for name in ("id", "owner_id", "job_id", "prompt", "model", "seconds", "width", "height")},
        roles=_ROLES.validate_json(row["roles"]),
        file=_file(row, "file"),
        poster=None if row["poster_key"] is None else _file(row, "poster"),
        created_at=row["created_at"],
    )


def _file(row: RowMapping, name: str) -> StoredFile:
    return StoredFile(
        key=row[f"{name}_key"], sha256=row[f"{name}_sha256"], size=row[f"{name}_size"], mime=row[f"{name}_mime"]
    )
