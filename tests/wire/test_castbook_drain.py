"""``castbook run`` that is asked to stop while a result is on its way: it arrives, once, before the process ends."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.wire.bot_process import running
from tests.wire.scene import PATIENCE, migrated, scene


def job(folder: Path) -> tuple[str, bool, bool]:
    """Its step, whether a delivery was begun, and whether it is known to have arrived."""
    with closing(sqlite3.connect(folder / "castbook.db")) as database:
        step, deliveries, delivered_at = database.execute("SELECT step, deliveries, delivered_at FROM jobs").fetchone()
    return step, deliveries != "[]", delivered_at is not None


async def test_a_delivery_that_is_under_way_is_waited_for(tmp_path: Path) -> None:
    async with scene() as show, running(show.discord, show.provider, migrated(tmp_path), CONSENT__ASK="false") as bot:
        ann, go_on = show.person("ann"), asyncio.Event()
        show.provider.hold_at(50)
        await show.create(ann, name="Ada")
        await show.see(lambda: next(iter(show.channel.visible_to(show.person("bob"))), None))  # its progress is public
        for method in ("POST", "PATCH"):  # within ten seconds of the command it is an edit
            show.discord.inject(method, f"^/channels/{show.channel.id}/messages", times=100, until=go_on)
        show.provider.hold_at(None)
        async with asyncio.timeout(PATIENCE):
            while job(tmp_path) != ("deliver", True, False):  # another process writes it
                await asyncio.sleep(0.02)
        stopping = asyncio.create_task(bot.stop())
        await asyncio.sleep(0.5)
        assert not stopping.done(), "it waits for Discord's answer"
        go_on.set()
        assert await stopping == 0

        assert job(tmp_path) == ("done", True, True)
        (card,) = show.channel.visible_to(ann)
        assert "Reusable task ID" in card.text
        posts = len(show.discord.calls("POST", "/messages$"))
        await bot.start()
        await bot.healthy()
        assert show.channel.visible_to(ann) == [card]
        assert len(show.discord.calls("POST", "/messages$")) == posts, "nothing is delivered again"
