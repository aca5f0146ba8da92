"""The command migrate with --to or --files-to: moves a database to PostgreSQL, and its files to a bucket."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from sqlalchemy import URL, make_url

from bot.config import Settings, StoreSettings
from bot.errors import BadConfiguration, BadStart
from bot.store.database import postgres_url
from bot.store.lock import locked
from bot.store.move_source import TABLES, Inventory, MoveSource

_SECONDS_BETWEEN_LINES: Final = 2.0


async def move(settings: Settings, to: str | None, files_to: str | None = None) -> int:
    """Copy a stopped bot's SQLite to the PostgreSQL ``to``, and its folder of files to the bucket ``files_to``.

    The PostgreSQL must be empty, or contain an unfinished move of the same database. The source is not changed. May be
    killed at any moment and run again. Raises :class:`~bot.errors.BadStart`.
    """
    url = _target(settings, to) if to else None
    bucket = _bucket(settings, files_to) if files_to else None
    path = _source(settings) if url or make_url(settings.store.url).get_backend_name() == "sqlite" else None
    lock = locked(path) if path else None
    try:
        if bucket:
            await _move_files(Path(settings.store.files), bucket)
        if url and path:
            await _move_rows(path, url)
    finally:
        if lock:
            lock.release()
    if url:
        print(f"next       set store.url to {url.render_as_string()}, and never start a bot with {path} again")
    if bucket:
        print(f"next       set store.files to {bucket.files}")
    else:
        print(f"files      are not moved: store.files stays {settings.store.files}")
    return 0


async def _move_files(root: Path, bucket: StoreSettings) -> None:
    from bot.store.move_files import copy_files

    began, counter = time.monotonic(), _Lines("sent")
    try:
        moved = await copy_files(root, bucket, lambda done, of: counter(f"{done:,} of {of:,} files"))
    except OSError as error:
        raise BadStart(
            f"The files cannot be copied (--files-to): {error}. What was copied need not be again."
        ) from error
    print(
        f"files      {moved.files:,}, {moved.size / 1_000_000:,.1f} MB, each read back and found the same; "
        f"{moved.sent:,} had to be sent, {_since(began)}",
        flush=True,
    )


async def _move_rows(path: Path, url: URL) -> None:
    began = time.monotonic()
    source = MoveSource(path)
    try:
        counter = _Lines("read")
        inventory = source.survey(lambda table, done: counter(f"{table}: {done:,} rows"))
        print(f"library    {path}: {inventory.total:,} rows, {_since(began)}", flush=True)
        await _move(source, inventory, url)
    finally:
        source.close()
    print(
        f"moved      {inventory.total:,} rows, each read back and found the same, {_since(began)}; {path} is as it was"
    )


async def _move(source: MoveSource, inventory: Inventory, url: URL) -> None:
    try:
        from bot.store.move_target import MoveTarget
    except ImportError:
        raise BadStart("A PostgreSQL needs asyncpg, which is not installed: make postgres installs it.") from None
    async with MoveTarget.opened(url) as target:
        if there := await target.begin(inventory):
            print(f"begun      {there:,} rows are there already; the move goes on", flush=True)
        for what, step in (("copied", target.copy), ("compared", target.compare)):
            for table in TABLES:
                rows, began = inventory.rows[table.name], time.monotonic()
                await step(table, source, _progress(what, rows))
                if rows:
                    print(f"{what:<10} {table.name}: all {rows:,} rows, {_since(began)}", flush=True)
        await target.finish(source)


def _progress(what: str, rows: int) -> Callable[[str, int], None]:
    counter = _Lines(what)
    return lambda table, done: counter(f"{table}: {done:,} of {rows:,} rows")


class _Lines:
    """Prints progress, at most as often as people can read it."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._said = time.monotonic()

    def __call__(self, progress: str) -> None:
        if time.monotonic() - self._said > _SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            print(f"{self._what:<10} {progress}", flush=True)


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _target(settings: Settings, to: str) -> URL:
    url = postgres_url(to, settings.store.password.get_secret_value())
    if url is None:
        raise BadConfiguration(
            "--to does not name a PostgreSQL: it should look like postgresql+asyncpg://user@host/name."
        )
    return url


def _bucket(settings: Settings, files_to: str) -> StoreSettings:
    """The bucket, with address and keys from the settings."""
    if settings.store.in_bucket:
        raise BadConfiguration("store.files is a bucket already: it has to be the folder that is copied to --files-to.")
    try:
        found = StoreSettings.model_validate(settings.store.model_dump() | {"files": files_to})
    except ValidationError:
        found = settings.store
    if not found.in_bucket:
        raise BadConfiguration("--files-to does not name a bucket: it should look like s3://castbook/files.")
    return found


def _source(settings: Settings) -> Path:
    url = make_url(settings.store.url)
    if url.get_backend_name() != "sqlite":
        raise BadConfiguration("store.url is no SQLite: it has to be the one whose library is moved to --to.")
    path = Path(url.database or "").resolve()
    if not path.is_file():
        raise BadStart(f"There is no library at {path} (store.url).")
    return path
