"""One clock for all processes on a PostgreSQL, the database's, so that their machines agree on leases."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text as sql  # not a text for people, which make messages looks for

from bot import limits
from bot.store.database import Database
from bot.values.clock import utc_now


class DatabaseClock:
    """The database's time when it was last read, plus the time since; before that, this machine's.

    It is off by half the round trip at most: milliseconds, while a lease lasts 20 s.
    """

    def __init__(self) -> None:
        self._read_at: datetime | None = None
        self._then = 0.0

    def __call__(self) -> datetime:
        """Now, in UTC."""
        if self._read_at is None:
            return utc_now()
        return self._read_at + timedelta(seconds=time.monotonic() - self._then)

    async def read(self, database: Database) -> None:
        """Ask the database. Raises what it raises."""
        async with database.read_at_once() as connection:
            before = time.monotonic()
            seconds = await connection.scalar(sql("SELECT CAST(extract(epoch FROM clock_timestamp()) AS float8)"))
            after = time.monotonic()
        self._read_at, self._then = datetime.fromtimestamp(seconds or 0.0, UTC), (before + after) / 2

    async def run(self, database: Database) -> None:
        """Read it again every minute, until cancelled, because clocks drift."""
        while True:
            await asyncio.sleep(limits.CLOCK_READ_EVERY)
            try:
                await self.read(database)
            except Exception as error:  # noqa: BLE001 - the last reading stays in use
                database.outage.failed("clock_not_read", error)
