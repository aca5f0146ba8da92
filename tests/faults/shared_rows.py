"""How the jobs stand in a PostgreSQL that is killed now and then."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncpg
from sqlalchemy import make_url

from tests.faults.rows import FILES, JOBS, USED, VIDEOS, Kept, Row, rows_of

_LEASES = "SELECT id, lease_owner FROM jobs WHERE step <> 'done'"
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
_WITHIN = 5.0  # seconds


class SharedRows:
    """Reads from outside, by a connection of its own."""

    def __init__(self, url: str) -> None:
        self._dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: asyncpg.Connection | None = None

    async def look(self) -> tuple[list[Row], Mapping[str, str | None]] | None:
        """All jobs, oldest first, and who has leased those that are not done; ``None``: the database is away."""
        try:
            async with await self._snapshot() as connection:
                return rows_of(await connection.fetch(JOBS)), dict(await connection.fetch(_LEASES))
        except _AWAY:
            self.hang_up()
            return None

    async def kept(self) -> Kept:
        """What it keeps beside them. Raises what asyncpg raises."""
        async with await self._snapshot() as connection:
            return Kept.of(*[await connection.fetch(query) for query in (VIDEOS, FILES, USED)])

    def hang_up(self) -> None:
        """Be connected no longer."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_AWAY):
                connection.terminate()

    async def _snapshot(self) -> _Snapshot:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, timeout=_WITHIN, command_timeout=_WITHIN)
        return _Snapshot(self._connection)


class _Snapshot:
    """A transaction that sees one state."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._transaction = connection.transaction(isolation="repeatable_read", readonly=True)

    async def __aenter__(self) -> asyncpg.Connection:
        await self._transaction.start()
        return self._connection

    async def __aexit__(self, kind: Any, *_: object) -> None:
        await (self._transaction.commit() if kind is None else self._transaction.rollback())
