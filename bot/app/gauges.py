"""The state of the database as gauges, read for each request to /metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from bot.jobs.circuit_breaker import REASONS
from bot.jobs.model_availability import Availability
from bot.store.gauges import GaugeSnapshot, GaugeStore
from bot.values.clock import Clock
from bot.values.job import Step


class Gauges:
    """Gauges of jobs, submissions and models; ``models`` returns those of the settings."""

    def __init__(
        self, store: GaugeStore, clock: Clock, *, models: Callable[[], Awaitable[Mapping[str, Availability]]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._models = models

    async def read(self) -> Sequence[GaugeMetricFamily]:
        """One metric family per gauge."""
        now = self._clock()
        snapshot = await self._store.snapshot(now=now)
        models = await self._models()
        return [
            _gauge(
                "castbook_jobs",
                "Unfinished jobs, by their next step.",
                "step",
                {step: snapshot.unfinished.get(step, 0) for step in Step if step is not Step.DONE},
            ),
            _gauge(
                "castbook_queue_age_seconds",
                "How long the job that was due first has waited; 0: none waits; above a minute: something is stuck.",
                "step",
                {step: _age(snapshot, step, now) for step in Step if step is not Step.DONE},
            ),
            GaugeMetricFamily("castbook_jobs_queued", "Jobs in the admission queue.", value=snapshot.queued),
            _gauge(
                "castbook_submissions_paused",
                "Whether submissions are paused, and why.",
                "reason",
                {reason: reason == snapshot.pause_reason for reason in REASONS},
            ),
            _gauge(
                "castbook_model_closed",
                "Whether the provider refused the model within the last hour, or does not list it for this key.",
                "model",
                {model: state is Availability.CLOSED for model, state in models.items()},
            ),
        ]


def _age(snapshot: GaugeSnapshot, step: Step, now: datetime) -> float:
    due = snapshot.oldest_due.get(step)
    return 0.0 if due is None else (now - due).total_seconds()


def _gauge(name: str, help: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
