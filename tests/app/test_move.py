"""The command migrate --to: every row arrives as it was, however often the move is killed, or nothing is begun."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from bot.app.move import move
from bot.config import Settings, load
from bot.errors import BadConfiguration, BadStart
from bot.store import move_source, move_target
from bot.store.database import database_at
from bot.store.lock import locked
from bot.store.provider_tables import webhook_events
from bot.store.tables import HEAD, MOVING, metadata
from tests.filled_library import fill, insert
from tests.wire.scene import migrated

NewUrl = Callable[..., str]
NOWHERE = "postgresql+asyncpg://somebody:s3cret@127.0.0.1:1/castbook"  # nobody listens there


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = migrated(tmp_path_factory.mktemp("filled")) / "castbook.db"
    fill(path)
    return path


@pytest.fixture
def library(filled: Path, tmp_path: Path) -> Path:
    """The database of a library with rows in every table."""
    return Path(shutil.copyfile(filled, tmp_path / "castbook.db"))


@pytest.fixture
def settings(library: Path) -> Settings:
    return load(None, environment(library))


@pytest.fixture
def target(new_postgres_url: NewUrl) -> str:
    """A database without a row, whose tables are there: that is quicker."""
    return new_postgres_url()


def environment(library: Path) -> dict[str, str]:
    given = {
        "DISCORD__TOKEN": "a-token",
        "TOAPIS__API_KEY": "a-key",
        "STORE__URL": f"sqlite+aiosqlite:///{library}",
        "STORE__FILES": str(library.with_name("files")),
    }
    return {f"CASTBOOK__{name}": value for name, value in given.items()}


def asked(url: str, statement: str) -> list[tuple]:
    """The rows that a database on PostgreSQL answers with, by a connection of our own."""

    async def ask() -> list[tuple]:
        connection = await connected(url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())


async def connected(url: str) -> asyncpg.Connection:
    address = make_url(url)
    return await asyncpg.connect(host=address.query["host"], user=address.username, database=address.database)


def in_sqlite(library: Path, statement: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{library}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


def rows_of(read: Callable[[str], list[tuple]]) -> dict[str, list[str]]:
    """Every value of every table, with its type, but for the two that SQLite writes as numbers."""
    found = {}
    for table in metadata.sorted_tables:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        truths = [column.type.python_type is bool for column in table.columns]
        rows = [
            [bool(value) if truth and value is not None else value for truth, value in zip(truths, row, strict=True)]
            for row in read(f'SELECT {names} FROM "{table.name}"')
        ]
        found[table.name] = sorted(map(repr, rows))
    return found


def assert_moved(library: Path, url: str) -> None:
    ours, theirs = (
        rows_of(lambda statement: in_sqlite(library, statement)),
        rows_of(lambda statement: asked(url, statement)),
    )
    for name, rows in ours.items():
        assert theirs[name] == rows, name
    assert asked(url, "SELECT version_num FROM alembic_version") == [(HEAD,)]
    assert asked(url, "SELECT to_regclass('castbook_move')") == [(None,)]


def run(library: Path, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", "migrate", "--to", url]
    env = {key: value for key, value in os.environ.items() if not key.startswith("CASTBOOK")} | environment(library)
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_every_table_has_rows_and_arrives_as_it_was(
    settings: Settings, library: Path, new_postgres_url: NewUrl, capsys: pytest.CaptureFixture[str]
) -> None:
    before, target = library.read_bytes(), new_postgres_url(at_head=False)
    assert asyncio.run(move(settings, target)) == 0
    assert library.read_bytes() == before
    assert all(rows_of(lambda statement: in_sqlite(library, statement)).values())
    assert_moved(library, target)
    lines = capsys.readouterr().out.splitlines()
    total = sum(len(rows) for rows in rows_of(lambda statement: in_sqlite(library, statement)).values())
    assert lines[0].startswith(f"library    {library}: {total:,} rows, ")
    assert [line.split()[0] for line in lines[-3:]] == ["moved", "next", "files"]
    for table in metadata.sorted_tables:
        assert any(line.startswith(f"copied     {table.name}: all ") for line in lines)
        assert any(line.startswith(f"compared   {table.name}: all ") for line in lines)


def test_the_bot_starts_on_it_and_no_id_is_given_twice(settings: Settings, library: Path, target: str) -> None:
    asyncio.run(move(settings, target))

    async def start() -> None:
        database = database_at(target)
        await database.open()
        await database.close()

    asyncio.run(start())
    for table in (each for each in metadata.sorted_tables if each.dialect_options["sqlite"]["autoincrement"]):
        [(last,)] = in_sqlite(library, f"SELECT seq FROM sqlite_sequence WHERE name = '{table.name}'")
        assert asked(target, f"SELECT nextval('{table.name}_id_seq')") == [(last + 1,)]
        if table.name in ("videos", "sent_messages"):
            assert in_sqlite(library, f"SELECT max(id) FROM {table.name}") == [(last - 1,)]


@pytest.mark.slow
def test_it_goes_on_after_kills_wherever_they_come(library: Path, target: str) -> None:
    """Real ones, in the middle of what is copied and of what is compared."""
    with closing(sqlite3.connect(library)) as connection:
        rows = (
            {"id": f"event {n}", "received_at": n, "task_id": "t" * 100, "business_id": None, "matched": 0}
            for n in range(40_000)
        )
        insert(connection, webhook_events, rows)
        connection.commit()
    seen = [killed(library, target, 1)]
    with asyncio.Runner() as runner:
        held = runner.run(connected(target))
        runner.run(held.execute("BEGIN; LOCK TABLE alembic_version IN EXCLUSIVE MODE"))  # none comes to its end
        seen += [killed(library, target, least) for least in (20_000, 40_000)]
        runner.run(held.close())
    assert seen == sorted(seen)
    assert 0 < seen[0] < seen[1] < 40_000 + 24 * len(metadata.sorted_tables)
    last = run(library, target)
    out, err = last.communicate()
    assert (last.returncode, err) == (0, "")
    assert f"begun      {seen[-1]:,} rows are there already" in out
    assert_moved(library, target)


def killed(library: Path, url: str, least: int) -> int:
    """How many rows a move had copied that was killed when they were at least so many."""
    process = run(library, url)
    while process.poll() is None and copied(url) < least:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert asked(url, "SELECT version_num FROM alembic_version") == [(MOVING,)]
    return copied(url)


def copied(url: str) -> int:
    if asked(url, "SELECT to_regclass('castbook_move')") == [(None,)]:
        return 0
    [(rows,)] = asked(url, "SELECT sum(rows)::bigint FROM castbook_move")
    return int(rows)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE drafts SET attachment = 'a' || char(0) WHERE rowid = 2", ["attachment", "drafts", "zero byte"]),
        (
            "UPDATE characters SET note = CAST(x'ff41' AS TEXT) WHERE id = 3",
            ["note of the row 3 of characters", "UTF-8"],
        ),
        ("UPDATE jobs SET attempts = 1 << 31 WHERE rowid = 1", ["attempts", "jobs", "32 bits"]),
        ("UPDATE jobs SET created_at = 'yesterday' WHERE rowid = 1", ["created_at", "jobs", "no whole number"]),
        ("UPDATE jobs SET counted = 7 WHERE rowid = 1", ["counted", "neither true nor false"]),
        ("UPDATE videos SET seconds = 'long' WHERE id = 1", ["seconds of the row 1 of videos", "no number"]),
        ("UPDATE keys SET value = x'00' WHERE rowid = 1", ["value", "keys", "no text"]),
    ],
)
def test_what_postgresql_cannot_keep_is_named_before_anything_is_copied(
    settings: Settings, library: Path, change: str, named: list[str]
) -> None:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute(change)
        connection.commit()
    with pytest.raises(BadStart) as refused:
        asyncio.run(move(settings, NOWHERE))
    for each in named:
        assert each in str(refused.value)


def test_a_library_that_has_changed_since_is_not_mixed_with_what_is_there(
    settings: Settings, library: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_and_stop(settings, target, monkeypatch)
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("UPDATE keys SET value = 'another' WHERE rowid = 1")
        connection.commit()
    with pytest.raises(BadStart, match="has changed since"):
        asyncio.run(move(settings, target))


def test_no_bot_starts_where_a_move_is_not_at_its_end(
    settings: Settings, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_and_stop(settings, target, monkeypatch)

    async def start() -> None:
        await database_at(target).open()

    with pytest.raises(BadStart, match="is being moved"):
        asyncio.run(start())


def begin_and_stop(settings: Settings, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that is interrupted when it would copy its third table."""
    copy = move_target.MoveTarget.copy
    tables = []

    async def interrupted(self: Any, table: Any, *rest: Any) -> None:
        tables.append(table)
        if len(tables) == 3:
            raise KeyboardInterrupt
        await copy(self, table, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(move_target.MoveTarget, "copy", interrupted)
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(move(settings, target))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE keys SET value = 'another' WHERE name = (SELECT min(name) FROM keys)",
        "DELETE FROM consents WHERE owner_id = (SELECT max(owner_id) FROM consents)",
        "INSERT INTO consents VALUES (9000, 1)",
        "UPDATE videos SET seconds = 1.0000000000000002 WHERE id = (SELECT min(id) FROM videos)",
    ],
)
def test_whoever_writes_to_it_meanwhile_is_noticed(
    settings: Settings, target: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    compare = move_target.MoveTarget.compare
    done = list[str]()

    async def meanwhile(self: Any, *given: Any) -> None:
        if not done:
            done.append(await self._connection.execute(change))
        await compare(self, *given)

    monkeypatch.setattr(move_target.MoveTarget, "compare", meanwhile)
    with pytest.raises(BadStart, match="somebody else has written to it"):
        asyncio.run(move(settings, target))
    assert asked(target, "SELECT version_num FROM alembic_version") == [(MOVING,)]


def test_nothing_is_moved_over_what_is_there(settings: Settings, target: str) -> None:
    asyncio.run(move(settings, target))
    before = asked(target, "SELECT * FROM characters ORDER BY id")
    with pytest.raises(BadStart, match="is not empty"):
        asyncio.run(move(settings, target))
    assert asked(target, "SELECT * FROM characters ORDER BY id") == before


def test_a_running_bot_is_not_moved(settings: Settings, library: Path) -> None:
    lock = locked(library)
    try:
        with pytest.raises(BadStart, match="Another Castbook"):
            asyncio.run(move(settings, NOWHERE))
    finally:
        lock.release()


def test_one_move_at_a_time(settings: Settings, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move_target, "_OTHER_ENDS_WITHIN", 0.1)

    async def twice() -> None:
        async with move_target.MoveTarget.opened(make_url(target)):
            await move(settings, target)

    with pytest.raises(BadStart, match="just now"):
        asyncio.run(twice())


def test_a_library_whose_bot_was_killed_is_moved_with_what_it_had_committed(
    settings: Settings, library: Path, tmp_path: Path, target: str
) -> None:
    killed = tmp_path / "killed"
    killed.mkdir()
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("INSERT INTO consents VALUES (-5, 1)")
        connection.commit()
        for name in ("castbook.db", "castbook.db-wal"):
            shutil.copyfile(library.with_name(name), killed / name)
    path = killed / "castbook.db"
    asyncio.run(move(load(None, environment(path)), target))
    assert asked(target, "SELECT given_at FROM consents WHERE owner_id = -5") == [(1,)]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "There is no library"),
        (lambda path: path.write_bytes(b"no database" * 1000), "damaged, or not a database"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40_000]), "damaged"),
        (lambda path: older(path), "of another version"),
    ],
)
def test_a_library_that_cannot_be_moved_is_one_sentence(
    settings: Settings, library: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(library)
    with pytest.raises(BadStart, match=said):
        asyncio.run(move(settings, NOWHERE))


def older(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()


@pytest.mark.parametrize("to", ["sqlite+aiosqlite:///other.db", "postgresql+asyncpg://u@localhost", "no address"])
def test_a_target_that_is_no_postgresql_is_a_bad_configuration(settings: Settings, to: str) -> None:
    with pytest.raises(BadConfiguration, match="--to does not name a PostgreSQL"):
        asyncio.run(move(settings, to))


def test_what_is_wrong_with_the_target_is_said_without_its_password(library: Path) -> None:
    process = run(library, NOWHERE)
    out, err = process.communicate()
    assert process.returncode == BadStart.exit_code
    assert err.startswith("castbook: The PostgreSQL (--to) cannot be reached")
    assert len(err.splitlines()) == 1
    assert "s3cret" not in out + err


def test_every_type_of_column_has_its_way() -> None:
    for table in metadata.sorted_tables:
        for column in table.columns:
            assert move_source._fit(column)(None) is None
