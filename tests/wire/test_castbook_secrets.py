"""A process of the bot that logs all it can: afterwards every byte it has written or sent is searched."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import re
import sqlite3
import time
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from playground.provider import Task
from tests.loopback_discord.driving import User
from tests.loopback_discord.messages import Message
from tests.wire.bot_process import BotProcess, running
from tests.wire.scene import PATIENCE, Scene, character_of, migrated, scene

OLD, NEW = "the-webhook-secret-of-yesterday", "5ec2e7" * 10 + "0000"
NAME = "Ottilie Nimmermehr"


async def webhook(bot: BotProcess, task: Task, secret: str, *, event: str) -> int:
    """The provider's event that ``task`` has ended; what the bot answered."""
    data = {"task_id": task.id, "client_business_id": task.business_id, "status": "SUCCESS", "progress": "100%"}
    body = json.dumps({"id": event, "type": "generation.completed", "data": data}).encode()
    stamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{event}.{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "X-ToAPIs-Webhook-Id": event,
        "X-ToAPIs-Webhook-Timestamp": stamp,
        "X-ToAPIs-Webhook-Signature": f"v1={signature}",
        "Content-Type": "application/json",
    }
    url = f"http://127.0.0.1:{bot.environ['CASTBOOK__WEB__PORT']}/webhooks/toapis"
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        return answer.status


async def half_made(show: Scene, user: User, **options: Any) -> Task:
    """A task that the provider is at work on, and goes no further with."""
    before = len(show.tasks)
    show.provider.hold_at(50)
    await show.create(user, **{"name": NAME} | options)

    def question() -> Message | None:
        return next((each for each in show.channel.visible_to(user) if "Yes, I have permission" in each.labels), None)

    origin = await show.discord.wait_for(lambda: question() or len(show.tasks) > before, PATIENCE)
    if isinstance(origin, Message):
        await origin.press(user, "Yes, I have permission")
    await show.discord.wait_for(lambda: len(show.tasks) > before and show.provider.looked_at(show.tasks[-1]), PATIENCE)
    return show.tasks[-1]


async def let_go(show: Scene, task: Task) -> None:
    show.provider.hold_at(None)
    await asyncio.wait_for(asyncio.shield(task.work), PATIENCE)
    await asyncio.sleep(2 * show.provider.seconds_per_task)  # by its own clock it is done then


def written(bot: BotProcess) -> dict[str, bytes]:
    """Everything that the bot has on the disk, its log apart."""
    found = [path for path in bot.folder.rglob("*") if path.is_file() and path != bot.log]
    assert any(path.name == "castbook.db" for path in found)
    return {str(path.relative_to(bot.folder)): path.read_bytes() for path in found}


def sent(show: Scene) -> bytes:
    """Everything that the bot has sent to Discord but the paths, which have tokens by Discord's own rules."""
    parts = [json.dumps(call.payload, ensure_ascii=False).encode() for call in show.discord.calls()]
    parts += [upload.data for call in show.discord.calls() for upload in call.body.uploads.values()]
    return b"\n".join(parts)


def leaks(places: Mapping[str, bytes], secrets: Iterable[str]) -> list[tuple[str, str]]:
    return [(place, secret) for place, content in places.items() for secret in secrets if secret.encode() in content]


async def tokens_are_wiped(bot: BotProcess) -> None:
    """Wait for it: it is the last thing that is done for a job, after its message stands there."""
    with closing(sqlite3.connect(f"file:{bot.folder}/castbook.db?mode=ro", uri=True)) as raw:
        async with asyncio.timeout(PATIENCE):
            while raw.execute("SELECT count(token) FROM jobs").fetchone() != (0,):
                await asyncio.sleep(0.05)


async def trouble(show: Scene, bot: BotProcess, ann: User) -> None:
    """Something of each kind that a log or an error message might tell too much about."""
    show.provider.fail_next("POST", "/v1/videos/generations", 422)
    show.discord.inject("PATCH", "/webhooks/", drop=True)
    refused = await show.create(ann, range="0.5-2")
    await show.discord.wait_for(lambda: refused.original and "charged" in refused.original.text, PATIENCE)
    with closing(sqlite3.connect(bot.folder / "castbook.db", isolation_level=None)) as database:
        database.execute("ALTER TABLE characters RENAME TO away")
        await show.says(await ann.slash(show.channel, "character list"), "Something went wrong")
        database.execute("ALTER TABLE away RENAME TO characters")
    show.discord.inject("PATCH", "/webhooks/", drop=True)
    broken = await ann.slash(show.channel, "character show", {"name": NAME})
    await show.says(broken, "Something went wrong")


