"""Handles the provider's webhooks: each wakes the job it is about, which then asks for the status of its task."""

from __future__ import annotations

from typing import Protocol

import structlog

from bot.provider.webhooks import WebhookEvent
from bot.store.webhook_events import WebhookEventStore
from bot.values.clock import Clock

_log = structlog.get_logger(__name__)


class Wakes(Protocol):
    """What is needed from the runner."""

    def wake(self) -> None:
        """There may be something to do now."""


class TaskEvents:
    """Receives events. Only the task's id is used from them, so a forged event costs one query at most."""

    def __init__(self, *, events: WebhookEventStore, workers: Wakes, clock: Clock) -> None:
        self._events = events
        self._workers = workers
        self._clock = clock

    async def received(self, event: WebhookEvent) -> None:
        """Record it and make its job due, in one transaction; a repeated event does nothing."""
        woken = await self._events.receive(
            event.id, task_id=event.task_id, business_id=event.business_id, now=self._clock()
        )
        _log.info("webhook_received", type=event.type, woken=woken)
        if woken:
            self._workers.wake()
