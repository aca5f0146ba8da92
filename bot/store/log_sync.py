"""Brings SQLite's log to the disk: for many writes at once, and while others may already write again."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import structlog

from bot.concurrency import shielded

_THREADS: Final = 8  # of which a disk serves several in the time of one
_sync: Final = getattr(os, "fdatasync", os.fsync)  # macOS does not have the former

_log = structlog.get_logger(__name__)


class LogSync:
    """Does what SQLite would do inside each commit with ``synchronous=FULL``: the same sync, but after it.

    A sync takes some milliseconds. Inside the commit it would keep the write lock for as long; here the next
    transaction is under way meanwhile, and one sync is for all that were committed before it began (group commit).
    The log is one sequence, so that whatever a commit was built upon is on the disk with it.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._wal = database.with_name(f"{database.name}-wal")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="log-sync")
        self._current: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def synced(self, *, urgent: bool) -> None:
        """Return when all that is committed by now is on the disk. Raises OSError where the disk fails.

        ``urgent`` does not wait for the sync that is under way; the others share the one that comes after it.
        """
        if urgent:
            await shielded(self._in_thread())
            return
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._current), name="log-sync")
        await asyncio.shield(self._next)

    async def _after(self, current: asyncio.Task[None] | None) -> None:
        if current is not None:
            await asyncio.wait({current})
        self._current, self._next = self._next, None  # what is committed from here on is not covered by this one
        await self._in_thread()

    def _in_thread(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, self._sync)

    def _sync(self) -> None:
        with suppress(FileNotFoundError):  # the last connection was closed: SQLite has brought all to the database
            file = os.open(self._wal, os.O_RDONLY)
            try:
                _sync(file)
            finally:
                os.close(file)

    def checkpoint(self) -> asyncio.Future[None]:
        """Copy the log into the database, as far as no reader is in the way, so that the log can begin again.

        SQLite would do so at the end of a commit, with the write lock. On a connection of its own it keeps nobody.
        """
        return asyncio.get_running_loop().run_in_executor(self._threads, self._copy)

    def _copy(self) -> None:
        try:
            with closing(sqlite3.connect(self._database, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:  # a full disk, say: it is tried again with the writes to come
            _log.warning("checkpoint_failed", error=type(error).__name__)

    async def close(self) -> None:
        """Wait for what is under way."""
        await shielded(asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown))
