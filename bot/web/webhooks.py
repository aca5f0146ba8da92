"""``POST /webhooks/toapis``: receives the provider's webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Protocol

import structlog
from aiohttp import web
from pydantic import SecretStr

from bot import limits
from bot.log import unexpected
from bot.provider.webhooks import (
    ID_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    BadEvent,
    BadSignature,
    Delivery,
    SignatureCheck,
    WebhookEvent,
    parse,
)
from bot.values.clock import Clock
from bot.web.site import only_post, read_body, status_answer

PATH = "/webhooks/toapis"

log = structlog.get_logger(__name__)


class EventSink(Protocol):
    """Receives the events that say that a task has ended, and no others."""

    async def received(self, event: WebhookEvent) -> None:
        """Handle ``event``. This is cancelled after 0.8 s; if it was, or raises, the provider sends the event again.

        Accepted events are also repeated, and events of one task come in any order. So record ``event.id`` in the same
        transaction as the event's effect: if it were recorded before, the repeat of an interrupted one would be
        dropped.
        """


def webhook_routes(secrets: Sequence[SecretStr], sink: EventSink, clock: Clock) -> Sequence[web.RouteDef]:
    """The routes for :class:`~bot.web.health.HealthServer`; none without secrets, since nothing could be verified."""
    if not secrets:
        return ()
    receiver = _Receiver(SignatureCheck(secrets, clock), sink)
    return (web.post(PATH, receiver.post), web.route("*", PATH, only_post))


class _Receiver:
    """Answers 204 for an event that was accepted or is irrelevant, and 503 to have it sent again.

    A delivery with a wrong signature gets 401 without a reason, which is only logged.
    """

    def __init__(self, check: SignatureCheck, sink: EventSink) -> None:
        self._check = check
        self._sink = sink
        self._running: set[asyncio.Task[None]] = set()

    async def post(self, request: web.Request) -> web.Response:
        body = await read_body(request, most=limits.WEBHOOK_BYTES, within=limits.WEBHOOK_READ_SECONDS)
        if isinstance(body, HTTPStatus):
            return status_answer(body)
        return status_answer(await self._taken(_delivery(request, body)))

    async def _taken(self, delivery: Delivery) -> HTTPStatus:
        try:
            self._check.verify(delivery)
            event = parse(delivery)
        except BadSignature as refused:
            log.warning("webhook_refused", reason=refused.failure.value)
            return HTTPStatus.UNAUTHORIZED
        except BadEvent:
            log.warning("webhook_refused", reason="body")
            return HTTPStatus.BAD_REQUEST
        if not event.ends_a_task:
            log.info("webhook_without_effect", type=event.type)
            return HTTPStatus.NO_CONTENT
        return HTTPStatus.NO_CONTENT if await self._handed_over(event) else HTTPStatus.SERVICE_UNAVAILABLE

    async def _handed_over(self, event: WebhookEvent) -> bool:
        """Pass ``event`` to the sink within the time limit, because a database may take long to roll back."""
        task = asyncio.get_running_loop().create_task(self._sink.received(event))
        self._running.add(task)
        task.add_done_callback(self._ended)
        try:
            await asyncio.wait({task}, timeout=limits.WEBHOOK_SECONDS)
            if not task.done():
                log.warning("webhook_late")
                return False
            return not task.cancelled() and task.exception() is None
        finally:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            unexpected("webhook_not_taken", error)


def _delivery(request: web.Request, body: bytes) -> Delivery:
    """The signed headers, with ``body``. An id or a timestamp that is sent twice counts as missing."""
    ids, timestamps, signatures = (
        request.headers.getall(name, []) for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
    )
    return Delivery(
        id=ids[0] if len(ids) == 1 else "",
        timestamp=timestamps[0] if len(timestamps) == 1 else "",
        signature=",".join(signatures),  # a list may be spread over several header lines (RFC 9110, 5.3)
        body=body,
    )
