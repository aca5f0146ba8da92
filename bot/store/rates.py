"""Queries of the rates table: time slots for calls, handed out to all processes from one sequence."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, bindparam, case, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from bot.store.database import Database
from bot.store.provider_tables import rates
from bot.store.write_locks import NO_LOCK

_SECOND = 1_000_000


class _Present(ColumnElement[int]):
    """The current time by the database's clock, in microseconds, whenever the transaction began."""

    type = BigInteger()
    inherit_cache = True


@compiles(_Present, "sqlite")
def _of_sqlite(_: _Present, compiler: SQLCompiler, **_more: object) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


@compiles(_Present, "postgresql")
def _of_postgres(_: _Present, compiler: SQLCompiler, **_more: object) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"


class RateStore:
    """One row per rate: its first free slot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lease(self, name: str, *, count: int, apart: float, lead: float) -> tuple[float, float]:
        """Take the next ``count`` slots, ``apart`` seconds from each other, the first in ``lead`` seconds at the
        earliest.

        Returns the instant of the first slot and the current time, in seconds of the database's clock.
        """
        taken = round(count * apart * _SECOND)
        row = await self._moved(name, taken=taken, lead=lead)
        return (int(row.free_at) - taken) / _SECOND, int(row.present) / _SECOND

    async def pause(self, name: str, seconds: float) -> None:
        """Hand out no slot for the next ``seconds``."""
        await self._moved(name, taken=0, lead=seconds)

    async def _moved(self, name: str, *, taken: int, lead: float) -> Row[Any]:
        asked = {"rate": name, "taken": taken, "lead": round(lead * _SECOND)}
        async with self._database.write(locks=NO_LOCK) as connection:
            row = (await connection.execute(_MOVE, asked)).one_or_none()
        if row is not None:
            return row
        try:
            async with self._database.write(locks=NO_LOCK) as connection:
                await connection.execute(insert(rates).values(name=name, free_at=0))
        except IntegrityError:  # another process was faster
            pass
        return await self._moved(name, taken=taken, lead=lead)


_SOONEST = _Present() + bindparam("lead", type_=BigInteger)
_FIRST = case((rates.c.free_at > _SOONEST, rates.c.free_at), else_=_SOONEST)
_MOVE = (
    update(rates)
    .where(rates.c.name == bindparam("rate"))
    .values(free_at=_FIRST + bindparam("taken", type_=BigInteger))
    .returning(rates.c.free_at, _Present().label("present"))
)
