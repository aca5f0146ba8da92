"""SQL that differs between SQLite and PostgreSQL. How each of them searches is in :mod:`bot.store.trigram_search`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Table, column, func, select
from sqlalchemy import table as table_of
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def is_postgres(connection: AsyncConnection) -> bool:
    """Whether that is a connection to PostgreSQL; else it is one to SQLite."""
    return connection.dialect.name == "postgresql"


class place_of(FunctionElement[int]):  # noqa: N801 - a function, to those who use it
    """``place_of(column, words)``: where the words stand in it, from 1; 0 where they do not."""

    inherit_cache = True
    type = Integer()


@compiles(place_of)
def _instr(element: place_of, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(place_of, "postgresql")
def _strpos(element: place_of, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"strpos({compiler.process(element.clauses, **options)})"


async def ids_given(connection: AsyncConnection, table: Table) -> None:
    """Rows with ids of the caller's choice were inserted: none of these is given to another row.

    SQLite sees to it itself.
    """
    if is_postgres(connection):
        (key,) = table.primary_key.columns
        sequence = f"{table.name}_{key.name}_seq"
        last = select(column("last_value")).select_from(table_of(sequence)).scalar_subquery()
        highest = select(func.max(key)).scalar_subquery()
        await connection.execute(select(func.setval(sequence, highest)).where(highest >= last))
