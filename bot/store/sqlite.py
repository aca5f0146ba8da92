"""Connections to SQLite: durable, private, and with transactions that really begin."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

import aiosqlite
from aiosqlite.context import contextmanager
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.limits import DATABASE_BUSY

PATIENT = f"PRAGMA busy_timeout={int(DATABASE_BUSY.total_seconds() * 1000)}"
# kB for each of the three connections, instead of 2000: queries by index touch few pages, and the system caches the
# file anyway.
SMALL_CACHE = "PRAGMA cache_size=-512"
# pages: a commit copies the log only if nobody else has done so (LogSync.checkpoint)
CHECKPOINT_ONLY_IF_LARGE = "PRAGMA wal_autocheckpoint=10000"


@dataclass(frozen=True, slots=True)
class Role:
    """What a connection is used for: its settings, and how each of its transactions begins.

    The driver would begin a transaction only before a write, and then without the lock.
    """

    pragmas: tuple[str, ...]
    begin: str
    writes: bool


WRITER: Final = Role(
    (
        PATIENT,
        SMALL_CACHE,
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=NORMAL",  # each write waits for the disk after its commit (log_sync)
        CHECKPOINT_ONLY_IF_LARGE,
        "PRAGMA foreign_keys=ON",
        "PRAGMA secure_delete=ON",  # deleted data is overwritten, not only unlinked (see scrub)
    ),
    begin="BEGIN IMMEDIATE",  # holds the write lock from its first moment (design, rule 8)
    writes=True,
)
# Each transaction is one snapshot that cannot write and never waits for a writer.
READER: Final = Role((PATIENT, SMALL_CACHE, "PRAGMA query_only=ON"), begin="BEGIN", writes=False)


class _Ended(asyncio.Future[Any]):
    """Done when a statement has ended. A task that waits for it can be cancelled only after that.

    A shield around each statement would do the same, but other work would have a turn in between.
    """

    def cancel(self, msg: Any | None = None) -> bool:  # noqa: ANN401 - as inherited
        return False


class _WholeStatements(aiosqlite.Cursor):
    """A cursor that fetches all rows together with its statement: one round trip to the connection's thread.

    SQLAlchemy would make five: begin the transaction, create a cursor, execute, fetch all rows, and close the cursor.
    """

    _rows: Iterator[Any] = iter(())

    def __init__(self, connection: SteadyConnection, cursor: sqlite3.Cursor, begin: str) -> None:
        super().__init__(connection, cursor)
        self._begin = begin

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        self._rows = iter(await self._execute(self._whole, self._cursor.execute, sql, parameters or ()))  # type: ignore[no-untyped-call]  # aiosqlite's cursor has no types here
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        await self._execute(self._whole, self._cursor.executemany, sql, parameters)  # type: ignore[no-untyped-call]  # aiosqlite's cursor has no types here
        return self

    def _whole(self, execute: Callable[..., sqlite3.Cursor], sql: str, parameters: Iterable[Any]) -> list[Any]:
        """Runs in the connection's thread."""
        if not self._cursor.connection.in_transaction:
            self._cursor.execute(self._begin)
        return execute(sql, parameters).fetchall()

    async def fetchone(self) -> Any:  # noqa: ANN401 - as inherited
        return next(self._rows, None)

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, size or self.arraysize))

    async def fetchall(self) -> list[Any]:
        return list(self._rows)

    async def close(self) -> None:
        self._cursor.close()  # here: its statement is finished, and the other thread does not use it


class SteadyConnection(aiosqlite.Connection):
    """A connection that is never left in the middle of a statement, and releases its locks when it is closed.

    aiosqlite continues a statement after its waiter was cancelled. The pool then closes the connection under it; SQLite
    keeps a connection with an open statement alive, together with the write lock, until the statement is
    garbage-collected: everybody else would wait in vain until their timeout.
    """

    def __init__(self, path: Path, role: Role) -> None:
        super().__init__(partial(_open, path, role), iter_chunk_size=64)
        self._role = role
        self._thread.daemon = True  # as in SQLAlchemy: a forgotten connection must not keep the process alive

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as inherited
        if not self._running or self._connection is None:
            raise ValueError("the connection is closed")
        ended = _Ended(loop=asyncio.get_running_loop())
        self._tx.put_nowait((ended, partial(fn, *args, **kwargs)))
        return await ended

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """A cursor whose first statement begins a transaction, and which fetches all rows at once."""
        return _WholeStatements(self, self._conn.cursor(), self._role.begin)

    def interrupt_statement(self) -> None:
        """Make the running statement, if there is one, fail with ``SQLITE_INTERRUPT``."""
        self._conn.interrupt()

    async def rollback(self) -> None:
        """Roll back. If nothing was written, this makes no round trip to the connection's thread."""
        if self._role.writes and self._conn.in_transaction:
            await super().rollback()
        else:
            self._conn.rollback()

    async def close(self) -> None:
        """Roll back what is open, then close."""
        if not self._running:
            return  # its thread closes it and ends, and would not do anything more
        with contextlib.suppress(sqlite3.Error, ValueError):  # nothing is open, or the connection is closed already
            await self.rollback()
        await super().close()


class OneDialect(SQLiteDialect_aiosqlite):
    """The dialect of every engine: what is compiled for one connection is compiled for all of them.

    SQLAlchemy caches compiled statements by dialect, and compiling takes some milliseconds, during which the event loop
    is blocked. All engines here use the same SQLite with the same options, so their dialects are equal.
    """

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is OneDialect

    def __hash__(self) -> int:
        return hash(OneDialect)


_DIALECT: Final = "sqlite.castbook"
registry.register(_DIALECT, OneDialect.__module__, OneDialect.__name__)
_compiled: Final[dict[Any, Any]] = {}  # bounded by the number of the bot's statements


def engine_of(path: Path, role: Role, *, connections: int) -> AsyncEngine:
    """An engine for the database at ``path``, with at most ``connections`` connections."""
    return create_async_engine(
        URL.create(_DIALECT.replace(".", "+"), database=str(path)),
        async_creator=partial(SteadyConnection, path, role),
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        execution_options={"compiled_cache": _compiled},
    )


def _open(path: Path, role: Role) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in role.pragmas:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def prepare_writer(engine: Engine) -> None:
    """Make ``engine``, a synchronous one, write as :data:`WRITER` does."""

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in WRITER.pragmas:
            connection.execute(pragma)

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(WRITER.begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
