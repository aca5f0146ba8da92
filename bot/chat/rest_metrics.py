"""Measures Discord's REST API, its durations and failures, in a hook that every request of discord.py passes."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bot import tracing
from bot.metrics import DISCORD_FAULTS, DISCORD_SECONDS, DiscordRoute, Fault, fault_of

_ROUTES = (
    (re.compile(r"/interactions/\d+/[^/]+/callback$"), DiscordRoute.FIRST_ANSWER),
    (re.compile(r"/webhooks/\d+/"), DiscordRoute.REPLY),
    (re.compile(r"/channels/\d+/messages"), DiscordRoute.MESSAGE),
)
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def traced() -> aiohttp.TraceConfig:
    """For discord.py's ``http_trace``. URLs contain tokens: only the kind of a request is recorded."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_started)
    trace.on_request_end.append(_answered)
    trace.on_request_exception.append(_failed)
    return trace


def route_of(url: URL) -> DiscordRoute:
    """What a request to that address is about."""
    return next((route for pattern, route in _ROUTES if pattern.search(url.path)), DiscordRoute.OTHER)


async def _started(_: aiohttp.ClientSession, request: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
    request.began = asyncio.get_running_loop().time()


async def _answered(_: aiohttp.ClientSession, request: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
    if params.response.status == 101:  # the gateway: this connection lasts for days
        return
    _measured(request, params.url, fault_of(params.response.status), params.response.status)


async def _failed(
    _: aiohttp.ClientSession, request: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
) -> None:
    _measured(request, params.url, Fault.UNREACHABLE if isinstance(params.exception, _NEVER_SENT) else Fault.SILENT)


def _measured(request: SimpleNamespace, url: URL, fault: Fault | None, status: int | None = None) -> None:
    route = route_of(url)
    seconds = asyncio.get_running_loop().time() - request.began
    DISCORD_SECONDS.labels(route).observe(seconds)
    tracing.took("discord request", seconds, route=route, status=status, fault=fault)
    if fault is not None:
        DISCORD_FAULTS.labels(route, fault).inc()
