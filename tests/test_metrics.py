"""What is counted, and that it is there before it first happens."""

from __future__ import annotations

from prometheus_client import generate_latest

from bot.metrics import DELIVERIES, REGISTRY
from bot.values.job import DeliveryPath


def test_every_series_is_there_from_the_start_and_nothing_else_is_served() -> None:
    served = {line.split()[0] for line in generate_latest(REGISTRY).decode().splitlines() if line[0] != "#"}
    assert {series for series in served if "_created" not in series} == {
        'castbook_jobs_ended_total{outcome="succeeded"}',
        'castbook_jobs_ended_total{outcome="failed"}',
        'castbook_jobs_ended_total{outcome="cancelled"}',
        'castbook_jobs_ended_total{outcome="unknown"}',
        'castbook_deliveries_total{path="original"}',
        'castbook_deliveries_total{path="channel"}',
        'castbook_deliveries_total{path="dm"}',
        "castbook_deliveries_undecidable_total",
        "castbook_unexpected_errors_total",
    }


def test_counting_with_our_own_values() -> None:
    labels = {"path": "dm"}
    before = REGISTRY.get_sample_value("castbook_deliveries_total", labels)
    DELIVERIES.labels(DeliveryPath.DM).inc()
    assert before is not None
    assert REGISTRY.get_sample_value("castbook_deliveries_total", labels) == before + 1
