"""Tasks without an owner: asked about until they end, and then forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.jobs.forgetting import Forgetting
from bot.store.privacy import PrivacyStore
from bot.store.tables import day_counters, ownerless_tasks
from bot.values.job import Step
from playground.provider.tasks import Failure
from tests.jobs.shop import OWNER, Shop


@pytest.fixture
def store(shop: Shop) -> PrivacyStore:
    return PrivacyStore(shop.database, shop.people)


@pytest.fixture
def forgetting(shop: Shop, store: PrivacyStore) -> Forgetting:
    return Forgetting(store=store, provider=shop.provider, clock=shop.clock, keep_watching_for=86_400)


async def leave(shop: Shop, task_id: str) -> None:
    async with shop.database.write() as connection:
        await connection.execute(insert(ownerless_tasks).values(id=task_id, since=shop.clock()))


async def left(store: PrivacyStore) -> list[str]:
    return [task.id for task in await store.ownerless()]


async def submitted(shop: Shop, tmp_path: Any) -> Any:
    """A task of the provider's with which our job has nothing to do any more, and our id for it."""
    (tmp_path / "clip.mp4").write_bytes(shop.host.files["clip.mp4"])
    job = await shop.ask(shop.task(shop.simulated.add_video_task(tmp_path / "clip.mp4")))
    await shop.run_to(Step.WATCH, job)
    return list(shop.simulated.tasks.values())[-1], job


@pytest.mark.parametrize("by", ["their id", "our id"])
async def test_it_is_forgotten_when_it_ends_and_not_before(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting, tmp_path: Any, by: str
) -> None:
    shop.simulated.hold_at(50)
    task, job = await submitted(shop, tmp_path)
    wanted = task.id if by == "their id" else job.id
    await leave(shop, wanted)
    shop.clock.advance(3600)
    await forgetting.forget()
    assert await left(store) == [wanted]
    shop.simulated.hold_at(None)
    shop.clock.advance(60)
    await forgetting.forget()
    assert await left(store) == []


async def test_one_that_failed_is_forgotten_too(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting, tmp_path: Any
) -> None:
    task, _ = await submitted(shop, tmp_path)
    await leave(shop, task.id)
    task.settled, task.settled_at = Failure("generation_failed", "Nobody knows."), shop.clock()
    await forgetting.forget()
    assert await left(store) == []


async def test_one_that_the_provider_does_not_know_was_never_taken(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting
) -> None:
    """For some minutes that may be a replica that is late."""
    await leave(shop, "0123456789abcdef")
    await forgetting.forget()
    assert await left(store) == ["0123456789abcdef"]
    shop.clock.advance(11 * 60)
    await forgetting.forget()
    assert await left(store) == []


async def test_trouble_of_the_provider_is_waited_out_but_not_for_ever(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting
) -> None:
    await leave(shop, "task_stuck")
    shop.simulated.fail_next("GET", "/v1/", 503, times=100)
    shop.clock.advance(86_400 - 60)
    await forgetting.forget()
    assert await left(store) == ["task_stuck"]
    shop.clock.advance(120)
    origin = len(shop.simulated.requests)
    await forgetting.forget()
    assert await left(store) == []
    assert len(shop.simulated.requests) == origin


async def test_a_counter_is_forgotten_when_its_day_is_over(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting
) -> None:
    today = shop.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    async with shop.database.write() as connection:
        await connection.execute(insert(day_counters).values(user_key=shop.people.of(OWNER), day=today, used=3))
    await forgetting.forget()
    assert (await shop.job_service.overview(OWNER)).used_today == 3
    shop.clock.advance(timedelta(days=1).total_seconds())
    await forgetting.forget()
    assert await store.forget_days(today + timedelta(days=2)) == 0


async def test_it_goes_on_after_a_fault(
    shop: Shop, store: PrivacyStore, forgetting: Forgetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.forgetting.EVERY", 0.01)
    await leave(shop, "task_gone")
    shop.clock.advance(3600)
    ask, faults = store.ownerless, [OSError("disk I/O error")]

    async def faulty() -> Any:
        if faults:
            raise faults.pop()
        return await ask()

    monkeypatch.setattr(store, "ownerless", faulty)
    running = asyncio.create_task(forgetting.run())
    async with asyncio.timeout(20):
        while await ask():
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == []
