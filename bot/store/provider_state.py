"""Queries about the provider as a whole: paused submissions and closed models (design, rule 14)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.database import Database
from bot.store.notifications import Topic
from bot.store.provider_tables import closed_models, pauses
from bot.store.write_locks import PROVIDER

_SUBMISSIONS = "submissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Why nothing is submitted, and since when."""

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class _State:
    pause: Pause | None
    closed: Mapping[str, datetime]  # since when, by model


class ProviderStateStore:
    """What a restart must not forget about the provider.

    It is cached in memory, because every command that starts a job needs it before its first answer. Changes by other
    processes on a shared database are seen within :data:`bot.limits.PROVIDER_STATE_KNOWN_FOR`, or at once after
    :meth:`forget`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.outage = database.outage
        self._known: _State | None = None
        self._known_at = 0.0  # by the loop's clock
        self._changes = 0

    def forget(self) -> None:
        """Read the state again at its next use, because another process has changed it."""
        self._changes += 1
        self._known = None

    async def _state(self) -> _State:
        asked_at = asyncio.get_running_loop().time()
        fresh = not self._database.shared or asked_at - self._known_at < limits.PROVIDER_STATE_KNOWN_FOR
        if self._known is not None and fresh:
            return self._known
        changes = self._changes
        async with self._database.read() as connection:
            row = (await connection.execute(select(pauses.c.reason, pauses.c.since))).one_or_none()
            closed = await connection.execute(select(closed_models.c.model, closed_models.c.since))
            pause = None if row is None else Pause(reason=row.reason, since=row.since)
            state = _State(pause, {row.model: row.since for row in closed})
        if changes == self._changes:  # otherwise it may be older than what was written meanwhile
            self._known, self._known_at = state, asked_at
        return state

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.write(locks={PROVIDER}) as connection:
                yield connection
        finally:
            self.forget()
            self._database.notifications.send(Topic.PROVIDER)

    async def pause(self, reason: str, *, now: datetime) -> bool:
        """Pause submissions; returns whether they were running. A pause keeps its first reason and instant."""
        async with self._changing() as connection:
            if await connection.scalar(select(pauses.c.what).where(pauses.c.what == _SUBMISSIONS)) is not None:
                return False
            await connection.execute(insert(pauses).values(what=_SUBMISSIONS, reason=reason, since=now))
            return True

    async def resume(self) -> bool:
        """Resume submissions; returns whether there was a pause."""
        async with self._changing() as connection:
            ended = await connection.execute(delete(pauses).where(pauses.c.what == _SUBMISSIONS))
            return ended.rowcount > 0

    async def paused(self) -> Pause | None:
        """The pause, if there is one."""
        return (await self._state()).pause

    async def close_model(self, model: str, *, now: datetime, lapsed: datetime | None = None) -> bool:
        """Record that the provider refused this model at ``now``; returns whether that is news.

        A closure before ``lapsed`` had ended, so closing it is news again.
        """
        async with self._changing() as connection:
            this = closed_models.c.model == model
            before = await connection.scalar(select(closed_models.c.since).where(this))
            if before is None:
                await connection.execute(insert(closed_models).values(model=model, since=now))
            else:
                await connection.execute(update(closed_models).where(this).values(since=now))
            return before is None or (lapsed is not None and before < lapsed)

    async def closed_models(self, *, since: datetime) -> Mapping[str, datetime]:
        """The models that were refused at ``since`` or later, each with its last refusal."""
        closed = (await self._state()).closed
        return {model: at for model, at in closed.items() if at >= since}

    def notify_accepted(self, model: str, *, now: datetime) -> None:
        """Tell other processes that a request for this model was accepted; nothing is written."""
        self._database.notifications.send(Topic.ACCEPTED, f"{now.isoformat()} {model}")
