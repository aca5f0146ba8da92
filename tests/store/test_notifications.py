"""What processes on one PostgreSQL tell each other."""

from __future__ import annotations

import asyncio
from functools import partial

import asyncpg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import TimeoutError as NoConnection

from bot import limits
from bot.store.database_errors import passes_by_itself
from bot.store.notifications import Topic
from bot.store.postgres import PostgresDatabase
from bot.store.postgres_notifications import PostgresNotifications
from tests.patience import PATIENCE
from tests.store.postgres_proxy import proxy_to


def dsn_of(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def heard_soon(heard: list[str], words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while words not in heard:
            await asyncio.sleep(0.01)


async def test_the_others_hear_it_and_a_lost_connection_comes_back(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "NOTIFICATIONS_AGAIN", 0.05)
    one, other = (
        PostgresNotifications(partial(asyncpg.connect, dsn_of(postgres_url))),
        PostgresNotifications(partial(asyncpg.connect, dsn_of(postgres_url))),
    )
    heard: dict[str, list[str]] = {"one": [], "other": []}

    def note(who: str) -> None:
        async def hear(argument: str) -> None:
            heard[who].append(argument)

        (one if who == "one" else other).on(Topic.INTERRUPT, hear)
        (one if who == "one" else other).on(Topic.JOBS, hear)

    note("one")
    note("other")
    await one.open()
    await other.open()
    one.send(Topic.INTERRUPT, "ab12")
    await heard_soon(heard["other"], "ab12")
    assert heard["one"] == []  # not what it said itself

    apart = await asyncpg.connect(dsn_of(postgres_url))
    await apart.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
        "pid <> pg_backend_pid()"
    )
    await apart.close()
    for them in (one, other):
        them.send(Topic.JOBS)  # finds out that nobody is there any more
    await heard_soon(heard["one"], "")  # something may have been missed
    await heard_soon(heard["other"], "")
    other.send(Topic.INTERRUPT, "cd34")
    await heard_soon(heard["one"], "cd34")
    await one.close()
    await other.close()
    one.send(Topic.JOBS)  # nobody is told, and nothing is raised


async def test_a_connection_that_is_lost_at_the_start_is_no_defect(postgres_url: str) -> None:
    async def lost_at_once() -> asyncpg.Connection:
        connection = await asyncpg.connect(dsn_of(postgres_url))
        apart = await asyncpg.connect(dsn_of(postgres_url))
        await apart.execute("SELECT pg_terminate_backend($1, 10000)", connection.get_server_pid())
        await apart.close()
        return connection

    with pytest.raises(NoConnection) as raised:
        await PostgresNotifications(lost_at_once).open()
    assert passes_by_itself(raised.value)


async def test_a_server_that_falls_silent_is_asked_anew(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NOTIFICATIONS_AGAIN", 0.05)
    async with proxy_to(postgres_url) as (proxy, url):
        notifications = PostgresNotifications(
            partial(asyncpg.connect, dsn_of(url).replace("ssl=", "sslmode="), command_timeout=1.0)
        )
        heard: list[str] = []

        async def hear(argument: str) -> None:
            heard.append(argument)

        notifications.on(Topic.BLOCKS, hear)
        await notifications.open()
        proxy.mute()
        notifications.send(Topic.JOBS)
        await heard_soon(heard, "")  # something may have been missed
        await notifications.close()
        assert set(heard) == {""}, "and of nothing else: nobody sent any"


async def test_what_nobody_was_told_is_looked_at_all_the_same(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SHARED_STATE_EVERY", 0.05)
    notifications = PostgresNotifications(partial(asyncpg.connect, dsn_of(postgres_url)))
    looks: list[str] = []

    async def look(argument: str) -> None:
        looks.append(argument)

    async def fail(argument: str) -> None:
        raise RuntimeError

    notifications.on(Topic.BLOCKS, fail)
    notifications.on(Topic.BLOCKS, look)
    await notifications.open()
    async with asyncio.timeout(PATIENCE):
        while len(looks) < 2:
            notifications.send(Topic.MESSAGES)  # whoever says much still looks
            await asyncio.sleep(0.005)
    await notifications.close()


async def test_it_is_told_by_the_options_of_the_address(postgres_url: str) -> None:
    """ssl is asyncpg's own word: to the server it would be a setting that it does not know."""
    database = PostgresDatabase(make_url(f"{postgres_url}&ssl=disable"))
    await database.open()
    await database.notifications.open()
    await database.notifications.close()
    await database.close()
