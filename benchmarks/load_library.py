"""The data of a publicly listed bot, in PostgreSQL: servers with settings, casts, and jobs at the provider."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from benchmarks.simulated_provider import standing_task

_SERVERS = """
INSERT INTO server_settings (guild_id, day_limit, private_results)
SELECT 10000000000 + number, 100 + number % 100, number % 7 = 0 FROM generate_series(1, $1::bigint) number
"""
# Two words and a number, different for all of a person's. A fiftieth belongs to the people who send the commands.
_CHARACTERS = """
INSERT INTO characters (owner_id, name, name_key, display_name, display_key, search_name, username, provider_id,
    task_id, model, range_start, range_end, created_at, frecency)
SELECT CASE WHEN number % 50 = 0 THEN ($2::bigint[])[1 + (number / 50) % cardinality($2::bigint[])]
            ELSE 20000000000 + number / 40 END,
    name, name, name, name, '  ' || name || ' ', '', '', 'task_load_' || number, 'sora-2', '1', '3',
    1700000000000000 + number * 1000000, number % 1000
FROM (SELECT number, (ARRAY['rosie', 'otto', 'mim', 'vox', 'captain', 'ruby', 'duke', 'star'])[1 + number % 8]
      || ' ' || to_hex(number) AS name FROM generate_series(1, $1::bigint) number) numbered
"""
_STANDING = """
INSERT INTO jobs ({columns})
SELECT {values} FROM jobs, generate_series(1, $1::bigint) number WHERE jobs.id = $2
"""


async def fill(dsn: str, *, servers: int, characters: int, owners: Sequence[int]) -> None:
    """Insert ``servers`` with their own settings, and ``characters``, of which a fiftieth belongs to ``owners``."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_SERVERS, servers)
        await connection.execute(_CHARACTERS, characters, list(owners))
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def stand(dsn: str, *, job_id: str, jobs: int) -> None:
    """Insert ``jobs`` copies of that job, which is in the step WATCH: for other people, with their own tasks."""
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'jobs' ORDER BY ordinal_position"
        )
        columns = [row["column_name"] for row in found]
        other = {
            "id": "lpad(to_hex(number), 16, '0')",
            "owner_id": "30000000000 + number",
            "task_id": f"'{standing_task(0)[:-1]}' || number",
            "token": "NULL",
            "lease_owner": "NULL",
            "lease_until": "NULL",
            "next_attempt_at": "next_attempt_at + number * 1000",  # microseconds: not all at the same instant
        }
        values = [other.get(each, each) for each in columns]
        await connection.execute(_STANDING.format(columns=", ".join(columns), values=", ".join(values)), jobs, job_id)
    finally:
        await connection.close()


async def watched(dsn: str) -> list[str]:
    """The ids of the jobs whose tasks are polled."""
    return await _ids(dsn, "step = 'watch' AND outcome IS NULL")


async def unfinished(dsn: str) -> int:
    """How many jobs are unfinished, without those that never end and those that wait for their owner's answer."""
    return len(await _ids(dsn, "step NOT IN ('done', 'choose') AND owner_id NOT BETWEEN 30000000000 AND 39999999999"))


async def overdue(dsn: str) -> int:
    """How many polls are late by more than a second."""
    return len(await _ids(dsn, "step = 'watch' AND next_attempt_at < (extract(epoch FROM now()) - 1) * 1000000"))


async def delivered_after(dsn: str, takes: float) -> list[float]:
    """Seconds from the end of each new task, which takes ``takes`` seconds, until its card was in Discord."""
    rows = await _rows(
        dsn,
        "SELECT (delivered_at - submit_started_at) / 1e6 AS took FROM jobs"
        " WHERE outcome = 'succeeded' AND delivered_at IS NOT NULL AND submit_started_at IS NOT NULL",
    )
    return [float(row["took"]) - takes for row in rows]


async def succeeded(dsn: str) -> list[str]:
    """The ids of the jobs that made a character."""
    return await _ids(dsn, "outcome = 'succeeded'")


async def transactions(dsn: str) -> int:
    """How many transactions the database has counted."""
    [row] = await _rows(
        dsn, "SELECT xact_commit + xact_rollback AS seen FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(row["seen"])


async def unclear(dsn: str) -> int:
    """How many jobs ended without it being known whether they were charged."""
    return len(await _ids(dsn, "outcome = 'unknown'"))


async def _ids(dsn: str, where: str) -> list[str]:
    return [row["id"] for row in await _rows(dsn, f"SELECT id FROM jobs WHERE {where}")]


async def _rows(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
