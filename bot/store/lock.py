"""The lock file beside the database: one Castbook per database, so that a start may clear every lease."""

from __future__ import annotations

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from bot.errors import BadStart


def locked(database: Path) -> BaseFileLock:
    """Lock the database at that path, which is resolved: two names of one file are one lock.

    The system lets go of the lock when the process ends, however it ends; the file itself may stay. Raises
    :class:`~bot.errors.BadStart` when somebody else has it, and OSError where nothing can be locked.
    """
    # Not of a thread: the database is opened in one and may be closed in another.
    lock = FileLock(database.with_name(f"{database.name}.lock"), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise BadStart(
            "Another Castbook is already using this database (store.url): stop it first, or give this one its own."
        ) from None
    return lock
