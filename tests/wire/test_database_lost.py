"""A PostgreSQL that is lost while a process starts: one sentence, and the code by which it is started again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.postgres_cluster import USER, Cluster, NoPostgres, own_cluster
from tests.postgres_databases import bring_to_head
from tests.wire.bot_process import castbook, environment
from tests.wire.scene import scene

WITHIN = 45.0  # seconds


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One that may be crashed."""
    try:
        with own_cluster() as made:
            yield made
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("role", "table"),
    [("worker", "operator_blocks"), ("gateway", "command_sync")],  # read while all is opened, and after the login
)
async def test_a_database_that_is_lost_during_a_start_is_one_sentence(
    cluster: Cluster, tmp_path: Path, role: str, table: str
) -> None:
    url = cluster.url("postgres")
    await asyncio.to_thread(bring_to_head, url)
    async with scene() as show:
        environ = environment(show.discord, show.provider, tmp_path, STORE__URL=url)
        holder = await asyncpg.connect(host=str(cluster.folder), user=USER, database="postgres")
        await holder.execute(f"BEGIN; LOCK TABLE {table}")  # the start comes as far as here, and waits
        starting = asyncio.create_task(castbook("run", environ, tmp_path, "--role", role))
        async with asyncio.timeout(WITHIN):
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass"
            while not await holder.fetchval(waits, table):
                await asyncio.sleep(0.05)
        await asyncio.to_thread(cluster.crash)
        holder.terminate()
        ended = await starting
    assert ended.code == 69, ended.err
    assert ended.sentence == (
        "castbook: The database (store.url) stopped answering during the start: check that it runs, then start again."
    )
