"""What one process tells the others about: that something in the database has changed, and is worth a look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeAlias

Heard: TypeAlias = Callable[[str], Awaitable[None]]


class Topic(StrEnum):
    """What has changed."""

    JOBS = "jobs"  # something may be due
    INTERRUPT = "interrupt"  # the job with this id was taken from the step that is being done
    BLOCKS = "blocks"  # of the operator
    SERVER = "server"  # the settings of the server with this id
    PROVIDER = "provider"  # submissions are paused, a model is closed, or not any more
    MESSAGES = "messages"  # something is wanted of a message


class Notifications:
    """Nobody else is there (SQLite). Over PostgreSQL: :mod:`bot.store.postgres_notifications`.

    Nothing here is certain to arrive: every listener also looks by itself from time to time.
    """

    def on(self, topic: Topic, heard: Heard) -> None:
        """Await ``heard`` with the argument of each notification of others; with "" where some may have been missed."""

    def send(self, topic: Topic, argument: str = "") -> None:
        """Tell the others, soon. What was written before is to be seen by then, so it is committed before."""

    async def open(self) -> None:
        """Begin to listen."""

    async def close(self) -> None:
        """Stop listening."""
