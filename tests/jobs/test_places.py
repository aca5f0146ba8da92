"""A place per resource: what one person uses up keeps nobody else waiting, and no limit is passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.provider.client import ToapisClient
from bot.values.job import Outcome, Step
from tests.jobs.harness import OWNER, JobHarness
from tests.patience import PATIENCE

MEMBERS = 4
LINKS_EACH = 2  # as limits.running_per_user allows


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = PATIENCE) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def crowded(harness: JobHarness) -> AsyncIterator[JobHarness]:
    """Four members hold every place for links, with servers that never end. Before, that stopped everybody."""
    paid = await harness.ask(owner=OWNER)
    await harness.run_to(Step.WATCH, paid)
    for number in range(MEMBERS * LINKS_EACH):
        await harness.ask(harness.link(f"slow-{number}.mp4"), owner=OWNER + 100 + number // LINKS_EACH)
    harness.job_service._workers = harness.runner
    await harness.runner.start()

    async def all_hang() -> bool:
        return harness.host.hanging == MEMBERS * LINKS_EACH

    await until(all_hang)
    yield harness
    await harness.runner.stop(grace=timedelta())


async def test_slow_links_keep_nobodys_paid_task_waiting(crowded: JobHarness) -> None:
    harness = crowded
    [paid] = (await harness.owned_jobs.overview(OWNER, now=harness.clock())).unfinished
    harness.clock.advance(20)  # the task has ended by then
    harness.runner.wake()

    async def done() -> bool:
        harness.clock.advance(1)
        harness.runner.wake()
        return (await harness.job(paid)).step is Step.DONE

    await until(done)
    assert (await harness.job(paid)).outcome is Outcome.SUCCEEDED
    assert [job.id for job, _ in harness.courier.delivered] == [paid.id]


async def test_slow_links_keep_no_attachment_waiting(crowded: JobHarness) -> None:
    harness = crowded
    job = await harness.ask(harness.attachment(), owner=OWNER + 1)

    async def fetched() -> bool:
        return (await harness.job(job)).step is not Step.PREPARE

    await until(fetched)
    assert (await harness.job(job)).outcome is None, "it goes on"
    for member in range(MEMBERS):
        links = (await harness.owned_jobs.overview(OWNER + 100 + member, now=harness.clock())).unfinished
        assert [each.step for each in links] == [Step.PREPARE] * LINKS_EACH, "no link had to end for it"


async def test_the_next_free_place_for_links_goes_to_who_has_none(crowded: JobHarness) -> None:
    """A fifth member's link waits for one download to end, not for all that were asked for before theirs."""
    harness = crowded
    harness.host.files["quick.mp4"] = harness.host.files["clip.mp4"]
    more = [await harness.ask(harness.link(f"slow-more-{number}.mp4"), owner=OWNER + 200) for number in (1, 2)]
    job = await harness.ask(harness.link("quick.mp4"), owner=OWNER + 1)
    harness.runner.wake()

    async def queued() -> bool:
        return harness.places.links.waiting == len(more) + 1

    await until(queued)
    earlier = len(harness.host.asked)
    for each in (await harness.owned_jobs.overview(OWNER + 100, now=harness.clock())).unfinished[:2]:
        await harness.job_service.cancel(each.owner_id, each.id)

    async def fetched() -> bool:
        return (await harness.job(job)).step is not Step.PREPARE

    await until(fetched)
    assert "quick.mp4" in harness.host.asked[earlier : earlier + 2], (
        "two places became free, and one person got one only"
    )
    assert (await harness.job(job)).outcome is None, "it goes on"


def counting(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, counts: Callable[..., bool]) -> list[int]:
    """How many calls of a real method ran at once, written down at each of them."""
    real: Callable[..., Awaitable[Any]] = getattr(owner, name)
    running, seen = 0, []

    async def counted(self: object, *args: Any, **options: Any) -> Any:
        nonlocal running
        if not counts(*args):
            return await real(self, *args, **options)
        running += 1
        seen.append(running)
        try:
            await asyncio.sleep(0.01)  # long enough for the others to come
            return await real(self, *args, **options)
        finally:
            running -= 1

    monkeypatch.setattr(owner, name, counted)
    return seen


async def test_jobs_that_cut_and_then_upload_pass_no_limit(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, a step that came back from a cut took no place: forty uploads ran at once."""
    uploads = counting(monkeypatch, ToapisClient, "upload_video", lambda *_: True)
    children = counting(monkeypatch, type(harness.media), "_ask", lambda operation, *_: operation.name != "picture")
    jobs = [await harness.ask(owner=OWNER + number) for number in range(12)]
    await harness.run(3600)
    assert {(await harness.job(job)).outcome for job in jobs} == {Outcome.SUCCEEDED}
    assert len(uploads) == len(jobs)
    assert 1 < max(uploads) <= 4
    assert max(children) == 1
