"""The commands backup, restore and restored: copy database and files into a folder and back."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from pathlib import Path

from sqlalchemy import make_url

from bot.config import Settings, StoreSettings
from bot.errors import BadConfiguration, BadStart
from bot.jobs import transitions
from bot.store.backup import (
    DATABASE,
    FILES,
    Contents,
    contents,
    copy_database,
    copy_file,
    copy_files,
    flush,
    settle_postgres,
)
from bot.store.database import database_at, postgres_url
from bot.store.lock import locked
from bot.values.clock import utc_now


async def backup(settings: Settings, path: Path) -> int:
    """Copy database and files into the new folder ``path``, also while the bot runs: completely or not at all."""
    made, gone = await asyncio.to_thread(_backup, settings.store, path)
    print(f"backup     {path}: {made.characters} characters, {made.jobs} jobs, {len(made.keys) - gone} files")
    if settings.store.in_bucket:
        print(f"           the {gone} files that it refers to stay in the bucket: keep what is deleted there as long")
    elif gone:
        print(f"           {gone} files were deleted meanwhile")
    return 0


async def restore(settings: Settings, path: Path) -> int:
    """Restore a backup to the configured places, which must be empty. No bot may be running."""
    files = await asyncio.to_thread(_restore, settings.store, path)
    print(f"restored   {path}: the database and {files} files; unfinished jobs that may have been sent are unclear")
    if settings.store.in_bucket:
        print(f"           the files are in the bucket already, or have to be copied there from {path / FILES}")
    return 0


async def restored(settings: Settings) -> int:
    """Make a PostgreSQL database safe to start on after pg_restore. No process of Castbook may be running."""
    url = postgres_url(settings.store.url, settings.store.password.get_secret_value())
    if url is None:
        raise BadConfiguration("store.url names no PostgreSQL: castbook restore puts back a backup of a SQLite.")
    database = database_at(url.render_as_string(hide_password=False))
    await database.open()  # migrates it to this version
    await database.close()
    unclear = await settle_postgres(url, transitions.restored(utc_now()))
    print(f"restored   {unclear} unfinished jobs that may have been sent since the backup are unclear; start it now")
    return 0


def _backup(settings: StoreSettings, path: Path) -> tuple[Contents, int]:
    if path.exists():
        raise BadStart(f"There is something at {path} already: name a folder that is not there yet.")
    path = path.absolute()  # "." has no name of its own
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(mode=0o700)
        copy_database(_database(settings), part / DATABASE, transitions.restored(utc_now()))
        made = contents(part / DATABASE)
        (part / FILES).mkdir(mode=0o700)
        gone = len(made.keys) if settings.in_bucket else copy_files(Path(settings.files), made.keys, part / FILES)
        for folder in (*(each for each in part.rglob("*") if each.is_dir()), part):
            flush(folder)
        part.rename(path)
        flush(path.parent)
    except OSError as error:
        raise BadStart(f"The backup cannot be written to {path}: {error.strerror}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return made, gone


def _restore(settings: StoreSettings, path: Path) -> int:
    if not (path / DATABASE).is_file():
        raise BadStart(f"There is no backup at {path}: it would be a folder with {DATABASE} in it.")
    database = _database(settings).resolve()
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = locked(database)
        try:
            return _put_back(path, database, settings)
        finally:
            lock.release()
    except OSError as error:
        raise BadStart(f"The backup cannot be put back (store.url, store.files): {error.strerror}.") from error


def _put_back(path: Path, database: Path, settings: StoreSettings) -> int:
    """Restore the files first: as long as there is no database, an interrupted restore can be repeated."""
    for beside in ("", "-wal"):  # another database's log would be applied to this one
        there = database.with_name(f"{database.name}{beside}")
        if there.exists() and there.stat().st_size:
            raise BadStart("There is a database already (store.url): move it and its files (store.files) away first.")
    copied = 0 if settings.in_bucket else _put_files_back(path / FILES, Path(settings.files))
    part = database.with_name(f"{database.name}.restoring")
    part.unlink(missing_ok=True)
    copy_database(path / DATABASE, part, transitions.restored(utc_now()))
    part.replace(database)
    flush(database.parent)
    return copied


def _put_files_back(copies: Path, files: Path) -> int:
    copied = [each for each in copies.rglob("*") if each.is_file()]
    for file in copied:
        target = files / file.relative_to(copies)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy_file(file, target)
    for folder in {files, *(each for each in files.rglob("*") if each.is_dir())} if copied else ():
        flush(folder)
    return len(copied)


def _database(settings: StoreSettings) -> Path:
    url = make_url(settings.url)
    if url.get_backend_name() != "sqlite":
        raise BadStart(
            "The database (store.url) is a PostgreSQL: copy it with pg_dump --format=custom (docs/postgres.md "
            "says how to put it back)."
        )
    return Path(url.database or "")
