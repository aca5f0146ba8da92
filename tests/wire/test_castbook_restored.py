"""What the runbook says of backups, done: a dump of PostgreSQL and a copy of a bucket, put back after all was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from sqlalchemy import make_url

from bot.app import backup
from bot.config import load
from tests.app.test_restored import run
from tests.loopback_discord.driving import User
from tests.loopback_discord.messages import Message
from tests.s3_server import BUCKET, KEY, KEY_ID, S3Server, keys
from tests.wire.bot_process import environment, running
from tests.wire.scene import JPEG, PATIENCE, Scene, scene


def in_bucket(server: S3Server, folder: Path) -> dict[str, str]:
    """The settings of a prefix that nobody else has."""
    return {
        "STORE__FILES": server.settings(folder).files,
        "STORE__ENDPOINT": server.address,
        "STORE__REGION": "us-east-1",
        "STORE__ACCESS_KEY_ID": KEY_ID,
        "STORE__SECRET_ACCESS_KEY": KEY,
        "STORE__COPIES": str(folder / "copies"),
        "CONSENT__ASK": "false",
    }


def copied(source: S3Store, target: S3Store) -> int:
    """Bring every object to another place, as any tool for S3 does; returns how many there are."""
    paths = [each["path"] for page in obstore.list(source) for each in page]
    for path in paths:
        obstore.put(target, path, obstore.get(source, path).bytes())
    return len(paths)


@pytest.mark.timeout(180)  # two bots and what is between them, one after the other
async def test_a_cast_is_there_again_from_a_dump_and_a_copy_of_the_bucket(
    tmp_path: Path,
    postgres_url: str,
    new_postgres_url: Callable[..., str],
    s3_server: S3Server,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = in_bucket(s3_server, tmp_path)
    files = settings["STORE__FILES"]
    bucket = s3_server.store(files.removeprefix(f"s3://{BUCKET}/"))
    elsewhere = s3_server.store(f"backup-of-{tmp_path.name}")
    dump = tmp_path / "castbook.dump"
    async with scene() as show:
        ann = show.person("ann")
        async with running(show.discord, show.provider, tmp_path, STORE__URL=postgres_url, **settings):
            await show.made(ann, name="Ada")
            # While it runs: first the database, then the files.
            name = make_url(postgres_url).database or ""
            await asyncio.to_thread(run, "pg_dump", postgres_url, "--format=custom", f"--file={dump}", name)
            assert await asyncio.to_thread(copied, bucket, elsewhere) > 0
        await asyncio.to_thread(obstore.delete, bucket, sorted(keys(s3_server, files)))

        there = new_postgres_url(at_head=False)
        into = f"--dbname={make_url(there).database}"
        await asyncio.to_thread(run, "pg_restore", there, into, "--no-owner", dump)
        await asyncio.to_thread(copied, elsewhere, bucket)
        (tmp_path / "config.toml").touch()
        environ = environment(show.discord, show.provider, tmp_path, STORE__URL=there, **settings)
        ours = {name: value for name, value in environ.items() if name.startswith("CASTBOOK__")}
        assert await backup.restored(load(tmp_path / "config.toml", ours)) == 0
        assert "restored   0 unfinished jobs" in capsys.readouterr().out

        async with running(show.discord, show.provider, tmp_path, STORE__URL=there, **settings):
            assert (await _shown(show, ann, "Ada")).picture().startswith(JPEG)
            assert len(show.provider.submissions) == 1, "nothing is paid again"


async def _shown(show: Scene, person: User, name: str) -> Message:
    return await (await person.slash(show.channel, "character show", {"name": name})).replied(PATIENCE)
