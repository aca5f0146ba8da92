"""One rate over several processes: never more than the limit, hardly less, and nothing of it is lost for long.

How many calls a second has is looked at on a clock that jumps: on the machine's own, a process may wait for the
processor between its look at the clock and the call. What the database gives out is looked at with real processes.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from bisect import bisect_left
from itertools import pairwise
from random import Random

import pytest

from bot.provider.errors import RateLimited
from bot.provider.rates import Rates
from bot.provider.shared_rate import SharedRate
from tests.provider.loopback import BALANCE, Provider, client_for
from tests.skipping_loop import skipping_time, the_loop

PER_SECOND = 50
APART = 0.02  # seconds: two places of that rate are never closer


class Line:
    """Places without a database: what is asked for, and answers that take their time, by a clock of its own."""

    def __init__(self, takes: float = 0.0, *, ahead: float = 0.0) -> None:
        self.takes = takes
        self.ahead = ahead  # of the loop's clock
        self.free = 0.0
        self.asked: list[int] = []
        self.pauses: list[float] = []

    def present(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead

    async def lease(self, name: str, *, count: int, apart: float, lead: float) -> tuple[float, float]:
        await asyncio.sleep(self.takes / 2)
        now = self.present()
        self.asked.append(count)
        first = max(self.free, now + lead)
        self.free = first + count * apart
        await asyncio.sleep(self.takes / 2)
        return first, now

    async def pause(self, name: str, seconds: float) -> None:
        self.pauses.append(seconds)
        self.free = max(self.free, self.present() + seconds)


class Callers:
    """A process, but for its own loop: so many who always wait for the next place."""

    def __init__(self, line: Line, callers: int) -> None:
        self.used: list[float] = []
        self._rate = SharedRate(line, "queries", PER_SECOND)
        self._tasks = [asyncio.create_task(self._call()) for _ in range(callers)]

    async def _call(self) -> None:
        while True:
            await self._rate.acquire()
            self.used.append(the_loop().time())

    async def kill(self) -> None:
        more = [task for task in (self._rate._giving, self._rate._leasing) if task is not None]
        for task in (*self._tasks, *more):
            task.cancel()
        await asyncio.gather(*self._tasks, *more, return_exceptions=True)


def fullest(instants: list[float], seconds: float = 1.0) -> int:
    """The most calls in any ``seconds``."""
    instants = sorted(instants)
    return max(bisect_left(instants, start + seconds) - at for at, start in enumerate(instants))


@pytest.mark.parametrize("callers", [(20, 20, 20), (100, 2, 1)])
@skipping_time
async def test_no_second_has_more_than_the_limit_and_all_of_it_is_used(callers: tuple[int, ...]) -> None:
    line = Line(0.008, ahead=5e8)
    processes = [Callers(line, each) for each in callers]
    await asyncio.sleep(10.0)
    instants = sorted(at for each in processes for at in each.used)
    assert fullest(instants) <= PER_SECOND
    assert sum(instants[0] + 1.0 <= at < instants[0] + 9.0 for at in instants) >= 0.95 * 8.0 * PER_SECOND


@skipping_time
async def test_a_busy_loop_wastes_places_and_uses_none_too_many() -> None:
    random, line = Random(7), Line(0.008)

    async def compute() -> None:
        for _ in range(400):
            await asyncio.sleep(random.uniform(0.0, 0.05))
            the_loop().now += random.uniform(0.0, 0.03)  # and nobody has a turn meanwhile

    processes = [Callers(line, 20) for _ in range(3)]
    await asyncio.gather(*(compute() for _ in range(4)))
    instants = [at for each in processes for at in each.used]
    assert fullest(instants) <= PER_SECOND
    assert sum(line.asked) > len(instants) > 0


@skipping_time
async def test_who_is_killed_costs_no_more_than_a_quarter_of_a_second() -> None:
    line = Line(0.008)
    killed, other = Callers(line, 40), Callers(line, 40)
    await asyncio.sleep(2.0)
    await killed.kill()
    died, before = the_loop().time(), len(killed.used)
    await asyncio.sleep(2.0)
    assert len(killed.used) == before > 0
    later = [at for at in other.used if at > died - 0.25]
    assert max(then - now for now, then in pairwise(later)) <= 0.25 + 2 * APART
    assert fullest(killed.used + other.used) <= PER_SECOND


# -- real processes and one PostgreSQL ---------------------------------------------------------------------------------


async def started(url: str, seconds: float, callers: int) -> Process:
    asked = ("-m", "tests.provider.rate_process", url, str(PER_SECOND), str(seconds), str(callers), "leases")
    process = await asyncio.create_subprocess_exec(sys.executable, *asked, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


def go(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"\n")


def told(said: bytes) -> tuple[list[float], int]:
    """The places that a process has leased, by the database's clock, and how many calls it made."""
    lines = [line.split() for line in said.decode().splitlines(keepends=True) if line.endswith("\n")]
    leases = [(float(line[1]), int(line[2]), float(line[3])) for line in lines if line[0] == "lease"]
    assert all(count <= PER_SECOND / 4 for _, count, _ in leases), "a quarter of a second at most"
    places = [first + number * apart for first, count, apart in leases for number in range(count)]
    return places, sum(len(line) == 1 for line in lines)


