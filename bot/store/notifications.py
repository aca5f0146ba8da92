"""What one process tells the others about: that something in the database has changed, and is worth a look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

Heard: TypeAlias = Callable[[str], Awaitable[None]]


class Topic(StrEnum):
    """What has changed."""

    JOBS = "jobs"  # something may be due
    INTERRUPT = "interrupt"  # the job with this id was taken from the step that is being done
    BLOCKS = "blocks"  # of the operator
    SERVER = "server"  # the settings of the server with this id
    PROVIDER = "provider"  # submissions are paused, a model is closed, or not any more
    TAKEN = "taken"  # at this instant, the provider has taken a request for the model with this name
    MESSAGES = "messages"  # something is wanted of a message
    LIST = "list"  # the list of tasks of the person with this id is drawn by another process now
    TOLD = "told"  # the owner of the job with this id was told that something waits for them


class Notifications:
    """Nobody else is there (SQLite). Over PostgreSQL: :mod:`bot.store.postgres_notifications`.

    Nothing here is certain to arrive: every listener that needs it also looks by itself from time to time.
    """

    def on(self, topic: Topic, heard: Heard, *, every: float = 0.0) -> None:
        """Await ``heard`` with the argument of each notification of others; with "" where some may have been missed.

        That is after a loss, and from time to time: ``every`` so many seconds at the earliest.
        """

    def send(self, topic: Topic, argument: str = "") -> None:
        """Tell the others, soon. What was written before is to be seen by then, so it is committed before."""

    async def send_with(self, connection: AsyncConnection, topic: Topic, argument: str) -> None:
        """Tell the others once the transaction of ``connection`` is committed: whoever listens then hears of it."""

    async def open(self) -> None:
        """Begin to listen."""

    async def close(self) -> None:
        """Stop listening."""
