"""How a connection to SQLite is set up: durable, private, and with transactions that really begin."""

from __future__ import annotations

import sqlite3

from sqlalchemy import Connection, Engine, event

from bot.limits import DATABASE_BUSY

_BOTH = (f"PRAGMA busy_timeout={int(DATABASE_BUSY.total_seconds() * 1000)}",)
_WRITER = (
    *_BOTH,
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # a wiped token or a deleted character is overwritten, not only unlinked
)
_READER = (*_BOTH, "PRAGMA query_only=ON")


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
