from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

from bot.store.consents import ConsentStore
from bot.store.database import Database


async def test_a_consent_is_given_once_by_its_person(database: Database, database_path: Path, now: datetime) -> None:
    consents = ConsentStore(database)
    assert not await consents.given(7)
    await asyncio.gather(*[consents.record(7, now=now + timedelta(seconds=number)) for number in range(10)])
    assert await consents.given(7)
    assert not await consents.given(8)
    with sqlite3.connect(database_path) as raw:
        (row,) = raw.execute("SELECT owner_id, given_at FROM consents").fetchall()
    raw.close()
    assert row == (7, int(now.timestamp()) * 1_000_000 + now.microsecond)
