"""``GET /exports/<token>``: serves a large export to anyone who has its link, which only its owner got."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from io import BufferedRandom
from typing import Protocol

from aiohttp import web

from bot import limits

PATH = "/exports/{token}"
_PIECE = 256 * 1024  # bytes in memory at once
_HEADERS = {
    "Content-Type": "application/zip",
    "Content-Disposition": 'attachment; filename="castbook.zip"',
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


class ExportSource(Protocol):
    """Creates the export behind a link."""

    def opened(self, token: str) -> AbstractAsyncContextManager[BufferedRandom | None]:
        """The zip behind that link; ``None`` if the link is invalid or expired, or its owner has nothing to export."""


def export_routes(source: ExportSource) -> Sequence[web.RouteDef]:
    """The routes for :class:`~bot.web.health.HealthServer`."""
    return (web.get(PATH, _Exports(source).get, allow_head=False),)


class _Exports:
    """Answers 404 for an invalid or expired link, 503 while too many exports, or another of this owner's, are sent."""

    def __init__(self, source: ExportSource) -> None:
        self._source = source
        self._under_way: set[str] = set()  # the owners, as named in their links

    async def get(self, request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        owner = token.partition(".")[0]
        if owner in self._under_way or len(self._under_way) >= limits.EXPORT_DOWNLOADS:
            return web.json_response({"status": "busy"}, status=503, headers={"Retry-After": "60"})
        self._under_way.add(owner)
        try:
            async with self._source.opened(token) as file:
                if file is None:
                    return web.json_response({"status": "not found"}, status=404)
                return await _sent(request, file)
        finally:
            self._under_way.discard(owner)


async def _sent(request: web.Request, file: BufferedRandom) -> web.StreamResponse:
    response = web.StreamResponse(headers=_HEADERS)
    response.content_length = await asyncio.to_thread(lambda: os.fstat(file.fileno()).st_size)
    await response.prepare(request)
    with suppress(ConnectionError):  # the client hung up
        async with asyncio.timeout(limits.EXPORT_LINK_LIFE.total_seconds()):  # a slower reader would block others
            while piece := await asyncio.to_thread(file.read, _PIECE):
                await response.write(piece)
        await response.write_eof()
    return response
