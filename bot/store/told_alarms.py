"""Queries of the told_alarms table: what operators were told within the last hour, by any process."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from bot import limits
from bot.store.database import Database
from bot.store.tables import told_alarms
from bot.store.write_locks import ALARMS


class ToldAlarmStore:
    """Each sentence is sent by the process that is first to write it. Only its hash is stored."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, sentence: str, *, now: datetime) -> bool:
        """Whether to send it now: no process has within the last :data:`bot.limits.SAME_ALARM`."""
        old = delete(told_alarms).where(told_alarms.c.told_at <= now - limits.SAME_ALARM)
        try:
            async with self._database.write(locks={ALARMS}) as connection:
                await connection.execute(old)
                await connection.execute(insert(told_alarms).values(sentence=_hash(sentence), told_at=now))
        except IntegrityError:
            return False
        return True

    async def not_told(self, sentence: str) -> None:
        """Nobody could be reached: the next attempt sends it."""
        async with self._database.write(locks={ALARMS}) as connection:
            await connection.execute(delete(told_alarms).where(told_alarms.c.sentence == _hash(sentence)))


def _hash(sentence: str) -> str:
    return sha256(sentence.encode()).hexdigest()
