"""What is measured: that it is there before it first happens, and that no label can grow without end."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from bot.metrics import DELIVERIES, MEDIA_OPERATIONS, REGISTRY, BucketOperation, Fault, fault_of
from bot.values.job import DeliveryRoute, Step

BOUNDED = {
    "outcome": {"succeeded", "failed", "cancelled", "unknown"},
    "path": {"original", "announced", "channel", "follow_up", "dm"},
    "step": {"prepare", "choose", "submit", "watch", "collect", "deliver"},
    "route": {"first_answer", "reply", "message", "other"},
    "fault": {*Fault, "unusable", "failed", "disk"},
    "operation": {
        "probe",
        "filmstrip",
        "suggest",
        "examine",
        "cut",
        "reference",
        "moving",
        "picture",
        "fit",
        "poster",
        "cast_lines",
        "cast_files",
        *BucketOperation,
    },
    "request": None,  # the provider's few paths, known once they are asked
}


def test_every_series_is_there_from_the_start_and_nothing_else_is_served() -> None:
    served = {line.split()[0] for line in generate_latest(REGISTRY).decode().splitlines() if line[0] != "#"}
    buckets = {series for series in served if "_bucket{" in series or "_created" in series or "_sum" in series}
    steps = {f'castbook_step_lag_seconds_count{{step="{step}"}}' for step in Step if step is not Step.DONE}
    routes = BOUNDED["route"] or set()
    operations = set(MEDIA_OPERATIONS)
    assert {series for series in served - buckets if "castbook_provider_seconds" not in series} == {
        *(f'castbook_jobs_ended_total{{outcome="{outcome}"}}' for outcome in BOUNDED["outcome"] or ()),
        *(f'castbook_deliveries_total{{path="{path}"}}' for path in BOUNDED["path"] or ()),
        "castbook_deliveries_undecidable_total",
        "castbook_unexpected_errors_total",
        *steps,
        *(f'castbook_provider_faults_total{{fault="{fault}"}}' for fault in Fault),
        *(f'castbook_discord_seconds_count{{route="{route}"}}' for route in routes),
        *(f'castbook_discord_faults_total{{fault="{fault}",route="{route}"}}' for fault in Fault for route in routes),
        *(f'castbook_media_seconds_count{{operation="{operation}"}}' for operation in operations),
        *(
            f'castbook_media_faults_total{{fault="{fault}",operation="{operation}"}}'
            for fault in ("unusable", "failed", "disk")
            for operation in operations
        ),
        *(f'castbook_bucket_seconds_count{{operation="{operation}"}}' for operation in BucketOperation),
        *(f'castbook_bucket_faults_total{{operation="{operation}"}}' for operation in BucketOperation),
        "castbook_gauges_readable",
        "castbook_server_log_lines_left_out_total",
        "castbook_web_malformed_requests_total",
    }


def test_no_label_holds_anything_of_which_there_could_be_ever_more() -> None:
    for family in REGISTRY.collect():
        for sample in family.samples:
            for label, value in sample.labels.items():
                known = BOUNDED.get(label, set()) if label != "le" else None
                assert known is None or value in known, (family.name, label, value)


def test_counting_with_our_own_values() -> None:
    labels = {"path": "dm"}
    before = REGISTRY.get_sample_value("castbook_deliveries_total", labels)
    DELIVERIES.labels(DeliveryRoute.DM).inc()
    assert before is not None
    assert REGISTRY.get_sample_value("castbook_deliveries_total", labels) == before + 1


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (200, None),
        (204, None),
        (302, None),
        (400, Fault.REFUSED),
        (401, Fault.REFUSED),
        (404, Fault.NOT_FOUND),
        (429, Fault.RATE_LIMITED),
        (500, Fault.TROUBLE),
        (503, Fault.TROUBLE),
    ],
)
def test_what_a_status_means(status: int, fault: Fault | None) -> None:
    assert fault_of(status) is fault
