"""Serves the simulated Discord's attachments on loopback, so that the bot downloads them as it would real ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from aiohttp import web

from bot.jobs.ports import ByteSource
from bot.media.download import Download

SIMULATED_CDN = "https://cdn.simcord.invalid"  # where the simulated Discord says that its attachments are

FindBytes: TypeAlias = Callable[[str], bytes | None]


class LoopbackCdn:
    """``find`` gives the bytes behind a simulated address, or ``None``."""

    def __init__(self, find: FindBytes) -> None:
        self._find = find
        app = web.Application()
        app.router.add_get("/{path:.*}", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        self.origin = ""

    async def start(self) -> None:
        """Listen; after this ``origin`` is known."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _get(self, request: web.Request) -> web.Response:
        data = self._find(f"{SIMULATED_CDN}/{request.match_info['path']}")
        return web.Response(status=404) if data is None else web.Response(body=data)

    def in_front_of(self, source: ByteSource) -> ByteSource:
        """``source``, with simulated addresses turned into loopback ones."""
        return _Redirected(source, self)


class _Redirected:
    def __init__(self, source: ByteSource, cdn: LoopbackCdn) -> None:
        self._source = source
        self._cdn = cdn

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        if url.startswith(SIMULATED_CDN):
            url = self._cdn.origin + url.removeprefix(SIMULATED_CDN)
        return await self._source.fetch(url, into, max_bytes=max_bytes)
