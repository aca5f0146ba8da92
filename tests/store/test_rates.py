"""Places in a line that all processes share, by the database's own clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.store.database import Database
from bot.store.rates import RateStore

LONG = 3600.0  # seconds: no test takes as long, however slow the machine is


async def wait(rates: RateStore, name: str, *, count: int, apart: float, lead: float) -> float:
    """Seconds until the first place."""
    asked = time.time()
    first, present = await rates.lease(name, count=count, apart=apart, lead=lead)
    assert asked - 5.0 <= present <= time.time() + 5.0
    return first - present


async def test_places_are_given_out_one_after_the_other(database: Database) -> None:
    rates, began = RateStore(database), time.monotonic()
    first = await wait(rates, "queries", count=3, apart=LONG, lead=0.0)
    second = await wait(rates, "queries", count=1, apart=LONG, lead=0.0)
    third = await wait(RateStore(database), "queries", count=2, apart=LONG, lead=0.0)
    took = time.monotonic() - began
    assert -took - 0.01 <= first <= 0.01
    assert 3 * LONG - took - 0.01 <= second <= 3 * LONG + 0.01
    assert 4 * LONG - took - 0.01 <= third <= 4 * LONG + 0.01
    assert await wait(rates, "submits", count=1, apart=LONG, lead=0.0) <= 0.01  # a line of its own


async def test_a_line_that_nobody_stood_in_begins_now_and_gives_nothing_of_the_past(database: Database) -> None:
    rates = RateStore(database)
    await wait(rates, "queries", count=1, apart=0.01, lead=0.0)
    await asyncio.sleep(0.3)
    _, present = await rates.lease("submits", count=1, apart=0.01, lead=0.0)
    first, _ = await rates.lease("queries", count=10, apart=LONG, lead=0.0)
    assert first >= present
    second, _ = await rates.lease("queries", count=1, apart=LONG, lead=0.0)
    assert second - first == pytest.approx(10 * LONG)
    assert await wait(rates, "queries", count=1, apart=LONG, lead=0.0) > 10 * LONG


async def test_no_place_is_sooner_than_it_can_be_used(database: Database) -> None:
    assert LONG / 2 < await wait(RateStore(database), "queries", count=1, apart=0.01, lead=LONG) <= LONG


async def test_a_pause_moves_the_line_and_a_shorter_one_does_not_end_it(database: Database) -> None:
    rates = RateStore(database)
    await rates.pause("queries", LONG)
    await rates.pause("queries", 2.0)
    assert LONG / 2 < await wait(RateStore(database), "queries", count=1, apart=0.01, lead=0.0) <= LONG


async def test_many_at_once_never_get_the_same_place(database: Database) -> None:
    rates = RateStore(database)
    leases = await asyncio.gather(*(rates.lease("queries", count=1, apart=LONG, lead=0.0) for _ in range(8)))
    firsts = sorted(first for first, _ in leases)
    assert [round((first - firsts[0]) / LONG) for first in firsts] == list(range(8))
