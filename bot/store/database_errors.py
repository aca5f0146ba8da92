"""Database faults that are no defects: they pass by themselves, or when somebody makes room."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

from bot.errors import DatabaseFault

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_PRIMARY = 0xFF  # of an extended result code of SQLite (sqlite.org/rescode.html)
# Error codes of PostgreSQL (manual, appendix A): whole codes, or classes, which are the first two characters.
_NO_ROOM = frozenset({"53100"})
_LOCKED = frozenset({"55P03", "40P01"})  # lock timeout, deadlock
_PASSING = _LOCKED | {"57014", "40001"}  # timeouts of statements, conflicts
_PASSING_CLASSES = frozenset({"08", "53", "57"})  # connection, resources, start or stop by an operator
_RIGHTS = frozenset({"28000", "28P01", "3D000", "42501"})  # login, missing database, missing rights


def database_fault_of(error: BaseException | None) -> DatabaseFault | None:
    """The database fault behind ``error``; ``None`` if it is something else."""
    if isinstance(error, NoConnection):  # waited in vain for a connection
        return DatabaseFault.BUSY
    if isinstance(error, DBAPIError):
        if _state(error) in _NO_ROOM:
            return DatabaseFault.FULL
        return DatabaseFault.BUSY if passes_by_itself(error) else _of_sqlite(error.orig)
    if isinstance(error, OSError) and error.errno in _FULL:
        return DatabaseFault.FULL
    return None


def passes_by_itself(error: BaseException) -> bool:
    """Whether PostgreSQL could not be reached, or did not answer in time."""
    if isinstance(error, (NoConnection, OSError)):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = _state(error)
    return state in _PASSING or state[:2] in _PASSING_CLASSES


def is_locked_out(error: BaseException) -> bool:
    """Whether PostgreSQL gave up on a lock that another transaction holds."""
    return _state(error) in _LOCKED


def has_no_right(error: BaseException) -> bool:
    """Whether PostgreSQL rejects our login or a statement for lack of rights."""
    return _state(error) in _RIGHTS


def _state(error: BaseException) -> str:
    """PostgreSQL's error code, or an empty string."""
    return next((found for each in _causes(error) if isinstance(found := getattr(each, "sqlstate", None), str)), "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if isinstance(error, DBAPIError) and error.orig is not None:
        yield error.orig
    if error.__cause__ is not None:
        yield error.__cause__


def _of_sqlite(error: BaseException | None) -> DatabaseFault | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # not from SQLite itself: a closed connection, for example
        return None
    # SQLite reports only a full disk as full; an exceeded disk quota looks like any other I/O error to it.
    if code == sqlite3.SQLITE_IOERR_WRITE or code & _PRIMARY == sqlite3.SQLITE_FULL:
        return DatabaseFault.FULL
    return DatabaseFault.BUSY if code & _PRIMARY in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else None
