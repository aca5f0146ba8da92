"""The small HTTP server that says whether the bot is alive (``/healthz``) and able to work (``/readyz``)."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from aiohttp import web

from bot.config import WebSettings
from bot.errors import BadStart

Probe: TypeAlias = Callable[[], Awaitable[bool]]

PROBE_SECONDS = 2.0
_SHUTDOWN_SECONDS = 2.0

log = structlog.get_logger(__name__)


class HealthServer:
    """``GET /healthz`` is 200 while the process serves; ``GET /readyz`` is 200 while every probe says yes, else 503.

    ``probes`` are asked all at once, two seconds each at most; one that fails or is late counts as no. Answers are
    JSON and name the probes, nothing else: what failed stands in the log.
    """

    def __init__(self, settings: WebSettings, probes: Mapping[str, Probe]) -> None:
        self._settings = settings
        self._probes = dict(probes)
        self._runner: web.AppRunner | None = None
        self.port = settings.port  # once started, the one that is bound

    async def start(self) -> None:
        """Listen. Raises :class:`~bot.errors.BadStart` where that is not possible."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_route("*", "/{path:.*}", _not_found)
        app.on_response_prepare.append(_without_versions)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._settings.host, self._settings.port).start()
        except OSError as error:
            await runner.cleanup()
            raise BadStart(_why_not(error)) from error
        self._runner = runner
        self.port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; requests being answered get two seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_ask(name, probe) for name, probe in self._probes.items()))
        ready = all(answers)
        body = {"status": "ok" if ready else "unready", "probes": dict(zip(self._probes, answers, strict=True))}
        return web.json_response(body, status=200 if ready else 503)


async def _ask(name: str, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await probe()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        log.warning("probe_failed", probe=name, error=type(error).__name__)
        return False


async def _not_found(_: web.Request) -> web.Response:
    return web.json_response({"status": "not found"}, status=404)


async def _without_versions(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "Castbook"


def _why_not(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "The health server cannot listen: another program already has the port in web.port."
    return "The health server cannot listen on web.host and web.port: no such address here, or no right to use it."
