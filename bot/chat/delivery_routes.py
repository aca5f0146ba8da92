"""The routes by which the end of a job reaches its owner, in the order in which they are tried (design, rule 5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, TypeVar

import discord
import structlog

from bot import limits, metrics
from bot.chat.announcements import Announcements
from bot.chat.delivery_attempts import DeliveryAttempts
from bot.chat.message import MessageContent
from bot.chat.own_messages import HistoryUnreadable, OwnMessages
from bot.chat.private_reply import PrivateReply, gone_is_fine
from bot.chat.rest_errors import RouteClosed, TooLarge, understood
from bot.values.clock import Clock
from bot.values.job import DeliveryRoute, Job

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of a job as a message: ``full``, and ``lean`` without files.

    ``smaller`` makes one with a smaller file, if there is such a file. ``sentence`` is added to a new message.
    ``pointer`` says in the private reply where to find a result. ``made``: whether there is a result.
    """

    full: MessageContent
    lean: MessageContent
    sentence: str
    pointer: MessageContent | None
    made: bool
    smaller: Callable[[], Awaitable[MessageContent]] | None = None


class Kept(Exception):
    """The delivery could not be confirmed; the owner was told to look in /tasks."""


Route: TypeAlias = Callable[[Job, Delivery, DeliveryAttempts], Awaitable[None]]


