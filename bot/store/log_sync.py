"""Syncs SQLite's write-ahead log to disk, for many writes at once, while others may already write again."""

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

_THREADS: Final = 8  # a disk serves several syncs in the time of one
_sync: Final = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync

_log = structlog.get_logger(__name__)


class LogSync:
    """The same sync that ``synchronous=FULL`` does inside each commit, but after the commit.

    A sync takes some milliseconds. Inside the commit it would hold the write lock for as long; here the next
    transaction runs meanwhile, and one sync serves all that committed before it began (group commit). The log is one
    sequence, so everything that a commit builds on is on disk together with it.
    """

    def __init__(self, database: Path) -> None:
        self._database = database
        self._wal = database.with_name(f"{database.name}-wal")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="log-sync")
        self._current: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def synced(self, *, urgent: bool) -> None:
        """Return when everything committed so far is on disk. Raises OSError if the disk fails.

        ``urgent`` does not wait for the running sync; the others share the next one.
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
        self._current, self._next = self._next, None  # later commits are not covered by this one
        await self._in_thread()

    def _in_thread(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, self._sync)

    def _sync(self) -> None:
        with suppress(FileNotFoundError):  # the last connection was closed: SQLite has moved everything to the database
            file = os.open(self._wal, os.O_RDONLY)
            try:
                _sync(file)
            finally:
                os.close(file)

    def checkpoint(self) -> asyncio.Future[None]:
        """Copy the log into the database, as far as readers permit, so that the log can start over.

        SQLite would do so at the end of a commit, under the write lock. A separate connection blocks nobody.
        """
        return asyncio.get_running_loop().run_in_executor(self._threads, self._copy)

    def _copy(self) -> None:
        try:
            with closing(sqlite3.connect(self._database, isolation_level=None)) as connection:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:  # a full disk, for example: tried again with later writes
            _log.warning("checkpoint_failed", error=type(error).__name__)

    async def close(self) -> None:
        """Wait for running syncs."""
        await shielded(asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown))
