"""The service: until a signal, or until Discord ends it."""

from __future__ import annotations

import asyncio
import signal

import structlog

from bot import tracing
from bot.app.build import App
from bot.app.roles import Role, Shards
from bot.config import Settings
from bot.errors import BadStart

_log = structlog.get_logger(__name__)


async def run(settings: Settings, *, role: Role = Role.ALL, shards: Shards | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the first signal asks, the second kills. Returns the exit code.

    A gateway fault that ends the client ends the process with 1: the container starts it again.
    """
    async with tracing.exporting(settings.trace, role=role):
        app = App(settings, role=role, shards=shards)
        await app.open()
        try:
            await app.start_web()
            await app.start_jobs()
            return await _until_stopped(app)
        finally:
            await app.close()
            _log.info("stopped")


async def _until_stopped(app: App) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def origin(number: signal.Signals) -> None:
        _log.info("stopping", signal=number.name)
        stop.set()
        loop.remove_signal_handler(number)  # from now on the default: the second one kills

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, origin, number)
    serving = asyncio.create_task(app.serve_discord(), name="discord")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        return await _stopped(app, serving)
    error = serving.exception()
    if isinstance(error, BadStart):
        raise error
    _log.error("discord_client_ended", exc_info=error)
    return 1


async def _stopped(app: App, serving: asyncio.Task[None]) -> int:
    await app.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    return 0
