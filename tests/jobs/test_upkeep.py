"""What is swept at the start, and tidied while running."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.jobs.upkeep import Upkeep
from bot.store.drafts import Draft, DraftStore
from bot.values.job import Step
from tests.jobs.shop import OWNER, Shop


@pytest.fixture
def drafts(shop: Shop) -> DraftStore:
    return DraftStore(shop.database)


@pytest.fixture
def upkeep(shop: Shop, drafts: DraftStore) -> Upkeep:
    return Upkeep(jobs=shop.jobs, drafts=drafts, events=shop.events, files=shop.files, disk=shop.disk, clock=shop.clock)


async def test_a_start_sweeps_what_no_row_refers_to_and_keeps_the_rest(shop: Shop, upkeep: Upkeep) -> None:
    made = await shop.ask()
    await shop.run()
    running = await shop.ask(shop.link("clip.mp4"), another=True)
    await shop.run_to(Step.SUBMIT, running)
    orphan = await shop.files.put_bytes(OWNER, b"a kill between the file and its row", "image/png")
    forgotten = await shop.files.work_folder("feedfacefeedface")
    await upkeep.at_start()
    with pytest.raises(FileNotFoundError):
        await shop.files.read(orphan.key)
    assert not forgotten.exists()
    assert shop.work(running).exists()
    [character] = await shop.cast()
    assert character.picture is not None
    assert await shop.files.read(character.picture.key)
    assert (await shop.job(made)).step is Step.DONE


async def test_dead_tokens_and_old_drafts_go(shop: Shop, upkeep: Upkeep, drafts: DraftStore) -> None:
    job = await shop.ask()
    await drafts.add(Draft(id="d1", owner_id=OWNER, attachment=shop.attachment(), created_at=shop.clock()))
    shop.clock.advance(14 * 60)
    await upkeep.tidy()
    assert (await shop.job(job)).origin.token is not None
    shop.clock.advance(2 * 60)
    await upkeep.tidy()
    assert (await shop.job(job)).origin.token is None
    shop.clock.advance(25 * 3600)
    await upkeep.tidy()
    assert await drafts.take(OWNER, "d1") is None


async def test_it_goes_on_after_a_fault(shop: Shop, upkeep: Upkeep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.upkeep.EVERY", 0.01)
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
    running = asyncio.create_task(upkeep.run())
    async with asyncio.timeout(20):
        while (await shop.job(job)).origin.token is not None:
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert faults == 0
    assert shop.clock() - (await shop.job(job)).created_at == timedelta(hours=1)
