"""Runs the migrations on PostgreSQL: one process at a time, and with text that is compared byte by byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy import URL
from sqlalchemy import text as sql  # not a text for people, which make messages looks for
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot import limits
from bot.store.postgres_pool import SESSION

_KEY: Final = 0x736368656D61  # "schema"
_ALONE: Final = sql("SELECT pg_try_advisory_lock(:key)").bindparams(key=_KEY)  # until the connection is closed
_LOOK_AGAIN: Final = 0.2  # seconds
_SESSION: Final = SESSION | {
    # Everybody who needs the table queues behind a statement that waits to change it.
    "lock_timeout": f"{limits.MIGRATION_HOLDS_UP.total_seconds() * 1000:.0f}",
    "statement_timeout": "0",  # an index of a large table takes minutes
}


class _AsInSQLite(PGTypeCompiler):
    """Text of any length, compared and sorted by code points whatever the database's collation, as on SQLite.

    We normalise words ourselves before they are stored (bot.values.folding).
    """

    def visit_VARCHAR(self, type_: Any, **_: Any) -> str:  # noqa: ANN401, N802 - as inherited
        return 'TEXT COLLATE "C"'

    visit_TEXT = visit_VARCHAR  # noqa: N815 - as inherited


@asynccontextmanager
async def migrating(url: URL) -> AsyncIterator[AsyncConnection]:
    """A connection for the migrations, outside any transaction; other processes that want one wait until it is closed.

    A statement fails if another transaction keeps its table locked (:func:`~bot.store.database_errors.is_locked_out`).
    """
    engine = create_async_engine(url, hide_parameters=True, connect_args={"server_settings": _SESSION})
    engine.dialect.type_compiler_instance = engine.dialect.type_compiler = _AsInSQLite(engine.dialect)
    try:
        async with engine.connect() as connection:
            while not await connection.scalar(_ALONE):
                # Nobody waits within a statement: an index that is made CONCURRENTLY would wait for its snapshot.
                await connection.rollback()
                await asyncio.sleep(_LOOK_AGAIN)
            await connection.commit()
            yield connection
    finally:
        await engine.dispose()
