"""The state of the database as gauges, read for each answer of /metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prometheus_client.core import GaugeMetricFamily

from bot import limits
from bot.jobs.circuit_breaker import REASONS
from bot.store.gauges import GaugeStore, Standing
from bot.values.clock import Clock
from bot.values.job import Step


class Gauges:
    """``models`` are those of the settings: others that were once refused are nobody's concern any more."""

    def __init__(self, store: GaugeStore, clock: Clock, *, models: Sequence[str]) -> None:
        self._store = store
        self._clock = clock
        self._models = tuple(models)

    async def read(self) -> Sequence[GaugeMetricFamily]:
        """One family for each thing that is asked about."""
        now = self._clock()
        standing = await self._store.standing(now=now, models_closed_since=now - limits.MODEL_CLOSED)
        return [
            _gauge(
                "castbook_jobs",
                "Jobs that are not done, by the step that is next.",
                "step",
                {step: standing.unfinished.get(step, 0) for step in Step if step is not Step.DONE},
            ),
            _gauge(
                "castbook_queue_age_seconds",
                "How long the job that was due first has waited; 0: none waits, above a minute: something is stuck.",
                "step",
                {step: _age(standing, step, now) for step in Step if step is not Step.DONE},
            ),
            GaugeMetricFamily(
                "castbook_jobs_in_line", "Jobs that wait for a place among those worked on.", value=standing.in_line
            ),
            _gauge(
                "castbook_submissions_paused",
                "Whether nothing is submitted, and why.",
                "reason",
                {reason: reason == standing.pause_reason for reason in REASONS},
            ),
            _gauge(
                "castbook_model_closed",
                "Whether the provider refused the model within the last hour.",
                "model",
                {model: model in standing.closed_models for model in self._models},
            ),
        ]


def _age(standing: Standing, step: Step, now: datetime) -> float:
    due = standing.oldest_due.get(step)
    return 0.0 if due is None else (now - due).total_seconds()


def _gauge(name: str, help: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=[label])
    for each, value in values.items():
        family.add_metric([each], value)
    return family
