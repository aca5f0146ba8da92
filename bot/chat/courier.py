"""Sends a job's messages to its owner, and the public ones to everybody (design, rule 5)."""

from __future__ import annotations

import sys
from dataclasses import replace

import discord
import structlog

from bot import limits, metrics
from bot.chat.announcements import Announcements, progress_id
from bot.chat.delivery_attempts import DeliveryAttempts
from bot.chat.delivery_content import DeliveryContent
from bot.chat.delivery_routes import Delivery, DeliveryRoutes, Kept
from bot.chat.markdown import mentions_of, say
from bot.chat.operator_alarms import OperatorAlarms
from bot.chat.own_messages import OwnMessages
from bot.chat.private_reply import PrivateReply, question_id
from bot.chat.progress_display import ProgressDisplay
from bot.chat.render_job import render_announcement, render_last_word
from bot.chat.render_picker import render_picker
from bot.chat.render_question import render_question
from bot.chat.rest_errors import RouteClosed
from bot.chat.sent_message_records import RecordSent, end_of, question_at, record_nothing
from bot.chat.server_lookup import ServerLookup
from bot.concurrency import FairLimiter
from bot.jobs.ports import (
    Content,
    DiscordUnavailable,
    RecordAnnouncement,
    RecordAttempt,
    Undeliverable,
)
from bot.log import unexpected
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import DeliveryRoute, Job, Origin, Question

log = structlog.get_logger(__name__)


