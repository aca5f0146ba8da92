"""The HTTP server for health checks: ``/healthz`` (liveness) and ``/readyz`` (readiness)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import structlog
from aiohttp import web

from bot import limits
from bot.concurrency import within
from bot.config import WebSettings
from bot.web.site import ListenErrors, Site

Probe: TypeAlias = Callable[[], Awaitable[bool]]


log = structlog.get_logger(__name__)


class HealthServer(Site):
    """``GET /healthz`` is 200 while the process serves; ``GET /readyz`` is 200 while every probe passes, else 503.

    All ``probes`` run at once, for two seconds at most; one that fails or is late counts as failed. Answers are JSON
    and name only the probes: the log says what failed. ``routes`` are served beside the two.
    """

    def __init__(
        self, settings: WebSettings, probes: Mapping[str, Probe], *, routes: Sequence[web.RouteDef] = ()
    ) -> None:
        self._probes = dict(probes)
        ours = (web.get("/healthz", self._healthz), web.get("/readyz", self._readyz))
        super().__init__(settings.host, settings.port, (*ours, *routes), _LISTEN_ERRORS)

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _: web.Request) -> web.Response:
        answers = await asyncio.gather(*(_ask(name, probe) for name, probe in self._probes.items()))
        ready = all(answers)
        body = {"status": "ok" if ready else "unready", "probes": dict(zip(self._probes, answers, strict=True))}
        return web.json_response(body, status=200 if ready else 503)


async def _ask(name: str, probe: Probe) -> bool:
    try:
        return await within(limits.PROBE_SECONDS, probe())
    except Exception as error:  # noqa: BLE001 - whatever it is, the probe has failed
        log.warning("probe_failed", probe=name, error=type(error).__name__)
        return False


_LISTEN_ERRORS = ListenErrors(
    taken="The health server cannot listen: another program already has the port in web.port.",
    otherwise="The health server cannot listen on web.host and web.port: no such address here, or no right to use it.",
)
