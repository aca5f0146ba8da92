"""``POST /interactions``: receives Discord's interactions over HTTP instead of the gateway.

Discord waits three seconds. It gets 202 without a body as soon as the interaction was handed over; the answer for the
person goes to the callback address, as on the gateway ("Receiving and Responding", Interaction Callback).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol

import structlog
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from pydantic_core import from_json

from bot import limits
from bot.log import unexpected
from bot.values.clock import Clock
from bot.web.site import only_post, read_body, status_answer

PATH = "/interactions"
SIGNATURE_HEADER = "X-Signature-Ed25519"
TIMESTAMP_HEADER = "X-Signature-Timestamp"

_PING, _PONG = 1, {"type": 1}
_AUTOCOMPLETE = 4
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"[0-9a-fA-F]{128}")

log = structlog.get_logger(__name__)


class InteractionSink(Protocol):
    """Receives the interactions."""

    @property
    def takes_interactions(self) -> bool:
        """Whether interactions can be answered now; if not, Discord gets 503."""

    async def receive(self, payload: dict[str, Any]) -> None:
        """Start handling an interaction (Discord's JSON) and return at once."""


class TakenInteractions(Protocol):
    """The interactions that any of the processes has accepted."""

    async def take(self, interaction_id: str, *, now: datetime) -> bool:
        """Whether this call was the first to claim the interaction."""


def interaction_routes(
    public_key: str, sink: InteractionSink, clock: Clock, *, taken: TakenInteractions | None = None
) -> Sequence[web.RouteDef]:
    """The routes for :class:`~bot.web.health.HealthServer`; none without ``public_key`` (64 hexadecimal digits).

    ``taken`` is needed if several processes accept interactions.
    """
    if not public_key:
        return ()
    endpoint = _Endpoint(VerifyKey(bytes.fromhex(public_key)), sink, clock, taken)
    return (web.post(PATH, endpoint.post), web.route("*", PATH, only_post))


class _Endpoint:
    """A request with a wrong or outdated signature gets 401 without a reason; the reason is logged.

    Discord sends wrong signatures on purpose now and then, and disables an endpoint that accepts one.
    """

    def __init__(self, key: VerifyKey, sink: InteractionSink, clock: Clock, taken: TakenInteractions | None) -> None:
        self._key = key
        self._sink = sink
        self._clock = clock
        self._taken_here: dict[str, datetime] = {}  # in order of arrival
        self._taken = taken

    async def post(self, request: web.Request) -> web.Response:
        body = await read_body(request, most=limits.INTERACTION_BYTES, within=limits.INTERACTION_READ_SECONDS)
        if isinstance(body, HTTPStatus):
            return status_answer(body)
        doubt = self._doubt(request, body)
        if doubt is not None:
            log.info("interaction_refused", reason=doubt)
            return status_answer(HTTPStatus.UNAUTHORIZED)
        payload = _read(body)
        if payload is None:
            log.warning("interaction_refused", reason="body")
            return status_answer(HTTPStatus.BAD_REQUEST)
        if payload["type"] == _PING:
            return web.json_response(_PONG)
        return status_answer(await self._handed_on(payload))

    def _doubt(self, request: web.Request, body: bytes) -> str | None:
        """Why the request is rejected; ``None`` if Discord signed it, at most five minutes ago or ahead."""
        timestamps, signatures = (request.headers.getall(name, []) for name in (TIMESTAMP_HEADER, SIGNATURE_HEADER))
        if len(timestamps) != 1 or not _TIMESTAMP.fullmatch(timestamps[0]):
            return "timestamp"
        if len(signatures) != 1 or not _SIGNATURE.fullmatch(signatures[0]):
            return "signature"
        if abs(self._clock().timestamp() - int(timestamps[0])) > limits.INTERACTION_AGE.total_seconds():
            return "age"
        try:
            self._key.verify(timestamps[0].encode() + body, bytes.fromhex(signatures[0]))
        except BadSignatureError:
            return "signature"
        return None

    async def _handed_on(self, payload: dict[str, Any]) -> HTTPStatus:
        if not self._sink.takes_interactions:
            log.warning("interaction_too_early")
            return HTTPStatus.SERVICE_UNAVAILABLE
        try:
            first = self._first_here(payload["id"]) and await self._first(payload)
        except TimeoutError:
            log.warning("interaction_given_up")
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not first:
            log.info("interaction_repeated")
            return HTTPStatus.ACCEPTED
        try:
            await self._sink.receive(payload)
        except Exception as error:  # noqa: BLE001 - signed, and still invalid to discord.py
            unexpected("interaction_not_taken", error)
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.ACCEPTED

    def _first_here(self, interaction_id: str) -> bool:
        """Whether this process sees it for the first time. Ids older than a signature stays valid are forgotten."""
        now, taken = self._clock(), self._taken_here
        while taken and now - taken[oldest := next(iter(taken))] > limits.INTERACTION_KNOWN_FOR:
            del taken[oldest]
        if interaction_id in taken:
            return False
        taken[interaction_id] = now
        return True

    async def _first(self, payload: dict[str, Any]) -> bool:
        """Whether no other process has claimed it. An autocomplete may be answered by both.

        If the database is unavailable, it is handled anyway, so that the person gets an error message.
        Raises TimeoutError if the database answers too late: another process may have it, and Discord waits no longer.
        """
        if self._taken is None or payload["type"] == _AUTOCOMPLETE:
            return True
        try:
            async with asyncio.timeout(limits.INTERACTION_TAKEN_WITHIN):
                return await self._taken.take(payload["id"], now=self._clock())
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever kept the database from answering
            log.warning("interaction_not_noted", error=type(error).__name__)
            return True


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        payload = from_json(body)
    except ValueError:  # also for invalid UTF-8 and deep nesting
        return None
    understood = isinstance(payload, dict) and isinstance(payload.get("type"), int)
    return payload if understood and (payload["type"] == _PING or isinstance(payload.get("id"), str)) else None
