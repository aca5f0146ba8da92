"""Another program holds the database for longer than anybody waits: people are told, and afterwards all goes on."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import build
from bot.app.build import App
from bot.config import load
from bot.store import sqlite_database
from bot.store.sqlite import WRITER
from tests.remembered_looks import RememberedMedia
from tests.wire.bot_process import environment
from tests.wire.scene import PATIENCE, Scene, migrated, scene

BUSY = 0.3  # seconds


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the database; the ten seconds of real life are only longer."""
    patient = f"PRAGMA busy_timeout={int(BUSY * 1000)}"
    monkeypatch.setattr(sqlite_database, "WRITER", replace(WRITER, pragmas=(*WRITER.pragmas, patient)))
    monkeypatch.setattr(sqlite_database, "PATIENT", patient)


@pytest.fixture(autouse=True)
def remembered_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MeasuredMediaWorker", RememberedMedia)


@asynccontextmanager
async def leased(folder: Path) -> AsyncIterator[None]:
    """While another connection has the database to itself."""
    with closing(sqlite3.connect(folder / "castbook.db", isolation_level=None, timeout=0)) as other:
        async with asyncio.timeout(PATIENCE):
            while not other.in_transaction:
                with suppress(sqlite3.OperationalError):  # the bot is just writing
                    other.execute("BEGIN EXCLUSIVE")
                await asyncio.sleep(0.01)
        yield
        other.execute("ROLLBACK")


@asynccontextmanager
async def running(show: Scene, folder: Path) -> AsyncIterator[App]:
    environ = environment(show.discord, show.provider, folder, CONSENT__ASK="false", WEB__PORT="0")
    app = App(load(folder / "config.toml", {k: v for k, v in environ.items() if k.startswith("CASTBOOK__")}))
    await app.open()
    await app.start_jobs()
    serving = asyncio.create_task(app.serve_discord())
    try:
        await show.discord.bot_is_ready(PATIENCE)
        yield app
    finally:
        await app.close()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.fixture
async def show(tmp_path: Path) -> AsyncIterator[Scene]:
    (migrated(tmp_path) / "config.toml").touch()
    async with scene() as world:
        yield world


async def test_whoever_asks_meanwhile_is_told_and_may_ask_again(show: Scene, tmp_path: Path) -> None:
    ann = show.person("ann")
    async with running(show, tmp_path):
        async with leased(tmp_path):
            refused = await show.says(await show.create(ann), "my database is busy")
        assert refused.only_for is ann
        assert re.search(r"my database is busy \(ID [0-9a-f]{8}\)\.", refused.text)
        assert "went wrong" not in refused.text
        assert not show.provider.submissions
        await show.made(ann, name="Ada")
    assert len(show.provider.submissions) == 1
    with closing(sqlite3.connect(tmp_path / "castbook.db")) as kept:
        assert kept.execute("SELECT count(*) FROM jobs").fetchone() == (1,), "nothing of the first one was written"
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_task_that_ends_meanwhile_is_delivered_afterwards(show: Scene, tmp_path: Path) -> None:
    ann = show.person("ann")
    async with running(show, tmp_path) as app:
        show.provider.hold_at(50)
        await show.create(ann, name="Ada")
        await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)
        async with leased(tmp_path):
            assert not await app.stores.database.writable()
            show.provider.hold_at(None)
            await asyncio.sleep(4 * BUSY)
            assert app.runner.alive
        card = await show.reads(ann, "Reusable task ID")
        assert await app.stores.database.writable()
    assert len(show.provider.submissions) == 1
    assert [message for message in show.channel.visible_to(ann) if "Ada" in message.text] == [card]


async def test_it_can_be_stopped_meanwhile(show: Scene, tmp_path: Path) -> None:
    ann = show.person("ann")
    show.provider.hold_at(50)
    async with AsyncExitStack() as lock, running(show, tmp_path):
        await show.create(ann, name="Ada")
        await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)
        await lock.enter_async_context(leased(tmp_path))
    show.provider.hold_at(None)
    async with running(show, tmp_path):
        await show.reads(ann, "Reusable task ID")
    assert len(show.provider.submissions) == 1
