"""What is swept at the start, tidied while running, pruned after its time, and forgotten when it ends."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, insert, literal, select, text

from bot.jobs.maintenance import Maintenance
from bot.store.drafts import Draft, DraftStore
from bot.store.privacy import PrivacyStore
from bot.store.tables import characters, day_counters, ownerless_tasks
from bot.values.job import Step
from playground.provider.tasks import Failure
from tests.jobs.harness import OWNER, JobHarness, maintenance_of, sweep_after_a_kill
from tests.patience import PATIENCE


@pytest.fixture
def drafts(harness: JobHarness) -> DraftStore:
    return DraftStore(harness.database)


@pytest.fixture
def store(harness: JobHarness) -> PrivacyStore:
    return PrivacyStore(harness.database, harness.people)


@pytest.fixture
def maintenance(harness: JobHarness, drafts: DraftStore, store: PrivacyStore) -> Maintenance:
    return maintenance_of(harness, drafts=drafts, privacy=store)


async def test_a_start_sweeps_what_no_row_refers_to_and_keeps_the_rest(
    harness: JobHarness, maintenance: Maintenance
) -> None:
    made = await harness.ask()
    await harness.run()
    running = await harness.ask(harness.link("clip.mp4"), another=True)
    await harness.run_to(Step.SUBMIT, running)
    orphan = await harness.files.put_bytes(OWNER, b"a kill between the file and its row", "image/png")
    forgotten = await harness.files.work_folder("feedfacefeedface")
    await sweep_after_a_kill(harness, maintenance)
    with pytest.raises(FileNotFoundError):
        await harness.files.read(orphan.key)
    assert not forgotten.exists()
    assert harness.work(running).exists()
    [character] = await harness.cast()
    assert character.picture is not None
    assert await harness.files.read(character.picture.key)
    assert (await harness.job(made)).step is Step.DONE


async def test_dead_tokens_and_old_drafts_go(harness: JobHarness, maintenance: Maintenance, drafts: DraftStore) -> None:
    job = await harness.ask()
    await drafts.add(Draft(id="d1", owner_id=OWNER, content=harness.attachment(), created_at=harness.clock()))
    harness.clock.advance(14 * 60)
    await maintenance.tidy()
    assert (await harness.job(job)).origin.token is not None
    harness.clock.advance(2 * 60)
    await maintenance.tidy()
    assert (await harness.job(job)).origin.token is None
    harness.clock.advance(25 * 3600)
    await maintenance.tidy()
    assert await drafts.take(OWNER, "d1") is None


async def test_tokens_do_not_wait_for_a_bucket_that_is_away(
    harness: JobHarness, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await harness.ask()
    harness.clock.advance(16 * 60)

    async def away() -> set[str]:
        raise OSError("the bucket did not take the request (no answer)")

    monkeypatch.setattr(harness.files, "work_jobs", away)
    with pytest.raises(OSError, match="bucket"):
        await maintenance.tidy()
    assert (await harness.job(job)).origin.token is None


async def test_it_goes_on_after_a_fault(
    harness: JobHarness, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MAINTENANCE_EVERY", 0.01)
    job = await harness.ask()
    harness.clock.advance(3600)
    wipe, faults = harness.jobs.wipe_tokens, 1

    async def faulty(before: object) -> int:
        nonlocal faults
        if faults:
            faults -= 1
            raise OSError("disk I/O error")
        return await wipe(before)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(harness.jobs, "wipe_tokens", faulty)
    running = asyncio.create_task(maintenance.run())
    async with asyncio.timeout(PATIENCE):
        while (await harness.job(job)).origin.token is not None:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == 0
    assert harness.clock() - (await harness.job(job)).created_at == timedelta(hours=1)


@pytest.mark.parametrize("days", [90, 0])
async def test_finished_jobs_are_forgotten_after_their_time(
    harness: JobHarness, store: PrivacyStore, days: int
) -> None:
    maintenance = maintenance_of(harness, privacy=store, keep_days=days)
    made = await harness.ask()
    await harness.run()
    harness.courier.reachable = False
    undelivered = await harness.ask(harness.link("silent.mp4"))
    await harness.run()
    cancelled = await harness.ask(range=None, another=True)
    await harness.job_service.cancel(OWNER, cancelled.id)
    harness.clock.advance(89 * 86_400)
    await maintenance.prune()
    assert await harness.jobs.get(made.id) is not None
    harness.clock.advance(2 * 86_400)
    running = await harness.ask(range=None, another=True)
    await maintenance.prune()
    there = [await harness.jobs.get(job.id) is not None for job in (made, cancelled, undelivered, running)]
    assert there == ([False, False, True, True] if days else [True] * 4)
    [character] = await harness.cast()
    assert await harness.jobs.task_owner(character.task_id) == OWNER
    assert character.picture is not None
    assert await harness.files.read(character.picture.key)


async def test_many_are_pruned_some_at_a_time(
    harness: JobHarness, store: PrivacyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.maintenance.limits.PRUNED_AT_ONCE", 2)
    for _ in range(5):
        job = await harness.ask(range=None)
        await harness.job_service.cancel(OWNER, job.id)
    harness.clock.advance(91 * 86_400)
    await maintenance_of(harness, privacy=store).prune()
    assert (await harness.owned_jobs.overview(OWNER, now=harness.clock())).finished == ()


# -- tasks without an owner -----------------------------------------------------------------------------------------


async def leave(harness: JobHarness, task_id: str) -> None:
    async with harness.database.write() as connection:
        await connection.execute(insert(ownerless_tasks).values(id=task_id, since=harness.clock()))


async def left(store: PrivacyStore) -> list[str]:
    return [task.id for task in await store.ownerless()]


async def submitted(harness: JobHarness, tmp_path: Any) -> Any:
    """A task of the provider's with which our job has nothing to do any more, and our id for it."""
    (tmp_path / "clip.mp4").write_bytes(harness.host.files["clip.mp4"])
    job = await harness.ask(harness.task(harness.simulated.add_video_task(tmp_path / "clip.mp4")))
    await harness.run_to(Step.WATCH, job)
    return list(harness.simulated.tasks.values())[-1], job


