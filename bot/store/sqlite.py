"""How a connection to SQLite is set up: durable, private, and with transactions that really begin."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

import aiosqlite
from aiosqlite.context import contextmanager
from sqlalchemy import Connection, Engine, event

from bot.limits import DATABASE_BUSY
from bot.values.uninterrupted import uninterrupted

PATIENT = f"PRAGMA busy_timeout={int(DATABASE_BUSY.total_seconds() * 1000)}"
_BOTH = (PATIENT,)
_WRITER = (
    *_BOTH,
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a wiped token or a deleted character is overwritten, not only unlinked (see scrub)
)
_READER = (*_BOTH, "PRAGMA query_only=ON")


class _WholeStatements(aiosqlite.Cursor):
    """A cursor whose rows come with the statement's end: one visit to the connection's thread instead of four.

    SQLAlchemy would have a cursor made there, the statement begun, all rows fetched and the cursor closed, in turn.
    """

    _rows: Iterator[Any] = iter(())

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        rows = await self._execute(_whole, self._cursor, sql, parameters or ())  # type: ignore[no-untyped-call]  # it has no types
        self._rows = iter(rows)
        return self

    async def fetchone(self) -> Any:  # noqa: ANN401 - as inherited
        return next(self._rows, None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, size or self.arraysize))

    async def fetchall(self) -> list[Any]:
        return list(self._rows)

    async def close(self) -> None:
        self._cursor.close()  # here: its statement has come to its end, and the other thread does nothing with it


def _whole(cursor: sqlite3.Cursor, sql: str, parameters: Any) -> list[Any]:  # noqa: ANN401 - as sqlite3 has it
    return cursor.execute(sql, parameters).fetchall()


class SteadyConnection(aiosqlite.Connection):
    """A connection that is never left in the middle of a statement, and lets go of its locks when it is closed.

    aiosqlite goes on with a statement after its waiter was cancelled. The pool then closes the connection under it;
    SQLite keeps a connection with an open statement alive, and with it the write lock, until the statement is
    garbage-collected: everybody else would wait for as long as they have patience, in vain.
    """

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as inherited
        return await uninterrupted(super()._execute(fn, *args, **kwargs))  # type: ignore[no-untyped-call]  # it has no types

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """One that fetches all that a statement finds at once."""
        return _WholeStatements(self, self._conn.cursor())

    async def close(self) -> None:
        """Roll back what is open, then close."""
        with contextlib.suppress(sqlite3.Error, ValueError):  # nothing is open, or the connection is closed already
            await self.rollback()
        await super().close()


def connector(path: Path) -> Callable[[], SteadyConnection]:
    """What SQLAlchemy calls for each new connection to the database at ``path``."""

    def connect() -> SteadyConnection:
        connection = SteadyConnection(lambda: sqlite3.connect(path, check_same_thread=False), iter_chunk_size=64)
        connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: a forgotten one must not keep the process
        return connection

    return connect


def prepare_writer(engine: Engine) -> None:
    """Make every transaction of ``engine`` take the write lock as it begins (design, rule 8)."""
    _prepare(engine, _WRITER, "BEGIN IMMEDIATE")


def prepare_reader(engine: Engine) -> None:
    """Make every transaction of ``engine`` one snapshot that cannot write and never waits for a writer."""
    _prepare(engine, _READER, "BEGIN")


def _prepare(engine: Engine, pragmas: tuple[str, ...], begin: str) -> None:
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin only before a write, and then without the lock: transactions are begun below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
