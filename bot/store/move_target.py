"""The PostgreSQL that a database is moved to: copied batches are recorded, so that a killed move can continue."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Self

import asyncpg
from sqlalchemy import URL, Table
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import BadStart
from bot.store.move_source import TABLES, Inventory, MoveSource, Row, canonical, key_of
from bot.store.tables import HEAD, MOVING
from bot.store.upgrade import bring_to_head

_ROWS_AT_ONCE: Final = 1000
_CHARACTERS_AT_ONCE: Final = 4_000_000  # characters of text: the JSON of some rows is large
_READ_AT_ONCE: Final = 500  # rows
_OTHER_ENDS_WITHIN: Final = 30.0  # seconds: the server notices late that a process was killed
_ONE_MOVE: Final = 0x6D6F766520746F  # "move to": the advisory lock of a move

Progress = Callable[[str, int], None]
"""Called from time to time with a table, and how many of its rows are done."""


class MoveTarget:
    """A connection to the database at ``url``. Use :func:`opened`."""

    def __init__(self, url: URL, connection: asyncpg.Connection) -> None:
        self._url = url
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: URL) -> AsyncIterator[Self]:
        """Connect, and take the exclusive lock on moves. Raises :class:`~bot.errors.BadStart`."""
        engine = create_async_engine(url, hide_parameters=True)
        try:
            with _as_bad_start():
                async with engine.connect() as connection:
                    raw: Any = (await connection.get_raw_connection()).driver_connection
                    target = cls(url, raw)
                    await target._alone()
                    yield target
        finally:
            await engine.dispose()

    async def begin(self, inventory: Inventory) -> int:
        """Create the tables, or find those of this same move. Returns how many rows are there already.

        Until :meth:`finish`, no bot starts on it. Raises BadStart if the database contains anything else.
        """
        if (revision := await self._revision()) != MOVING:
            if revision != HEAD:
                await bring_to_head(self._url)
            async with self._connection.transaction():
                await self._connection.execute("LOCK TABLE alembic_version")
                if await self._revision() != MOVING:
                    await self._mark(inventory)
        marks = await self._connection.fetch("SELECT table_name, digest, rows FROM castbook_move")
        if {(mark["table_name"], mark["digest"]) for mark in marks} != {
            (name, inventory.digest) for name in inventory.rows
        }:
            raise BadStart(
                "The PostgreSQL (--to) has the begun move of another library, or this one has changed since, or it was "
                "another version of Castbook: create the database again."
            )
        return sum(mark["rows"] for mark in marks)

    async def copy(self, table: Table, source: MoveSource, progress: Progress) -> None:
        """Copy the missing rows in batches, each together with a record of the progress."""
        mark = await self._connection.fetchrow(
            "SELECT rows, last_key FROM castbook_move WHERE table_name = $1", table.name
        )
        done, key = mark["rows"], json.loads(mark["last_key"])
        columns = [column.name for column in table.columns]
        for rows in _pieces(source.rows(table, key)):
            done, key = done + len(rows), key_of(table, rows[-1])
            try:
                async with self._connection.transaction():
                    await self._connection.copy_records_to_table(table.name, records=rows, columns=columns)
                    await self._connection.execute(
                        "UPDATE castbook_move SET rows = $2, last_key = $3 WHERE table_name = $1",
                        *(table.name, done, json.dumps(key)),
                    )
            except asyncpg.IntegrityConstraintViolationError as error:
                raise _written_to(table.name) from error
            progress(table.name, done)

    async def compare(self, table: Table, source: MoveSource, progress: Progress) -> None:
        """Read all rows of both databases again, side by side. Raises BadStart, which names the first that differs."""
        ordered = ", ".join(f'"{column.name}"' for column in table.primary_key.columns)
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        statement = f'SELECT {names} FROM "{table.name}" ORDER BY {ordered}'  # noqa: S608 - our names
        ours, done = source.rows(table), 0
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            cursor = await self._connection.cursor(statement)
            while found := await cursor.fetch(_READ_AT_ONCE):
                for record in found:
                    _same(table, next(ours, None), tuple(record))
                done += len(found)
                progress(table.name, done)
        _same(table, next(ours, None), None)

    async def finish(self, source: MoveSource) -> None:
        """Let generated ids continue where they were, and let bots start."""
        async with self._connection.transaction():
            for table in TABLES:
                await self._go_on_with_ids(table, source.last_id(table))
            await self._connection.execute("DROP TABLE castbook_move")
            await self._connection.execute("UPDATE alembic_version SET version_num = $1", HEAD)
        await self._connection.execute("ANALYZE")  # otherwise the first queries would be planned for empty tables

    async def _alone(self) -> None:
        until = asyncio.get_running_loop().time() + _OTHER_ENDS_WITHIN
        while not await self._connection.fetchval("SELECT pg_try_advisory_lock($1)", _ONE_MOVE):
            if asyncio.get_running_loop().time() > until:
                raise BadStart("Another castbook migrate is moving a library to this PostgreSQL (--to) just now.")
            await asyncio.sleep(0.5)

    async def _revision(self) -> str | None:
        if await self._connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        found: str | None = await self._connection.fetchval("SELECT version_num FROM alembic_version")
        return found

    async def _mark(self, inventory: Inventory) -> None:
        for table in TABLES:
            if await self._connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table.name}")'):  # noqa: S608 - our names
                raise BadStart(
                    f"The PostgreSQL (--to) is not empty, there are rows in {table.name}: create a new database. "
                    "Where a move has come to its end there, nothing is left to do."
                )
        await self._connection.execute(
            "CREATE TABLE castbook_move (table_name TEXT PRIMARY KEY, digest TEXT NOT NULL,"
            " rows BIGINT NOT NULL, last_key TEXT NOT NULL)"
        )
        marks = [(name, inventory.digest, 0, "[]") for name in inventory.rows]
        await self._connection.copy_records_to_table("castbook_move", records=marks)
        await self._connection.execute("UPDATE alembic_version SET version_num = $1", MOVING)

    async def _go_on_with_ids(self, table: Table, last: int) -> None:
        if last:
            (key,) = table.primary_key.columns
            await self._connection.execute(
                "SELECT setval(pg_get_serial_sequence($1, $2), $3)", f'"{table.name}"', key.name, last
            )


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    piece, characters = list[Row](), 0
    for row in rows:
        piece.append(row)
        characters += sum(len(value) for value in row if isinstance(value, str))
        if len(piece) == _ROWS_AT_ONCE or characters > _CHARACTERS_AT_ONCE:
            yield piece
            piece, characters = [], 0
    if piece:
        yield piece


def _same(table: Table, ours: Row | None, theirs: Row | None) -> None:
    if ours is None and theirs is None:
        return
    if ours is None or theirs is None or canonical(ours) != canonical(theirs):
        raise _written_to(table.name)


def _written_to(table: str) -> BadStart:
    return BadStart(
        f"The table {table} of the PostgreSQL (--to) is not what was copied: somebody else has written to it. "
        "Create the database again and start over."
    )


@contextmanager
def _as_bad_start() -> Iterator[None]:
    try:
        yield
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise BadStart(f"The PostgreSQL (--to) refuses us: {error}.") from error
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as error:
        raise BadStart(
            "The PostgreSQL (--to) cannot be reached, or not any more: look after it and run the same command again. "
            "What was copied need not be copied again."
        ) from error
    except asyncpg.PostgresError as error:
        raise BadStart(f"The PostgreSQL (--to) does not do what is needed: {error}.") from error
