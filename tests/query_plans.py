"""Refuses a query of the bot's that scans a table which only grows (design, rule 20).

While the tests run, every statement that the bot sends through its :class:`~bot.store.database.Database` is written
down, in each worker. At the end of the run the plan of each of them is asked for: of SQLite here, of PostgreSQL in
:mod:`tests.postgres_plans`, by each worker for itself.
"""

from __future__ import annotations

import functools
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.postgres import PostgresDatabase
from bot.store.sqlite_database import SQLiteDatabase
from bot.store.tables import metadata
from tests import postgres_plans
from tests.postgres_databases import Databases

# Tables that stay small however long the bot runs, and why: every other one grows.
SMALL = {
    "avatar_groups": "there is one at the provider",
    "avatars": "no more than the places that the provider has for them",
    "closed_models": "a row for each model that the provider closed; there are a dozen models",
    "command_sync": "a row for each application",
    "keys": "a row for each of our own keys",
    "operator_blocks": "people whom the operators block by hand",
    "pauses": "a row for each thing that can be paused",
    "rates": "a row for each kind of request",
    "server_blocks": "people whom servers block by hand; all of them are in memory as well",
    "taken_interactions": "forgotten after the minutes for which Discord may repeat one",
    "task_times": "so many of the last times of each model are kept",
    "told_alarms": "sentences that operators were told within the hour; each new one takes the old ones away",
}
GROWING = frozenset(metadata.tables) - frozenset(SMALL)
# Indexes that hold only what is not done, is being worked on, or still has a token: they do not grow with time.
BOUNDED = frozenset(
    {
        *("ix_jobs_unfinished_due", "ix_jobs_unsubmitted_due", "ix_jobs_unfinished_owner", "ix_jobs_queued"),
        *("ix_jobs_leased", "ix_jobs_with_token"),
        *("ix_sent_messages_wanted", "ix_sent_messages_with_token"),
    }
)
# What must read a table as a whole, by the function that does.
WHOLE = {
    "ServerStore.load": "what servers set by hand is held in memory as a whole",
    "DiskUse.keys": "at the start, the sweep needs the key of every file there is",
    "PrivacyStore.ownerless": "each ownerless task is asked about; there is one for each deletion in mid-task",
}

_CALLER = "castbook_caller"
_seen: set[tuple[str, str, str]] = set()  # the kind of database, who sent it, and the statement


def record() -> None:
    """From now on, write down what the bot sends in this process. What tests send themselves does not count."""
    for kind in (SQLiteDatabase, PostgresDatabase):
        for name in ("write", "write_at_once", "read", "read_at_once"):
            _tag(kind, name)
    event.listen(Engine, "before_cursor_execute", _note)


def _tag(kind: type[Database], name: str) -> None:
    real = getattr(kind, name)

    @asynccontextmanager
    async def tagged(database: Database, caller: str, options: dict[str, bool]) -> AsyncIterator[AsyncConnection]:
        async with real(database, **options) as connection:
            info: dict[str, Any] = connection.sync_connection.info
            info[_CALLER] = caller
            try:
                yield connection
            finally:
                info.pop(_CALLER, None)

    def opened(database: Database, **options: bool) -> AbstractAsyncContextManager[AsyncConnection]:
        frame = sys._getframe(1)
        ours = frame.f_globals.get("__name__", "").startswith("bot.")
        return tagged(database, frame.f_code.co_qualname if ours else "", options)

    setattr(kind, name, opened)


def _note(connection: Any, _cursor: object, statement: str, *_: object) -> None:
    caller = connection.info.get(_CALLER)
    if caller and statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        kind = connection.dialect.name
        shown = postgres_plans.short(statement) if kind == "postgresql" else _short(statement)
        _seen.add((kind, caller, shown))


@functools.cache  # the same ones are sent again and again
def _short(statement: str) -> str:
    return re.sub(r"\bIN \(\?(, \?)+\)", "IN (?)", statement)


def save(folder: Path, worker: str) -> None:
    """Keep what was written down where :func:`saved` finds it."""
    lines = ["\0".join(each) for each in sorted(_seen)]
    (folder / f"statements-{worker}.txt").write_text("\0\0".join(lines), "utf-8")


def saved(folder: Path) -> set[tuple[str, str]]:
    """What all workers of a run have written down for SQLite: who sent it, and the statement."""
    found = set()
    for path in folder.glob("statements-*.txt"):
        for entry in path.read_text("utf-8").split("\0\0"):
            of, _, sent = entry.partition("\0")
            caller, _, statement = sent.partition("\0")
            if of == "sqlite" and statement:
                found.add((caller, statement))
    return found


def scans_on_postgres(statements: Iterable[tuple[str, str]], databases: Databases) -> list[str]:
    """As :func:`scans`, of what was sent to PostgreSQL."""
    asked = {(caller, statement) for caller, statement in statements if caller not in WHOLE}
    return [
        f"{caller}: {step} (PostgreSQL)\n    {' '.join(statement.split())}"
        for caller, statement, step in postgres_plans.reading_all(asked, GROWING, BOUNDED, databases)
    ]


def sent_to_postgres() -> set[tuple[str, str]]:
    """What this process has written down for PostgreSQL: who sent it, and the statement."""
    return {(caller, statement) for kind, caller, statement in _seen if kind == "postgresql"}


def save_scans(folder: Path, worker: str, found: Iterable[str]) -> None:
    """Keep them where :func:`saved_scans` finds them."""
    (folder / f"scans-{worker}.txt").write_text("\0".join(found), "utf-8")


def saved_scans(folder: Path) -> list[str]:
    """Those that all workers of a run have found, each once."""
    kept = [path.read_text("utf-8").split("\0") for path in folder.glob("scans-*.txt")]
    return sorted({each for found in kept for each in found if each})


def scans(statements: Iterable[tuple[str, str]], migrated: Path) -> list[str]:
    """A line for each statement that reads a growing table from one end to the other, in an empty database at head."""
    with closing(sqlite3.connect(f"file:{migrated}?mode=ro&immutable=1", uri=True)) as database:
        return [
            f"{caller}: {step}\n    {' '.join(statement.split())}"
            for caller, statement in sorted(statements)
            if caller not in WHOLE
            for step in _plan(database, statement)
            if _reads_all(step)
        ]


def _plan(database: sqlite3.Connection, statement: str) -> list[str]:
    nothing = [None] * statement.count("?")
    return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", nothing)]


def _reads_all(step: str) -> bool:
    match = re.match(r"SCAN (\w+?)(?:_\d+)?(?: AS \w+)?(?: USING (?:COVERING )?INDEX (\w+))?$", step)
    return match is not None and match[1] in GROWING and match[2] not in BOUNDED
