"""Locks of rows, taken so that no two writers wait for each other's rows. SQLite has one writer, and ignores them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits


def in_order(table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Condition for a statement that changes all the rows ``which``: it locks them in the order of their keys."""
    found = select(*table.primary_key).where(*which).order_by(*table.primary_key).with_for_update()
    return _key_of(table).in_(found)


async def free(connection: AsyncConnection, table: Table, *which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Condition for those rows ``which`` that nobody had locked: they are locked by now.

    At most :data:`bot.limits.SWEPT_AT_ONCE`: for what is repeated every minute. The keys are read first, because a
    subquery with a lock may make PostgreSQL go through the whole table.
    """
    keys = select(*table.primary_key).where(*which).limit(limits.SWEPT_AT_ONCE).with_for_update(skip_locked=True)
    found: Sequence[Any] = (await connection.execute(keys)).all()
    return _key_of(table).in_([row[0] if len(row) == 1 else tuple(row) for row in found])


def _key_of(table: Table) -> ColumnElement[Any]:
    columns: list[Column[Any]] = list(table.primary_key)
    return columns[0] if len(columns) == 1 else tuple_(*columns)
