"""The command ``migrate --to URL``: a library moves from SQLite to PostgreSQL. One plain line each."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url

from bot.config import Settings
from bot.errors import BadConfiguration, BadStart
from bot.store.database import postgres_url
from bot.store.lock import locked
from bot.store.move_source import TABLES, MoveSource, Surveyed

_SECONDS_BETWEEN_LINES: Final = 2.0


async def move(settings: Settings, to: str) -> int:
    """Copy every row of a stopped bot's SQLite to the PostgreSQL ``to``, which is empty or has a begun move of it.

    Nothing in the SQLite is changed. May be killed at any moment and run again. Raises :class:`~bot.errors.BadStart`.
    """
    began = time.monotonic()
    url, path = _target(settings, to), _source(settings)
    lock = locked(path)
    try:
        source = MoveSource(path)
        try:
            surveyed = source.survey(_Lines("read", None))
            print(f"library    {path}: {surveyed.total:,} rows, {_since(began)}", flush=True)
            await _move(source, surveyed, url)
        finally:
            source.close()
    finally:
        lock.release()
    shown = url.render_as_string()
    print(
        f"moved      {surveyed.total:,} rows, each read back and found the same, {_since(began)}; {path} is as it was"
    )
    print(f"next       set store.url to {shown}, start the bot, and never start one with {path} again")
    print(f"files      are not moved: store.files stays {settings.store.files}")
    return 0


async def _move(source: MoveSource, surveyed: Surveyed, url: URL) -> None:
    try:
        from bot.store.move_target import MoveTarget
    except ImportError:
        raise BadStart("A PostgreSQL needs asyncpg, which is not installed: make postgres installs it.") from None
    async with MoveTarget.opened(url) as target:
        if there := await target.begin(surveyed):
            print(f"begun      {there:,} rows are there already; the move goes on", flush=True)
        for what, step in (("copied", target.copy), ("compared", target.compare)):
            for table in TABLES:
                said = _Lines(what, surveyed)
                await step(table, source, said)
                said.end(table.name)
        await target.finish(source)


class _Lines:
    """Says how far a table is, not more often than somebody can read it."""

    def __init__(self, what: str, surveyed: Surveyed | None) -> None:
        self._what = what
        self._surveyed = surveyed
        self._said = self._began = time.monotonic()

    def __call__(self, table: str, done: int) -> None:
        if time.monotonic() - self._said > _SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            of = f" of {self._surveyed.rows[table]:,}" if self._surveyed else ""
            print(f"{self._what:<10} {table}: {done:,}{of} rows", flush=True)

    def end(self, table: str) -> None:
        """All of it is done."""
        if self._surveyed and (rows := self._surveyed.rows[table]):
            print(f"{self._what:<10} {table}: all {rows:,} rows, {_since(self._began)}", flush=True)


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _target(settings: Settings, to: str) -> URL:
    url = postgres_url(to, settings.store.password.get_secret_value())
    if url is None:
        raise BadConfiguration(
            "--to does not name a PostgreSQL: it should look like postgresql+asyncpg://user@host/name."
        )
    return url


def _source(settings: Settings) -> Path:
    url = make_url(settings.store.url)
    if url.get_backend_name() != "sqlite":
        raise BadConfiguration("store.url is no SQLite: it has to be the one whose library is moved to --to.")
    path = Path(url.database or "").resolve()
    if not path.is_file():
        raise BadStart(f"There is no library at {path} (store.url).")
    return path
