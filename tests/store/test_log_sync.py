"""What a write has reported as done is on the disk; and waiting for the disk keeps no other writer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.store import log_sync
from bot.store.sqlite_database import SQLiteDatabase
from bot.store.tables import consents
from tests.patience import PATIENCE


class Disk:
    """Stands between the log and the disk: what a sync has covered is what a power cut would leave of the log."""

    def __init__(self, database: Path) -> None:
        self.wal = database.with_name(f"{database.name}-wal")
        self.covered = b""
        self.syncs = 0
        self.slow = threading.Event()
        self.slow.set()
        self.broken = False
        self._real: Callable[[int], None] = log_sync._sync

    def sync(self, file: int) -> None:
        log = self.wal.read_bytes()
        self.syncs += 1
        if not self.slow.wait(10):
            raise TimeoutError
        if self.broken:
            raise OSError(5, "Input/output error")
        self._real(file)
        self.covered = max(self.covered, log, key=len)


@pytest.fixture
def disk(database: SQLiteDatabase, database_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(database_path)
    monkeypatch.setattr(log_sync, "_sync", disk.sync)
    return disk


def size(path: Path) -> int:
    return path.stat().st_size


def changed_at(path: Path) -> int:
    return path.stat().st_mtime_ns


async def give(database: SQLiteDatabase, owner: int, now: datetime, *, urgent: bool = False) -> None:
    async with database.write(urgent=urgent) as connection:
        await connection.execute(insert(consents).values(owner_id=owner, given_at=now))


async def given(database: SQLiteDatabase) -> set[int]:
    async with database.read() as connection:
        return set((await connection.scalars(select(consents.c.owner_id))).all())


@pytest.mark.parametrize("urgent", [False, True])
async def test_what_is_written_is_on_the_disk_when_the_write_ends(
    database: SQLiteDatabase, disk: Disk, now: datetime, urgent: bool
) -> None:
    for owner in range(20):
        await give(database, owner, now, urgent=urgent)
        assert disk.covered == disk.wal.read_bytes(), "nothing of the log is only in memory"
    assert disk.syncs == 20


@pytest.mark.parametrize("urgent", [False, True])
async def test_a_write_does_not_end_before_the_disk_has_it(
    database: SQLiteDatabase, disk: Disk, now: datetime, urgent: bool
) -> None:
    disk.slow.clear()
    writing = asyncio.create_task(give(database, 1, now, urgent=urgent))
    done, _ = await asyncio.wait({writing}, timeout=0.3)
    assert not done
    disk.slow.set()
    await writing


async def test_writers_do_not_wait_for_the_disk_of_others(database: SQLiteDatabase, disk: Disk, now: datetime) -> None:
    disk.slow.clear()
    writing = [asyncio.create_task(give(database, owner, now, urgent=owner == 9)) for owner in range(10)]
    async with asyncio.timeout(PATIENCE):
        while await given(database) != set(range(10)):  # all are committed, and none of them has ended
            await asyncio.sleep(0.01)
    assert not any(task.done() for task in writing)
    disk.slow.set()
    await asyncio.gather(*writing)
    assert disk.covered == disk.wal.read_bytes()
    assert disk.syncs <= 4, "one that was under way, the urgent one's own, and one for all the others"


async def test_the_disk_is_not_asked_where_nothing_was_written(database: SQLiteDatabase, disk: Disk) -> None:
    async with database.write() as connection:
        await connection.execute(select(consents))
    assert disk.syncs == 0


@pytest.mark.parametrize("urgent", [False, True])
async def test_a_disk_that_fails_is_told(database: SQLiteDatabase, disk: Disk, now: datetime, urgent: bool) -> None:
    disk.broken = True
    with pytest.raises(OSError, match="Input/output"):
        await give(database, 1, now, urgent=urgent)
    disk.broken = False
    await give(database, 2, now, urgent=urgent)


async def test_a_cancelled_wait_cancels_nobody_elses(database: SQLiteDatabase, disk: Disk, now: datetime) -> None:
    disk.slow.clear()
    writing = [asyncio.create_task(give(database, owner, now)) for owner in range(5)]
    while await given(database) != set(range(5)):
        await asyncio.sleep(0.01)
    writing[3].cancel()
    await asyncio.sleep(0.05)
    disk.slow.set()
    results = await asyncio.gather(*writing, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [False, False, False, True, False]
    assert disk.covered == disk.wal.read_bytes()


async def test_the_log_is_copied_into_the_database_now_and_then(
    database: SQLiteDatabase, database_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.CHECKPOINT_EVERY", 10)
    wal = database_path.with_name(f"{database_path.name}-wal")
    before, sizes = changed_at(database_path), []
    for owner in range(200):
        await give(database, owner, now)
        if database._checkpoint is not None:
            await database._checkpoint  # else the log begins again only when there is a moment without a write
        sizes.append(size(wal))
    assert changed_at(database_path) > before
    assert max(sizes) < 200 * 4096, "it begins again, and does not grow with what is written"
