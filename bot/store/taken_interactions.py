"""Queries of the taken_interactions table: which process handles an interaction that came over HTTP."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from bot.store.database import Database
from bot.store.row_locks import free
from bot.store.tables import taken_interactions
from bot.store.write_locks import NO_LOCK


class TakenInteractionStore:
    """An interaction belongs to the process that is first to write its id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, interaction_id: str, *, now: datetime) -> bool:
        """Whether this process gets the interaction, because no other has taken it."""
        try:
            async with self._database.write_at_once() as connection:
                await connection.execute(insert(taken_interactions).values(id=interaction_id, taken_at=now))
        except IntegrityError:
            return False
        return True

    async def sweep(self, before: datetime) -> int:
        """Delete those taken before ``before``; returns how many there were."""
        async with self._database.write(locks=NO_LOCK) as connection:
            old = await free(connection, taken_interactions, taken_interactions.c.taken_at < before)
            return (await connection.execute(delete(taken_interactions).where(old))).rowcount
