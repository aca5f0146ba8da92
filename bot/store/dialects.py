"""SQL that differs between SQLite and PostgreSQL. For searching see :mod:`bot.store.trigram_search`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Insert,
    Integer,
    Table,
    cast,
    column,
    func,
    insert,
    literal,
    select,
    true,
)
from sqlalchemy import table as table_of
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def is_postgres(connection: AsyncConnection) -> bool:
    """Whether the connection is to PostgreSQL, not SQLite."""
    return connection.dialect.name == "postgresql"


class occurs(FunctionElement[bool]):  # noqa: N801 - a function, to those who use it
    """``occurs(column, words)``: whether the words occur in it, exactly as they are written."""

    inherit_cache = True
    type = Boolean()


@compiles(occurs)
def _instr(element: occurs, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"(instr({compiler.process(element.clauses, **options)}) > 0)"


@compiles(occurs, "postgresql")
def _strpos(element: occurs, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"(strpos({compiler.process(element.clauses, **options)}) > 0)"


def insert_missing(table: Table, row: Mapping[str, Any]) -> Insert:
    """Insert the row unless there is one with its key, also if another transaction is just inserting that."""
    columns = [table.c[name] for name in row]
    values = select(*(literal(row[each.name], each.type) for each in columns)).where(true())
    return insert(table).from_select(columns, values.suffix_with("ON CONFLICT DO NOTHING"))


async def ids_given(connection: AsyncConnection, table: Table) -> None:
    """Rows were inserted with explicit ids: make sure that none of these is used again.

    SQLite does so by itself.
    """
    if is_postgres(connection):
        (key,) = table.primary_key.columns
        sequence = f"{table.name}_{key.name}_seq"
        given = column("last_value", BigInteger) + cast(column("is_called", Boolean), Integer)
        first_free = select(given).select_from(table_of(sequence)).scalar_subquery()
        highest = select(func.max(key)).scalar_subquery()
        # One after the other, usually none: set to a value, it could go back behind what another writer just got.
        ids = func.generate_series(first_free, highest).table_valued("id")
        await connection.execute(select(func.nextval(sequence)).select_from(ids))