def place(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def live(folder: Path, log_format: str) -> None:
    settings: dict[str, Any] = {
        "LOG__LEVEL": "DEBUG",
        "LOG__FORMAT": log_format,
        "TOAPIS__WEBHOOK_SECRETS": json.dumps([NEW, OLD]),
        "LIMITS__RUNNING_PER_USER": "5",
    }
    async with scene() as show:
        discord, keys = show.discord, [show.discord.token, show.provider.key, OLD, NEW]
        async with running(discord, show.provider, migrated(folder), **settings) as bot:
            ann = show.person("ann")
            task = await half_made(show, ann)
            await let_go(show, task)
            assert await webhook(bot, task, "not-the-secret", event="evt_forged") == 401
            assert await webhook(bot, task, OLD, event="evt_1") == 204
            card = await show.reads(ann, "Reusable task ID")
            assert NAME in card.text
            await trouble(show, bot, ann)
            exported = await (await ann.slash(show.channel, "privacy export")).replied(PATIENCE)
            await tokens_are_wiped(bot)

            tokens = list(discord.interactions)
            assert len(tokens) > 5
            await bot.kill()  # what was wiped before is in the log of the database until then
            await bot.start()
            assert leaks(written(bot), [*keys, *tokens]) == []

            task = await half_made(show, ann, range="0.2-2", name=f"{NAME} II")
            available = next(reversed(discord.interactions))
            assert leaks(written(bot), [available]), "while it lives it is needed, also after a restart"
            await let_go(show, task)
            assert await webhook(bot, task, NEW, event="evt_2") == 204
            await tokens_are_wiped(bot)
            usernames = [character_of(task)["username"] for task in show.tasks]
            theirs = [NAME, str(ann.id), *usernames, *[task.id for task in show.tasks]]
            assert {what for _, what in leaks(written(bot), theirs)} == set(theirs)

            await delete_everything(show, ann)
            tokens = list(discord.interactions)
            assert leaks(written(bot), [*theirs, *keys, *tokens]) == []
            assert not (bot.folder / "files" / str(ann.id)).exists()

        assert leaks({"sent": sent(show)}, [*keys, *tokens]) == []
        with zipfile.ZipFile(io.BytesIO(exported.file("castbook.zip").data)) as made:
            names = made.namelist()
            assert f"characters/01 {NAME}/picture.jpg" in names
            assert usernames[0].encode() in made.read("castbook.json"), "to its owner alone, who asked for it"
            assert leaks({name: made.read(name) for name in names}, [*keys, *tokens]) == []
        search_log(bot, log_format, [*keys, *tokens, *usernames], [NAME, str(ann.id), "clip.mp4"])


async def delete_everything(show: Scene, user: User) -> None:
    question = await (await user.slash(show.channel, "privacy delete")).replied(PATIENCE)
    assert question.only_for is user
    await show.says(await question.press(user, "Delete everything"), "Everything is deleted")


def search_log(bot: BotProcess, log_format: str, secrets: list[str], personal: list[str]) -> None:
    log = bot.stderr
    for event in ("webhook_received", "webhook_refused", "command_failed", "discord_unreachable", "provider_call"):
        assert event in log, "there was something to tell"
    assert leaks({"log": log.encode()}, [*secrets, *personal]) == []
    if log_format == "json":
        lines = [json.loads(line) for line in log.splitlines()]
        assert len({line["job"] for line in lines if "job" in line}) >= 3
    else:
        assert re.search(r"job='?[0-9a-f]{16}", log)


@pytest.mark.timeout(180)  # two lives with two starts each
async def test_no_secret_is_anywhere_but_where_it_has_to_be(tmp_path: Path) -> None:
    """And after /privacy delete nothing of the person's is either. In both formats of the log, at the same time."""
    async with asyncio.TaskGroup() as both:
        for log_format in ("console", "json"):
            both.create_task(live(place(tmp_path / log_format), log_format))
