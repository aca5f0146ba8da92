from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from bot.store.database import Database
from bot.store.provider_state import Pause, ProviderStateStore

SECOND = timedelta(seconds=1)


@pytest.fixture
def state(database: Database) -> ProviderStateStore:
    return ProviderStateStore(database)


async def test_a_pause_is_announced_once_and_keeps_its_reason(state: ProviderStateStore, now: datetime) -> None:
    assert await state.paused() is None
    announced = await asyncio.gather(*[state.pause(f"reason {n}", now=now + n * SECOND) for n in range(9)])
    assert announced.count(True) == 1
    first = announced.index(True)
    assert await state.paused() == Pause(reason=f"reason {first}", since=now + first * SECOND)
    assert [await state.resume(), await state.resume()] == [True, False]
    assert await state.paused() is None
    assert await state.pause("again", now=now)


async def test_a_closed_model_is_closed_alone_and_for_a_time(state: ProviderStateStore, now: datetime) -> None:
    assert await state.close_model("sora-2", now=now)
    assert not await state.close_model("sora-2", now=now + SECOND)  # told already, and refused anew
    assert not await state.close_model("sora-2", now=now + SECOND, lapsed=now)
    assert await state.closed_models(since=now + SECOND) == {"sora-2"}
    assert await state.closed_models(since=now + 2 * SECOND) == frozenset()
    await state.close_model("sora-2-pro", now=now + SECOND)
    assert await state.close_model("sora-2", now=now + SECOND, lapsed=now + 2 * SECOND)  # it had been open in between
    assert await state.closed_models(since=now + SECOND) == {"sora-2", "sora-2-pro"}
