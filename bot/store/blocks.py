"""People blocked by the operator, stored as keyed hashes so that a block outlives the deletion of their data."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from bot.store.database import Database
from bot.store.notifications import Topic
from bot.store.pseudonyms import Pseudonyms
from bot.store.tables import operator_blocks


class BlockStore:
    """The operator_blocks table, with a copy in memory, because every command checks it before any I/O."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people
        self._blocked: set[str] = set()

    async def load(self) -> None:
        """Load the blocks, before the first command."""
        async with self._database.read_at_once() as connection:
            self._blocked = set((await connection.scalars(select(operator_blocks.c.user_key))).all())

    def is_blocked(self, user_id: int) -> bool:
        """Whether this person may not use the bot at all."""
        return bool(self._blocked) and self._people.of(user_id) in self._blocked

    async def block(self, user_id: int, *, now: datetime) -> bool:
        """Block them; returns whether they were not blocked before."""
        user_key = self._people.of(user_id)
        known = select(operator_blocks.c.since).where(operator_blocks.c.user_key == user_key)
        async with self._database.write() as connection:
            news = await connection.scalar(known) is None
            if news:
                await connection.execute(insert(operator_blocks).values(user_key=user_key, since=now))
        self._blocked.add(user_key)
        self._database.notifications.send(Topic.BLOCKS)
        return news

    async def unblock(self, user_id: int) -> bool:
        """Unblock them; returns whether they were blocked."""
        user_key = self._people.of(user_id)
        gone = delete(operator_blocks).where(operator_blocks.c.user_key == user_key)
        async with self._database.write() as connection:
            found = (await connection.execute(gone)).rowcount
        self._blocked.discard(user_key)
        self._database.notifications.send(Topic.BLOCKS)
        return found > 0
