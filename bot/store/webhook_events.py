"""Queries of the webhook_events table: each event once, kept for a day, matched to its job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import Database
from bot.store.provider_tables import webhook_events
from bot.store.row_locks import free
from bot.store.tables import jobs
from bot.store.write_locks import NO_LOCK, task_lock
from bot.values.job import Step


class WebhookEventStore:
    """Nothing in an event is trusted: it only makes a job due at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def receive(self, event_id: str, *, task_id: str | None, business_id: str | None, now: datetime) -> bool:
        """Record the event and wake its job, in one transaction.

        Returns whether a job was woken; a repeated event wakes nothing.
        """
        about_it = [jobs.c.task_id == task_id] if task_id is not None else []
        about_it += [jobs.c.id == business_id] if business_id is not None else []
        locks = {task_lock(each) for each in (event_id, task_id, business_id) if each is not None}
        async with self._database.write(locks=locks) as connection:
            known = await connection.scalar(select(webhook_events.c.id).where(webhook_events.c.id == event_id))
            if known is not None:
                return False
            woken = bool(about_it) and await _wake(connection, or_(*about_it), now)
            row = insert(webhook_events).values(
                id=event_id, received_at=now, task_id=task_id, business_id=business_id, matched=woken
            )
            await connection.execute(row)
            return woken

    async def waiting_for(self, job_id: str, task_id: str) -> bool:
        """Whether an event about this task arrived before the task was known to be this job's; if so, match it now."""
        about_it = or_(webhook_events.c.task_id == task_id, webhook_events.c.business_id == job_id)
        matched = update(webhook_events).where(about_it, webhook_events.c.matched.is_(False)).values(matched=True)
        async with self._database.write(locks={task_lock(task_id), task_lock(job_id)}) as connection:
            return (await connection.execute(matched)).rowcount > 0

    async def task_of(self, job_id: str) -> str | None:
        """The provider's id of the task that an event named together with our own id."""
        about_it = (webhook_events.c.business_id == job_id, webhook_events.c.task_id.is_not(None))
        async with self._database.read_at_once() as connection:
            task_id: str | None = await connection.scalar(select(webhook_events.c.task_id).where(*about_it).limit(1))
            return task_id

    async def sweep(self, before: datetime) -> int:
        """Delete events received before ``before``; returns how many there were."""
        async with self._database.write(locks=NO_LOCK) as connection:
            old = await free(connection, webhook_events, webhook_events.c.received_at < before)
            return (await connection.execute(delete(webhook_events).where(old))).rowcount


async def _wake(connection: AsyncConnection, about_it: ColumnElement[bool], now: datetime) -> bool:
    due = (
        update(jobs)
        .where(about_it, jobs.c.step.in_([Step.SUBMIT, Step.WATCH]), jobs.c.submit_started_at.is_not(None))
        .where(jobs.c.lease_owner.is_(None))
        .values(next_attempt_at=now)
    )
    return (await connection.execute(due)).rowcount > 0
