"""The private reply: the one message of a job that only its owner sees, edited with the interaction's token.

It is the ephemeral response to the interaction or a follow-up to it, or a direct message from the bot. In rows of
earlier versions it may be a public response.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import discord
import structlog

from bot import limits
from bot.chat.interaction_webhook import message_at, webhook_of
from bot.chat.message import MessageContent
from bot.chat.own_messages import HistoryUnreadable, OwnMessages
from bot.chat.rest_errors import BAD_FORM, TOKEN_DEAD, UNKNOWN_MESSAGE, RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable, RecordAttempt
from bot.values.clock import Clock
from bot.values.job import DeliveryAttempt, DeliveryRoute, Job, Origin, Question

log = structlog.get_logger(__name__)


class PrivateReply:
    """Edits, replaces and deletes private replies. Raises :class:`RouteClosed` or DiscordUnavailable."""

    def __init__(self, client: discord.Client, clock: Clock, own_messages: OwnMessages) -> None:
        self._client = client
        self._clock = clock
        self._own_messages = own_messages
        self._refused: deque[str] = deque(maxlen=limits.DEAD_TOKENS_REMEMBERED)  # rejected before they expired

    def token_usable(self, origin: Origin) -> bool:
        """Whether the token may still be used. Check first: calls with expired tokens count towards a ban."""
        if origin.token is None or origin.token in self._refused:
            return False
        return self._clock() - origin.token_at < limits.TOKEN_USABLE

    def reachable(self, job: Job) -> bool:
        """Whether the reply, as far as we know, still exists and can be edited."""
        closed = job.announcement is not None and job.announcement.box_closed
        return not closed and (self.token_usable(job.origin) or job.origin.in_dm_message)

    def check_login(self) -> None:
        """Raise DiscordUnavailable before the login and after the close: jobs may start earlier than the bot."""
        if self._client.is_closed() or self._client.application_id is None:
            raise DiscordUnavailable(perhaps_done=False)

    def _webhook(self, origin: Origin) -> discord.Webhook:
        self.check_login()
        if origin.token is None or not self.token_usable(origin):
            raise RouteClosed(0)
        return webhook_of(self._client, origin.token)

    @contextmanager
    def _minding_the_token(self, origin: Origin) -> Iterator[None]:
        try:
            yield
        except RouteClosed as closed:
            if closed.code in TOKEN_DEAD and origin.token is not None:
                self._refused.append(origin.token)
            raise

    async def edit(self, origin: Origin, card: MessageContent, patience: float) -> None:
        """Replace the reply's content with ``card``; the same edit twice changes nothing.

        ``patience``: seconds for discord.py's own retries while Discord has trouble.
        """
        if origin.in_dm_message and not self.token_usable(origin):
            await self._edit_dm(origin, card, patience)
            return
        webhook = self._webhook(origin)
        with self._minding_the_token(origin):
            async with understood(patience, edit_brings_files=bool(card.files)):
                await webhook.edit_message(message_at(origin.message_id), **card.as_edit())

    async def _edit_dm(self, origin: Origin, card: MessageContent, patience: float) -> None:
        self.check_login()
        message = self._client.get_partial_messageable(origin.channel_id).get_partial_message(origin.message_id or 0)
        async with understood(patience, edit_brings_files=bool(card.files)):
            await message.edit(**card.as_edit())

    async def delete(self, origin: Origin) -> None:
        """Delete the message; do nothing if it is gone or unreachable."""
        self.check_login()
        with gone_is_fine():
            async with understood(limits.MESSAGE_PATIENCE):
                if self.token_usable(origin):
                    with self._minding_the_token(origin):
                        await self._webhook(origin).delete_message(message_at(origin.message_id))
                elif origin.in_dm_message:
                    channel = self._client.get_partial_messageable(origin.channel_id)
                    await channel.get_partial_message(origin.message_id or 0).delete()

    async def follow_up(self, job: Job, card: MessageContent, *, ephemeral: bool) -> int:
        """Send a new message with the token; returns its id.

        There is no nonce that would make repetition harmless.
        """
        webhook = self._webhook(job.origin)
        with self._minding_the_token(job.origin):
            async with understood(limits.MESSAGE_PATIENCE):
                sent = await webhook.send(**card.as_new(), ephemeral=ephemeral, wait=True)
        return sent.id

    # -- questions ----------------------------------------------------------------------------------------------

    async def ask(self, job: Job, card: MessageContent, meanwhile: MessageContent) -> Origin:
        """Show ``card``, which asks something, in the reply; returns the job's new origin.

        A reply that is gone, or that accepts no pictures, is replaced by a new one. So is a public one from an earlier
        version: it becomes ``meanwhile`` first, because Discord would use a follow-up as the content of a "thinking"
        answer. It is deleted last, so that everything can be repeated after a failure.
        """
        origin, replaced = job.origin, job.origin.reply_is_public
        if not replaced:
            try:
                await self.edit(origin, card, limits.MESSAGE_PATIENCE)
            except RouteClosed as closed:
                replaced = closed.code == BAD_FORM and bool(card.files)
                if not (replaced or closed.code == UNKNOWN_MESSAGE) or not self.token_usable(origin):
                    raise
            else:
                return origin
        if replaced:
            with gone_is_fine():
                await self.edit(origin, meanwhile, limits.MESSAGE_PATIENCE)
        message_id = await self.follow_up(job, card, ephemeral=True)
        if replaced:
            try:
                await self.delete(origin)
            except (RouteClosed, DiscordUnavailable):
                log.info("replaced_message_left")
        return replace(origin, message_id=message_id, ephemeral=True)

    async def ask_by_dm(self, job: Job, question: Question, card: MessageContent, record: RecordAttempt) -> Origin:
        """Ask by direct message, which becomes the private reply; returns the job's new origin."""
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(job.owner_id))
        asked_at = [
            each.at
            for each in job.deliveries
            if each.path is DeliveryRoute.DM and each.channel_id == opened.id and each.at >= job.origin.token_at
        ]
        nonce = question_id(job, question)
        message_id = None
        if asked_at:  # by an attempt that may have ended before it was recorded
            try:
                message_id = await self._own_messages.find(opened.id, nonce, min(asked_at))
            except HistoryUnreadable:
                log.info("question_not_looked_for", job=job.id)
        if message_id is None:
            await record(DeliveryAttempt(path=DeliveryRoute.DM, channel_id=opened.id, nonce=nonce, at=self._clock()))
            async with understood(limits.MESSAGE_PATIENCE):
                sent = await opened.send(**card.as_new(), nonce=nonce)
            message_id = sent.id
        return replace(
            job.origin,
            guild_id=None,
            channel_id=opened.id,
            message_id=message_id,
            token=None,
            token_at=self._clock(),
            ephemeral=False,
            bot_is_member=True,
        )


def question_id(job: Job, question: Question) -> str:
    """The id of a question, used as nonce and in its footer: unlike that of a result, not the job's id alone."""
    return f"{job.id}-{question.value[:8]}"


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Ignore that the message was deleted, by somebody or by an earlier attempt."""
    try:
        yield
    except RouteClosed as closed:
        if closed.code != UNKNOWN_MESSAGE:
            raise
