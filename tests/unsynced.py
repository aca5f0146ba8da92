"""Files that tests write are not flushed to disk: no test cuts the power, and a process that is killed loses none.

As ``fsync=off`` of the tests' PostgreSQL. What must be flushed, and when, is asked by tests that put a function of
their own in the same place.
"""

from __future__ import annotations

import os

from bot.store import log_sync


def sync_nothing() -> None:
    """From now on the system writes to disk what this process has written when it likes."""
    os.fsync = os.fdatasync = vars(log_sync)["_sync"] = _left_to_the_system


def _left_to_the_system(fd: object) -> None:
    """Instead of ``os.fsync``."""
