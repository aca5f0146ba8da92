"""Alarms: each is told by one process, once an hour."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot import limits
from bot.store.database import Database
from bot.store.told_alarms import ToldAlarmStore

PAUSED = "Submissions are paused."


async def test_of_many_processes_one_tells_it(database: Database, now: datetime) -> None:
    told = ToldAlarmStore(database)
    assert sum(await asyncio.gather(*(told.begin(PAUSED, now=now) for _ in range(8)))) == 1
    assert await told.begin("Something else.", now=now)


async def test_it_is_told_again_after_an_hour(database: Database, now: datetime) -> None:
    told = ToldAlarmStore(database)
    assert await told.begin(PAUSED, now=now)
    assert not await told.begin(PAUSED, now=now + limits.SAME_ALARM - timedelta(seconds=1))
    assert await told.begin(PAUSED, now=now + limits.SAME_ALARM)


async def test_what_reached_nobody_is_told_by_the_next(database: Database, now: datetime) -> None:
    told = ToldAlarmStore(database)
    await told.begin(PAUSED, now=now)
    await told.not_told(PAUSED)
    assert await told.begin(PAUSED, now=now)
