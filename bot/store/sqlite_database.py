"""SQLite: one process, one writer, snapshots for readers, and a schema at head."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import structlog
from filelock import BaseFileLock
from sqlalchemy import URL, update
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot import limits, tracing
from bot.concurrency import PriorityLimiter
from bot.errors import BadStart
from bot.store.database import Database
from bot.store.lock import locked
from bot.store.log_sync import LogSync
from bot.store.named_locks import LocalLocks
from bot.store.sqlite import CHECKPOINT_ONLY_IF_LARGE, PATIENT, READER, WRITER, SteadyConnection, engine_of
from bot.store.tables import HEAD, alembic_version
from bot.store.upgrade import bring_to_head, revision
from bot.store.write_locks import Lock

_log = structlog.get_logger(__name__)


class SQLiteDatabase(Database):
    """SQLite behind two engines: ``write()`` has the only writing connection, ``read()`` never waits for it.

    ``url`` names a file; its folder is created if necessary. While it is open, the file is locked.
    """

    shared = False

    def __init__(self, url: URL) -> None:
        super().__init__()
        self._url = url
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._turns = PriorityLimiter(1)  # for the writing connection
        self._log: LogSync | None = None
        self._writes = 0  # since the last checkpoint
        self._checkpoint: asyncio.Future[None] | None = None
        self._lock: BaseFileLock | None = None
        self._locks = LocalLocks()
        self._rewriting: SteadyConnection | None = None
        self._rewritten_at: float | None = None
        self._put_off_since: float | None = None

    async def open(self) -> None:
        """Lock the file, bring the schema to head, connect."""
        try:
            await self._open()
        except BaseException as error:
            await self.close()
            if isinstance(error, (OSError, SQLAlchemyError)):
                raise _bad_start(error) from error
            raise

    async def _open(self) -> None:
        path = self._take(Path(self._url.database or ""))
        self._log = LogSync(path)
        self._writer = engine_of(path, WRITER, connections=1)
        async with self.write() as connection:
            known = await revision(connection)
        if known != HEAD:
            await bring_to_head(URL.create("sqlite", database=str(path)))
        await self._touch()
        await self.scrub()  # what was deleted right before a kill
        self._reader = engine_of(path, READER, connections=2)

    def _take(self, named: Path) -> Path:
        path = named.resolve()  # two names of one file are one lock
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = locked(path)
        # SQLite gives its journal files the permissions of the database, so these are set before it sees the file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return path

    async def close(self) -> None:
        """Close every connection, then release the lock."""
        engines = self._reader, self._writer
        self._reader = self._writer = None
        try:
            for engine in engines:
                if engine is not None:
                    await engine.dispose()
            if self._log is not None:
                await self._log.close()
                self._log = None
        finally:
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    @asynccontextmanager
    async def write(
        self, *, urgent: bool = False, locks: Collection[Lock] | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """It has the one write lock from its first statement, whatever its ``locks``."""
        if urgent and self._rewriting is not None:
            self._rewriting.interrupt_statement()
        if not urgent:
            await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        with tracing.span("database write", urgent=urgent):
            async with self._turn(urgent=urgent), _connected(self._writer) as connection, connection.begin():
                driver = await _driver(connection)
                before = driver.total_changes
                yield connection
                changed = driver.total_changes != before
            if changed:
                await self._on_disk(urgent=urgent)

    def write_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """There is one writer, so it queues like others, as the next one."""
        return self.write(urgent=True)

    @asynccontextmanager
    async def _turn(self, *, urgent: bool) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(limits.DATABASE_TURN_WITHIN):
                await self._turns.acquire(urgent=urgent)
        except TimeoutError:
            raise NoConnection("the one connection that writes was not free in time") from None
        try:
            yield
        finally:
            self._turns.release()

    async def _on_disk(self, *, urgent: bool) -> None:
        if self._log is None:  # closed meanwhile; closing the last connection has synced everything to disk
            return
        self._writes += 1
        if self._writes >= limits.CHECKPOINT_EVERY and (self._checkpoint is None or self._checkpoint.done()):
            self._writes = 0
            self._checkpoint = self._log.checkpoint()
        await self._log.synced(urgent=urgent)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One snapshot of the database."""
        await self.foreground.goes_first(limits.ANSWERS_GO_FIRST)
        async with _connected(self._reader) as connection:
            yield connection

    def read_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """The same as :meth:`read`."""
        return self.read()

    def search(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """The same as :meth:`read`: no connection is waited for, and each statement is planned by itself."""
        return self.read()

    async def merge_search(self, *, whole: bool = False) -> None:
        """Merge segments of the full-text index, a few pages at a time, while others may write in between.

        A write adds a segment, and a search looks into each one. SQLite itself leaves up to 15 of each size.
        """
        pages = -limits.SEARCH_PAGES_MERGED_AT_ONCE if whole else limits.SEARCH_PAGES_MERGED_AT_ONCE
        merged = True
        while merged:
            async with self.write() as connection:
                driver = await _driver(connection)
                before = driver.total_changes
                await connection.exec_driver_sql(_MERGE_SEARCH, (pages,))
                merged = driver.total_changes - before > 1  # more than this statement itself
            pages = abs(pages)  # a negative number begins with all segments, a positive one goes on

    async def leave_no_trace(self, connection: AsyncConnection) -> None:
        """Declare, within the transaction ``connection``, that the next scrub has to rewrite the whole file.

        SQLite overwrites deleted data (``secure_delete``), but not the copies that it left in the gaps of pages when it
        moved rows. Only VACUUM gets rid of those.
        """
        await connection.exec_driver_sql("PRAGMA user_version=1")

    async def scrub(self) -> bool:
        """Remove deleted data: from the file's gaps (:meth:`leave_no_trace`), and from its log (``-wal``), where old
        pages stay until they are overwritten.

        Returns whether that is done. If somebody reads an older snapshot, or the file was rewritten recently (which
        costs more the larger it is), or a command came in between, it has to be called again.
        """
        try:
            await self._copied()
            async with self._alone() as driver:
                clean = await self._without_gaps(driver)
            await self._copied()
            async with self._alone() as driver:
                return await _log_emptied(driver) and clean
        except sqlite3.Error as error:  # a full disk, for example: nothing changes, and it is tried again
            _log.warning("database_not_scrubbed", error=type(error).__name__)
            return False

    async def _copied(self) -> None:
        """The log has been copied into the database, as far as possible, while others keep writing."""
        if self._log is not None:
            await self._log.checkpoint()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[SteadyConnection]:
        """The writing connection, outside a transaction."""
        async with self._turn(urgent=False), _connected(self._writer) as connection:
            yield await _driver(connection)

    async def _without_gaps(self, driver: SteadyConnection) -> bool:
        """Rewrite the file if that was requested; a command that has to write interrupts the first half.

        The second half, which copies the new file into the log, cannot be interrupted: 0.5 s at 120 MB.
        """
        [(marked,)] = await driver.execute_fetchall("PRAGMA user_version")
        if not marked:
            return True
        now = asyncio.get_running_loop().time()
        if self._rewritten_at is not None and now - self._rewritten_at < limits.BETWEEN_REWRITES:
            return False
        if self._put_off_since is None or now - self._put_off_since < limits.REWRITTEN_WITHIN:
            self._rewriting = driver
        try:
            await driver.execute_fetchall("PRAGMA wal_autocheckpoint=0")  # others may write while it is copied
            await driver.execute_fetchall(_MERGED_SEARCH)
            await driver.execute_fetchall("VACUUM")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            self._put_off_since = now if self._put_off_since is None else self._put_off_since
            _log.info("rewriting_put_off")
            return False
        finally:
            self._rewriting = None
            await driver.execute_fetchall(CHECKPOINT_ONLY_IF_LARGE)
        self._rewritten_at, self._put_off_since = now, None
        await driver.execute_fetchall("PRAGMA user_version=0")
        return True

    def lock(self, name: str) -> asyncio.Lock:
        """The lock of that name, local because no other process exists."""
        return self._locks(name)

    async def writable(self) -> bool:
        """Whether a transaction can be committed at the moment."""
        try:
            await self._touch()
        except (OSError, SQLAlchemyError):
            return False
        return True

    async def _touch(self) -> None:
        async with self.write() as connection:
            await connection.execute(update(alembic_version).values(version_num=HEAD))


# Segments of the same size become one of the next size: each row is written again about as often as there are sizes.
_MERGE_SEARCH = "INSERT INTO character_search (character_search, rank) VALUES ('merge', ?)"
# Rows deleted from a full-text index are only marked until its segments are merged.
_MERGED_SEARCH = "INSERT INTO character_search (character_search) VALUES ('optimize')"


async def _log_emptied(driver: SteadyConnection) -> bool:
    """Truncate the log, unless somebody is reading an older snapshot."""
    await driver.execute_fetchall(f"PRAGMA busy_timeout={int(limits.SCRUB_WAITS * 1000)}")  # writers wait as long
    try:
        [(busy, *_)] = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await driver.execute_fetchall(PATIENT)
    return not busy


@asynccontextmanager
async def _connected(engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
    """A pooled connection, given back without SQLAlchemy's task for that, behind which everybody's work had turns.

    Giving it back awaits nothing: a transaction has ended by then, or was one that only read.
    """
    if engine is None:
        raise RuntimeError("the database is not open")
    connection = await engine.connect()
    try:
        yield connection
    finally:
        await connection.close()


async def _driver(connection: AsyncConnection) -> SteadyConnection:
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, SteadyConnection)  # noqa: S101 - for the type checker: our connector says so
    return driver


def _bad_start(error: OSError | SQLAlchemyError) -> BadStart:
    if isinstance(error, DatabaseError) and not isinstance(error, OperationalError):
        return BadStart(
            "The database (store.url) is damaged, or not a database: put a backup in its place, or move it away."
        )
    return BadStart(
        "The database (store.url) cannot be opened for writing: check its path, the rights of its folder and the disk."
    )
