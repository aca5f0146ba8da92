"""What is swept at the start, tidied while running, pruned after its time, and forgotten when it ends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from bot.jobs.maintenance import Maintenance
from bot.store.drafts import Draft, DraftStore
from bot.store.privacy import PrivacyStore
from bot.store.tables import day_counters, ownerless_tasks
from bot.values.job import Step
from playground.provider.tasks import Failure
from tests.jobs.shop import OWNER, Shop, maintenance_of


@pytest.fixture
def drafts(shop: Shop) -> DraftStore:
    return DraftStore(shop.database)


@pytest.fixture
def store(shop: Shop) -> PrivacyStore:
    return PrivacyStore(shop.database, shop.people)


@pytest.fixture
def maintenance(shop: Shop, drafts: DraftStore, store: PrivacyStore) -> Maintenance:
    return maintenance_of(shop, drafts=drafts, privacy=store)


async def test_a_start_sweeps_what_no_row_refers_to_and_keeps_the_rest(shop: Shop, maintenance: Maintenance) -> None:
    made = await shop.ask()
    await shop.run()
    running = await shop.ask(shop.link("clip.mp4"), another=True)
    await shop.run_to(Step.SUBMIT, running)
    orphan = await shop.files.put_bytes(OWNER, b"a kill between the file and its row", "image/png")
    forgotten = await shop.files.work_folder("feedfacefeedface")
    await maintenance.at_start()
    with pytest.raises(FileNotFoundError):
        await shop.files.read(orphan.key)
    assert not forgotten.exists()
    assert shop.work(running).exists()
    [character] = await shop.cast()
    assert character.picture is not None
    assert await shop.files.read(character.picture.key)
    assert (await shop.job(made)).step is Step.DONE


async def test_dead_tokens_and_old_drafts_go(shop: Shop, maintenance: Maintenance, drafts: DraftStore) -> None:
    job = await shop.ask()
    await drafts.add(Draft(id="d1", owner_id=OWNER, content=shop.attachment(), created_at=shop.clock()))
    shop.clock.advance(14 * 60)
    await maintenance.tidy()
    assert (await shop.job(job)).origin.token is not None
    shop.clock.advance(2 * 60)
    await maintenance.tidy()
    assert (await shop.job(job)).origin.token is None
    shop.clock.advance(25 * 3600)
    await maintenance.tidy()
    assert await drafts.take(OWNER, "d1") is None


async def test_tokens_do_not_wait_for_a_bucket_that_is_away(
    shop: Shop, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await shop.ask()
    shop.clock.advance(16 * 60)

    async def away() -> set[str]:
        raise OSError("the bucket did not take the request (no answer)")

    monkeypatch.setattr(shop.files, "work_jobs", away)
    with pytest.raises(OSError, match="bucket"):
        await maintenance.tidy()
    assert (await shop.job(job)).origin.token is None


async def test_it_goes_on_after_a_fault(shop: Shop, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.limits.MAINTENANCE_EVERY", 0.01)
    job = await shop.ask()
    shop.clock.advance(3600)
    wipe, faults = shop.jobs.wipe_tokens, 1

    async def faulty(before: object) -> int:
        nonlocal faults
        if faults:
            faults -= 1
            raise OSError("disk I/O error")
        return await wipe(before)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(shop.jobs, "wipe_tokens", faulty)
    running = asyncio.create_task(maintenance.run())
    async with asyncio.timeout(20):
        while (await shop.job(job)).origin.token is not None:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == 0
    assert shop.clock() - (await shop.job(job)).created_at == timedelta(hours=1)


@pytest.mark.parametrize("days", [90, 0])
async def test_finished_jobs_are_forgotten_after_their_time(shop: Shop, store: PrivacyStore, days: int) -> None:
    maintenance = maintenance_of(shop, privacy=store, keep_days=days)
    made = await shop.ask()
    await shop.run()
    shop.courier.reachable = False
    undelivered = await shop.ask(shop.link("silent.mp4"))
    await shop.run()
    cancelled = await shop.ask(range=None, another=True)
    await shop.job_service.cancel(OWNER, cancelled.id)
    shop.clock.advance(89 * 86_400)
    await maintenance.prune()
    assert await shop.jobs.get(made.id) is not None
    shop.clock.advance(2 * 86_400)
    running = await shop.ask(range=None, another=True)
    await maintenance.prune()
    there = [await shop.jobs.get(job.id) is not None for job in (made, cancelled, undelivered, running)]
    assert there == ([False, False, True, True] if days else [True] * 4)
    [character] = await shop.cast()
    assert await shop.jobs.task_owner(character.task_id) == OWNER
    assert character.picture is not None
    assert await shop.files.read(character.picture.key)


async def test_many_are_pruned_some_at_a_time(shop: Shop, store: PrivacyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.maintenance.limits.PRUNED_AT_ONCE", 2)
    for _ in range(5):
        job = await shop.ask(range=None)
        await shop.job_service.cancel(OWNER, job.id)
    shop.clock.advance(91 * 86_400)
    await maintenance_of(shop, privacy=store).prune()
    assert (await shop.owned_jobs.overview(OWNER, now=shop.clock())).finished == ()


# -- tasks without an owner -----------------------------------------------------------------------------------------


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
    shop: Shop, store: PrivacyStore, maintenance: Maintenance, tmp_path: Any, by: str
) -> None:
    shop.simulated.hold_at(50)
    task, job = await submitted(shop, tmp_path)
    wanted = task.id if by == "their id" else job.id
    await leave(shop, wanted)
    shop.clock.advance(3600)
    await maintenance.forget()
    assert await left(store) == [wanted]
    shop.simulated.hold_at(None)
    shop.clock.advance(60)
    await maintenance.forget()
    assert await left(store) == []


async def test_one_that_failed_is_forgotten_too(
    shop: Shop, store: PrivacyStore, maintenance: Maintenance, tmp_path: Any
) -> None:
    task, _ = await submitted(shop, tmp_path)
    await leave(shop, task.id)
    task.settled, task.settled_at = Failure("generation_failed", "Nobody knows."), shop.clock()
    await maintenance.forget()
    assert await left(store) == []


async def test_one_that_the_provider_does_not_know_was_never_taken(
    shop: Shop, store: PrivacyStore, maintenance: Maintenance
) -> None:
    """For some minutes that may be a replica that is late."""
    await leave(shop, "0123456789abcdef")
    await maintenance.forget()
    assert await left(store) == ["0123456789abcdef"]
    shop.clock.advance(11 * 60)
    await maintenance.forget()
    assert await left(store) == []


async def test_trouble_of_the_provider_is_waited_out_but_not_for_ever(
    shop: Shop, store: PrivacyStore, maintenance: Maintenance
) -> None:
    await leave(shop, "task_stuck")
    shop.simulated.fail_next("GET", "/v1/", 503, times=100)
    shop.clock.advance(86_400 - 60)
    await maintenance.forget()
    assert await left(store) == ["task_stuck"]
    shop.clock.advance(120)
    origin = len(shop.simulated.requests)
    await maintenance.forget()
    assert await left(store) == []
    assert len(shop.simulated.requests) == origin


async def test_a_counter_is_forgotten_when_its_day_is_over(
    shop: Shop, store: PrivacyStore, maintenance: Maintenance
) -> None:
    today = shop.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    async with shop.database.write() as connection:
        await connection.execute(insert(day_counters).values(user_key=shop.people.of(OWNER), day=today, used=3))
    await maintenance.forget()
    assert (await shop.job_service.overview(OWNER)).used_today == 3
    shop.clock.advance(timedelta(days=1).total_seconds())
    await maintenance.forget()
    assert await store.forget_days(today + timedelta(days=2)) == 0


async def test_a_fault_in_one_part_does_not_stop_the_others(
    shop: Shop, store: PrivacyStore, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MAINTENANCE_EVERY", 0.01)
    await leave(shop, "task_gone")
    shop.clock.advance(3600)
    ask, faults = store.ownerless, [OSError("disk I/O error")]

    async def faulty() -> Any:
        if faults:
            raise faults.pop()
        return await ask()

    monkeypatch.setattr(store, "ownerless", faulty)
    running = asyncio.create_task(maintenance.run())
    async with asyncio.timeout(20):
        while await ask():
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == []
