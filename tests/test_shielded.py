"""Work that goes on to its end, whatever happens to whoever waits for it."""

from __future__ import annotations

import asyncio

import pytest

from bot.concurrency import shielded


async def test_its_result_and_its_error_come_through() -> None:
    async def work(error: bool) -> int:
        if error:
            raise LookupError
        return 7

    assert await shielded(work(error=False)) == 7
    with pytest.raises(LookupError):
        await shielded(work(error=True))


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_waits_for_the_end_however_often_it_comes(fails: bool) -> None:
    go_on, ended = asyncio.Event(), False

    async def work() -> None:
        nonlocal ended
        await go_on.wait()
        ended = True
        if fails:
            raise LookupError

    waiting = asyncio.create_task(shielded(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended


async def test_work_that_is_cancelled_itself_is_a_cancellation() -> None:
    work = asyncio.ensure_future(asyncio.Event().wait())
    waiting = asyncio.create_task(shielded(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
