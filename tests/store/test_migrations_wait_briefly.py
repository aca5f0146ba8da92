"""A migration that finds a table in use: others go on reading and writing it, and do not queue behind the migration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import asyncpg
import pytest
from alembic import command
from sqlalchemy import Connection, make_url

from bot.errors import BadStart
from bot.store import migrate
from bot.store.postgres_schema import migrating
from bot.store.tables import HEAD
from tests.patience import PATIENCE

EARLIER = "0021"  # the one after it adds a column to server_settings
BEFORE = "0022"  # the one after it adds a column to server_blocks
_WAITS = (
    "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'"
    " AND relation = 'server_blocks'::regclass"
)


@pytest.fixture
async def old(new_postgres_url: Callable[..., str]) -> str:
    """The address of a database as an older version has it."""
    url = new_postgres_url(at_head=False)

    await bring_to(url, BEFORE)
    return url


async def bring_to(url: str, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        config = migrate.config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with migrating(make_url(url)) as connection:
        await connection.run_sync(upgrade)


@pytest.fixture
async def others(old: str) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    address = make_url(old).set(drivername="postgresql").render_as_string()
    both = await asyncpg.connect(address), await asyncpg.connect(address)
    yield both
    for each in both:
        await each.close()


async def test_others_do_not_queue_behind_it(
    old: str, others: tuple[asyncpg.Connection, asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MIGRATION_AGAIN", 0.1)
    dump, bot = others
    async with asyncio.timeout(PATIENCE):
        async with dump.transaction():
            await dump.execute("LOCK TABLE server_blocks IN ACCESS SHARE MODE")
            migration = asyncio.create_task(migrate._migrate_postgres(make_url(old)))
            while not await bot.fetchval(_WAITS):
                await asyncio.sleep(0.01)
            assert await bot.fetchval("SELECT count(*) FROM server_blocks") == 0
            await bot.execute("INSERT INTO server_blocks (guild_id, user_key) VALUES (1, 'a')")
            assert not migration.done()
        await migration
    assert await bot.fetchval("SELECT version_num FROM alembic_version") == HEAD


async def test_it_gives_up_in_one_sentence(
    old: str, others: tuple[asyncpg.Connection, asyncpg.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.MIGRATION_TRIES_FOR", timedelta())
    dump, bot = others
    async with dump.transaction():
        await dump.execute("LOCK TABLE server_blocks IN ACCESS SHARE MODE")
        with pytest.raises(BadStart, match="such as a dump, keeps a table locked"):
            await asyncio.wait_for(migrate._migrate_postgres(make_url(old)), PATIENCE)
    assert await bot.fetchval("SELECT version_num FROM alembic_version") == BEFORE


async def test_a_revision_that_waits_holds_nothing_of_an_earlier_one(new_postgres_url: Callable[..., str]) -> None:
    url = new_postgres_url(at_head=False)
    await bring_to(url, EARLIER)
    address = make_url(url).set(drivername="postgresql").render_as_string()
    dump, bot = await asyncpg.connect(address), await asyncpg.connect(address)
    async with asyncio.timeout(PATIENCE):
        async with dump.transaction():
            await dump.execute("LOCK TABLE server_blocks IN ACCESS SHARE MODE")
            migration = asyncio.create_task(migrate._migrate_postgres(make_url(url)))
            while not await bot.fetchval(_WAITS):
                await asyncio.sleep(0.01)
            assert await bot.fetchval("SELECT version_num FROM alembic_version") == BEFORE
            await bot.execute("INSERT INTO server_settings (guild_id, video_limit) VALUES (1, 5)")
        await migration
    assert await bot.fetchval("SELECT version_num FROM alembic_version") == HEAD
    for each in (dump, bot):
        await each.close()
