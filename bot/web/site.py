"""A small HTTP server: a few routes, 404 for everything else, and no headers that reveal what runs here."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot import limits, metrics
from bot.errors import BadStart


def _counted(record: logging.LogRecord) -> bool:
    """Count requests that are not valid HTTP, instead of logging each with a traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    metrics.WEB_MALFORMED.inc()
    return False


_server_log = logging.getLogger("aiohttp.server")
_server_log.addFilter(_counted)


@dataclass(frozen=True, slots=True)
class ListenErrors:
    """Messages for the operator when the server cannot listen. Neither contains the value of a setting."""

    taken: str  # another program has the port
    otherwise: str


class Site:
    """Serves ``routes`` on ``host`` and ``port`` (0: any free one)."""

    def __init__(self, host: str, port: int, routes: Sequence[web.RouteDef], errors: ListenErrors) -> None:
        self._host = host
        self._routes = tuple(routes)
        self._errors = errors
        self._runner: web.AppRunner | None = None
        self.port = port  # after the start, the actual port

    async def start(self) -> None:
        """Listen. Raises :class:`~bot.errors.BadStart` if that is not possible."""
        app = web.Application()
        app.router.add_routes(self._routes)
        app.router.add_route("*", "/{path:.*}", _not_found)
        app.on_response_prepare.append(_without_versions)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_server_log,
            shutdown_timeout=limits.WEB_SHUTDOWN_SECONDS,
            auto_decompress=False,  # signatures cover the bytes as sent; and no small body may inflate to a large one
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self.port).start()
        except OSError as error:
            await runner.cleanup()
            taken = error.errno == errno.EADDRINUSE
            raise BadStart(self._errors.taken if taken else self._errors.otherwise) from error
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; requests being answered get two seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


async def read_body(request: web.Request, *, most: int, within: float) -> bytes | HTTPStatus:
    """The body as sent, or an error response if it is larger than ``most`` bytes or not here ``within`` seconds."""
    try:
        async with asyncio.timeout(within):
            body = await _parts(request, most)
    except TimeoutError:
        return HTTPStatus.REQUEST_TIMEOUT
    except ConnectionError:  # the client hung up: nobody reads this answer
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if body is None else body


async def _parts(request: web.Request, most: int) -> bytes | None:
    """The body, or ``None`` as soon as it exceeds the limit."""
    if (request.content_length or 0) > most:
        return None
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > most:
            return None
    return bytes(parts)


async def only_post(_: web.Request) -> web.Response:
    """Answers all other methods on a path that accepts only ``POST``."""
    answer = status_answer(HTTPStatus.METHOD_NOT_ALLOWED)
    answer.headers["Allow"] = "POST"
    return answer


def status_answer(status: HTTPStatus) -> web.Response:
    """A response with only its status; 202 and 204 have no body."""
    if status in (HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT):
        return web.Response(status=status)
    return web.json_response({"status": status.phrase.lower()}, status=status)


async def _not_found(_: web.Request) -> web.Response:
    return web.json_response({"status": "not found"}, status=404)


async def _without_versions(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "Castbook"
