"""How much room a person's files take, and which files there are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select

from bot.store.database import Database
from bot.store.owned_jobs import video_is_kept
from bot.store.tables import UNFINISHED, files, jobs


class DiskUse:
    """Counts from the rows; files without a row are swept at the next start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, owner_id: int, *, now: datetime) -> int:
        """Bytes of the owner's stored files, and of the videos of their jobs that are unfinished or still kept."""
        kept = select(func.sum(files.c.size)).where(files.c.owner_id == owner_id)
        working = select(func.sum(jobs.c.file_size)).where(
            jobs.c.owner_id == owner_id, or_(UNFINISHED, video_is_kept(now))
        )
        both = select(*(func.coalesce(each.scalar_subquery(), 0) for each in (kept, working)))
        async with self._database.read_at_once() as connection:
            return sum(map(int, (await connection.execute(both)).one()))

    async def sweeps_for_all(self) -> bool:
        """Whether this process is the one on this database that deletes files without a row from a bucket."""
        return await self._database.first("sweeps the bucket")

    async def keys(self, owner_id: int | None = None) -> set[str]:
        """The keys of all files, or of an owner's files, that a row refers to."""
        query = select(files.c.key) if owner_id is None else select(files.c.key).where(files.c.owner_id == owner_id)
        async with self._database.read_at_once() as connection:
            return set((await connection.scalars(query)).all())
