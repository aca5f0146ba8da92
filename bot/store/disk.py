"""How much room a person's files take, and which files there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select

from bot.store.database import Database
from bot.store.owned_jobs import video_is_kept
from bot.store.tables import UNFINISHED, files, jobs


class DiskUse:
    """Counts from the rows: what a row does not refer to is swept at the next start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, owner_id: int, *, now: datetime) -> int:
        """Bytes of the owner's kept files, and of the videos of their jobs that are not done or are kept yet."""
        kept = select(func.sum(files.c.size)).where(files.c.owner_id == owner_id)
        working = select(func.sum(jobs.c.file_size)).where(
            jobs.c.owner_id == owner_id, or_(UNFINISHED, video_is_kept(now))
        )
        async with self._database.read() as connection:
            return int(await connection.scalar(kept) or 0) + int(await connection.scalar(working) or 0)

    async def keys(self, owner_id: int | None = None) -> set[str]:
        """The key of every file, or of every one of an owner, that a row refers to."""
        query = select(files.c.key) if owner_id is None else select(files.c.key).where(files.c.owner_id == owner_id)
        async with self._database.read() as connection:
            return set((await connection.scalars(query)).all())
