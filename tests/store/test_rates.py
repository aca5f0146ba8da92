"""Places in a line that all processes share, by the database's own clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.store.database import Database
from bot.store.rates import RateStore


async def wait(rates: RateStore, name: str, *, count: int, apart: float, lead: float) -> float:
    """Seconds until the first place."""
    first, present = await rates.lease(name, count=count, apart=apart, lead=lead)
    assert present == pytest.approx(time.time(), abs=5.0)
    return first - present


async def test_places_are_given_out_one_after_the_other(database: Database) -> None:
    rates, apart = RateStore(database), 10.0
    began = time.monotonic()
    first = await wait(rates, "queries", count=3, apart=apart, lead=0.0)
    second = await wait(rates, "queries", count=1, apart=apart, lead=0.0)
    third = await wait(RateStore(database), "queries", count=2, apart=apart, lead=0.0)
    took = time.monotonic() - began
    assert -took - 0.01 <= first <= 0.01
    assert 30.0 - took - 0.01 <= second <= 30.01
    assert 40.0 - took - 0.01 <= third <= 40.01
    assert await wait(rates, "submits", count=1, apart=apart, lead=0.0) <= 0.01  # a line of its own


async def test_a_line_that_nobody_stood_in_begins_now_and_gives_nothing_of_the_past(database: Database) -> None:
    rates = RateStore(database)
    await wait(rates, "queries", count=1, apart=0.01, lead=0.0)
    await asyncio.sleep(0.3)
    await wait(rates, "queries", count=10, apart=1.0, lead=0.0)
    assert await wait(rates, "queries", count=1, apart=1.0, lead=0.0) > 9.0


async def test_no_place_is_sooner_than_it_can_be_used(database: Database) -> None:
    assert 1.5 < await wait(RateStore(database), "queries", count=1, apart=0.01, lead=2.0) <= 2.0


async def test_a_pause_moves_the_line_and_a_shorter_one_does_not_end_it(database: Database) -> None:
    rates = RateStore(database)
    await rates.pause("queries", 40.0)
    await rates.pause("queries", 2.0)
    assert await wait(RateStore(database), "queries", count=1, apart=0.01, lead=0.0) == pytest.approx(40.0, abs=2.0)


async def test_many_at_once_never_get_the_same_place(database: Database) -> None:
    rates = RateStore(database)
    began = time.monotonic()
    waits = sorted(await asyncio.gather(*(wait(rates, "queries", count=1, apart=10.0, lead=0.0) for _ in range(8))))
    took = time.monotonic() - began
    assert [round((wait - waits[0]) / 10.0) for wait in waits] == list(range(8))
    assert took < 5.0
