"""What stops us from writing and is no defect: it passes by itself, or when somebody makes room."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.errors import DatabaseFault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PRIMARY = 0xFF  # of an extended result code of SQLite (sqlite.org/rescode.html)
# Of PostgreSQL (its manual, appendix A), whole codes or the classes that their first two characters are.
_NO_ROOM = frozenset({"53100"})
_PASSING = frozenset({"55P03", "57014", "40001", "40P01"})  # a lock, or an end, that was waited for in vain
_PASSING_CLASSES = frozenset({"08", "53", "57"})  # connections, resources, an operator who stops or starts it
_RIGHTS = frozenset({"28000", "28P01", "3D000", "42501"})  # who we are, no such database, what we may do


def database_fault_of(error: BaseException | None) -> DatabaseFault | None:
    """The trouble that ``error`` tells of; ``None`` where it is anything else."""
    if isinstance(error, NoConnection):  # the one connection that writes was waited for in vain
        return DatabaseFault.BUSY
    if isinstance(error, DBAPIError):
        if _state(error) in _NO_ROOM:
            return DatabaseFault.FULL
        return DatabaseFault.BUSY if passes_by_itself(error) else _of_sqlite(error.orig)
    if isinstance(error, OSError) and error.errno in _FULL:
        return DatabaseFault.FULL
    return None


def passes_by_itself(error: BaseException) -> bool:
    """Whether PostgreSQL could not be reached, or was waited for in vain."""
    if isinstance(error, (NoConnection, OSError)):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = _state(error)
    return state in _PASSING or state[:2] in _PASSING_CLASSES


def has_no_right(error: BaseException) -> bool:
    """Whether PostgreSQL does not let us in, or does not let us do what we must."""
    return _state(error) in _RIGHTS


def _state(error: BaseException) -> str:
    """What PostgreSQL calls it, or nothing."""
    return next((found for each in _causes(error) if isinstance(found := getattr(each, "sqlstate", None), str)), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, DBAPIError) and error.orig is not None:
        yield error.orig
    if error.__cause__ is not None:
        yield error.__cause__


def _of_sqlite(error: BaseException | None) -> DatabaseFault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # not SQLite's own: a closed connection, say
        return None
    # Of what a disk says to a write, SQLite calls full only the one; a used-up quota is an error like any other to it.
    if code == sqlite3.SQLITE_IOERR_WRITE or code & _PRIMARY == sqlite3.SQLITE_FULL:
        return DatabaseFault.FULL
    return DatabaseFault.BUSY if code & _PRIMARY in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else None
