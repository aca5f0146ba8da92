"""Lets one shard per bucket identify at Discord's gateway every five seconds, across all processes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from bot import limits
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_locks import CONNECTION_LOST

_KEY: Final = 0x49647466  # "Idtf", of advisory locks with two keys
_TRIED_EVERY: Final = 0.25  # seconds; a lock that is waited for would end by the session's lock_timeout


class IdentifyBuckets:
    """A bucket is an advisory lock, held for five seconds by a process that identifies, or until it is killed."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database
        self._held: set[asyncio.Task[None]] = set()

    async def turn(self, bucket: int) -> None:
        """Return once a shard of that bucket may identify; if the database is unreachable, wait for it."""
        while True:
            try:
                connection = await self._locked(bucket)
                break
            except (*CONNECTION_LOST, SQLAlchemyError, TimeoutError) as error:
                # Otherwise a gateway that has to identify at that moment would end: discord.py gives up on such an
                # error.
                self._database.outage.lost("identify_waits", error)
                await asyncio.sleep(limits.NOTIFICATIONS_AGAIN)
        task = asyncio.create_task(self._hold(connection), name=f"identify-bucket-{bucket}")
        self._held.add(task)
        task.add_done_callback(self._held.discard)

    async def _locked(self, bucket: int) -> asyncpg.Connection:
        connection = await self._database.connect_apart()
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", _KEY, bucket):  # noqa: ASYNC110 - a server tells
                await asyncio.sleep(_TRIED_EVERY)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _hold(self, connection: asyncpg.Connection) -> None:
        try:
            await asyncio.sleep(limits.IDENTIFY_GAP)
        finally:
            with suppress(Exception):  # closing releases the lock in any case
                await connection.close(timeout=1.0)
            if not connection.is_closed():
                connection.terminate()
