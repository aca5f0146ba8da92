"""HTTP requests to the provider: timeouts, a size limit, JSON, and values instead of exceptions.

Errors of the network or the server never raise here: aiohttp's exceptions contain the request with its API key, so
they are turned into plain values.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import quote

import aiohttp
import structlog
from pydantic import SecretStr
from pydantic_core import from_json
from yarl import URL

from bot import tracing
from bot.limits import PROVIDER_ANSWER_BYTES
from bot.metrics import PROVIDER_FAULTS, PROVIDER_SECONDS, Fault, fault_of

log = structlog.get_logger(__name__)

_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
_MAYBE_SENT = (aiohttp.ClientError, OSError)  # OSError includes TimeoutError
_CHUNK = 64 * 1024
_KEY_LENGTH = 8  # anything shorter is a placeholder, and may well occur in an answer by chance


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds: for connecting, between two pieces of an answer, for a whole call, for a whole upload."""

    connect: float = 10
    read: float = 30
    total: float = 60
    upload: float = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. ``template`` is a path with ``{id}`` in place of ``id``; only the template is logged.

    ``body`` creates the body for each request, because a form can be sent only once.
    """

    method: str
    template: str
    id: str = ""
    body: Callable[[], Mapping[str, Any] | aiohttp.FormData] | None = None
    timeout: aiohttp.ClientTimeout | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response whose status has arrived. ``body`` is ``None`` if it is not a JSON object; ``trouble`` says why."""

    status: int
    body: dict[str, Any] | None
    trouble: str = ""
    html: bool = False
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class NoResponse:
    """No response. ``sent``: the request may have reached the provider."""

    sent: bool
    trouble: str


Reply: TypeAlias = Answer | NoResponse


class Transport:
    """The HTTP side of the client.

    Two connection pools: queries keep their connections alive, while each POST gets a new one. If the server closed a
    kept connection at the moment of its reuse, it would be unclear whether a submission was accepted; and aiohttp
    retries such a request by itself for GET, never for POST.
    """

    def __init__(self, base_url: str, key: SecretStr, timeouts: Timeouts) -> None:
        self._base = base_url.rstrip("/")
        self._key = key
        self._timeouts = timeouts
        self._queries: aiohttp.ClientSession | None = None
        self._posts: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Create the sessions. Nothing is sent."""
        self._queries = self._session(aiohttp.TCPConnector())
        self._posts = self._session(aiohttp.TCPConnector(force_close=True))

    async def close(self) -> None:
        """Close every connection. May be called twice, or without :meth:`open`."""
        sessions, self._queries, self._posts = (self._queries, self._posts), None, None
        for session in sessions:
            if session is not None:
                await session.close()

    def _session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=connector,
            headers={
                "Authorization": f"Bearer {self._key.get_secret_value()}",
                "Accept": "application/json",
                "User-Agent": "Castbook",
            },
            timeout=self.timeout(self._timeouts.total),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    def timeout(self, total: float) -> aiohttp.ClientTimeout:
        """The time-outs of a call that may take ``total`` seconds."""
        return aiohttp.ClientTimeout(total=total, connect=self._timeouts.connect, sock_read=self._timeouts.read)

    async def send(self, call: Call) -> Reply:
        """Make one request, log and measure it, and return the result. Raises nothing except cancellation."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await self._exchange(call)
        seconds = loop.time() - began
        PROVIDER_SECONDS.labels(f"{call.method} {call.template}").observe(seconds)
        if (fault := _fault(reply)) is not None:
            PROVIDER_FAULTS.labels(fault).inc()
        status = reply.status if isinstance(reply, Answer) else None
        tracing.took(
            "provider request", seconds, method=call.method, path=call.template, status=status, trouble=reply.trouble
        )
        log.log(
            _level(call, reply),
            "provider_call",
            method=call.method,
            path=call.template,
            status=status,
            ms=round(seconds * 1000),
            **({"trouble": reply.trouble} if reply.trouble else {}),
        )
        return reply

    async def _exchange(self, call: Call) -> Reply:
        session = self._queries if call.method == "GET" else self._posts
        if session is None:
            raise RuntimeError("the provider client is not open")
        url = URL(self._base + call.template.replace("{id}", quote(call.id, safe="")), encoded=True)
        options: dict[str, Any] = {} if call.timeout is None else {"timeout": call.timeout}
        if call.body is not None:
            body = call.body()
            options["data" if isinstance(body, aiohttp.FormData) else "json"] = body
        try:
            async with session.request(call.method, url, allow_redirects=False, **options) as response:
                return await self._answer(response)
        except _NEVER_SENT as error:
            return NoResponse(sent=False, trouble=type(error).__name__)
        except _MAYBE_SENT as error:
            return NoResponse(sent=True, trouble=type(error).__name__)

    async def _answer(self, response: aiohttp.ClientResponse) -> Answer:
        """Read the body. The status is kept even if that fails."""
        try:
            raw = await _read(response)
        except _MAYBE_SENT as error:
            raw, trouble = None, type(error).__name__
        else:
            trouble = "too large" if raw is None else ""
        body = None if raw is None else self._decoded(raw)
        if raw is not None and body is None:
            trouble = "no JSON object"
        return Answer(
            status=response.status,
            body=body,
            trouble=trouble,
            html=response.content_type == "text/html" or (raw or b"").lstrip()[:1] == b"<",
            retry_after=response.headers.get("Retry-After"),
        )

    def _decoded(self, raw: bytes) -> dict[str, Any] | None:
        """The JSON object in ``raw``, with our API key removed in case the server echoed it."""
        key = self._key.get_secret_value().encode()
        if len(key) >= _KEY_LENGTH:
            raw = raw.replace(key, b"[key]")
        try:
            body = from_json(raw)
        except ValueError:  # also for invalid UTF-8, deep nesting, or huge numbers
            return None
        return body if isinstance(body, dict) else None


def _fault(reply: Reply) -> Fault | None:
    if isinstance(reply, NoResponse):
        return Fault.SILENT if reply.sent else Fault.UNREACHABLE
    return fault_of(reply.status) or (Fault.UNREADABLE if reply.body is None else None)


def _level(call: Call, reply: Reply) -> int:
    """Successful queries (a 404 is normal) are frequent, so they are logged only at debug level."""
    if isinstance(reply, NoResponse):
        return logging.WARNING
    return logging.DEBUG if call.method == "GET" and (reply.status < 300 or reply.status == 404) else logging.INFO


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """The body after decompression, or ``None`` as soon as it exceeds the limit."""
    parts = bytearray()
    async for part in response.content.iter_chunked(_CHUNK):
        parts += part
        if len(parts) > PROVIDER_ANSWER_BYTES:
            response.close()
            return None
    return bytes(parts)
