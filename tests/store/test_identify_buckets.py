"""Whose shard may identify, of all processes on one PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import make_url

from bot import limits
from bot.store.identify_buckets import IdentifyBuckets
from bot.store.postgres import PostgresDatabase
from tests.patience import PATIENCE
from tests.store.postgres_proxy import proxy_to


async def test_a_bucket_is_held_for_a_while_and_free_once_its_process_is_gone(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IDENTIFY_GAP", 3600.0)
    databases = [PostgresDatabase(make_url(postgres_url)) for _ in range(2)]
    ours, theirs = map(IdentifyBuckets, databases)
    for each in databases:
        await each.open()
    try:
        await ours.turn(0)
        waiting = asyncio.create_task(theirs.turn(0))
        await theirs.turn(1)
        done, _ = await asyncio.wait({waiting}, timeout=0.5)
        assert not done
        await let_go(ours)
        await asyncio.wait_for(waiting, PATIENCE)
        await let_go(theirs)
    finally:
        for each in databases:
            await each.close()


async def let_go(buckets: IdentifyBuckets) -> None:
    """As the end of a process does it."""
    held = list(buckets._held)
    assert held
    for each in held:
        each.cancel()
    await asyncio.gather(*held, return_exceptions=True)


async def test_a_shard_waits_for_a_database_that_is_gone(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py ends the whole client where it is raised to; a gateway identifies again whenever Discord says so."""
    monkeypatch.setattr(limits, "NOTIFICATIONS_AGAIN", 0.05)
    monkeypatch.setattr(limits, "IDENTIFY_GAP", 0.05)
    async with proxy_to(postgres_url) as (proxy, url):
        database = PostgresDatabase(make_url(url))
        await database.open()
        try:
            buckets = IdentifyBuckets(database)
            await buckets.turn(0)
            await proxy.stop()
            waiting = asyncio.create_task(buckets.turn(1))
            done, _ = await asyncio.wait({waiting}, timeout=0.3)
            assert not done
            await proxy.start()
            await asyncio.wait_for(waiting, PATIENCE)
            await asyncio.sleep(0.2)  # they are held no longer
        finally:
            await database.close()
