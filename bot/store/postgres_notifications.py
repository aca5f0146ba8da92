"""Notifications over PostgreSQL's LISTEN and NOTIFY, on a separate connection."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy import text as sql  # not a text for people, which make messages looks for
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.notifications import Heard, Notifications, Topic
from bot.store.outage import Outage
from bot.store.postgres_locks import CONNECTION_LOST

_CHANNEL: Final = "castbook"
_TOPICS: Final = {topic.value: topic for topic in Topic}  # a newer version may send others
_NOTIFY: Final = sql("SELECT pg_notify(:channel, :words)")


@dataclass(slots=True, eq=False)
class _Listener:
    """Looks by itself every ``every`` seconds; ``look_at`` is the next time, by the loop's clock."""

    heard: Heard
    every: float
    look_at: float = 0.0


class PostgresNotifications(Notifications):
    """``connect`` makes the connection. A process does not hear its own notifications.

    While the connection is lost, only :meth:`send_with` sends: the others look every 30 s at the latest, and at their
    jobs every 5. A process whose connection was lost looks at everything once it is back.
    """

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], outage: Outage | None = None) -> None:
        self._connect = connect
        self._outage = outage or Outage()
        self._name = secrets.token_hex(4)
        self._heard: defaultdict[Topic, list[_Listener]] = defaultdict(list)
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._connection: asyncpg.Connection | None = None
        self._loop: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def on(self, topic: Topic, heard: Heard, *, every: float = 0.0) -> None:
        """Await ``heard`` with each argument, or with "" after a loss, and every 30 s or every ``every`` seconds."""
        self._heard[topic].append(_Listener(heard, every))

    def send(self, topic: Topic, argument: str = "") -> None:
        """Send soon; returns at once."""
        if self._connection is not None:
            self._outgoing.put_nowait(self._words(topic, argument))

    async def send_with(self, connection: AsyncConnection, topic: Topic, argument: str) -> None:
        """Sent by PostgreSQL itself with the commit."""
        await connection.execute(_NOTIFY, {"channel": _CHANNEL, "words": self._words(topic, argument)})

    def _words(self, topic: Topic, argument: str) -> str:
        return f"{self._name} {topic} {argument}"

    async def open(self) -> None:
        """Connect. Raises what ``connect`` raises, and SQLAlchemy's TimeoutError if the connection is lost at once."""
        self._connection = await self._connected()
        now = asyncio.get_running_loop().time()
        for listeners in self._heard.values():  # the state they know is read after this
            for listener in listeners:
                listener.look_at = now + listener.every
        self._loop = asyncio.create_task(self._run(), name="notifications")

    async def close(self) -> None:
        """Send what is queued, then disconnect."""
        if self._loop is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0):  # the last messages of a process, such as that it released its leases
                    await self._outgoing.join()
            self._loop.cancel()
            await asyncio.gather(self._loop, *self._telling, return_exceptions=True)
            self._loop = None
        await self._hang_up()

    async def _connected(self) -> asyncpg.Connection:
        connection = await self._connect()
        try:
            await connection.add_listener(_CHANNEL, self._arrived)
        except CONNECTION_LOST as error:
            raise NoConnection(f"the connection was lost ({type(error).__name__})") from error
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
                    self._look(lost=True)
                await self._send_what_comes(self._connection)
            except (*CONNECTION_LOST, SQLAlchemyError, TimeoutError) as error:
                self._outage.lost("notifications_lost", error)
                await self._hang_up()
                await asyncio.sleep(limits.NOTIFICATIONS_AGAIN)

    async def _send_what_comes(self, connection: asyncpg.Connection) -> None:
        now = asyncio.get_running_loop().time
        look_at = now() + limits.SHARED_STATE_EVERY
        while True:
            if now() >= look_at:
                await connection.execute("SELECT 1")  # detects a connection that died silently
                self._outage.works()
                self._look()
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

    def _look(self, *, lost: bool = False) -> None:
        """Call the listeners that are due, or all of them if something may have been ``lost``."""
        now = asyncio.get_running_loop().time()
        for topic, listeners in self._heard.items():
            for listener in listeners if topic is not Topic.INTERRUPT else ():
                if lost or now >= listener.look_at:
                    listener.look_at = now + listener.every
                    self._tell(listener, "")

    def _arrived(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, topic, argument = str(payload).split(" ", 2)
        if sender == self._name:
            return
        for listener in self._heard.get(_TOPICS[topic], ()) if topic in _TOPICS else ():
            self._tell(listener, argument)

    def _tell(self, listener: _Listener, argument: str) -> None:
        task = asyncio.create_task(self._told(listener, argument), name="notified")
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self, listener: _Listener, argument: str) -> None:
        try:
            await listener.heard(argument)
        except Exception as error:  # noqa: BLE001 - it looks again within 30 s, at everything
            listener.look_at = 0.0
            self._outage.failed("not_looked_at", error)