def never_closer(places: list[float]) -> bool:
    return all(then - now >= APART for now, then in pairwise(sorted(places)))


@pytest.mark.parametrize("callers", [(20, 20, 20), (100, 2, 1)])
async def test_processes_are_never_given_the_same_place(postgres_url: str, callers: tuple[int, ...]) -> None:
    processes = [await started(postgres_url, 1.0, each) for each in callers]
    for each in processes:
        go(each)
    said = [told((await each.communicate())[0]) for each in processes]
    assert never_closer([place for places, _ in said for place in places])
    for (places, calls), waiting in zip(said, callers, strict=True):
        assert waiting <= calls <= len(places), "each caller calls once at least, and with a place of its own"


async def test_the_other_goes_on_when_a_process_is_killed(postgres_url: str) -> None:
    killed, other = await started(postgres_url, 600.0, 40), await started(postgres_url, 600.0, 40)
    assert killed.stdout is not None
    assert other.stdout is not None
    go(killed)
    go(other)
    before = b"".join([await killed.stdout.readline() for _ in range(30)])
    killed.kill()
    before += (await killed.communicate())[0]
    lost, calls = told(before)
    after = b""
    while max(told(after)[0], default=0.0) <= max(lost):  # it leases, and calls, beyond what the killed one had
        line = await other.stdout.readline()
        assert line
        after += line
    other.kill()
    after += (await other.communicate())[0]
    places, more = told(after)
    assert never_closer(lost + places)
    assert calls <= len(lost)
    assert 0 < more <= len(places)


# -- one process -------------------------------------------------------------------------------------------------------


@skipping_time
async def test_who_is_alone_leases_what_he_needs_and_no_more() -> None:
    line = Line()
    await SharedRate(line, "queries", 50).acquire()
    assert line.asked == [1]


@skipping_time
async def test_a_batch_is_a_quarter_of_a_second_at_most() -> None:
    line = Line()
    rate = SharedRate(line, "queries", 40)
    await asyncio.gather(*(rate.acquire() for _ in range(40)))
    assert max(line.asked) <= 10
    assert sum(line.asked) == 40


@skipping_time
async def test_a_database_that_answers_slowly_still_gives_places() -> None:
    line = Line(takes=0.2)
    rate = SharedRate(line, "queries", 50)
    began = the_loop().time()
    await asyncio.gather(*(rate.acquire() for _ in range(20)))
    assert the_loop().time() - began < 2.0
    assert sum(line.asked) >= 20, "nobody goes without a place"


@skipping_time
async def test_a_place_whose_time_is_over_is_not_used() -> None:
    line = Line()
    rate = SharedRate(line, "queries", 50)
    await rate.acquire()
    waiting = asyncio.create_task(rate.acquire())
    while len(line.asked) < 2:
        await asyncio.sleep(0)
    the_loop().now += 0.2  # the loop was busy
    await waiting
    assert len(line.asked) == 3


@skipping_time
async def test_a_caller_who_gives_up_leaves_the_place_to_the_next() -> None:
    rate = SharedRate(Line(), "queries", 4)
    first, second, third = [asyncio.create_task(rate.acquire()) for _ in range(3)]
    await first
    began = the_loop().time()
    second.cancel()
    await third
    assert second.cancelled()
    assert the_loop().time() - began < 0.3, "it is the second's place"


@skipping_time
async def test_trouble_with_the_database_is_told_to_all_who_wait_and_is_over_when_it_is_over() -> None:
    line = Line()
    rate = SharedRate(line, "queries", 50)
    line.lease, good = None, line.lease  # type: ignore[method-assign,assignment]  # no callable: it fails
    told = await asyncio.gather(*(rate.acquire() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [TypeError] * 3
    line.lease = good  # type: ignore[method-assign]  # as it was
    await rate.acquire()


@pytest.mark.parametrize(("named", "seconds"), [("7", 7.0), ("3600", 60.0)])
async def test_a_refusal_that_names_a_time_stops_all_calls_of_its_kind(
    provider: Provider, named: str, seconds: float
) -> None:
    submits, queries = Line(), Line()
    rates = Rates(SharedRate(submits, "submits", 50), SharedRate(queries, "queries", 50))
    provider.on(BALANCE, 429, {}, headers={"Retry-After": named})
    async with client_for(provider.base_url, rates=rates) as client:
        with pytest.raises(RateLimited):
            await client.balance()
    assert (queries.pauses, submits.pauses) == ([seconds], [])
