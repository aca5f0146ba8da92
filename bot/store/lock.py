"""The lock file beside the database: one Castbook per database, so that a start may clear every lease."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.errors import BadStart


class LockFile:
    """An exclusive lock that the system lets go of when its process ends, however it ends.

    The file itself stays: removing it would let two processes lock two different files of one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @classmethod
    def beside(cls, database: Path) -> LockFile:
        """The one of the database at that path, which is resolved: two names of one file are one lock."""
        return cls(database.with_name(f"{database.name}.lock"))

    def acquire(self) -> None:
        """Take the lock. Raises :class:`~bot.errors.BadStart` when somebody else has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise BadStart(
                "Another Castbook is already using this database (store.url): stop it first, or give this one its own."
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go of the lock; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