@pytest.mark.parametrize("by", ["their id", "our id"])
async def test_it_is_forgotten_when_it_ends_and_not_before(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance, tmp_path: Any, by: str
) -> None:
    harness.simulated.hold_at(50)
    task, job = await submitted(harness, tmp_path)
    wanted = task.id if by == "their id" else job.id
    await leave(harness, wanted)
    harness.clock.advance(3600)
    await maintenance.forget()
    assert await left(store) == [wanted]
    harness.simulated.hold_at(None)
    harness.clock.advance(60)
    await maintenance.forget()
    assert await left(store) == []


async def test_one_that_failed_is_forgotten_too(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance, tmp_path: Any
) -> None:
    task, _ = await submitted(harness, tmp_path)
    await leave(harness, task.id)
    task.settled, task.settled_at = Failure("generation_failed", "Nobody knows."), harness.clock()
    await maintenance.forget()
    assert await left(store) == []


async def test_one_that_the_provider_does_not_know_was_never_taken(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance
) -> None:
    """For some minutes that may be a replica that is late."""
    await leave(harness, "0123456789abcdef")
    await maintenance.forget()
    assert await left(store) == ["0123456789abcdef"]
    harness.clock.advance(11 * 60)
    await maintenance.forget()
    assert await left(store) == []


async def test_trouble_of_the_provider_is_waited_out_but_not_for_ever(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance
) -> None:
    await leave(harness, "task_stuck")
    harness.simulated.fail_next("GET", "/v1/", 503, times=100)
    harness.clock.advance(86_400 - 60)
    await maintenance.forget()
    assert await left(store) == ["task_stuck"]
    harness.clock.advance(120)
    origin = len(harness.simulated.requests)
    await maintenance.forget()
    assert await left(store) == []
    assert len(harness.simulated.requests) == origin


async def test_a_counter_is_forgotten_when_its_day_is_over(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance
) -> None:
    today = harness.clock().replace(hour=0, minute=0, second=0, microsecond=0)
    async with harness.database.write() as connection:
        await connection.execute(insert(day_counters).values(user_key=harness.people.of(OWNER), day=today, used=3))
    await maintenance.forget()
    assert (await harness.job_service.overview(OWNER)).used_today == 3
    harness.clock.advance(timedelta(days=1).total_seconds())
    await maintenance.forget()
    assert await store.forget_days(today + timedelta(days=2)) == 0


async def test_a_fault_in_one_part_does_not_stop_the_others(
    harness: JobHarness, store: PrivacyStore, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MAINTENANCE_EVERY", 0.01)
    await leave(harness, "task_gone")
    harness.clock.advance(3600)
    ask, faults = store.ownerless, [OSError("disk I/O error")]

    async def faulty() -> Any:
        if faults:
            raise faults.pop()
        return await ask()

    monkeypatch.setattr(store, "ownerless", faulty)
    running = asyncio.create_task(maintenance.run())
    async with asyncio.timeout(PATIENCE):
        while await ask():
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == []


@pytest.mark.sqlite_only("PostgreSQL's index has no segments")
async def test_once_a_day_the_index_of_searches_is_merged_into_one_segment(
    harness: JobHarness, maintenance: Maintenance
) -> None:
    await harness.ask()
    await harness.run()
    names = itertools.count()

    async def more_characters(number: int) -> None:
        for name in itertools.islice(names, number):
            row: dict[str, ColumnElement[Any]] = {
                each.name: each for each in characters.c if each.name not in {"id", "job_id", "search_id"}
            }
            row |= {"name_key": literal(str(name)), "search_name": literal(f"  name{name} ")}
            copy = select(*row.values()).order_by(characters.c.id).limit(1)
            async with harness.database.write() as connection:
                await connection.execute(insert(characters).from_select(list(row), copy))

    async def segments() -> int:
        async with harness.database.read() as connection:
            return await connection.scalar(text("SELECT count(DISTINCT segid) FROM character_search_idx")) or 0

    found = []
    for hours, number in ((0, 100), (1, 5), (24, 5)):
        harness.clock.advance(hours * 3600)
        await more_characters(number)
        before = await segments()
        await maintenance.merge_search()
        found.append(await segments())
        assert before > found[-1]
    assert found == [1, 2, 1]
