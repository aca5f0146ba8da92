"""Copies everything that is stored while the bot runs, in such a way that a restore pays for nothing twice.

A copy does not know what happened after it was made, so a job that is not known to be at the provider yet must not be
sent after a restore: in the copy it has ended, and is unclear. This is done to the copy itself and not when it is
restored, so there is no way to restore it without.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, delete, func, or_, select, update
from sqlalchemy import text as sql  # not a text for people, which make messages looks for
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import BadStart
from bot.limits import DATABASE_BUSY
from bot.store.job_rows import readable, to_columns
from bot.store.tables import HEAD, alembic_version, characters, drafts, files, jobs
from bot.values.job import BEFORE_SUBMISSION, JobKind, Step, Transition

DATABASE, FILES = "castbook.db", "files"  # the parts of a backup
_WORK = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a copy of the database refers to. ``keys`` name files in the file store."""

    characters: int
    jobs: int
    keys: frozenset[str]


def copy_database(database: Path, into: Path, restored: Transition) -> None:
    """Copy ``database``, which may be in use, into the new file ``into``; then settle the copy.

    Settled: the transition ``restored`` is applied to unfinished jobs that may have been sent since, interaction tokens
    and half-written forms are deleted, and nothing that was ever deleted is left in the file. Raises
    :class:`~bot.errors.BadStart` and :class:`OSError`.
    """
    unsettled = into.with_name(f"{into.name}.unsettled")
    try:
        _copy(database, unsettled)
        engine = _engine(unsettled)
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                settle(connection, restored)
        finally:
            engine.dispose()
        with closing(sqlite3.connect(unsettled, isolation_level=None)) as settled:
            if settled.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise _damaged()
            settled.execute("VACUUM INTO ?", (str(into),))
        into.chmod(0o600)
        flush(into)
    except (DatabaseError, sqlite3.Error) as error:
        raise _bad_start(error) from error
    finally:
        unsettled.unlink(missing_ok=True)


def settle(connection: Connection, restored: Transition) -> int:
    """Apply ``restored`` to jobs that may have been sent since; wipe tokens and forms. Returns how many jobs.

    Uses only columns that every version has, because a copy may be from an older version.
    """
    unsent = (jobs.c.step.in_(BEFORE_SUBMISSION), jobs.c.outcome.is_(None))
    touched = or_(jobs.c.token.is_not(None), jobs.c.lease_owner.is_not(None))
    columns = to_columns(restored.changes) | {"updated_at": restored.changes["finished_at"]}
    connection.execute(update(jobs).where(touched).values(token=None, lease_owner=None, lease_until=None))
    connection.execute(delete(jobs).where(*unsent, jobs.c.kind == JobKind.PREVIEW))  # previews send nothing
    unclear = connection.execute(update(jobs).where(*unsent).values(columns)).rowcount
    connection.execute(delete(drafts))
    return unclear


async def settle_postgres(url: URL, restored: Transition) -> int:
    """Settle a PostgreSQL at head that pg_restore has restored. Returns how many jobs are unclear.

    Raises :class:`~bot.errors.BadStart` if a process of Castbook is connected to it.
    """
    engine = create_async_engine(url, hide_parameters=True)
    try:
        until = asyncio.get_running_loop().time() + _GONE_WITHIN
        while await _processes(engine):
            if asyncio.get_running_loop().time() > until:
                raise BadStart("A Castbook is connected to this PostgreSQL (store.url): stop every process first.")
            await asyncio.sleep(0.1)
        async with engine.begin() as connection:
            await connection.execute(_NOBODY_ELSE)
            return await connection.run_sync(settle, restored)
    finally:
        await engine.dispose()


_NOBODY_ELSE: Final = sql("LOCK TABLE jobs")
_PROCESSES: Final = sql(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'castbook'"
)
_GONE_WITHIN: Final = 5.0  # seconds: recently closed connections are still listed


async def _processes(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(_PROCESSES) or 0


def contents(copy: Path) -> Contents:
    """What a copy made by this version contains. Raises BadStart if it is from another version."""
    engine = _engine(copy)
    try:
        with engine.connect() as connection:
            if connection.scalar(select(alembic_version.c.version_num)) != HEAD:
                raise BadStart("The database (store.url) is of another version: start this one on it first.")
            return Contents(
                characters=connection.scalar(select(func.count()).select_from(characters)) or 0,
                jobs=connection.scalar(select(func.count()).select_from(jobs)) or 0,
                keys=frozenset(connection.scalars(select(files.c.key))) | _clips(connection),
            )
    except (DatabaseError, sqlite3.Error) as error:
        raise _bad_start(error) from error
    finally:
        engine.dispose()


def copy_files(root: Path, keys: Iterable[str], into: Path) -> int:
    """Copy these files from the file store at ``root``; returns how many no longer exist. Raises OSError."""
    gone = 0
    for key in sorted(keys):
        target = into / key
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            copy_file(root / key, target)
        except FileNotFoundError:  # its owner deleted it meanwhile
            gone += 1
    return gone


def copy_file(source: Path, target: Path) -> None:
    """Copy a file, readable by its owner only, and sync it to disk. Raises OSError."""
    shutil.copyfile(source, target, follow_symlinks=False)
    target.chmod(0o600)
    flush(target)


def flush(path: Path) -> None:
    """Sync a file, or the names in a folder, to disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(database: Path, into: Path) -> None:
    address = f"{database.absolute().as_uri()}?mode=ro"  # do not create a database if there is none
    with (
        closing(sqlite3.connect(address, uri=True, timeout=DATABASE_BUSY.total_seconds())) as source,
        closing(sqlite3.connect(into)) as target,
    ):
        into.chmod(0o600)
        source.backup(target)  # in one go: one snapshot, which blocks no writer and which no writer can restart
        target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it


def _engine(copy: Path) -> Engine:
    return create_engine(URL.create("sqlite", database=str(copy)), hide_parameters=True)


def _clips(connection: Connection) -> frozenset[str]:
    """The clips and stills of jobs at the provider: they enter the cast together with its result."""
    paid = select(jobs).where(jobs.c.step.in_([Step.WATCH, Step.COLLECT]))
    found = set()
    for job in readable(connection.execute(paid).mappings()):
        if job.seen.cut is not None:
            names = (job.seen.cut.name, *(still.name for still in job.seen.cut.stills))
            found |= {f"{_WORK}/{job.id}/{name}" for name in names}
        if job.seen.reference is not None:
            its = job.seen.reference
            more = (its.clip, its.voice, *(still.name for still in its.stills))
            found |= {f"{_WORK}/{job.id}/{name}" for name in more if name is not None}
    return frozenset(found)


def _bad_start(error: DatabaseError | sqlite3.Error) -> BadStart:
    cause = error.orig if isinstance(error, DatabaseError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return BadStart("The database cannot be copied: check that it is there, the rights of its folder and the disk.")
    return _damaged()


def _damaged() -> BadStart:
    return BadStart("The database is damaged, or not a database: it was not copied.")
