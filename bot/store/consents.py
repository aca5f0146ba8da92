"""Queries of the consents table: who has confirmed that they may make characters of the people they show."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, insert, select

from bot.store.database import Database
from bot.store.job_rows import readable_one
from bot.store.tables import consents, jobs
from bot.store.write_locks import owner_lock
from bot.values.job import Question


class ConsentStore:
    """The consents table: one row per person, from their first yes to a video of their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given(self, owner_id: int) -> bool:
        """Whether this person has agreed."""
        async with self._database.read_at_once() as connection:
            return await connection.scalar(_given(owner_id)) is not None

    async def record(self, owner_id: int, job_id: str, *, now: datetime) -> bool:
        """Record that they agreed; the first time counts. ``False`` if no job of theirs asks for it.

        So nothing is stored about somebody who has had everything deleted meanwhile. A yes to a video that somebody
        else posted covers that video only, and is stored in the job.
        """
        asking = select(jobs).where(
            jobs.c.owner_id == owner_id, jobs.c.id == job_id, jobs.c.question == Question.CONSENT
        )
        async with self._database.write(locks={owner_lock(owner_id)}) as connection:
            job = readable_one((await connection.execute(asking)).mappings().one_or_none())
            if job is None:
                return False
            if not job.character.of_others and await connection.scalar(_given(owner_id)) is None:
                await connection.execute(insert(consents).values(owner_id=owner_id, given_at=now))
            return True


def _given(owner_id: int) -> Select[tuple[int]]:
    return select(consents.c.owner_id).where(consents.c.owner_id == owner_id)
