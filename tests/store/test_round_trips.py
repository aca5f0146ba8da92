"""What somebody waits for takes few round trips to PostgreSQL, and no connection that others occupy.

While many ask, each round trip takes as long as everything else that the process has to do meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as NoConnection

from bot import limits
from bot.concurrency import work_until_answered
from bot.store.cast_search import CastQuery, CastSearch
from bot.store.database import Database, database_at
from bot.store.disk import DiskUse
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.person_consents import PersonConsentStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.write_locks import NO_LOCK
from tests.store.postgres_proxy import Proxy, proxy_to


@pytest.fixture
async def proxied(postgres_url: str) -> AsyncIterator[tuple[Proxy, Database]]:
    async with proxy_to(postgres_url) as (proxy, url):
        database = database_at(url)
        await database.open()
        yield proxy, database
        await database.close()


async def round_trips(proxy: Proxy, ask: Callable[[], Awaitable[object]]) -> int:
    """Of something that was asked before on the same connection, which has its statements prepared."""
    await ask()
    before = proxy.round_trips
    await ask()
    return proxy.round_trips - before


async def test_a_search_takes_one_for_each_statement(proxied: tuple[Proxy, Database], new_cast: Any) -> None:
    proxy, database = proxied
    await new_cast(database, "Wilhelmina")
    search = CastSearch(database)
    assert await round_trips(proxy, lambda: search.names(7, "")) == 1
    assert await round_trips(proxy, lambda: search.names(7, "wilh")) == 1
    assert await round_trips(proxy, lambda: search.names(7, "wil")) == 2
    assert await round_trips(proxy, lambda: search.page(7, CastQuery(), offset=0, limit=5)) == 1
    assert await round_trips(proxy, lambda: search.page(7, CastQuery(search="wil"), offset=0, limit=5)) == 1


async def test_what_is_shown_with_an_answer_takes_one_or_two(proxied: tuple[Proxy, Database], now: datetime) -> None:
    proxy, database = proxied
    owned, people = OwnedJobStore(database), Pseudonyms(database)
    untold = PersonConsentStore(database, people).untold
    assert await round_trips(proxy, lambda: owned.overview(7, now=now)) == 2
    assert await round_trips(proxy, lambda: DiskUse(database).of(7, now=now)) == 1
    assert await round_trips(proxy, lambda: owned.pending(7, now=now)) == 1
    assert await round_trips(proxy, lambda: untold(7)) == 1


async def test_a_limit_more_for_a_job_takes_none_more(proxied: tuple[Proxy, Database], new_job: Any) -> None:
    proxy, database = proxied
    jobs = JobStore(database)
    few = Quota(running=9, day=99)
    more = Quota(running=9, waiting=9, day=99, member_day=99, user_key="a", member_key="b")
    assert new_job().origin.guild_id is not None
    with_few = await round_trips(proxy, lambda: jobs.add(new_job(), few))
    assert await round_trips(proxy, lambda: jobs.add(new_job(), more)) == with_few


async def test_what_somebody_types_waits_for_no_connection_that_others_occupy(
    proxied: tuple[Proxy, Database], new_cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise it would wait behind whatever can take its time, and Discord shows no choices after three seconds."""
    _, database = proxied
    await new_cast(database, "Wilhelmina")
    monkeypatch.setattr(limits, "DATABASE_TURN_WITHIN", 0.2)
    async with AsyncExitStack() as occupied:
        for _ in range(limits.POSTGRES_CONNECTIONS):
            await occupied.enter_async_context(database.read())
        async with asyncio.timeout(5):
            assert await CastSearch(database).names(7, "wil") == ["Wilhelmina"]


async def test_a_choice_that_would_come_too_late_is_given_up(
    proxied: tuple[Proxy, Database], new_cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a search that is shown whenever it comes, which lets the choices go first."""
    _, database = proxied
    await new_cast(database, "Wilhelmina")
    monkeypatch.setattr(limits, "SEARCH_TURN_WITHIN", 0.1)
    order = []

    async def search(who: str, *, answered: bool) -> None:
        work_until_answered(lambda: answered)
        await CastSearch(database).names(7, "wil")
        order.append(who)

    async with AsyncExitStack() as occupied:
        for _ in range(limits.POSTGRES_SEARCHES - 1):
            await occupied.enter_async_context(database.search())
        async with database.search():
            shown = asyncio.create_task(search("list", answered=True))
            with pytest.raises(NoConnection):
                await search("choices", answered=False)
            monkeypatch.setattr(limits, "SEARCH_TURN_WITHIN", 5)
            chosen = asyncio.create_task(search("choices", answered=False))
            await asyncio.sleep(0.05)
        await asyncio.gather(shown, chosen)
    assert order == ["choices", "list"]


async def test_a_free_connection_goes_to_who_waits_for_a_first_answer(proxied: tuple[Proxy, Database]) -> None:
    _, database = proxied
    order = []

    async def read(who: str, *, answered: bool) -> None:
        work_until_answered(lambda: answered)
        async with database.read_at_once():
            order.append(who)

    async def write(who: str) -> None:
        async with database.write(urgent=True, locks=NO_LOCK):
            order.append(who)

    async with AsyncExitStack() as occupied:
        for _ in range(limits.POSTGRES_CONNECTIONS - 1):
            await occupied.enter_async_context(database.read())
        async with database.read():
            waiting = [
                asyncio.create_task(read("list", answered=True)),
                asyncio.create_task(read("choices", answered=False)),
                asyncio.create_task(write("job")),
            ]
            await asyncio.sleep(0.1)
            assert order == []
        await asyncio.gather(*waiting)
    assert order == ["choices", "job", "list"]
