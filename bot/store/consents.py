"""Queries of the consents table: who has said that they may make characters of the people they show."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, insert, select

from bot.store.database import Database
from bot.store.tables import consents


class ConsentStore:
    """The consents table: one row per person, from their first yes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def given(self, owner_id: int) -> bool:
        """Whether this person has agreed."""
        async with self._database.read() as connection:
            return await connection.scalar(_given(owner_id)) is not None

    async def record(self, owner_id: int, *, now: datetime) -> None:
        """Write down that they agreed; the first time counts."""
        async with self._database.write() as connection:
            if await connection.scalar(_given(owner_id)) is None:
                await connection.execute(insert(consents).values(owner_id=owner_id, given_at=now))


def _given(owner_id: int) -> Select[tuple[int]]:
    return select(consents.c.owner_id).where(consents.c.owner_id == owner_id)
