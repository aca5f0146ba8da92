"""What stops us from writing, told apart from defects by the real errors of SQLite and of the system."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from bot.errors import DatabaseFault
from bot.store.database import Database
from bot.store.database_errors import database_fault_of
from bot.store.files import FileStore
from bot.store.sqlite_database import SQLiteDatabase
from bot.store.tables import consents
from tests.small_files import files_at_most


async def failure(database: Database, now: datetime, count: int = 1) -> SQLAlchemyError:
    """What it raises when so many rows are written in one transaction."""
    rows = [{"owner_id": number, "given_at": now} for number in range(1, count + 1)]
    with pytest.raises(SQLAlchemyError) as caught:
        async with database.write() as connection:
            await connection.execute(insert(consents), rows)
    return caught.value


async def set_pragma(database: Database, pragma: str) -> None:
    async with database.write() as connection:
        await connection.exec_driver_sql(f"PRAGMA {pragma}")


async def kept(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(consents)) or 0


async def test_a_lock_that_another_connection_holds(database: Database, database_path: Path, now: datetime) -> None:
    await set_pragma(database, "busy_timeout=50")
    with closing(sqlite3.connect(database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert database_fault_of(await failure(database, now)) is DatabaseFault.BUSY
        other.execute("ROLLBACK")
    assert await database.writable()


async def test_a_writer_that_is_waited_for_in_vain(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.DATABASE_TURN_WITHIN", 0.05)  # half a minute in real life
    async with database.write():
        assert database_fault_of(await failure(database, now)) is DatabaseFault.BUSY
    assert await database.writable()


async def test_a_database_that_may_not_grow(database: SQLiteDatabase, now: datetime) -> None:
    async with database.write() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar()
    await set_pragma(database, f"max_page_count={pages}")
    assert database_fault_of(await failure(database, now, 5_000)) is DatabaseFault.FULL
    await set_pragma(database, "max_page_count=1000000")
    assert await kept(database) == 0, "nothing of it was written"
    assert await database.writable()


async def test_a_disk_that_takes_no_more(database: Database, database_path: Path, now: datetime) -> None:
    await database.writable()  # so that the log is there
    log = database_path.with_name(f"{database_path.name}-wal")
    with files_at_most(log.stat().st_size + 5_000):
        assert database_fault_of(await failure(database, now, 5_000)) is DatabaseFault.FULL
    assert await kept(database) == 0, "nothing of it was written"
    async with database.write() as connection:
        await connection.execute(insert(consents).values(owner_id=1, given_at=now))
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar() == "ok"
    assert await kept(database) == 1


async def test_a_file_that_cannot_be_written_leaves_nothing_behind(files: FileStore, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(bytes(3_000_000))
    with files_at_most(1_000_000):
        with pytest.raises(OSError, match="too large") as by_path:
            await files.put_path(7, source, "video/mp4")
        with pytest.raises(OSError, match="too large") as by_bytes:
            await files.put_bytes(7, bytes(2_000_000), "image/png")
    assert {database_fault_of(by_path.value), database_fault_of(by_bytes.value)} == {DatabaseFault.FULL}
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
    stored = await files.put_path(7, source, "video/mp4")
    assert (await files.read(stored.key)) == source.read_bytes()


async def test_everything_else_is_a_defect(database: Database, now: datetime) -> None:
    async with database.write() as connection:
        await connection.execute(insert(consents).values(owner_id=1, given_at=now))
    assert database_fault_of(await failure(database, now)) is None, "a row that is there already"
    for error in (None, RuntimeError("no"), FileNotFoundError(2, "no such file"), asyncio.CancelledError()):
        assert database_fault_of(error) is None
