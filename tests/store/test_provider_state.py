from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

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
    assert await state.closed_models(since=now + SECOND) == {"sora-2": now + SECOND}
    assert await state.closed_models(since=now + 2 * SECOND) == {}
    await state.close_model("sora-2-pro", now=now + SECOND)
    assert await state.close_model("sora-2", now=now + SECOND, lapsed=now + 2 * SECOND)  # it had been open in between
    assert (await state.closed_models(since=now + SECOND)).keys() == {"sora-2", "sora-2-pro"}


async def test_it_is_read_once_and_known_by_a_later_process(
    database: Database, state: ProviderStateStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await state.pause("balance", now=now)
    await state.close_model("sora-2", now=now)
    later = ProviderStateStore(database)
    assert await later.paused() == Pause(reason="balance", since=now)
    monkeypatch.setattr(database, "read", None)
    assert await later.closed_models(since=now) == {"sora-2": now}
    assert await later.paused() is not None


async def test_what_was_read_before_a_change_is_not_kept(
    database: Database, state: ProviderStateStore, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = database.read

    @asynccontextmanager
    async def slow() -> AsyncIterator[AsyncConnection]:
        async with read() as connection:
            yield connection
        monkeypatch.undo()
        await state.pause("key", now=now)

    monkeypatch.setattr(database, "read", slow)
    assert await state.paused() is None
    assert await state.paused() == Pause(reason="key", since=now)
