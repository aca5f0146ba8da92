"""What is kept of people who had everything deleted, and for how long: until a task ends, until the day is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.jobs.watch import BELIEVED_GONE
from bot.log import unexpected
from bot.provider.client import ToapisClient
from bot.provider.errors import ProviderError
from bot.provider.task import TaskState
from bot.store.privacy import OwnerlessTask, PrivacyStore
from bot.store.quotas import day_of
from bot.values.clock import Clock

EVERY = 60.0  # seconds
_FINAL = frozenset({TaskState.COMPLETED, TaskState.FAILED})

_log = structlog.get_logger(__name__)


class Forgetting:
    """``keep_watching_for`` in seconds: a task that has not ended by then is forgotten all the same."""

    def __init__(self, *, store: PrivacyStore, provider: ToapisClient, clock: Clock, keep_watching_for: float) -> None:
        self._store = store
        self._provider = provider
        self._clock = clock
        self._longest = timedelta(seconds=keep_watching_for)

    async def forget(self) -> None:
        """Ask about each ownerless task once; forget those that are over, and the counters of past days."""
        for task in await self._store.ownerless():
            if await self._over(task):
                await self._store.forget_task(task.id)
                _log.info("ownerless_task_forgotten")
        await self._store.forget_days(day_of(self._clock()))
        await self._store.scrub()  # also of what was deleted or wiped elsewhere: a cast's member, a dead token

    async def _over(self, task: OwnerlessTask) -> bool:
        age = self._clock() - task.since
        if age > self._longest:
            return True
        try:
            found = await self._provider.find(task.id)
        except ProviderError as error:
            _log.info("ownerless_task_not_asked", status=error.status)
            return False
        return age > BELIEVED_GONE if found is None else found.state in _FINAL

    async def run(self) -> None:
        """Once a minute, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.forget()
            except Exception as error:  # noqa: BLE001 - tried again in a minute
                unexpected("forgetting_fault", error)
