"""Places are limited, fair between owners, and never lost, whatever is cancelled when."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from bot.concurrency import FairLimiter, Foreground, PriorityLimiter, work_in_background
from tests.patience import PATIENCE


async def test_no_more_than_the_limit_at_once() -> None:
    limiter, inside, most = FairLimiter(3), 0, 0

    async def act(owner: int) -> None:
        nonlocal inside, most
        async with limiter.place(owner):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*[act(number % 5) for number in range(50)])
    assert most == 3
    assert limiter.waiting == 0


async def test_a_newcomer_waits_for_one_place_and_not_for_all_of_somebody_elses() -> None:
    limiter, order = FairLimiter(2), []
    release = asyncio.Event()

    async def act(owner: int) -> None:
        async with limiter.place(owner):
            order.append(owner)
            if len(order) <= 2:
                await release.wait()

    greedy = [asyncio.create_task(act(1)) for _ in range(20)]
    await asyncio.sleep(0)
    newcomer = asyncio.create_task(act(2))
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(newcomer, *greedy)
    assert order[:3] == [1, 1, 2]


async def test_waiting_owners_take_turns() -> None:
    limiter, order = FairLimiter(1), []

    async def act(owner: int) -> None:
        async with limiter.place(owner):
            order.append(owner)
            await asyncio.sleep(0)

    await asyncio.gather(*[act(owner) for owner in (1, 1, 1, 2, 2, 2, 3, 3, 3)])
    assert order == [1, 1, 2, 3, 1, 2, 3, 2, 3]


async def test_nothing_waits_where_a_place_is_asked_for_now() -> None:
    limiter = FairLimiter(1)
    with limiter.place_now(1) as first, limiter.place_now(2) as second:
        assert (first, second) == (True, False)
    with limiter.place_now(2) as free_again:
        assert free_again


@pytest.mark.parametrize("seed", range(20))
async def test_cancelled_waiters_lose_no_place(seed: int) -> None:
    """Whoever is cancelled, before or in the moment of their turn: in the end every place is free."""
    random, limiter = Random(seed), FairLimiter(3)

    async def act(owner: int) -> None:
        async with limiter.place(owner):
            for _ in range(random.randrange(4)):
                await asyncio.sleep(0)

    tasks = [asyncio.create_task(act(random.randrange(4))) for _ in range(60)]
    for _ in range(60):
        if random.random() < 0.6:
            random.choice(tasks).cancel()
        if random.random() < 0.5:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert limiter.waiting == 0
    with limiter.place_now(1) as one, limiter.place_now(2) as two, limiter.place_now(3) as three:
        assert (one, two, three) == (True, True, True)


def test_no_places_at_all_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        FairLimiter(0)


async def test_an_urgent_request_is_next_however_many_wait() -> None:
    limiter, order = PriorityLimiter(1), []

    async def want(name: str, *, urgent: bool) -> None:
        await limiter.acquire(urgent=urgent)
        order.append(name)
        limiter.release()

    await limiter.acquire(urgent=False)
    waiting = [asyncio.create_task(want(f"other {number}", urgent=False)) for number in range(3)]
    waiting += [asyncio.create_task(want(f"urgent {number}", urgent=True)) for number in range(2)]
    await asyncio.sleep(0)
    assert order == []
    limiter.release()
    await asyncio.gather(*waiting)
    assert order == ["urgent 0", "urgent 1", "other 0", "other 1", "other 2"]


@pytest.mark.parametrize("seed", range(20))
async def test_cancelled_waiters_lose_no_urgent_place_either(seed: int) -> None:
    random, limiter = Random(seed), PriorityLimiter(2)

    async def want() -> None:
        await limiter.acquire(urgent=random.random() < 0.5)
        try:
            await asyncio.sleep(0)
        finally:
            limiter.release()

    waiting = [asyncio.create_task(want()) for _ in range(20)]
    for task in waiting:
        await asyncio.sleep(0)
        if random.random() < 0.5:
            task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        await limiter.acquire(urgent=False)
        await limiter.acquire(urgent=False)


async def test_background_work_goes_on_once_nobody_waits_any_more() -> None:
    foreground, order = Foreground(), []

    async def background() -> None:
        work_in_background()
        await foreground.goes_first(PATIENCE)
        order.append("background")

    with foreground.waits():
        with foreground.waits():
            work = asyncio.create_task(background())
            await foreground.goes_first(PATIENCE)  # this task is not in the background
        for _ in range(10):
            await asyncio.sleep(0)
        order.append("answered")
    await work
    assert order == ["answered", "background"]


async def test_background_work_does_not_wait_for_ever() -> None:
    foreground = Foreground()

    async def background() -> bool:
        work_in_background()
        await asyncio.create_task(foreground.goes_first(0.01))  # what it starts is in the background as well
        return True

    with foreground.waits():
        assert await asyncio.wait_for(asyncio.create_task(background()), PATIENCE)


async def test_it_is_quiet_some_time_after_the_last_first_answer() -> None:
    foreground = Foreground()
    assert await foreground.quiet(PATIENCE, at_most=PATIENCE)  # nobody has ever waited
    with foreground.waits():
        assert not await foreground.quiet(0.01, at_most=0.02)
        with foreground.waits():
            pass
        assert not await foreground.quiet(0.01, at_most=0.02)  # one is answered, the other one waits
    assert not await foreground.quiet(PATIENCE, at_most=0.01)
    assert await foreground.quiet(0.01, at_most=PATIENCE)
