"""An HTTP proxy with the address guard and a byte limit: the only network access of a child that reads sites.

The child cannot open sockets. On an inherited descriptor it asks for a connection, and gets one end of a socket pair
whose other end is here. So no network namespaces are needed, and nobody else on the machine can use the proxy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from yarl import URL

from bot import limits
from bot.errors import CastbookError
from bot.media.address_guard import AddressGuard

_log = structlog.get_logger(__name__)
_AT_ONCE: Final = 64 * 1024  # bytes
_HEAD_BYTES: Final = 64 * 1024  # of a request: signed URLs are long
_END: Final = b"\r\n\r\n"
_OURS: Final = frozenset({b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive"})
_REFUSED: Final = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_UNREACHED: Final = b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_CONNECTED: Final = b"HTTP/1.1 200 Connection established\r\n\r\n"


class SiteProxy:
    """Passes at most ``most_bytes`` to the child, over all its connections together, and only from public addresses.

    Plain HTTP by absolute URL and HTTPS by CONNECT (RFC 9110, 9.3.6). ``overrun``: there was more than that, and the
    proxy has stopped.
    """

    def __init__(self, guard: AddressGuard, *, most_bytes: int) -> None:
        self._guard = guard
        self._left = most_bytes
        self._connections = limits.SITE_CONNECTIONS
        self._running: set[asyncio.Task[None]] = set()
        self.carried = 0
        self.overrun = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Yields the descriptor for the child. On exit every connection is closed."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        loop = asyncio.get_running_loop()
        ours.setblocking(False)
        loop.add_reader(ours.fileno(), self._hand_over, ours)
        try:
            yield theirs.fileno()
        finally:
            loop.remove_reader(ours.fileno())
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            ours.close()
            theirs.close()

    def _hand_over(self, ours: socket.socket) -> None:
        with suppress(OSError):
            if not ours.recv(1):
                asyncio.get_running_loop().remove_reader(ours.fileno())
                return
            if self._connections <= 0 or self.overrun:
                ours.send(b"-")
                return
            self._connections -= 1
            end, given = socket.socketpair()
            with given:
                task = asyncio.ensure_future(self._serve(end))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                socket.send_fds(ours, [b"+"], [given.fileno()])

    async def _serve(self, end: socket.socket) -> None:
        reader, writer = await asyncio.open_unix_connection(sock=end, limit=_HEAD_BYTES)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(_END)
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
            tunnel = method == "CONNECT"
            url = self._guard.check(f"https://{target}/" if tunnel else target)
            if not tunnel and url.scheme != "http":
                raise ValueError("https without a tunnel")
        except (CastbookError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            _log.info("site_request_refused", error=type(error).__name__)
            await _answered(writer, _REFUSED)
            return
        except OSError:
            return
        try:
            async with asyncio.timeout(limits.CONNECT_SECONDS):
                there = await asyncio.open_connection(sock=await self._guard.connected(url))
        except CastbookError:
            _log.info("site_request_refused", host=url.host)
            await _answered(writer, _REFUSED)
            return
        except (OSError, TimeoutError) as error:
            _log.info("site_not_reached", host=url.host, error=type(error).__name__)
            await _answered(writer, _UNREACHED)
            return
        if tunnel:
            writer.write(_CONNECTED)
        else:
            there[1].write(_for_origin(head, method, url))
        await self._carry((reader, writer), there)

    async def _carry(
        self,
        child: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        up = asyncio.ensure_future(_pumped(child[0], there[1]))
        try:
            with suppress(OSError):
                while data := await there[0].read(_AT_ONCE):
                    self.carried += len(data)
                    if len(data) > self._left:
                        self.overrun = True
                        return
                    self._left -= len(data)
                    child[1].write(data)
                    await child[1].drain()
        finally:
            up.cancel()
            there[1].close()


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_AT_ONCE):
            writer.write(data)
            await writer.drain()


async def _answered(writer: asyncio.StreamWriter, answer: bytes) -> None:
    with suppress(OSError):
        writer.write(answer)
        await writer.drain()


def _for_origin(head: bytes, method: str, url: URL) -> bytes:
    """Rewrite the request for the origin server. One request per connection."""
    _, *lines = head.removesuffix(_END).split(b"\r\n")
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in _OURS]
    return b"\r\n".join([f"{method} {url.raw_path_qs} HTTP/1.1".encode(), *kept, b"Connection: close"]) + _END
