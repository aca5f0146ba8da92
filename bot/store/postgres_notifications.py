"""Notifications over PostgreSQL's LISTEN and NOTIFY, by a connection of its own."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot import limits
from bot.log import unexpected
from bot.store.notifications import Heard, Notifications, Topic
from bot.store.postgres_locks import CONNECTION_LOST

_CHANNEL: Final = "castbook"
_TOPICS: Final = {topic.value: topic for topic in Topic}  # a newer version may send others
_log = structlog.get_logger(__name__)


class PostgresNotifications(Notifications):
    """``connect`` makes a connection of its own. What this process sends, it does not hear itself.

    While the connection is away nothing is sent: the others look every 30 s at the latest, and at their jobs every 5.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
        self._connect = connect
        self._name = secrets.token_hex(4)
        self._heard: defaultdict[Topic, list[Heard]] = defaultdict(list)
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._connection: asyncpg.Connection | None = None
        self._loop: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def on(self, topic: Topic, heard: Heard) -> None:
        """Await ``heard`` with each argument, or with "" every 30 s and after a loss."""
        self._heard[topic].append(heard)

    def send(self, topic: Topic, argument: str = "") -> None:
        """Soon; returns at once."""
        if self._connection is not None:
            self._outgoing.put_nowait(f"{self._name} {topic} {argument}")

    async def open(self) -> None:
        """Connect. Raises what asyncpg raises."""
        self._connection = await self._connected()
        self._loop = asyncio.create_task(self._run(), name="notifications")

    async def close(self) -> None:
        """Send what waits, then hang up."""
        if self._loop is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # the last words of a process: that it gave its leases back, say
                    await self._outgoing.join()
            self._loop.cancel()
            await asyncio.gather(self._loop, *self._telling, return_exceptions=True)
            self._loop = None
        await self._hang_up()

    async def _connected(self) -> asyncpg.Connection:
        connection = await self._connect()
        await connection.add_listener(_CHANNEL, self._arrived)
        return connection

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*CONNECTION_LOST, TimeoutError):
                await connection.close(timeout=1.0)

    async def _run(self) -> None:
        while True:
            try:
                if self._connection is None:
                    self._connection = await self._connected()
                    self._missed()
                await self._send_what_comes(self._connection)
            except (*CONNECTION_LOST, SQLAlchemyError, TimeoutError) as error:
                _log.warning("notifications_lost", error=type(error).__name__)
                await self._hang_up()
                await asyncio.sleep(limits.NOTIFICATIONS_AGAIN)

    async def _send_what_comes(self, connection: asyncpg.Connection) -> None:
        now = asyncio.get_running_loop().time
        look_at = now() + limits.SHARED_STATE_EVERY
        while True:
            if now() >= look_at:
                await connection.execute("SELECT 1")  # a connection that died in silence is found out
                self._missed()
                look_at = now() + limits.SHARED_STATE_EVERY
            try:
                async with asyncio.timeout_at(look_at):
                    words = await self._outgoing.get()
            except TimeoutError:
                continue
            try:
                await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, words)
            finally:
                self._outgoing.task_done()

    def _missed(self) -> None:
        for topic, all_heard in self._heard.items():
            if topic is not Topic.INTERRUPT:
                for heard in all_heard:
                    self._tell(heard, "")

    def _arrived(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, topic, argument = str(payload).split(" ", 2)
        if sender == self._name:
            return
        for heard in self._heard.get(_TOPICS[topic], ()) if topic in _TOPICS else ():
            self._tell(heard, argument)

    def _tell(self, heard: Heard, argument: str) -> None:
        task = asyncio.create_task(self._told(heard, argument), name="notified")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, heard: Heard, argument: str) -> None:
        try:
            await heard(argument)
        except Exception as error:  # noqa: BLE001 - looked at again by itself
            unexpected("not_looked_at", error)
