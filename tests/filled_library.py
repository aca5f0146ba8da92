"""A library with rows in every table, of every value that a column can have: for what has to carry all of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, String, Table, UniqueConstraint

from bot.store.schema import Instant
from bot.store.tables import metadata

TEXTS = (
    "",
    "Zoë",
    "naïve e\u0301",  # composed of two
    "人物 🎭👩‍👩‍👧",
    "\u202eright to left\u202c",
    "\ufffe\uffff\U0010ffff",  # no characters, and yet UTF-8
    "two\nlines\r\n\tand a tab",
    "back\\slash 'quotes\" \\N \\. ; --",
    '{"a": "\\u0000", "b": [1.0, null]}',  # an escaped zero byte is no zero byte
    "\x01\x1f\x7f\x80",
    "ﬁ ＺＯＥ ß İ",
    " ",
)
NUMBERS = (0.0, -0.0, 0.1, 1.0, 1e308, 5e-324, -2.5, float("inf"))


def fill(database: Path, *, rows: int = 24, large: int = 3_000_000) -> None:
    """Put that many rows into each table of the database at head at ``database``; one JSON has ``large`` characters."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA foreign_keys=ON")
        for table in metadata.sorted_tables:
            values = [_row(table, number) for number in range(1, rows + 1)]
            insert(connection, table, values)
        connection.execute("UPDATE jobs SET request = ? WHERE rowid = 1", ['{"caption": "' + "é" * large + '"}'])
        # The newest ones are gone, and their ids must not be given again.
        for name in ("videos", "sent_messages"):
            connection.execute(f"DELETE FROM {name} WHERE id = (SELECT max(id) FROM {name})")
        connection.commit()


def insert(connection: sqlite3.Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    names = [column.name for column in table.columns]
    marks = ", ".join("?" * len(names))
    statement = f'INSERT INTO "{table.name}" ({", ".join(map(_quoted, names))}) VALUES ({marks})'
    connection.executemany(statement, ([row[name] for name in names] for row in rows))


def _row(table: Table, number: int) -> dict[str, Any]:
    return {column.name: _value(table, column, number + place) for place, column in enumerate(table.columns)} | {
        column.name: _key(column, number) for column in table.columns if _told_apart(table, column)
    }


def _told_apart(table: Table, column: Column[Any]) -> bool:
    """Whether its values must not repeat, or have to be those of another table."""
    unique = any(index.unique and column.name in index.columns for index in table.indexes)
    constraint = any(column.name in each.columns for each in table.constraints if isinstance(each, UniqueConstraint))
    return bool(column.primary_key or column.foreign_keys or unique or constraint)


def _key(column: Column[Any], number: int) -> Any:
    if isinstance(column.type, String):
        name = next(iter(column.foreign_keys)).column.table.name if column.foreign_keys else column.table.name
        return f"{TEXTS[number % len(TEXTS)]}{name[:4]}{number}"
    return number


def _value(table: Table, column: Column[Any], number: int) -> Any:
    if column.nullable and number % 5 == 0:
        return None
    kind = column.type
    if isinstance(kind, Boolean):
        return number % 2
    if isinstance(kind, Float):
        return NUMBERS[number % len(NUMBERS)]
    if isinstance(kind, String):
        return TEXTS[number % len(TEXTS)]
    most = (1 << 63) - 1 if isinstance(kind, BigInteger | Instant) else (1 << 31) - 1
    return (number, most - number, -most - 1 + number)[number % 3]


def _quoted(name: str) -> str:
    return f'"{name}"'
