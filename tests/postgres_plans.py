"""The plans of the statements that the tests had the bot send to PostgreSQL, as :mod:`tests.query_plans` asks SQLite.

Small tables are best read as a whole, so the planner is told to do so only where it cannot do anything else; then a
plan shows whether there is an index for it.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
from collections.abc import Collection, Iterator
from typing import Any

import asyncpg
from sqlalchemy import URL, make_url

from tests.postgres_databases import Databases

_PARAMETER = re.compile(r"\$(\d+)")
_SETTINGS = "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"


@functools.cache  # the same ones are sent again and again
def short(statement: str) -> str:
    """The same for however long a list of values, with its parameters numbered anew."""
    once = re.sub(r"\bIN \((\$\d+(?:::\w+)?)(?:, \$\d+(?:::\w+)?)+\)", r"IN (\1)", statement)
    numbers: dict[str, int] = {}
    return _PARAMETER.sub(lambda found: f"${numbers.setdefault(found[1], len(numbers) + 1)}", once)


def reading_all(
    statements: Collection[tuple[str, str]], growing: Collection[str], bounded: Collection[str], databases: Databases
) -> list[tuple[str, str, str]]:
    """Who sent it, the statement, and the step that reads a growing table from one end to the other."""
    if not statements:
        return []
    url = databases.new()
    try:
        return asyncio.run(_reading_all(make_url(url), statements, growing, bounded))
    finally:
        databases.drop(url)


async def _reading_all(
    url: URL, statements: Collection[tuple[str, str]], growing: Collection[str], bounded: Collection[str]
) -> list[tuple[str, str, str]]:
    connection = await asyncpg.connect(host=str(url.query["host"]), user=url.username, database=url.database)
    try:
        await connection.execute(_SETTINGS)
        return [
            (caller, statement, step)
            for caller, statement in sorted(statements)
            for node in _nodes(await _plan(connection, statement))
            if (step := _whole(node, growing, bounded))
        ]
    finally:
        await connection.close()


async def _plan(connection: asyncpg.Connection, statement: str) -> dict[str, Any]:
    count = max((int(number) for number in _PARAMETER.findall(statement)), default=0)
    nothing = f"({', '.join(['NULL'] * count)})" if count else ""
    await connection.execute(f"PREPARE asked AS {statement}")
    try:
        found: dict[str, Any] = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked{nothing}"))[
            0
        ]
        return found["Plan"]
    finally:
        await connection.execute("DEALLOCATE asked")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _whole(node: dict[str, Any], growing: Collection[str], bounded: Collection[str]) -> str:
    table, index = node.get("Relation Name"), node.get("Index Name")
    if node["Node Type"] == "Seq Scan":
        return f"Seq Scan of {table}" if table in growing else ""
    if index is None or index in bounded or "Index Cond" in node:
        return ""  # what a bitmap is made of are nodes of their own
    of_growing = table in growing if table else index[len("ix_") :].startswith(tuple(growing))  # or pk_, uq_
    return f"{node['Node Type']} by {index}" if of_growing else ""
