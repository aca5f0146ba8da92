"""What stops us from writing and is no defect: it passes by itself, or when somebody makes room."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.errors import DatabaseFault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PRIMARY = 0xFF  # of an extended result code of SQLite (sqlite.org/rescode.html)


def database_fault_of(error: BaseException | None) -> DatabaseFault | None:
    """The trouble that ``error`` tells of; ``None`` where it is anything else."""
    if isinstance(error, NoConnection):  # the one connection that writes was waited for in vain
        return DatabaseFault.BUSY
    if isinstance(error, DBAPIError):
        return _of_sqlite(error.orig)
    if isinstance(error, OSError) and error.errno in _FULL:
        return DatabaseFault.FULL
    return None


def _of_sqlite(error: BaseException | None) -> DatabaseFault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # not SQLite's own: a closed connection, say
        return None
    # Of what a disk says to a write, SQLite calls full only the one; a used-up quota is an error like any other to it.
    if code == sqlite3.SQLITE_IOERR_WRITE or code & _PRIMARY == sqlite3.SQLITE_FULL:
        return DatabaseFault.FULL
    return DatabaseFault.BUSY if code & _PRIMARY in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else None
