"""Notifications between processes: that something in the database has changed, and should be looked at."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection

Heard: TypeAlias = Callable[[str], Awaitable[None]]


class Topic(StrEnum):
    """What has changed."""

    JOBS = "jobs"  # something may be due
    INTERRUPT = "interrupt"  # the running step of the job with this id lost its job
    BLOCKS = "blocks"  # the operator's blocks
    SERVER = "server"  # the settings of the server with this id
    PROVIDER = "provider"  # submissions were paused or resumed, or a model was closed or opened
    ACCEPTED = "taken"  # at this instant, the provider accepted a request for the model with this name
    MESSAGES = "messages"  # a message needs a change
    LIST = "list"  # the task list of the person with this id is now drawn by another process
    TOLD = "told"  # the owner of the job with this id was told that something waits for them


class Notifications:
    """The version for SQLite, where no other process exists. For PostgreSQL: :mod:`bot.store.postgres_notifications`.

    Delivery is not guaranteed: every listener that depends on a notification also looks by itself from time to time.
    """

    def on(self, topic: Topic, heard: Heard, *, every: float = 0.0) -> None:
        """Await ``heard`` with the argument of each notification from others, or with "" if some may have been missed.

        The latter happens after a lost connection, and every ``every`` seconds at the earliest.
        """

    def send(self, topic: Topic, argument: str = "") -> None:
        """Notify the others, soon. Commit first whatever they should see."""

    async def send_with(self, connection: AsyncConnection, topic: Topic, argument: str) -> None:
        """Notify the others when the transaction of ``connection`` is committed; only current listeners hear it."""

    async def open(self) -> None:
        """Start listening."""

    async def close(self) -> None:
        """Stop listening."""
