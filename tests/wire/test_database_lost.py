"""A PostgreSQL that is lost: during a start one sentence, and a code by which it is started again; later two lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bot import limits
from tests.patience import PATIENCE
from tests.postgres_cluster import USER, Cluster, NoPostgres, own_cluster
from tests.postgres_databases import bring_to_head
from tests.wire.bot_process import RoleProcess, castbook, environment
from tests.wire.scene import scene

pytestmark = pytest.mark.slow


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
        async with asyncio.timeout(PATIENCE):
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = $1::text::regclass"
            while not await holder.fetchval(waits, table):
                await asyncio.sleep(0.05)
        await asyncio.to_thread(cluster.crash)
        holder.terminate()
        ended = await starting
    assert ended.code == 69, ended.err
    assert ended.sentence == (
        "castbook: The database (store.url) stopped answering: check that it runs, then start again."
    )


async def test_one_that_is_lost_for_a_while_is_two_lines_in_the_log_of_a_worker(
    cluster: Cluster, tmp_path: Path
) -> None:
    url = cluster.url("postgres")
    await asyncio.to_thread(bring_to_head, url)
    async with (
        scene() as show,
        RoleProcess(
            *(show.discord, show.provider, tmp_path / "worker", "--role", "worker"),
            STORE__URL=url,
            STORE__FILES=str(tmp_path / "files"),
            LOG__FORMAT="json",
        ) as worker,
    ):
        await asyncio.to_thread(cluster.crash)
        async with asyncio.timeout(PATIENCE):
            while "database_away" not in worker.stderr:
                await asyncio.sleep(0.05)
        await asyncio.sleep(limits.SHARED_LEASE_RENEWAL.total_seconds())  # rounds that fail
        await asyncio.to_thread(cluster.start)
        async with asyncio.timeout(PATIENCE + limits.DATABASE_BACK_AFTER):
            while "database_back" not in worker.stderr:
                await asyncio.sleep(0.05)
        assert await worker.stop() == 0
        lines = [json.loads(line) for line in worker.stderr.splitlines() if line.startswith("{")]
    told = [line for line in lines if line["event"].startswith("database_")]
    assert [line["event"] for line in told] == ["database_away", "database_back"]
    assert told[0]["error_id"] == told[1]["error_id"]
    assert told[1]["failures"] > 1, "and the others said nothing"
    assert [line["event"] for line in lines if "exception" in line] == []
