"""Converts between jobs and their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from bot.errors import CastbookError
from bot.texts import Text
from bot.values.files import StoredFile
from bot.values.job import (
    Announcement,
    CharacterRequest,
    CharacterResult,
    DeliveryAttempt,
    FileUpload,
    Job,
    JobKind,
    JobRequest,
    JobResult,
    Origin,
    Outcome,
    PreviewRequest,
    Question,
    Seen,
    Step,
    Upload,
    VideoRequest,
    VideoResult,
)
from bot.values.requests import model_of, price_of

_log = structlog.get_logger(__name__)
_Read = TypeVar("_Read")

_ASKED = TypeAdapter(Origin)
# By the job's kind, because rows of the first versions do not repeat it inside.
_REQUESTS: Mapping[JobKind, TypeAdapter[Any]] = {
    JobKind.CHARACTER: TypeAdapter(CharacterRequest),
    JobKind.PREVIEW: TypeAdapter(PreviewRequest),
    JobKind.VIDEO: TypeAdapter(VideoRequest),
}
_RESULTS: Mapping[JobKind, TypeAdapter[Any]] = {
    JobKind.CHARACTER: TypeAdapter(CharacterResult),
    JobKind.VIDEO: TypeAdapter(VideoResult),
}
_SEEN = TypeAdapter(Seen)
_UPLOAD = TypeAdapter(Upload)
_UPLOADS = TypeAdapter(tuple[FileUpload, ...])
_FAILURE = TypeAdapter(Text)
_ANNOUNCEMENT = TypeAdapter(Announcement)
_DELIVERIES = TypeAdapter(tuple[DeliveryAttempt, ...])

# Stored unchanged, under their own names.
_PLAIN = (
    *("id", "owner_id", "attempts", "next_attempt_at", "lease_owner", "lease_until", "epoch", "submit_started_at"),
    *("lookups", "task_id", "maybe_charged", "progress", "delivered_at", "counted", "admitted_at"),
    *("created_at", "updated_at", "finished_at"),
)


class UnreadableRow(Exception):
    """A row that this version cannot read. Names the job, and never what was in the row."""

    def __init__(self, job_id: str, reason: str) -> None:
        super().__init__(f"the row of job {job_id} cannot be read ({reason})")
        self.job_id = job_id
        self.reason = reason


def to_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns for these fields of a job. Raises ValueError for an instant without a time zone."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        write = _WRITERS.get(name)
        columns.update(write(value) if write else {name: value})
    return columns


def job_columns(job: Job) -> dict[str, Any]:
    """Every column of ``job``'s row."""
    return to_columns({field.name: getattr(job, field.name) for field in fields(job)})


def to_job(row: RowMapping) -> Job:
    """Read a row. Raises :class:`UnreadableRow`."""
    try:
        kind = JobKind(row["kind"])
        return Job(
            **{name: row[name] for name in _PLAIN},
            step=Step(row["step"]),
            outcome=_maybe(Outcome, row["outcome"]),
            question=_maybe(Question, row["question"]),
            origin=replace(_ASKED.validate_json(row["origin"]), token=row["token"], token_at=row["token_at"]),
            request=_REQUESTS[kind].validate_json(row["request"]),
            file=_file(row),
            seen=_maybe(_SEEN.validate_json, row["seen"]) or Seen(),
            upload=_maybe(_UPLOAD.validate_json, row["upload"]),
            uploads=_maybe(_UPLOADS.validate_json, row["uploads"]) or (),
            result=None if row["result"] is None else _RESULTS[kind].validate_json(row["result"]),
            failure=_maybe(_FAILURE.validate_json, row["failure"]),
            announcement=_maybe(_ANNOUNCEMENT.validate_json, row["announcement"]),
            deliveries=_DELIVERIES.validate_json(row["deliveries"]),
        )
    except (ValueError, TypeError, KeyError, CastbookError) as error:
        # Not chained: pydantic's message quotes the row, which contains links and tokens.
        raise UnreadableRow(row["id"], type(error).__name__) from None


