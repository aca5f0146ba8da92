"""The roles of a process: it does everything, or one part beside other processes on the same PostgreSQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.chat.client import IdentifyBuckets, no_buckets
from bot.errors import BadConfiguration
from bot.store.database import Database


class Role(StrEnum):
    """``gateway``, ``http``: interactions; ``worker``: the jobs; ``web``: webhooks, and exports by link.

    With SQLite there is only one process, so ``http`` runs the jobs as well.
    """

    ALL = "all"
    HTTP = "http"
    GATEWAY = "gateway"
    WORKER = "worker"
    WEB = "web"

    @property
    def works(self) -> bool:
        """Whether it runs jobs."""
        return self in (Role.ALL, Role.WORKER)

    @property
    def connects(self) -> bool:
        """Whether it is connected to Discord's gateway."""
        return self in (Role.ALL, Role.GATEWAY)

    @property
    def answers(self) -> bool:
        """Whether it handles people's interactions."""
        return self.connects or self is Role.HTTP

    @property
    def serves(self) -> bool:
        """Whether it serves webhooks and exports by link."""
        return self in (Role.ALL, Role.HTTP, Role.WEB)

    @property
    def logs_in(self) -> bool:
        """Whether it logs in to Discord; a worker uses only REST."""
        return self is not Role.WEB

    def check(self, database: Database) -> None:
        """Raise :class:`~bot.errors.BadConfiguration` if other processes would have to share this SQLite database."""
        if self not in (Role.ALL, Role.HTTP) and not database.shared:
            raise BadConfiguration(
                f"--role {self} is for many processes on one PostgreSQL (store.url); on SQLite one does everything."
            )


@dataclass(frozen=True, slots=True)
class Shards:
    """The shards of one gateway process, and how many there are in all."""

    ids: tuple[int, ...]
    count: int

    @classmethod
    def parse(cls, typed: str) -> Shards:
        """Parse ``0-15/64``, or ``3/64`` for a single one. Raises ValueError, which says what was expected."""
        found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?/(\d{1,5})", typed)
        first, last, count = (int(each or found[1]) for each in found.groups()) if found else (1, 0, 0)
        if not first <= last < count:
            raise ValueError("shards look like 0-15/64: the first, the last, and how many there are in all")
        return cls(tuple(range(first, last + 1)), count)


def identify_buckets(database: Database) -> IdentifyBuckets:
    """The buckets in which shards wait for their turn to identify."""
    if not database.shared:
        return no_buckets
    from bot.store import identify_buckets as over_postgres  # needs asyncpg, which is only installed for PostgreSQL
    from bot.store.postgres import PostgresDatabase

    assert isinstance(database, PostgresDatabase)  # noqa: S101 - for the type checker: there is no other one
    return over_postgres.IdentifyBuckets(database).turn
