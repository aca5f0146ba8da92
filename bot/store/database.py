"""The common interface of both databases, with read and write transactions, and the choice between them by address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.concurrency import Foreground
from bot.errors import BadConfiguration, BadStart
from bot.store.notifications import Notifications
from bot.store.outage import Outage
from bot.store.write_locks import Lock

POSTGRES = "postgresql+asyncpg"


class Database(ABC):
    """SQLite in a file of our own, or a PostgreSQL that many processes share (``shared``).

    ``notifications``: messages between these processes. ``outage``: whether the database is unreachable.
    ``foreground``: who waits for a first answer; background work begins its transactions after that.
    """

    shared: ClassVar[bool]
    notifications: Notifications = Notifications()

    def __init__(self) -> None:
        self.outage = Outage()
        self.foreground = Foreground()

    @abstractmethod
    async def open(self) -> None:
        """Migrate the schema to head and connect.

        Raises :class:`~bot.errors.BadStart` with one sentence if that is impossible; nothing stays open then.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close every connection. May be called at any time, and more than once."""

    @abstractmethod
    def write(
        self, *, urgent: bool = False, locks: Collection[Lock] | None = None
    ) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may write; it commits unless an exception leaves it.

        ``locks``: what it reads and changes (:mod:`bot.store.write_locks`). On a shared database others that hold none
        of these may write at the same time, so only what they stand for stays as it was read until the transaction
        ends (design, rule 8). By default it holds all there are: nobody else writes meanwhile.

        ``urgent``: a person is waiting in Discord, so it goes ahead of the writes of jobs. When the block is left, the
        data is on disk. Raises OSError if the commit succeeded and the disk fails.
        """

    @abstractmethod
    def write_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For a single writing statement that is its own transaction, which need not wait for other writers.

        On a shared database it takes one round trip, and does not wait for writers that hold all locks.
        """

    @abstractmethod
    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One snapshot of the database, which waits for no writer; writing in it fails."""

    @abstractmethod
    def read_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For statements that read, each its own snapshot; writing in it fails.

        Where the database is shared each takes one round trip; one in :meth:`read` takes three.
        """

    @abstractmethod
    def search(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For the reading statements of a search; each is its own snapshot.

        Somebody is typing, so where the database is shared each takes one round trip, on connections of their own,
        which no other work occupies.
        """

    @abstractmethod
    def lock(self, name: str) -> AbstractAsyncContextManager[object]:
        """Hold the lock of that name (not a row lock) inside the block, across all processes that share the database.

        A task must not take it twice.
        """

    async def first(self, name: str) -> bool:
        """Whether this process, among those sharing the database, does the work of that name, until it ends."""
        return True

    @abstractmethod
    async def writable(self) -> bool:
        """Whether a transaction can be committed at the moment (readiness)."""

    async def leave_no_trace(self, connection: AsyncConnection) -> None:  # noqa: B027 - most need not do anything
        """Declare, within the transaction ``connection``, that the next scrub has to remove what it deletes."""

    async def merge_search(self, *, whole: bool = False) -> None:  # noqa: B027 - only SQLite's index has segments
        """Merge the segments of the index of searches, which grow in number with each write, in short transactions.

        ``whole``: into one, which writes all of the index anew; otherwise those of the same size.
        """

    async def scrub(self) -> bool:
        """Remove deleted data from the database's own files, as far as we can.

        Returns whether that is done; otherwise it has to be called again.
        """
        return True


def database_at(url: str, password: str = "") -> Database:
    """The database of ``store.url``, not open yet. ``password``: for PostgreSQL, if the address has none.

    Raises :class:`~bot.errors.BadConfiguration` if the address is invalid, and BadStart if the library is not
    installed.
    """
    if (postgres := postgres_url(url, password)) is not None:
        try:
            from bot.store.postgres import PostgresDatabase
        except ImportError:
            raise BadStart(
                "A PostgreSQL (store.url) needs asyncpg, which is not installed: make postgres installs it."
            ) from None
        return PostgresDatabase(postgres)
    found = _parsed(url)
    if found.drivername != "sqlite+aiosqlite" or not found.database or found.database == ":memory:":
        raise BadConfiguration(
            "store.url does not name a database: it should look like sqlite+aiosqlite:///data/castbook.db or "
            "postgresql+asyncpg://user@host/name."
        )
    from bot.store.sqlite_database import SQLiteDatabase

    return SQLiteDatabase(found)


def postgres_url(url: str, password: str = "") -> URL | None:
    """The address of a PostgreSQL, with the password added if it has none; ``None``: it is something else."""
    found = _parsed(url)
    if found.drivername != POSTGRES or not found.database:
        return None
    return found.set(password=password) if password and found.password is None else found


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the latter for an invalid port, with a message that may quote the password
        return make_url("unknown://")