class DeliveryRoutes:
    """A route raises :class:`RouteClosed` if it cannot work, :class:`Kept`, or DiscordUnavailable for now."""

    def __init__(
        self,
        client: discord.Client,
        clock: Clock,
        private_reply: PrivateReply,
        announcements: Announcements,
        own_messages: OwnMessages,
    ) -> None:
        self._client = client
        self._clock = clock
        self._private_reply = private_reply
        self._announcements = announcements
        self._own_messages = own_messages

    def of(self, job: Job, delivery: Delivery) -> Iterator[tuple[DeliveryRoute, Route]]:
        """The open routes, in order of preference.

        An edit notifies nobody, so a result is a new message, unless its owner clicked a moment ago. A failure is shown
        in the private reply as long as that exists.
        """
        origin, announced = job.origin, job.announcement
        if origin.reply_is_public and announced is None:  # from an earlier version
            yield from self._of_a_public_box(job, delivery)
            return
        looking = self._looking(job)
        token = self._private_reply.token_usable(origin)
        edits_first = looking or not delivery.made
        if delivery.made and origin.public:
            if looking and announced is not None and announced.message_id is not None:
                yield DeliveryRoute.ANNOUNCED, self._announced
            if origin.public_by_right and not (announced is not None and announced.closed):
                yield DeliveryRoute.CHANNEL, self._channel
            if token:
                yield DeliveryRoute.FOLLOW_UP, self._follow_up
            edits_first = True
        if edits_first and self._private_reply.reachable(job):
            yield DeliveryRoute.ORIGINAL, self._original
        if token and not origin.in_own_dm and not (delivery.made and origin.public):
            yield DeliveryRoute.FOLLOW_UP, self._follow_up_privately
            if not edits_first and self._private_reply.reachable(job):
                yield DeliveryRoute.ORIGINAL, self._original
        yield DeliveryRoute.DM, self._dm

    def _of_a_public_box(self, job: Job, delivery: Delivery) -> Iterator[tuple[DeliveryRoute, Route]]:
        if self._private_reply.token_usable(job.origin):
            yield DeliveryRoute.ORIGINAL, self._original
        if delivery.made and job.origin.public_by_right:
            yield DeliveryRoute.CHANNEL, self._channel
        yield DeliveryRoute.DM, self._dm

    def _looking(self, job: Job) -> bool:
        """Whether the owner clicked a moment ago, so that no notification is needed."""
        return self._clock() - job.origin.token_at < limits.LAST_CLICK

    def _calling(self, card: MessageContent, job: Job, delivery: Delivery) -> MessageContent:
        if self._looking(job):
            return card
        return replace(card, content=f"<@{job.owner_id}> {delivery.sentence}", calls=job.owner_id)

    # -- edits: the same one twice changes nothing ----------------------------------------------------------------

    async def _original(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        """Edit the private reply."""
        async with attempts.attempt(DeliveryRoute.ORIGINAL, job.origin.channel_id):
            await _smaller_if_needed(
                delivery, lambda card: self._private_reply.edit(job.origin, card, limits.MESSAGE_PATIENCE)
            )

    async def _announced(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        """Edit the public message that showed the progress."""
        known = job.announcement
        if known is None or known.message_id is None:
            raise RouteClosed(0)
        async with attempts.attempt(DeliveryRoute.ANNOUNCED, known.channel_id) as attempt:
            await _smaller_if_needed(
                delivery, lambda card: self._announcements.edit(known, card, limits.MESSAGE_PATIENCE)
            )
        await attempts.stands(attempt, known.message_id)

    # -- new messages -----------------------------------------------------------------------------------------------

    async def _channel(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        """Send to the channel where the job was requested, mentioning its owner (the only mention there is)."""
        await self._post(DeliveryRoute.CHANNEL, job, job.origin.channel_id, delivery, attempts)

    async def _dm(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        """Send a direct message to its owner."""
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(job.owner_id))
        await self._post(DeliveryRoute.DM, job, opened.id, delivery, attempts)

    async def _follow_up(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        await self._by_token(job, delivery, attempts, ephemeral=False)

    async def _follow_up_privately(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> None:
        await self._by_token(job, delivery, attempts, ephemeral=True)

    async def _by_token(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts, *, ephemeral: bool) -> None:
        """Send a follow-up. It has no nonce and appears in no history: if one may exist, it is not sent again.

        The private reply is edited first, to say where to look. That is true in any case, and while the reply is
        "thinking", Discord would use a follow-up as its content.
        """
        if delivery.pointer is not None and self._private_reply.reachable(job):
            with gone_is_fine():
                await self._private_reply.edit(job.origin, delivery.pointer, limits.MESSAGE_PATIENCE)
        if attempts.unknown(DeliveryRoute.FOLLOW_UP) is not None:
            raise Kept

        async def send(card: MessageContent) -> int:
            return await self._private_reply.follow_up(job, self._calling(card, job, delivery), ephemeral=ephemeral)

        decided = not attempts.unknown_but()
        async with attempts.attempt(DeliveryRoute.FOLLOW_UP, job.origin.channel_id) as attempt:
            message_id = await _smaller_if_needed(delivery, send)
        _count_unless(decided, job, DeliveryRoute.FOLLOW_UP)
        await attempts.stands(attempt, message_id)

    async def _post(
        self, path: DeliveryRoute, job: Job, channel_id: int, delivery: Delivery, attempts: DeliveryAttempts
    ) -> None:
        channel = self._client.get_partial_messageable(channel_id)
        public = path is DeliveryRoute.CHANNEL
        decided = True
        for since in self._looked_for_since(path, job, channel_id, attempts):
            try:
                found = await self._own_messages.find(channel_id, job.id, since, but=_not_the_end(job))
            except HistoryUnreadable:
                log.info("history_not_readable", job=job.id, path=path.value)
                decided = False
            else:
                if found is not None:
                    await attempts.found(path, channel_id, found)
                    return
        looked_at = [(path, channel_id)]
        if job.origin.reply_is_public:
            looked_at.append((DeliveryRoute.ORIGINAL, channel_id))
        decided = decided and not attempts.unknown_but(*looked_at)

        async def send(card: MessageContent) -> int:
            shown = self._calling(card, job, delivery) if public else replace(card, content=delivery.sentence)
            async with understood(limits.MESSAGE_PATIENCE):
                sent = await channel.send(
                    **shown.as_new(),
                    nonce=attempts.nonce,  # enforced: for some minutes the same nonce creates no second message
                )
            return sent.id

        async with attempts.attempt(path, channel_id) as attempt:
            message_id = await _smaller_if_needed(delivery, send)
        _count_unless(decided, job, path)
        await attempts.stands(attempt, message_id)

    def _looked_for_since(
        self, path: DeliveryRoute, job: Job, channel_id: int, attempts: DeliveryAttempts
    ) -> Iterator[datetime]:
        """The instant from which on the history may show a message from an earlier attempt."""
        posted = attempts.unknown(path, channel_id)
        if posted is not None and self._clock() - posted >= limits.SAME_NONCE:
            yield posted
        edited = attempts.unknown(DeliveryRoute.ORIGINAL, channel_id)
        if job.origin.reply_is_public and edited is not None:
            yield job.origin.token_at


def _count_unless(decided: bool, job: Job, path: DeliveryRoute) -> None:
    if not decided:
        metrics.DELIVERIES_UNDECIDABLE.inc()
        log.warning("second_message_possible", job=job.id, path=path.value)


def _not_the_end(job: Job) -> tuple[int, ...]:
    """Messages of the job that may contain its id, and are not about its end."""
    known = job.announcement
    return () if known is None or known.message_id is None else (known.message_id,)


async def _smaller_if_needed(delivery: Delivery, send: Callable[[MessageContent], Awaitable[_T]]) -> _T:
    try:
        return await send(delivery.full)
    except TooLarge:
        log.info("message_too_large")
    if delivery.smaller is not None:
        try:
            return await send(await delivery.smaller())
        except TooLarge:
            log.info("message_still_too_large")
    return await send(delivery.lean)
