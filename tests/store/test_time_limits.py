"""A limit holds for the one who waits, whatever the database is doing; and the statement still ends safely."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import pytest

from bot.concurrency import within
from bot.store.database import Database
from tests.patience import PATIENCE

BUSY = 3600  # seconds for which a statement waits for the lock in these tests: whoever waited for it would never end


@pytest.fixture
async def impatient(database: Database) -> Database:
    async with database.write() as connection:
        await connection.exec_driver_sql(f"PRAGMA busy_timeout={BUSY * 1000}")
    return database


async def test_a_late_probe_is_not_waited_for_and_leaves_no_lock(impatient: Database, database_path: Path) -> None:
    with closing(sqlite3.connect(database_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TimeoutError):
            await within(0.1, impatient.writable())
        other.execute("ROLLBACK")
    assert await within(PATIENCE, impatient.writable())


async def test_many_late_ones_leave_the_database_as_it_was(impatient: Database, database_path: Path) -> None:
    with closing(sqlite3.connect(database_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        results = await asyncio.gather(*[within(0.05, impatient.writable()) for _ in range(50)], return_exceptions=True)
        other.execute("ROLLBACK")
    assert {type(result) for result in results} == {TimeoutError}
    assert await within(PATIENCE, impatient.writable())


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_is_given_up_when_keeps_no_lock(impatient: Database, database_path: Path, seed: int) -> None:
    """Reads, writes and probes, limited and cancelled at random moments, with another program locking now and then."""
    random = Random(seed)

    async def write() -> None:
        async with impatient.write() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
            await asyncio.sleep(random.uniform(0, 0.003))

    async def read() -> None:
        async with impatient.read() as connection:
            await connection.exec_driver_sql("SELECT count(*) FROM jobs")

    async def one() -> None:
        work = random.choice([write, read])()
        if random.random() < 0.5:
            with suppress(TimeoutError):
                await within(random.uniform(0, 0.004), work)
            return
        task = asyncio.ensure_future(work)
        await asyncio.sleep(random.uniform(0, 0.004))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def lock_now_and_then() -> None:
        with closing(sqlite3.connect(database_path, isolation_level=None, timeout=PATIENCE)) as other:
            for _ in range(10):
                await asyncio.to_thread(lambda: None)
                with suppress(sqlite3.OperationalError):
                    other.execute("PRAGMA busy_timeout=0")
                    other.execute("BEGIN IMMEDIATE")
                    await asyncio.sleep(0.005)
                    other.execute("ROLLBACK")
                await asyncio.sleep(0.005)

    await asyncio.gather(lock_now_and_then(), *[one() for _ in range(200)])
    with closing(sqlite3.connect(database_path, isolation_level=None, timeout=PATIENCE)) as other:
        other.execute("BEGIN EXCLUSIVE")  # nobody holds a lock any more
        other.execute("ROLLBACK")
    assert await impatient.writable()
