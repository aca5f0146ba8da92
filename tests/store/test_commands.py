from __future__ import annotations

import sqlite3
from pathlib import Path

from bot.store.commands import CommandStore, CommandSync
from bot.store.database import Database


async def test_the_last_synchronisation_is_remembered(database: Database, database_path: Path) -> None:
    store = CommandStore(database)
    assert await store.load() is None
    await store.save(CommandSync(hash="one", ids={"character": 1}))
    latest = CommandSync(hash="two", ids={"character": 2**63, "Make a character": 3})
    await store.save(latest)
    assert await store.load() == latest
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE command_sync SET ids = 'no'")
    raw.close()
    assert await store.load() is None  # then they are sent again
