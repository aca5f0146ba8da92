"""A backup of a running bot, put back elsewhere: what went on since is unknown there, and nothing is paid twice."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.app import backup
from bot.config import load
from tests.loopback_discord.driving import User
from tests.loopback_discord.messages import Message
from tests.wire.bot_process import castbook, environment, running
from tests.wire.scene import JPEG, PATIENCE, Scene, migrated, scene

CREATE = ("POST", "/v1/videos/generations")


def jobs(folder: Path) -> list[tuple[str, str | None, bool]]:
    """Of each job, oldest first: its step, its outcome, whether a submission was begun."""
    query = "SELECT step, outcome, submit_started_at IS NOT NULL FROM jobs ORDER BY created_at"
    with closing(sqlite3.connect(folder / "castbook.db")) as database:
        return [(step, outcome, bool(begun)) for step, outcome, begun in database.execute(query)]


@pytest.mark.timeout(180)  # two bots and two commands, one after the other
async def test_nothing_is_paid_again_after_a_restore(tmp_path: Path) -> None:
    here, there, copy = (tmp_path / name for name in ("here", "there", "copy"))
    here.mkdir()
    there.mkdir()
    (tmp_path / "config.toml").touch()
    async with scene() as show:
        show.provider.remembers_business_id = False  # a second submission would be a second task
        ann, bob = show.person("ann"), show.person("bob")
        async with running(show.discord, show.provider, migrated(here), CONSENT__ASK="false") as bot:
            await show.made(bob, name="Bea")
            show.provider.fail_next(*CREATE, 429, headers={"Retry-After": "5"})
            await show.create(ann, name="Ada")
            await show.discord.wait_for(lambda: show.provider.requests.count(CREATE) == 2, PATIENCE)
            async with asyncio.timeout(PATIENCE):
                while jobs(here)[-1] != ("submit", None, False):  # another process writes it
                    await asyncio.sleep(0.01)
            ours = {name: value for name, value in bot.environ.items() if name.startswith("CASTBOOK__")}
            with bot.frozen():  # or it sends the job before the copy is made
                assert jobs(here)[-1] == ("submit", None, False), "it waits for its second attempt"
                await backup.backup(load(tmp_path / "config.toml", ours), copy)
            assert jobs(copy)[-1] == ("deliver", "unknown", False), "before it was sent"
            another, _ = await asyncio.gather(
                castbook("backup", bot.environ, tmp_path, str(tmp_path / "another")),
                show.see(lambda: _card_of(show, ann, "Ada")),  # while the original goes on
            )
            assert (another.code, another.err) == (0, "")
            assert " characters, 2 jobs, " in another.out
            assert len(show.provider.submissions) == 2

        settings = environment(show.discord, show.provider, there, CONSENT__ASK="false")
        restored = await castbook("restore", settings, tmp_path, str(copy))
        assert (restored.code, restored.err) == (0, "")
        async with running(show.discord, show.provider, there, CONSENT__ASK="false") as bot:
            told = await show.see(lambda: next(iter(ann.dms()), None))
            assert "This job comes from a backup" in told.text
            assert "may have been sent to ToAPIs since then, and charged" in told.text
            shown = await (await bob.slash(show.channel, "character show", {"name": "Bea"})).replied(PATIENCE)
            assert shown.picture().startswith(JPEG), "what was done before is all there"
            await bot.healthy()
            await asyncio.sleep(1)
            assert len(show.provider.submissions) == 2, "nothing is submitted again"
        assert jobs(there)[-1] == ("done", "unknown", False)


def _card_of(show: Scene, user: User, name: str) -> Message | None:
    cards = [each for each in show.channel.visible_to(user) if "Reusable task ID" in each.text]
    return next((each for each in cards if name in each.text), None)


async def test_a_bad_backup_is_one_sentence(tmp_path: Path) -> None:
    async with scene() as show:
        environ = environment(show.discord, show.provider, tmp_path)
        nothing, nowhere = await asyncio.gather(
            castbook("backup", environ, tmp_path, str(tmp_path / "copy")),
            castbook("restore", environ, tmp_path, str(tmp_path / "copy")),
        )
    assert nothing.code == nowhere.code == 69
    assert nothing.sentence.startswith("castbook: The database cannot be copied: check that it is there")
    assert nowhere.sentence.startswith("castbook: There is no backup at ")
    assert os.listdir(tmp_path) == []
