"""Answers in the provider's documented shapes: errors in their envelope, and the two rate-limit buckets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from aiohttp import web

SERVER: Final = "simulated-provider (Castbook playground; not ToAPIs)"

# HTTP status → the code and the type of the envelope, where a fault names no other.
_KINDS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("invalid_request", "invalid_request_error"),
    401: ("invalid_api_key", "authentication_error"),
    402: ("insufficient_balance", "billing_error"),
    403: ("model_not_allowed", "permission_error"),
    404: ("not_found", "invalid_request_error"),
    413: ("payload_too_large", "invalid_request_error"),
    422: ("content_policy_violation", "invalid_request_error"),
    429: ("rate_limit_exceeded", "rate_limit_error"),
    503: ("rate_limit_unavailable", "server_error"),
}


class ErrorResponse(Exception):
    """A request that is answered with an error of `status`."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers

    def answer(self) -> web.Response:
        """The error in the documented envelope."""
        return error(self.status, self.message, code=self.code, headers=self.headers)


class UploadRejection(ErrorResponse):
    """A refused upload: the documentation gives uploads a shape of their own."""

    def answer(self) -> web.Response:
        """The error as the upload page shows it."""
        return web.json_response({"success": False, "message": self.message}, status=self.status)


def error(
    status: int, message: str, *, code: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error in the documented envelope."""
    usual, kind = _KINDS.get(status, ("server_error", "server_error"))
    body = {"error": {"code": code or usual, "message": message, "type": kind}}
    return web.json_response(body, status=status, headers=headers)


class RateLimit:
    """One bucket, counted per clock minute of the clock's own time."""

    def __init__(self, category: str, per_minute: int) -> None:
        self._category = category
        self._per_minute = per_minute
        self._used: Counter[int] = Counter()

    def take(self, now: datetime) -> dict[str, str]:
        """Counts one request; returns the documented headers. Raises `ErrorResponse` (429) where none is left."""
        minute, second = divmod(int(now.timestamp()), 60)
        free = self._per_minute - self._used[minute]
        reset = (minute + 1) * 60
        headers = {
            "X-RateLimit-Limit": str(self._per_minute),
            "X-RateLimit-Remaining": str(max(free - 1, 0)),
            "X-RateLimit-Reset": str(reset),
            "X-RateLimit-Category": self._category,
        }
        if free <= 0:
            message = "Too many requests. Please try again later. (simulated)"
            raise ErrorResponse(429, message, headers={**headers, "Retry-After": str(60 - second)})
        self._used[minute] += 1
        return headers
