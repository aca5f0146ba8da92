from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.store.consents import ConsentStore
from bot.store.database import Database
from bot.values.job import Question, Step


async def test_a_consent_is_given_once_by_its_person(
    database: Database, database_path: Path, add: Callable[..., Any], now: datetime
) -> None:
    consents = ConsentStore(database)
    asking = await add(step=Step.CHOOSE, question=Question.CONSENT)
    assert not await consents.given(7)
    answers = [consents.record(7, asking.id, now=now + timedelta(seconds=number)) for number in range(10)]
    assert all(await asyncio.gather(*answers))
    assert await consents.given(7)
    assert not await consents.given(8)
    with sqlite3.connect(database_path) as raw:
        (row,) = raw.execute("SELECT owner_id, given_at FROM consents").fetchall()
    raw.close()
    assert row == (7, int(now.timestamp()) * 1_000_000 + now.microsecond)


async def test_nothing_is_kept_of_a_yes_to_what_nobody_asks(
    database: Database, add: Callable[..., Any], now: datetime
) -> None:
    consents = ConsentStore(database)
    asking = await add(step=Step.CHOOSE, question=Question.CONSENT)
    other = await add(step=Step.CHOOSE, question=Question.SECONDS)
    assert not await consents.record(8, asking.id, now=now), "another person's"
    assert not await consents.record(7, other.id, now=now), "another question"
    assert not await consents.record(7, "f" * 16, now=now), "a job that is gone"
    assert not await consents.given(7)
    assert not await consents.given(8)