def readable(rows: Iterable[RowMapping]) -> list[Job]:
    """The jobs of the readable rows; the others are logged with an id."""
    jobs = []
    for row in rows:
        try:
            jobs.append(to_job(row))
        except UnreadableRow as unreadable:
            log_unreadable(unreadable)
    return jobs


def readable_one(row: RowMapping | None) -> Job | None:
    """The job of ``row``; ``None`` without a row, or if it cannot be read."""
    return next(iter(readable([row] if row is not None else [])), None)


def log_unreadable(unreadable: UnreadableRow) -> str:
    """Log it; returns the id of the log entry."""
    error_id = uuid4().hex[:8]
    _log.error("row_unreadable", id=error_id, job=unreadable.job_id, reason=unreadable.reason)
    return error_id


def _maybe(read: Callable[[str], _Read], value: str | None) -> _Read | None:
    return None if value is None else read(value)


def _file(row: RowMapping) -> StoredFile | None:
    if row["file_key"] is None:
        return None
    return StoredFile(key=row["file_key"], sha256=row["file_sha256"], size=row["file_size"], mime=row["file_mime"])


def _origin_columns(origin: Origin) -> dict[str, Any]:
    # The token has its own column, so that one statement can wipe expired ones.
    return {
        "origin": _ASKED.dump_json(replace(origin, token=None, roles=())).decode(),
        "token": origin.token,
        "token_at": origin.token_at,
    }


def _file_columns(file: StoredFile | None) -> dict[str, Any]:
    return {
        "file_key": file and file.key,
        "file_sha256": file and file.sha256,
        "file_size": file and file.size,
        "file_mime": file and file.mime,
    }


def _upload_columns(upload: Upload | None) -> dict[str, Any]:
    if upload is not None:
        _refuse_naive(upload.at)
    return {"upload": None if upload is None else _UPLOAD.dump_json(upload).decode()}


def _uploads_columns(uploads: tuple[FileUpload, ...]) -> dict[str, Any]:
    for each in uploads:
        _refuse_naive(each.at)
    return {"uploads": _UPLOADS.dump_json(uploads).decode() if uploads else None}


def _deliveries_columns(deliveries: tuple[DeliveryAttempt, ...]) -> dict[str, Any]:
    for attempt in deliveries:
        _refuse_naive(attempt.at)
    return {"deliveries": _DELIVERIES.dump_json(deliveries).decode()}


def _announcement_columns(announcement: Announcement | None) -> dict[str, Any]:
    if announcement is not None:
        _refuse_naive(announcement.at)
    return {"announcement": None if announcement is None else _ANNOUNCEMENT.dump_json(announcement).decode()}


def _refuse_naive(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be stored")


def _request_columns(request: JobRequest) -> dict[str, Any]:
    return {
        "kind": request.kind,
        "request": _REQUESTS[request.kind].dump_json(request).decode(),
        "credits": thousandths(price_of(request)),
        "model": model_of(request),
    }


def thousandths(credits: Decimal) -> int:
    """Credits as an integer of thousandths, so that sums are exact."""
    return int((credits * 1000).to_integral_value(ROUND_CEILING))


def _result_columns(result: JobResult | None) -> dict[str, Any]:
    return {"result": None if result is None else _RESULTS[result.kind].dump_json(result).decode()}


def _json(name: str, adapter: TypeAdapter[Any]) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {name: None if value is None else adapter.dump_json(value).decode()}


_WRITERS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "origin": _origin_columns,
    "file": _file_columns,
    "request": _request_columns,
    "seen": _json("seen", _SEEN),
    "upload": _upload_columns,
    "uploads": _uploads_columns,
    "result": _result_columns,
    "failure": _json("failure", _FAILURE),
    "deliveries": _deliveries_columns,
    "announcement": _announcement_columns,
}
