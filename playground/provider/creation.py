"""Reading a create request as strictly as the provider's documentation allows (character mode only)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from playground.provider.answers import ErrorResponse

CHARACTER_MODELS: Final = ("sora-2", "sora-2-pro", "sora-2-vip")
SHORTEST: Final = Decimal(1)
LONGEST: Final = Decimal(3)
_FIELDS: Final = ("model", "timestamps", "url", "from_task", "client_business_id", "callback_url")
_TIMESTAMPS: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?),(\d{1,6}(?:\.\d{1,6})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Creation:
    """A request that keeps every rule of the documentation; `start` and `end` in seconds."""

    model: str
    start: Decimal
    end: Decimal
    url: str | None
    from_task: str | None
    business_id: str | None


@dataclass(frozen=True, slots=True)
class Submission:
    """A create request that was accepted. `replayed`: it was answered with an earlier task of the same id."""

    task_id: str
    creation: Creation
    replayed: bool

    @property
    def business_id(self) -> str | None:
        """The caller's own id, where one was given."""
        return self.creation.business_id


def read_creation(body: bytes) -> Creation:
    """Reads the JSON of a create request. Raises `ErrorResponse` (400) naming what is wrong."""
    fields = _fields(body)
    url, from_task = fields.get("url"), fields.get("from_task")
    if (url is None) == (from_task is None):
        raise ErrorResponse(400, "Exactly one of 'url' and 'from_task' is required.")
    if url is not None and not _is_public_url(url):
        raise ErrorResponse(400, "'url' must be a public http or https address.")
    if "callback_url" in fields:
        raise ErrorResponse(400, "No webhook is configured for this token.", code="webhook_not_configured")
    if "timestamps" not in fields:
        raise ErrorResponse(400, "'timestamps' is required.")
    start, end = _range(fields["timestamps"])
    return Creation(
        fields.get("model", CHARACTER_MODELS[0]), start, end, url, from_task, fields.get("client_business_id")
    )


def _fields(body: bytes) -> dict[str, str]:
    try:
        fields = json.loads(body)
    except ValueError:
        raise ErrorResponse(400, "The request is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise ErrorResponse(400, "The request must be a JSON object.")
    for name, value in fields.items():
        if name == "prompt":
            raise ErrorResponse(400, "'prompt' is not allowed when a character is created.")
        if name not in _FIELDS:
            raise ErrorResponse(400, f"Unknown field: {name!r}.")
        if not isinstance(value, str) or not value:
            raise ErrorResponse(400, f"'{name}' must be a string that is not empty.")
    return fields


def _range(timestamps: str) -> tuple[Decimal, Decimal]:
    match = _TIMESTAMPS.fullmatch(timestamps)
    if match is None:
        raise ErrorResponse(400, "'timestamps' must be \"start,end\" in seconds.")
    start, end = Decimal(match[1]), Decimal(match[2])
    if not SHORTEST <= end - start <= LONGEST:
        raise ErrorResponse(400, "'timestamps' must span at least 1 and at most 3 seconds.")
    return start, end


def _is_public_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
