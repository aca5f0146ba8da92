"""Interactions that were taken: each by one process alone, and known for as long as one may come again."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.store.database import Database, database_at
from bot.store.taken_interactions import TakenInteractionStore
from tests.patience import PATIENCE

ID = "1402000000000000001"


async def test_of_many_who_ask_at_once_one_has_it(database: Database, now: datetime) -> None:
    taken = TakenInteractionStore(database)
    assert sum(await asyncio.gather(*(taken.take(ID, now=now) for _ in range(8)))) == 1
    assert not await taken.take(ID, now=now)
    assert await taken.take("9223372036854775807", now=now)


async def test_what_is_old_is_forgotten(database: Database, now: datetime) -> None:
    taken = TakenInteractionStore(database)
    await taken.take(ID, now=now)
    await taken.take("2", now=now + timedelta(seconds=2))
    assert await taken.sweep(now + timedelta(seconds=1)) == 1
    assert [await taken.take(each, now=now) for each in (ID, "2")] == [True, False]


async def test_on_postgres_it_waits_for_nobody_who_writes_alone(postgres_url: str, now: datetime) -> None:
    ours, theirs = database_at(postgres_url), database_at(postgres_url)
    await ours.open()
    await theirs.open()
    try:
        async with theirs.write():
            async with asyncio.timeout(PATIENCE):  # the other one's transaction would not end before
                assert await TakenInteractionStore(ours).take(ID, now=now)
            assert not await TakenInteractionStore(theirs).take(ID, now=now), "and it is committed"
    finally:
        await theirs.close()
        await ours.close()
