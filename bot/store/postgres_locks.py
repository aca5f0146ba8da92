"""Locks by name across all processes on a PostgreSQL, which outlive transactions."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg
from sqlalchemy.exc import TimeoutError as NoConnection

from bot import limits
from bot.concurrency import shielded
from bot.store.named_locks import LocalLocks

# What asyncpg raises on a lost connection: if the server hangs up in the middle of an answer, that is an
# InternalClientError, which is not covered by the others.
CONNECTION_LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_LOOK_AGAIN = 0.02, 0.5  # seconds, at first and at most


class SharedLocks:
    """Session-level advisory locks of PostgreSQL, all on one connection, which ``connect`` makes.

    If it breaks, all are released: work done under a lock must stay correct without it, if not in the best order.
    Raises what ``connect`` raises if the server is unreachable, and SQLAlchemy's TimeoutError if it does not answer.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._connection: asyncpg.Connection | None = None
        self._statements = asyncio.Lock()  # one at a time on a connection
        self._here = LocalLocks()  # within one session the server grants a lock every time
        self._kept: dict[str, asyncpg.Connection] = {}

    @asynccontextmanager
    async def __call__(self, name: str) -> AsyncIterator[None]:
        """Hold the lock of that name."""
        key = key_of(name)
        async with self._here(name):
            try:
                pause, longest = _LOOK_AGAIN
                while not await shielded(self._ask("SELECT pg_try_advisory_lock($1)", key)):
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, longest)
                yield
            finally:
                await shielded(self._give_back(key))

    async def first(self, name: str) -> bool:
        """Take the lock of that name if it is free, and keep it; returns whether it is ours. Never waits."""
        async with self._here(name):
            known = self._connection
            if known is not None and not known.is_closed() and self._kept.get(name) is known:
                return True
            if not await shielded(self._ask("SELECT pg_try_advisory_lock($1)", key_of(name))):
                return False
            if self._connection is not None:
                self._kept[name] = self._connection
            return True

    async def close(self) -> None:
        """Release all."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*CONNECTION_LOST):  # a connection that does not answer is cut off
                await connection.close(timeout=2)

    async def _ask(self, statement: str, key: int) -> bool:
        async with self._statements:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            connection = self._connection
            try:
                return bool(await connection.fetchval(statement, key, timeout=limits.POSTGRES_ANSWERS_WITHIN))
            except TimeoutError:  # the machine or the network is gone without an error, and everybody would wait for it
                connection.terminate()
                raise NoConnection("the database does not answer") from None

    async def _give_back(self, key: int) -> None:
        """Release it, also if it was requested and not granted, which does no harm."""
        # A lost connection holds no lock any more.
        with suppress(*CONNECTION_LOST, NoConnection):
            if self._connection is not None and not self._connection.is_closed():
                await self._ask("SELECT pg_advisory_unlock($1)", key)


def key_of(name: str) -> int:
    """The key of an advisory lock for this name."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
