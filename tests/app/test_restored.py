"""The command restored: what pg_restore has put back pays nothing twice."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.app import backup
from bot.config import Settings
from bot.errors import BadConfiguration, BadStart
from bot.store import backup as store_backup
from bot.store.database import Database, database_at
from bot.store.jobs import JobStore
from bot.values.job import Job, Outcome, Step
from tests.app.conftest import MakeSettings
from tests.app.test_backup import unfinished
from tests.postgres_cluster import programs


@pytest.fixture
def settings(make_settings: MakeSettings, new_postgres_url: Callable[..., str]) -> Settings:
    """With the empty database that a backup is put back into."""
    return make_settings(STORE__URL=new_postgres_url(at_head=False))


async def opened(url: str) -> Database:
    database = database_at(url)
    await database.open()
    return database


def run(program: str, url: str, *arguments: str | Path) -> None:
    """One of PostgreSQL's programs, on a database."""
    address = make_url(url)
    where = ["--host", str(address.query["host"]), "--username", address.username or ""]
    subprocess.run([programs() / program, *where, *arguments], check=True, env={**os.environ, "LC_ALL": "C"})


async def test_there_and_back(
    postgres_url: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = await opened(postgres_url)
    job = await unfinished(JobStore(database))
    dump = tmp_path / "castbook.dump"
    name = make_url(postgres_url).database or ""
    await asyncio.to_thread(run, "pg_dump", postgres_url, "--format=custom", f"--file={dump}", name)
    await database.close()

    into = f"--dbname={make_url(settings.store.url).database}"
    await asyncio.to_thread(run, "pg_restore", settings.store.url, into, "--no-owner", dump)
    assert await backup.restored(settings) == 0
    assert capsys.readouterr().out.startswith("restored   1 unfinished jobs")
    database = await opened(settings.store.url)
    found = await JobStore(database).get(job.id)
    await database.close()
    assert isinstance(found, Job)
    assert (found.step, found.outcome, found.origin.token) == (Step.DELIVER, Outcome.UNKNOWN, None)
    assert found.finished_at is not None
    assert datetime.now(UTC) >= found.finished_at
    assert "This job comes from a backup" in str(found.failure)
    assert await backup.restored(settings) == 0
    assert capsys.readouterr().out.startswith("restored   0 unfinished jobs")


async def test_not_beside_a_process_that_runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_backup, "_GONE_WITHIN", 0.3)
    running = await opened(settings.store.url)
    job = await unfinished(JobStore(running))
    with pytest.raises(BadStart, match="stop every process first"):
        await backup.restored(settings)
    assert (await JobStore(running).get(job.id)) == job
    await running.close()


async def test_a_sqlite_has_a_command_of_its_own(make_settings: MakeSettings) -> None:
    with pytest.raises(BadConfiguration, match="castbook restore"):
        await backup.restored(make_settings())


async def test_what_is_for_sqlite_says_how_a_postgresql_is_copied(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadStart, match="pg_dump --format=custom"):
        await backup.backup(settings, tmp_path / "backup")
