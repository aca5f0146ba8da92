"""The database as everybody uses it: transactions that write or read; and which of the two kinds an address names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import ClassVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import BadConfiguration, BadStart
from bot.store.notifications import Notifications
from bot.store.outage import Outage

POSTGRES = "postgresql+asyncpg"


class Database(ABC):
    """SQLite in a file of ours alone, or a PostgreSQL that many processes share (``shared``).

    ``notifications``: what these tell each other. ``outage``: whether it is away.
    """

    shared: ClassVar[bool]
    notifications: Notifications = Notifications()

    def __init__(self) -> None:
        self.outage = Outage()

    @abstractmethod
    async def open(self) -> None:
        """Bring the schema to head, connect.

        Raises :class:`~bot.errors.BadStart` with one sentence when that is impossible; nothing stays open then.
        """

    @abstractmethod
    async def close(self) -> None:
        """Close every connection. May be called at any time, more than once."""

    @abstractmethod
    def write(self, *, urgent: bool = False, alone: bool = True) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that may write; commits unless an exception leaves it.

        Nobody else writes meanwhile, so that what it has read stays true until it ends (design, rule 8). Not ``alone``:
        others that are not alone either may write at the same time, where the database is shared. That is for what
        changes rows by conditions that each statement states itself, and reads nothing before.

        ``urgent``: somebody waits for it in front of Discord, so it is the next one, whatever the jobs have to write.
        Once it is left, what was written is on the disk. Raises OSError where it is committed and the disk fails.
        """

    @abstractmethod
    def write_at_once(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """For one statement that writes and is a transaction of its own, which what others write need not wait for.

        Where the database is shared it takes one round trip, and waits for nobody who writes ``alone``.
        """

    @abstractmethod
    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """One snapshot of the database, which waits for no writer; writing in it fails."""

    @abstractmethod
    def lock(self, name: str) -> AbstractAsyncContextManager[object]:
        """Hold the lock of that name, which is no row's, for as long as it takes; over all processes that share it.

        Not to be taken twice by the same task.
        """

    async def first(self, name: str) -> bool:
        """Whether this process is the one, of those that share it, that does what one has to do; until it ends."""
        return True

    @abstractmethod
    async def writable(self) -> bool:
        """Whether a transaction can be committed just now (readiness)."""

    async def leave_no_trace(self, connection: AsyncConnection) -> None:  # noqa: B027 - most need not do anything
        """Say, within the transaction ``connection``, that the next scrub has to clear away what it deletes."""

    async def scrub(self) -> bool:
        """Leave nothing of what was deleted in the database's own files, as far as that is ours to do.

        Returns whether that is done; else it has to be called again.
        """
        return True


def database_at(url: str, password: str = "") -> Database:
    """The database of ``store.url``, not open yet. ``password``: of a PostgreSQL, where the address has none.

    Raises :class:`~bot.errors.BadConfiguration` where it is no such address, and BadStart without the library for it.
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
    """The address of a PostgreSQL, with the password where it has none; ``None``: it is something else."""
    found = _parsed(url)
    if found.drivername != POSTGRES or not found.database:
        return None
    return found.set(password=password) if password and found.password is None else found


def _parsed(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # that for a port that is no number, quoting what may be of the password
        return make_url("unknown://")
