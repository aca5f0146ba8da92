"""Compiles a statement for PostgreSQL once in a run, not for each of its hundreds of engines anew: a fifth of a test.

As :mod:`bot.store.sqlite` does for the bot's own two engines; on PostgreSQL the bot has one.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from bot.store import postgres


class OneDialect(PGDialect_asyncpg):
    """All engines here are of one server with one set of options: their dialects are equal."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is OneDialect

    def __hash__(self) -> int:
        return hash(OneDialect)


def compile_once() -> None:
    """From now on, in this process."""
    compiled: dict[Any, Any] = {}
    registry.register("postgresql.asyncpg", __name__, OneDialect.__name__)
    engine_of = partial(create_async_engine, execution_options={"compiled_cache": compiled})
    setattr(postgres, "create_async_engine", engine_of)  # noqa: B010 - mypy knows no such name there
