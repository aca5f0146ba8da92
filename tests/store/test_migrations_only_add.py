"""Migrations only add, so that a process of the version before goes on beside the new ones.

Each revision is run on a real PostgreSQL, and the statements that it sends there are looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, make_url

from bot.store import migrate
from bot.store.postgres_schema import migrating
from bot.store.tables import HEAD

FIRST = "0014"
"""Those before were made while one process at a time had the database, and no release has them."""
ALLOWED: dict[tuple[str, str], str] = {
    ("0028", f"DROP INDEX CONCURRENTLY IF EXISTS {index}"): "an old process searches by another index"
    for index in ("ix_characters_owner_trigrams", "ix_characters_trigrams")
}
"""What a revision does all the same, by its number and the whole statement: why an old process is not hurt."""

_TABLE = r'"?(?P<table>\w+)"?'
_MADE = re.compile(rf"CREATE TABLE (?:IF NOT EXISTS )?{_TABLE}", re.IGNORECASE)
_ALTERED = re.compile(rf"ALTER TABLE (?:ONLY )?{_TABLE} (?P<what>.*)", re.IGNORECASE | re.DOTALL)
_UNIQUE = re.compile(rf"CREATE UNIQUE INDEX .*? ON {_TABLE}", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(rf"REFERENCES {_TABLE}\s*\([^)]*\)(?P<then>[^,]*)", re.IGNORECASE)
_TAKES_AWAY = re.compile(r"\s*(DROP|TRUNCATE|DELETE)\b", re.IGNORECASE)


def trouble(statement: str, made: set[str]) -> str | None:
    """Why an old process might not go on beside ``statement``; ``None``: it does. ``made``: tables that are new to it.

    A table that the statement makes is added to ``made``.
    """
    if _TAKES_AWAY.match(statement):
        return "takes something away"
    if found := _MADE.match(statement):
        made.add(found["table"])
        return _held(statement, made)
    if (found := _UNIQUE.match(statement)) and found["table"] not in made:
        return "refuses rows that an old process may write"
    if (found := _ALTERED.match(statement)) and found["table"] not in made:
        what = found["what"].upper()
        if not what.startswith("ADD COLUMN "):
            return "changes what is there"
        if "NOT NULL" in what and " DEFAULT " not in what:
            return "needs a value that an old process does not give"
        if re.search(r"\b(UNIQUE|CHECK)\b", what):
            return "refuses rows that an old process may write"
        return _held(statement, made)
    return None


def _held(statement: str, made: set[str]) -> str | None:
    """An old process deletes rows, and knows of none that refer to them."""
    for found in _REFERENCE.finditer(statement):
        if found["table"] not in made and "ON DELETE" not in found["then"].upper():
            return f"keeps an old process from deleting rows of {found['table']}"
    return None


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CREATE TABLE things (id BIGINT NOT NULL, PRIMARY KEY (id))", None),
        ("CREATE INDEX ix_jobs_kind ON jobs (kind)", None),
        ("CREATE UNIQUE INDEX ix_new_kind ON new (kind)", None),
        ("ALTER TABLE jobs ADD COLUMN more TEXT", None),
        ("ALTER TABLE jobs ADD COLUMN more BIGINT DEFAULT '0' NOT NULL", None),
        ("ALTER TABLE new DROP COLUMN more", None),
        ("UPDATE jobs SET kind = 'video'", None),
        ("CREATE TABLE of (id BIGINT REFERENCES characters (id) ON DELETE CASCADE, n BIGINT)", None),
        ("ALTER TABLE jobs ADD COLUMN more BIGINT NOT NULL", "needs a value that an old process does not give"),
        ("ALTER TABLE jobs ADD COLUMN more TEXT UNIQUE", "refuses rows that an old process may write"),
        ("ALTER TABLE jobs ADD CONSTRAINT one CHECK (kind <> '')", "changes what is there"),
        ("ALTER TABLE jobs ALTER COLUMN kind SET NOT NULL", "changes what is there"),
        ("ALTER TABLE jobs ALTER COLUMN kind TYPE TEXT", "changes what is there"),
        ("ALTER TABLE jobs RENAME kind TO sort", "changes what is there"),
        ("ALTER TABLE jobs RENAME TO tasks", "changes what is there"),
        ("ALTER TABLE jobs DROP COLUMN kind", "changes what is there"),
        ('ALTER TABLE "jobs" DROP COLUMN kind', "changes what is there"),
        ("CREATE UNIQUE INDEX ix_jobs_kind ON jobs (kind)", "refuses rows that an old process may write"),
        ("\nDROP TABLE jobs", "takes something away"),
        ("DROP INDEX ix_jobs_kind", "takes something away"),
        ("TRUNCATE jobs", "takes something away"),
        ("DELETE FROM jobs", "takes something away"),
        (
            "CREATE TABLE of (id BIGINT, FOREIGN KEY(id) REFERENCES characters (id), n BIGINT)",
            "keeps an old process from deleting rows of characters",
        ),
    ],
)
def test_what_an_old_process_cannot_go_on_beside_is_seen(statement: str, expected: str | None) -> None:
    assert trouble(statement, {"new"}) == expected


async def test_every_migration_only_adds(new_postgres_url: Callable[..., str]) -> None:
    async with migrating(make_url(new_postgres_url(at_head=False))) as connection:
        sent = await connection.run_sync(_statements)
    refused: dict[tuple[str, str], str] = {}
    for revision, statements in sent.items():
        assert statements, "each sends something"
        made: set[str] = set()
        found = {" ".join(each.split()): trouble(each, made) for each in statements}
        refused |= {(revision, statement): why for statement, why in found.items() if why and revision >= FIRST}
    assert HEAD in sent
    assert refused.keys() == ALLOWED.keys(), "add now, and take away in a later release (docs/runbook.md)"


def _statements(connection: Connection) -> dict[str, list[str]]:
    """What each revision sends, the oldest first."""
    config, sent = migrate.config(), dict[str, list[str]]()
    config.attributes["connection"] = connection

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent[revision].append(statement)

    event.listen(connection, "before_cursor_execute", note)
    for script in reversed(list(ScriptDirectory.from_config(config).walk_revisions())):
        sent[revision := script.revision] = []
        command.upgrade(config, revision)
    return sent
