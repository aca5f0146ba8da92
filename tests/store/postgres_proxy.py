"""Between the bot and a PostgreSQL, so that a connection breaks where a test wants it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

_COMMIT = b"COMMIT;\0"


class Proxy:
    """Hands on what comes. ``cut``: where the next commit breaks the connection, "before" or "after" it is done."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.cut: str | None = None
        self.cuts = 0
        self.round_trips = 0  # since the start: something was sent, and then answered
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody gets through any more, and who had is cut off."""
        if self._server is not None:
            self._server.close()
            for pair in list(self._pairs):
                for writer in pair:
                    writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def mute(self, muted: bool = True) -> None:
        """No answer comes through on the connections that there are, which stay."""
        for _, thence in self._pairs:
            (thence.transport.pause_reading if muted else thence.transport.resume_reading)()  # type: ignore[attr-defined]  # of streams

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, thence = await asyncio.open_unix_connection(str(self._socket))
        pair = (writer, thence)
        self._pairs.add(pair)
        silent, answered = asyncio.Event(), asyncio.Event()
        answers = asyncio.create_task(self._copy(there, writer, silent, answered))
        try:
            while asked := await reader.read(65536):
                self.round_trips += 1
                if self.cut is not None and _COMMIT in asked:
                    cut, self.cut = self.cut, None
                    self.cuts += 1
                    silent.set()
                    if cut == "after":
                        thence.write(asked)
                        await answered.wait()  # it is done, and nobody hears of it
                    break
                thence.write(asked)
                await thence.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            answers.cancel()
            for each in pair:
                each.transport.abort()
            self._pairs.discard(pair)

    @staticmethod
    async def _copy(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event, answered: asyncio.Event
    ) -> None:
        try:
            while said := await reader.read(65536):
                if silent.is_set():
                    answered.set()
                else:
                    writer.write(said)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            answered.set()
            writer.transport.abort()


@asynccontextmanager
async def proxy_to(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of ``url``, which listens on a socket; and the URL that leads through it."""
    there = make_url(url)
    proxy = Proxy(Path(str(there.query["host"])) / ".s.PGSQL.5432")
    await proxy.start()
    through = URL.create(there.drivername, there.username, host="127.0.0.1", port=proxy.port, database=there.database)
    try:
        yield proxy, through.update_query_dict({"ssl": "disable"}).render_as_string()
    finally:
        await proxy.stop()
