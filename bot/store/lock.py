"""The lock file beside the database: one Castbook per database, so that a start may clear every lease."""

from __future__ import annotations

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from bot.errors import BadStart


def locked(database: Path) -> BaseFileLock:
    """Lock the database at that path, which is resolved: two names of one file are one lock.

    The system releases the lock when the process ends in any way; the file itself may stay. Raises
    :class:`~bot.errors.BadStart` if another process holds it, and OSError if locking is impossible.
    """
    # Not per thread: the database may be opened and closed in different threads.
    lock = FileLock(database.with_name(f"{database.name}.lock"), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise BadStart(
            "Another Castbook is already using this database (store.url): stop it first, or give this one its own."
        ) from None
    return lock