class DiscordCourier:
    """:class:`bot.jobs.ports.Courier` over Discord's REST API; it needs a login, but no gateway."""

    def __init__(
        self,
        client: discord.Client,
        files: FileStore,
        *,
        clock: Clock,
        alarms: OperatorAlarms,
        sends: FairLimiter | None = None,
        record_sent: RecordSent = record_nothing,
    ) -> None:
        """``sends``: each message holds one of these places while it is sent; ``None``: no limit."""
        self._client = client
        self._record_sent = record_sent
        self._content = DeliveryContent(client, files)
        self._clock = clock
        own_messages = OwnMessages(client, ServerLookup(client, clock))
        self._private_reply = PrivateReply(client, clock, own_messages)
        self._announcements = Announcements(client, clock, own_messages)
        self._routes = DeliveryRoutes(client, clock, self._private_reply, self._announcements, own_messages)
        self._alarms = alarms
        self._sends = sends or FairLimiter(sys.maxsize)
        self._progress = ProgressDisplay(self._private_reply, self._announcements, self._sends, clock)

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        """Show the progress of ``job``: on a change, at most once per :data:`bot.limits.PROGRESS_GAP`. Never raises."""
        await self._progress.show(job, state, percent)

    # -- the public message ---------------------------------------------------------------------------------------

    async def announce(self, job: Job, state: Text, percent: int | None, record: RecordAnnouncement) -> None:
        """Show ``job`` in one public message from now on, if the bot may write there.

        Otherwise its progress stays in the private reply: a message sent with the interaction's token could neither be
        found after a kill nor be deleted once the token has expired.
        """
        known, origin = job.announcement, job.origin
        if not origin.public_by_right or origin.reply_is_public or (known is not None and known.closed):
            return
        if known is not None and known.message_id is not None and known.box_closed:
            return
        try:
            async with self._sends.place(job.owner_id):
                self._private_reply.check_login()
                card = render_announcement(job, state, percent, origin.locale, progress_id(job))
                stands = await self._announcements.send(job, card, record)
                if stands.message_id is None:
                    return
                if stands != known:
                    self._progress.announced(job, state, percent)
                await self._private_reply.delete(origin)
        except RouteClosed as closed:
            log.info("private_reply_left", job=job.id, code=closed.code)
        except DiscordUnavailable:
            log.info("announced_later", job=job.id)
            return
        await record(replace(stands, box_closed=True))

    # -- questions ----------------------------------------------------------------------------------------------

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        """Show ``question`` to the owner of ``job`` only; returns where it is shown.

        In the private reply or, if that cannot be reached any more, in a direct message. Raises Undeliverable if that
        cannot be sent either, and DiscordUnavailable if a later try may work.
        """
        origin, commands = job.origin, mentions_of(self._client)
        if question is Question.SECONDS:
            card = render_picker(job, picture, origin.locale, commands)
        else:
            card = render_question(job, question, origin.locale, commands, picture)
        first = text("I have a question for <@{owner}> first.", owner=job.owner_id)
        async with self._sends.place(job.owner_id):
            try:
                return await self._private_reply.ask(job, card, render_last_word(first, origin.locale))
            except RouteClosed as closed:
                log.info("question_not_in_place", job=job.id, code=closed.code)
            found_by = text("Question {id}", id=question_id(job, question))  # after a kill
            try:
                asked = await self._private_reply.ask_by_dm(
                    job, question, card.with_footer(say(found_by, origin.locale)), record
                )
            except RouteClosed as closed:
                log.info("question_not_shown", job=job.id, code=closed.code)
                raise Undeliverable from None
        await self._record_sent(question_at(job, asked))
        return asked

    async def expire(self, job: Job) -> None:
        """Replace the job's question, if it can still be reached, with the note that it has expired. Never raises."""
        expired = text("You didn't answer within a day, so I stopped. Nothing was charged.")
        try:
            async with self._sends.place(job.owner_id):
                if job.origin.in_dm_message:
                    await self._private_reply.edit(
                        job.origin, render_last_word(expired, job.origin.locale), limits.MESSAGE_PATIENCE
                    )
        except (RouteClosed, DiscordUnavailable):
            log.info("expiry_not_shown", job=job.id)
        except Exception as error:  # noqa: BLE001 - it has expired, whether this is shown or not
            unexpected("expiry_failed", error, job=job.id)

    # -- the end ------------------------------------------------------------------------------------------------

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        """Deliver the end of ``job`` to its owner by the first open route; ``False`` if there is none.

        ``record`` is awaited before each message. Raises DiscordUnavailable if a later try may work; a message that
        arrived after all is found then.
        """
        self._private_reply.check_login()
        self._progress.forget(job)
        delivery = await self._content.of(job, content)
        attempts = DeliveryAttempts(job, record, self._clock)
        if not delivery.made:  # for its owner only: first of all, delete the public message
            await self._removed(job)
        reached = await self._by_some_route(job, delivery, attempts)
        if reached is not None and (sent := end_of(job, content, reached, attempts.standing)) is not None:
            await self._record_sent(sent)
        if delivery.made and reached is not DeliveryRoute.ANNOUNCED:
            await self._removed(job)
        if reached is not None and reached is not DeliveryRoute.ORIGINAL:
            await self._close_private_reply(job)
        return reached is not None

    async def _by_some_route(self, job: Job, delivery: Delivery, attempts: DeliveryAttempts) -> DeliveryRoute | None:
        if attempts.standing is not None:
            return attempts.standing.path
        for path, route in self._routes.of(job, delivery):
            try:
                async with self._sends.place(job.owner_id):
                    await route(job, delivery, attempts)
            except RouteClosed as closed:
                log.info("way_closed", job=job.id, path=path.value, code=closed.code)
            except Kept:
                log.warning("delivery_unknown", job=job.id, path=path.value)
                return None
            else:
                metrics.DELIVERIES.labels(path).inc()
                return path
        return None

    async def _close_private_reply(self, job: Job) -> None:
        """Delete the private reply, because the end is shown elsewhere. Raises DiscordUnavailable."""
        if self._private_reply.reachable(job):
            async with self._sends.place(job.owner_id):
                try:
                    await self._private_reply.delete(job.origin)
                except RouteClosed as closed:
                    log.info("private_reply_left", job=job.id, code=closed.code)

    async def _removed(self, job: Job) -> None:
        if job.announcement is not None:
            async with self._sends.place(job.owner_id):
                await self._announcements.remove(job)

    async def withdraw(self, job: Job, message: Text) -> None:
        """Put ``message`` into the private reply, if it can be reached, and delete the public message. Never raises."""
        self._progress.forget(job)
        try:
            await self._removed(job)
            if self._private_reply.reachable(job):
                card = render_last_word(message, job.origin.locale, mentions_of(self._client))
                await self._private_reply.edit(job.origin, card, limits.PROGRESS_PATIENCE)
        except (RouteClosed, DiscordUnavailable):
            log.info("not_withdrawn", job=job.id)
        except Exception as error:  # noqa: BLE001 - the withdrawal is done, whether it is shown or not
            unexpected("withdrawal_failed", error, job=job.id)

    # -- operators ----------------------------------------------------------------------------------------------

    async def tell_operators(self, message: Text) -> None:
        """Send a direct message to each configured owner; the same one at most once an hour. Never raises."""
        await self._alarms.tell(message)
