"""Queries about the provider as a whole: submissions that are paused, models that are closed (design, rule 14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from bot.store.database import Database
from bot.store.tables import closed_models, pauses

_SUBMISSIONS = "submissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why nothing is submitted, and since when."""

    reason: str
    since: datetime


class ProviderStateStore:
    """What a restart must not forget about the provider."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pause(self, reason: str, *, now: datetime) -> bool:
        """Pause submissions; returns whether they were not. A pause keeps its first reason and instant."""
        async with self._database.write() as connection:
            if await connection.scalar(select(pauses.c.what).where(pauses.c.what == _SUBMISSIONS)) is not None:
                return False
            await connection.execute(insert(pauses).values(what=_SUBMISSIONS, reason=reason, since=now))
            return True

    async def resume(self) -> bool:
        """Submit again; returns whether there was a pause."""
        async with self._database.write() as connection:
            ended = await connection.execute(delete(pauses).where(pauses.c.what == _SUBMISSIONS))
            return ended.rowcount > 0

    async def paused(self) -> Pause | None:
        """The pause, if there is one."""
        async with self._database.read() as connection:
            query = select(pauses.c.reason, pauses.c.since).where(pauses.c.what == _SUBMISSIONS)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Pause(reason=row.reason, since=row.since)

    async def close_model(self, model: str, *, now: datetime, lapsed: datetime | None = None) -> bool:
        """Note that the provider refuses this model as of now; returns whether that is new.

        A closure before ``lapsed`` was over: then it is new again.
        """
        async with self._database.write() as connection:
            this = closed_models.c.model == model
            before = await connection.scalar(select(closed_models.c.since).where(this))
            if before is None:
                await connection.execute(insert(closed_models).values(model=model, since=now))
            else:
                await connection.execute(update(closed_models).where(this).values(since=now))
            return before is None or (lapsed is not None and before < lapsed)

    async def closed_models(self, *, since: datetime) -> frozenset[str]:
        """The models that were refused at ``since`` or later."""
        async with self._database.read() as connection:
            closed = await connection.scalars(select(closed_models.c.model).where(closed_models.c.since >= since))
            return frozenset(closed.all())
