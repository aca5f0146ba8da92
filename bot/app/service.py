"""Runs the service until a signal arrives or Discord closes the connection for good."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from bot import tracing
from bot.app.build import App
from bot.app.roles import Role, Shards
from bot.config import Settings
from bot.errors import BadStart
from bot.store.database_errors import passes_by_itself

_log = structlog.get_logger(__name__)


async def run(settings: Settings, *, role: Role = Role.ALL, shards: Shards | None = None) -> int:
    """Serve until SIGTERM or SIGINT: the first signal shuts down gracefully, the second kills. Returns the exit code.

    A gateway error that ends the client ends the process with 1, and the container restarts it. Raises BadStart, also
    if the database is lost while it starts, or ends the client later by being away.
    """
    async with tracing.exporting(settings.trace, role=role):
        app = App(settings, role=role, shards=shards)
        with _database_needed():
            await app.open()
        try:
            with _database_needed(), only_new_objects_collected():
                await app.start_web()
                await app.start_jobs()
                return await _until_stopped(app)
        finally:
            await app.close()
            _log.info("stopped")


@contextmanager
def _database_needed() -> Iterator[None]:
    """A lost database is no defect of ours: exit, so that the supervisor starts the process again."""
    try:
        yield
    except Exception as error:
        if not _is_of_database(error):
            raise
        _log.info("database_lost", error=type(error).__name__)
        raise BadStart("The database (store.url) stopped answering: check that it runs, then start again.") from error


@contextmanager
def only_new_objects_collected() -> Iterator[None]:
    """Let the garbage collector ignore all that exists by now: modules, catalogues and commands, which stay anyway.

    A full collection would walk through them every few hundred commands, and block everything for some 80 ms.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _is_of_database(error: BaseException) -> bool:
    return passes_by_itself(error) and not isinstance(error, OSError)


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
    if error is not None and (isinstance(error, BadStart) or _is_of_database(error)):
        raise error
    _log.error("discord_client_ended", exc_info=error)
    return 1


async def _stopped(app: App, serving: asyncio.Task[None]) -> int:
    await app.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    return 0
