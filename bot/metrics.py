"""Metrics. They belong to the process, like the logs: a second bot in the same process adds to them.

The registry is our own, so that only these metrics are exported, and none that a library registers. No label names a
person or has an unbounded number of values.
"""

from __future__ import annotations

import itertools
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from bot.values.job import DeliveryRoute, Outcome, Step

REGISTRY = CollectorRegistry()


class Fault(StrEnum):
    """How a request failed."""

    UNREACHABLE = "unreachable"  # it never arrived
    SILENT = "silent"  # it may have arrived; there was no answer
    UNREADABLE = "unreadable"  # the answer could not be parsed
    TROUBLE = "trouble"  # 5xx
    RATE_LIMITED = "rate_limited"  # 429
    NOT_FOUND = "not_found"  # 404
    REFUSED = "refused"  # every other 4xx


class MediaFault(StrEnum):
    """Why an operation on a file failed."""

    UNUSABLE = "unusable"  # the file's own fault
    FAILED = "failed"  # its child died, was too slow, or answered nonsense
    DISK = "disk"  # our own


class DiscordRoute(StrEnum):
    """What a request to Discord is about."""

    FIRST_ANSWER = "first_answer"  # to a command, a button or a form: Discord waits three seconds for it
    REPLY = "reply"  # with an interaction's token: its original answer, and follow-ups
    MESSAGE = "message"  # to a channel or a direct message
    OTHER = "other"


class BucketOperation(StrEnum):
    """A request to the bucket."""

    PUT = "put"
    GET = "get"
    HEAD = "head"  # an object's metadata
    COPY = "copy"  # within the bucket
    LIST = "list"
    DELETE = "delete"


MEDIA_OPERATIONS = (
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
)

_NETWORK = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)  # up to the longest upload
_LOOKS = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0, 90.0, 300.0)
_LAG = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

JOBS_ENDED = Counter(
    "castbook_jobs_ended",
    "Jobs that ended, by outcome; unknown: may have been charged, investigate each.",
    ["outcome"],
    registry=REGISTRY,
)
DELIVERIES = Counter("castbook_deliveries", "Results that reached their owner, by route.", ["path"], registry=REGISTRY)
DELIVERIES_UNDECIDABLE = Counter(
    "castbook_deliveries_undecidable",
    "Deliveries sent again without knowing whether the first message had arrived.",
    registry=REGISTRY,
)
UNEXPECTED_ERRORS = Counter(
    "castbook_unexpected_errors",
    "Defects: each was logged with an ID, which the person was shown.",
    registry=REGISTRY,
)
STEP_LAG = Histogram(
    "castbook_step_lag_seconds",
    "Delay from a step's due time to its start; watch: the delay of status queries.",
    ["step"],
    registry=REGISTRY,
    buckets=_LAG,
)
PROVIDER_SECONDS = Histogram(
    "castbook_provider_seconds",
    "Duration of requests to the provider, successful or not.",
    ["request"],
    registry=REGISTRY,
    buckets=_NETWORK,
)
PROVIDER_FAULTS = Counter(
    "castbook_provider_faults", "Failed requests to the provider, by kind.", ["fault"], registry=REGISTRY
)
DISCORD_SECONDS = Histogram(
    "castbook_discord_seconds",
    "Duration of REST requests to Discord, successful or not; each retry counts.",
    ["route"],
    registry=REGISTRY,
    buckets=_NETWORK,
)
DISCORD_FAULTS = Counter(
    "castbook_discord_faults", "Failed REST requests to Discord, by kind.", ["route", "fault"], registry=REGISTRY
)
SERVER_LOG_LEFT_OUT = Counter(
    "castbook_server_log_lines_left_out",
    "Dropped lines of servers' own logs, because too many waited; the log says how many.",
    registry=REGISTRY,
)
WEB_MALFORMED = Counter(
    "castbook_web_malformed_requests",
    "Requests to the web server that were not valid HTTP, and got 400.",
    registry=REGISTRY,
)
MEDIA_SECONDS = Histogram(
    "castbook_media_seconds",
    "Duration of operations on a media file.",
    ["operation"],
    registry=REGISTRY,
    buckets=_LOOKS,
)
MEDIA_FAULTS = Counter(
    "castbook_media_faults", "Failed operations on a media file, by reason.", ["operation", "fault"], registry=REGISTRY
)
BUCKET_SECONDS = Histogram(
    "castbook_bucket_seconds",
    "Duration of operations on the bucket (store.files), including retries; a large file is one operation.",
    ["operation"],
    registry=REGISTRY,
    buckets=_NETWORK,
)
BUCKET_FAULTS = Counter(
    "castbook_bucket_faults",
    "Operations on the bucket that failed after retries; a missing object is no failure.",
    ["operation"],
    registry=REGISTRY,
)
READABLE = Gauge(
    "castbook_gauges_readable",
    "Whether the gauges could be read from the database for this scrape; the counters are always there.",
    registry=REGISTRY,
)


def fault_of(status: int) -> Fault | None:
    """The fault for an HTTP status; ``None`` if it is none."""
    if status < 400:
        return None
    if status >= 500:
        return Fault.TROUBLE
    return {404: Fault.NOT_FOUND, 429: Fault.RATE_LIMITED}.get(status, Fault.REFUSED)


# A series that starts with its first event would hide that event from every rate.
for _outcome in Outcome:
    JOBS_ENDED.labels(_outcome)
for _path in DeliveryRoute:
    DELIVERIES.labels(_path)
for _step in Step:
    if _step is not Step.DONE:
        STEP_LAG.labels(_step)
for _fault in Fault:
    PROVIDER_FAULTS.labels(_fault)
for _route in DiscordRoute:
    DISCORD_SECONDS.labels(_route)
for _pair in itertools.product(DiscordRoute, Fault):
    DISCORD_FAULTS.labels(*_pair)
for _operation in MEDIA_OPERATIONS:
    MEDIA_SECONDS.labels(_operation)
for _look in itertools.product(MEDIA_OPERATIONS, MediaFault):
    MEDIA_FAULTS.labels(*_look)
for _bucket in BucketOperation:
    BUCKET_SECONDS.labels(_bucket)
    BUCKET_FAULTS.labels(_bucket)
