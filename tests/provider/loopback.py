"""A loopback provider that answers as it is told, and one that closes its socket at an exact moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web
from pydantic import SecretStr

from bot.config import ToapisSettings
from bot.provider.client import ToapisClient
from bot.provider.transport import Timeouts
from bot.values.time_range import TimeRange
from tests.patience import PATIENCE

KEY = "sk-this-must-never-be-seen-anywhere"
NOW = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
RANGE = TimeRange(Decimal(1), Decimal(3))
SUBMIT = ("POST", "/v1/videos/generations")
UPLOAD = ("POST", "/v1/uploads/videos")
BALANCE = ("GET", "/v1/balance")


def first(name):
    return ("GET", f"/v1/characters_tasks/{name}")


def second(name):
    return ("GET", f"/v1/videos/generations/{name}")


@dataclass
class Seen:
    method: str
    path: str
    headers: dict
    body: bytes = field(repr=False)

    @property
    def json(self):
        return json.loads(self.body)


class Provider:
    """Answers each route with what was queued for it, the last one for ever; 404 where nothing was."""

    def __init__(self):
        self.seen: list[Seen] = []
        self._queued = defaultdict(deque)
        self.base_url = ""

    def on(self, route, status=200, body=None, *, raw=None, headers=None, content_type="application/json"):
        data = raw if raw is not None else json.dumps(body).encode()
        self._queued[route].append((status, data, {"Content-Type": content_type, **(headers or {})}))
        return self

    async def handle(self, request):
        self.seen.append(Seen(request.method, request.raw_path, dict(request.headers), await request.read()))
        queued = self._queued[request.method, request.path]
        if not queued:
            return web.json_response({"error": {"code": "task_not_found", "message": "no such task"}}, status=404)
        status, data, headers = queued.popleft() if len(queued) > 1 else queued[0]
        return web.Response(status=status, body=data, headers=headers)

    @property
    def calls(self):
        return [(seen.method, seen.path) for seen in self.seen]


def settings(base_url, **changes):
    values = {
        "api_key": SecretStr(KEY),
        "base_url": base_url,
        "models": ("sora-2", "sora-2-pro", "sora-2-vip"),
        "submit_per_second": 1000,
        "query_per_second": 1000,
    }
    return ToapisSettings(**(values | changes))


def client_for(base_url, timeouts=None, rates=None, **changes):
    timeouts = timeouts or Timeouts(PATIENCE, PATIENCE, PATIENCE, PATIENCE)
    return ToapisClient(settings(base_url, **changes), clock=lambda: NOW, timeouts=timeouts, rates=rates)


class Socket:
    """A server of bare sockets: ``script(reader, writer)`` is run for each connection, then it is closed."""

    def __init__(self, script):
        self.connections = 0
        self._script = script
        self._running = set()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._running.add(asyncio.current_task())
        try:
            await self._script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up, as it may
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        async with asyncio.timeout(PATIENCE):  # the client is closed by now, so each script sees the end of its input
            await asyncio.gather(*self._running)
        await self._server.wait_closed()


async def read_request(reader):
    """Read one request with its body; returns the head."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            await reader.readexactly(int(line.split(b":")[1]))
    return head


def body_length(head):
    """The number of bytes that follow these headers."""
    found = re.search(rb"Content-Length: (\d+)", head)
    assert found is not None
    return int(found[1])


def http(body=b"{}", status=b"200 OK", extra=b"", length=None):
    size = len(body) if length is None else length
    return (
        b"HTTP/1.1 "
        + status
        + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % size
        + extra
        + b"\r\n"
        + body
    )
