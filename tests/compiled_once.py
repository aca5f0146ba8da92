"""A statement is compiled once in a test process, not once more for each of its hundreds of databases."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

_COMPILED: Final[dict[Any, Any]] = {}  # SQLAlchemy's own keys and values; there are as many as the bot has statements


class CompiledOnce(SQLiteDialect_aiosqlite):
    """The dialect that every database has, with the cache that every one of them shares.

    What is compiled is kept by dialect and statement, and all databases here are of one SQLite with one set of
    options: for the cache their dialects are equal.
    """

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return type(other) is CompiledOnce

    def __hash__(self) -> int:
        return hash(CompiledOnce)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_COMPILED)


def compile_once() -> None:
    """From now on, for each database that is opened in this process."""
    registry.register("sqlite.aiosqlite", CompiledOnce.__module__, CompiledOnce.__name__)
