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


_CHARACTER = (
    "INSERT INTO characters (owner_id, name, name_key, display_name, display_key, username, provider_id, task_id,"
    " model, range_start, range_end, created_at, search_name)"
    " VALUES (7, '', $1, '', '', '', '', '', '', '1', '3', 0, '  ' || $1 || ' ')"
)


async def test_an_index_of_characters_is_made_while_they_are_written(new_postgres_url: Callable[..., str]) -> None:
    """Also where an attempt was interrupted, whose index is left and of no use."""
    url = new_postgres_url(at_head=False)
    await bring_to(url, "0027")
    address = make_url(url).set(drivername="postgresql").render_as_string()
    one, other = await asyncpg.connect(address), await asyncpg.connect(address)
    await other.execute(
        "CREATE INDEX ix_characters_search_keys ON characters (model);"
        " UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_characters_search_keys'::regclass"
    )
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'virtualxid'"
    async with asyncio.timeout(PATIENCE):
        async with one.transaction():
            await one.execute(_CHARACTER, "anna")
            migration = asyncio.create_task(migrate._migrate_postgres(make_url(url)))
            while not await other.fetchval(waits):
                assert not migration.done()
                await asyncio.sleep(0.01)
            await other.execute(_CHARACTER, "hanna")
        await migration
    await other.execute("SET enable_seqscan = off; SET enable_indexscan = off; SET enable_indexonlyscan = off")
    asked = "FROM characters WHERE search_keys(owner_id, search_name) @> ARRAY['7ann', '7nna']"
    plan = "\n".join(line for (line,) in await other.fetch(f"EXPLAIN SELECT {asked}"))
    assert "ix_characters_search_keys" in plan
    assert await other.fetchval(f"SELECT count(*) {asked}") == 2
    assert await other.fetchval("SELECT count(*) FROM pg_indexes WHERE indexname LIKE '%trigrams'") == 0
    for each in (one, other):
        await each.close()


async def test_an_index_that_the_server_finished_for_a_killed_process_is_kept(
    new_postgres_url: Callable[..., str],
) -> None:
    """Making it again would take minutes, in which a process that answers nothing yet may be killed again."""
    url = new_postgres_url()
    bot = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string())
    of = "SELECT oid FROM pg_class WHERE relname = 'ix_characters_search_keys'"
    made = await bot.fetchval(of)
    await bot.execute("UPDATE alembic_version SET version_num = '0027'")
    await migrate._migrate_postgres(make_url(url))
    assert await bot.fetchval("SELECT version_num FROM alembic_version") == HEAD
    assert await bot.fetchval(of) == made
    await bot.close()


async def test_it_may_take_longer_than_the_server_lets_a_statement_run(new_postgres_url: Callable[..., str]) -> None:
    address = make_url(new_postgres_url(at_head=False))
    bot = await asyncpg.connect(address.set(drivername="postgresql").render_as_string())
    await bot.execute(f'ALTER DATABASE "{address.database}" SET statement_timeout = 1')  # ms
    await migrate._migrate_postgres(address)
    assert await bot.fetchval("SELECT version_num FROM alembic_version") == HEAD
    await bot.close()
