"""Migrates a database in a child process, so that alembic is never loaded into the bot's own memory."""

from __future__ import annotations

import asyncio
import os
import sys

import structlog
from sqlalchemy import URL, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import BadStart
from bot.store.tables import alembic_version

_log = structlog.get_logger(__name__)


async def revision(connection: AsyncConnection) -> str | None:
    """The revision of the database; ``None``: it is empty."""
    if not await connection.run_sync(lambda sync: inspect(sync).has_table(alembic_version.name)):
        return None
    found: str | None = await connection.scalar(select(alembic_version.c.version_num))
    return found


async def bring_to_head(url: URL) -> None:
    """Run every missing revision. Raises :class:`~bot.errors.BadStart` with one sentence."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.store.migrate"),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},  # the same code as ours
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        # Not as an argument: everybody on the machine can read those, and it may contain a password.
        output, trouble = await child.communicate(url.render_as_string(hide_password=False).encode())
    finally:
        if child.returncode is None:  # cancelled: it must not continue after the lock is released
            child.kill()
            await child.wait()
    if child.returncode == 0:
        return
    if child.returncode == BadStart.exit_code:
        raise BadStart(output.decode().strip())
    _log.error("migration_failed", code=child.returncode, output=trouble.decode(errors="replace")[-4000:])
    raise BadStart("The database (store.url) could not be brought to this version's schema: the log says why.")
