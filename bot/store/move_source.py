"""The SQLite database that is moved to PostgreSQL: read row by row, and checked before anything is copied."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String, Table

from bot.errors import BadStart
from bot.limits import DATABASE_BUSY
from bot.store.schema import Instant
from bot.store.tables import HEAD, alembic_version, metadata

Row: TypeAlias = tuple[Any, ...]
"""The values of a row in PostgreSQL's form, in the order of the table's columns."""

TABLES: Final = tuple(metadata.sorted_tables)  # each after the tables that its foreign keys refer to
_NAMED_AT_MOST = 10
_READ_AT_ONCE = 500  # rows


@dataclass(frozen=True, slots=True)
class Inventory:
    """The contents of a database: rows by table, in the order of TABLES, and a digest of everything (hexadecimal)."""

    rows: dict[str, int]
    digest: str

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


class _Unfit(Exception):
    """Why PostgreSQL cannot store a value."""


class _Undecodable:
    """A text whose bytes are not UTF-8."""


class MoveSource:
    """The database at ``path``, which nobody may write to meanwhile. Nothing in it is changed.

    The methods block while they read from the disk. Raises :class:`~bot.errors.BadStart` if it cannot be read, is
    damaged, or is from another version.
    """

    def __init__(self, path: Path) -> None:
        address = f"{path.absolute().as_uri()}?mode=ro"  # do not create a database if there is none
        try:
            with _as_bad_start():
                self._connection = sqlite3.connect(address, uri=True, timeout=DATABASE_BUSY.total_seconds())
                self._connection.text_factory = _decoded
                self._check()
        except BaseException:
            self.close()
            raise

    def _check(self) -> None:
        self._connection.execute("BEGIN")  # one snapshot for the whole move
        known = self._connection.execute("SELECT name FROM sqlite_master WHERE name = ?", [alembic_version.name])
        revision = known.fetchone() and self._connection.execute("SELECT version_num FROM alembic_version").fetchone()
        if revision != (HEAD,):
            raise BadStart("The library (store.url) is of another version: run castbook migrate without --to first.")
        if self._connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise _damaged()
        if broken := self._connection.execute("PRAGMA foreign_key_check").fetchone():
            raise BadStart(
                f"The library (store.url) is damaged: a row of {broken[0]} names one of {broken[2]} that is gone."
            )

    def close(self) -> None:
        """Close the file."""
        if connection := getattr(self, "_connection", None):
            connection.close()

    def survey(self, seen: Callable[[str, int], None]) -> Inventory:
        """Read all of it. ``seen`` is called from time to time with a table and how many of its rows were read.

        Raises BadStart, which names the values that PostgreSQL cannot store.
        """
        whole, rows, unfit = hashlib.sha256(HEAD.encode()), {}, list[str]()
        for table in TABLES:
            count = 0
            for count, row in enumerate(self._read(table, unfit), 1):
                whole.update(canonical(row))
                if count % _READ_AT_ONCE == 0:
                    seen(table.name, count)
            rows[table.name] = count
            whole.update(f"{table.name} {count}\n".encode())
        if unfit:
            more = f" And {len(unfit) - _NAMED_AT_MOST} more." if len(unfit) > _NAMED_AT_MOST else ""
            raise BadStart(f"PostgreSQL cannot keep these values: {'; '.join(unfit[:_NAMED_AT_MOST])}.{more}")
        return Inventory(rows, whole.hexdigest())

    def rows(self, table: Table, after: Sequence[Any] = ()) -> Iterator[Row]:
        """The rows by their primary key; ``after``: only those after the row with that key."""
        return self._read(table, None, after)

    def last_id(self, table: Table) -> int:
        """The highest id that the table ever had; 0 if its ids are not generated."""
        if not table.dialect_options["sqlite"]["autoincrement"]:
            return 0
        found = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table.name]).fetchone()
        return int(found[0]) if found else 0

    def _read(self, table: Table, unfit: list[str] | None, after: Sequence[Any] = ()) -> Iterator[Row]:
        keys = [f'"{column.name}"' for column in table.primary_key.columns]
        where = f"WHERE ({', '.join(keys)}) > ({', '.join('?' * len(keys))})" if after else ""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        statement = f'SELECT {names} FROM "{table.name}" {where} ORDER BY {", ".join(keys)}'  # noqa: S608 - our names
        fits = [_fit(column) for column in table.columns]
        with _as_bad_start():
            cursor = self._connection.execute(statement, tuple(after))
            while found := cursor.fetchmany(_READ_AT_ONCE):
                for raw in found:
                    try:
                        yield tuple(fit(value) for fit, value in zip(fits, raw, strict=True))
                    except _Unfit:
                        if unfit is None:
                            raise
                        unfit.extend(_named(table, fits, raw))


def key_of(table: Table, row: Row) -> list[Any]:
    """The primary key of a row."""
    return [value for column, value in zip(table.columns, row, strict=True) if column.primary_key]


def canonical(row: Row) -> bytes:
    """A serialisation that differs for different values and types: 1, 1.0 and true are three values."""
    return repr(row).encode()


@contextmanager
def _as_bad_start() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise BadStart(
            "The library (store.url) cannot be read: check that it is there, the rights of its folder and the disk."
        ) from error
    except sqlite3.Error as error:
        raise _damaged() from error


def _damaged() -> BadStart:
    return BadStart("The library (store.url) is damaged, or not a database: nothing was moved.")


def _fit(column: Column[Any]) -> Callable[[Any], Any]:
    """Converts SQLite's values, which may have any type in any column, to PostgreSQL's."""
    kind = column.type
    if isinstance(kind, Boolean):
        return _boolean
    if isinstance(kind, Float):
        return _number
    if isinstance(kind, String):
        return _text
    if isinstance(kind, Integer | Instant):
        return partial(_whole, bits=64 if isinstance(kind, BigInteger | Instant) else 32)
    raise TypeError(f"nobody has said how {kind!r} is moved")


def _boolean(value: object) -> bool | None:
    if value is None or value in (0, 1):
        return None if value is None else bool(value)
    raise _Unfit("is neither true nor false")


def _number(value: object) -> float | None:
    if value is None or isinstance(value, int | float):
        return None if value is None else float(value)
    raise _Unfit("is no number")


def _whole(value: object, *, bits: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int):
        raise _Unfit("is no whole number")
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise _Unfit(f"is a number of more than {bits} bits")
    return value


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, _Undecodable):
        raise _Unfit("is a text that is no UTF-8")
    if not isinstance(value, str):
        raise _Unfit("is no text")
    if "\0" in value:
        raise _Unfit("is a text with a zero byte in it")
    return value


def _decoded(raw: bytes) -> str | _Undecodable:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return _Undecodable()


def _named(table: Table, fits: Sequence[Callable[[Any], Any]], raw: Sequence[Any]) -> Iterator[str]:
    key = ", ".join(str(value) for value in key_of(table, tuple(raw)))
    for column, fit, value in zip(table.columns, fits, raw, strict=True):
        try:
            fit(value)
        except _Unfit as why:
            yield f"{column.name} of the row {key} of {table.name} {why}"
