"""``castbook run`` on a disk of its own, which somebody fills: people are told, and what was paid for still arrives."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.wire.bot_process import BotProcess
from tests.wire.scene import PATIENCE, migrated, scene

pytestmark = pytest.mark.slow

SIZE = 4_000_000  # bytes
# A file system of its own that only the bot sees, and that goes with it. The database comes from outside.
MOUNT = 'mount -t tmpfs -o size={size} none "{disk}" && cp "{disk}.db" "{disk}/castbook.db" && exec "$@"'
OWN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


def possible(folder: Path) -> bool:
    """Whether the system lets us have file systems of our own."""
    mount = f'mount -t tmpfs -o size=4096 none "{folder}"'
    return shutil.which("unshare") is not None and subprocess.run([*OWN_NAMESPACE, mount], check=False).returncode == 0


def fill(disk: Path) -> Path:
    """Take up all the room there is; returns the file that has it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert os.statvfs(disk).f_bavail == 0
    return filler


async def test_nothing_is_lost_and_nothing_half_written(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not possible(disk):
        pytest.skip("no user namespaces here: tests/store/test_database_errors.py has what can be shown without")
    migrated(tmp_path).joinpath("castbook.db").rename(tmp_path / "disk.db")
    settings: dict[str, Any] = {
        "CONSENT__ASK": "false",
        "STORE__URL": f"sqlite+aiosqlite:///{disk}/castbook.db",
        "STORE__FILES": f"{disk}/files",
    }
    async with scene() as show:
        bot = BotProcess(show.discord, show.provider, tmp_path, **settings)
        bot.launcher = (*OWN_NAMESPACE, MOUNT.format(size=SIZE, disk=disk), "sh")
        async with bot:
            assert bot.child is not None
            inside = Path(f"/proc/{bot.child.pid}/root{disk}")
            ann, bob = show.person("ann"), show.person("bob")
            show.provider.hold_at(50)
            await show.create(ann, name="Ada")
            await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)

            filler = fill(inside)
            refused = await show.says(await show.create(bob), "my disk is full")
            assert refused.only_for is bob
            assert re.search(r"my disk is full \(ID [0-9a-f]{8}\)\.", refused.text)
            show.provider.hold_at(None)
            await show.says(await bob.slash(show.channel, "character list"), "/character create")  # it still reads

            filler.unlink()
            await show.reads(ann, "Reusable task ID")
            await show.made(bob, name="Bea")
            await bot.healthy()
            async with asyncio.timeout(PATIENCE):
                while os.listdir(inside / "files" / "work"):  # the card is seen a moment before
                    await asyncio.sleep(0.02)
            left = tmp_path / "left"  # what is on that disk goes with the bot
            shutil.copytree(inside, left)
            assert await bot.stop() == 0
    with closing(sqlite3.connect(left / "castbook.db")) as database:
        rows = {key for (key,) in database.execute("SELECT key FROM files")}
        assert database.execute("SELECT count(*) FROM jobs").fetchone() == (2,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    files = [path for path in (left / "files").rglob("*") if path.is_file()]
    assert {str(path.relative_to(left / "files")) for path in files} == rows
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in files), "each file is whole"
    assert len(show.provider.submissions) == 2
    assert "disk is full" in bot.stderr
