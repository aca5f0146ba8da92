"""What the provider's webhooks do: they wake the job that they are about, which then asks how its task stands."""

from __future__ import annotations

from typing import Protocol

import structlog

from bot.provider.webhooks import WebhookEvent
from bot.store.webhook_events import WebhookEventStore
from bot.values.clock import Clock

_log = structlog.get_logger(__name__)


class Wakes(Protocol):
    """What is needed of the runner."""

    def wake(self) -> None:
        """There may be something to do now."""


class TaskEvents:
    """Takes events. Nothing in them is believed but which task is meant, so a forged one costs a question at most."""

    def __init__(self, *, events: WebhookEventStore, workers: Wakes, clock: Clock) -> None:
        self._events = events
        self._workers = workers
        self._clock = clock

    async def received(self, event: WebhookEvent) -> None:
        """Write it down and make its job due, in one transaction; the second time it does nothing."""
        woken = await self._events.receive(
            event.id, task_id=event.task_id, business_id=event.business_id, now=self._clock()
        )
        _log.info("webhook_received", type=event.type, woken=woken)
        if woken:
            self._workers.wake()
