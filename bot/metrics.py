"""Counters. They are the process's, as the logs are: a bot that is built anew in the same process goes on counting.

The registry is our own, so that what is served is this list and nothing that a library registers by itself.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

from bot.values.job import DeliveryPath, Outcome

REGISTRY = CollectorRegistry()

JOBS_ENDED = Counter("castbook_jobs_ended", "Jobs that ended, by how.", ["outcome"], registry=REGISTRY)
DELIVERIES = Counter(
    "castbook_deliveries", "Results that reached their owner, by the way.", ["path"], registry=REGISTRY
)
DELIVERIES_UNDECIDABLE = Counter(
    "castbook_deliveries_undecidable",
    "Deliveries sent again without knowing whether the first message had arrived.",
    registry=REGISTRY,
)
UNEXPECTED_ERRORS = Counter("castbook_unexpected_errors", "Failures that were answered with an ID.", registry=REGISTRY)

# A series that begins at its first event hides that event from every rate.
for _outcome in Outcome:
    JOBS_ENDED.labels(_outcome)
for _path in DeliveryPath:
    DELIVERIES.labels(_path)
