"""SIGTERM in the middle of a look into a video: what can end is waited for, what cannot is killed, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import textwrap
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import service
from bot.app.build import App
from bot.config import Settings
from bot.jobs.maintenance import Maintenance
from bot.jobs.runner import Runner
from bot.media import child_process
from playground.provider import SimulatedProvider
from tests.app.conftest import MakeSettings
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE
from tests.wire.scene import clip

REAL_CHILD = child_process.PROGRAM


@pytest.fixture
def settings(make_settings: MakeSettings, discord: LoopbackDiscord, provider: SimulatedProvider) -> Settings:
    return make_settings(
        DISCORD__CDN_ORIGINS=f'["{discord.cdn_origin}"]',
        LINKS__TRUSTED_ORIGINS=f'["{provider.base_url}"]',
        CONSENT__ASK="false",
        TOAPIS__POLL_FIRST="0.1",
        TOAPIS__POLL_EVERY="0.1",
    )


@pytest.fixture
def child_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts ``body`` in the place of the media child; returns the file in which it leaves its process id."""
    pid = tmp_path / "child.pid"

    def make(body: str) -> Path:
        program = tmp_path / "child.py"
        note = f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n"
        program.write_text(note + textwrap.dedent(body), "utf-8")
        monkeypatch.setattr(child_process, "PROGRAM", program)
        return pid

    return make


async def asked_for(discord: LoopbackDiscord) -> Interaction:
    """``/character create`` with a clip, by somebody in a server."""
    guild = discord.add_guild()
    ann = discord.add_user("ann", guild)
    video = discord.file("clip.mp4", clip(), "video/mp4")
    return await ann.slash(guild.add_channel("casting"), "character create", {"video": video, "range": "1-3"})


async def stopped_while_it_looks(settings: Settings, discord: LoopbackDiscord, pid: Path) -> int:
    """Start, ask for a character, and send SIGTERM as soon as the child is there; returns its process id."""
    running = asyncio.create_task(service.run(settings))
    async with asyncio.timeout(PATIENCE):
        await discord.bot_is_ready(PATIENCE)
        await asked_for(discord)
        while (child := written(pid)) is None:
            assert not running.done()
            await asyncio.sleep(0.02)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    return child


def written(pid: Path) -> int | None:
    return int(pid.read_text() or 0) or None if pid.exists() else None


def row(folder: Path) -> tuple[str, str | None, str | None]:
    with closing(sqlite3.connect(folder / "castbook.db")) as database:
        return database.execute("SELECT step, outcome, lease_owner FROM jobs").fetchone()


async def test_a_look_that_ends_in_time_is_waited_for(
    settings: Settings,
    discord: LoopbackDiscord,
    child_that: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Runner.stop, "__defaults__", (timedelta(seconds=PATIENCE),))
    slow = f"""
    import runpy
    time.sleep(1)
    runpy.run_path({str(REAL_CHILD)!r}, run_name="__main__")
    """
    await stopped_while_it_looks(settings, discord, child_that(slow))
    assert row(tmp_path) == ("submit", None, None), "the step came to its end, and no other was begun"


async def test_a_look_that_does_not_end_is_killed_and_taken_again_after_the_next_start(
    settings: Settings,
    discord: LoopbackDiscord,
    provider: SimulatedProvider,
    child_that: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Runner.stop, "__defaults__", (timedelta(seconds=0.5),))
    child = await stopped_while_it_looks(settings, discord, child_that("time.sleep(600)"))
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert row(tmp_path) == ("prepare", None, None)

    monkeypatch.setattr(child_process, "PROGRAM", REAL_CHILD)
    running = asyncio.create_task(service.run(settings))
    async with asyncio.timeout(PATIENCE):
        while row(tmp_path)[:2] != ("done", "succeeded"):
            assert not running.done()
            await asyncio.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    assert len(provider.submissions) == 1
    assert not (tmp_path / "files" / "work").exists() or not list((tmp_path / "files" / "work").iterdir())


async def test_the_housekeeping_is_over_before_the_database_is_closed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bool] = []

    async def run(self: Maintenance) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # what it is in the middle of
            written.append(await app.stores.database.writable())

    monkeypatch.setattr(Maintenance, "run", run)
    app = App(settings)
    await app.open()
    await app.start_jobs()
    await asyncio.sleep(0)
    await app.close()
    assert written == [True]
