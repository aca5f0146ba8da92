"""The ways by which a message reaches somebody: an interaction's token, a channel, a direct message."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import discord
import structlog
from discord.utils import MISSING

from bot import limits, metrics
from bot.chat.message import MessageContent
from bot.chat.rest_errors import TOKEN_DEAD, UNKNOWN_MESSAGE, RouteClosed, TooLarge, understood
from bot.jobs.ports import DiscordUnavailable, RecordAttempt
from bot.values.clock import Clock
from bot.values.job import DeliveryAttempt, DeliveryRoute, Job, Origin, Question

log = structlog.get_logger(__name__)

_MOST_REMEMBERED = 1_000  # refused tokens; each is of use for a quarter of an hour
_NOBODY = discord.AllowedMentions.none()  # cards name their owner; that calls nobody


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of a job as a message: ``full``, the ``lean`` one without files, a sentence to go with it elsewhere."""

    full: MessageContent
    lean: MessageContent
    sentence: str


class _Original:
    """Discord's name for the first answer. Not a string: discord.py would send the sign @ percent-encoded."""

    def __str__(self) -> str:
        return "@original"


def _message(origin: Origin) -> int:
    return origin.message_id or _Original()  # type: ignore[return-value]  # the library wants an id where this fits too


Route: TypeAlias = Callable[[Job, Delivery, RecordAttempt], Awaitable[None]]


class DeliveryRoutes:
    """Sends messages. A route raises :class:`RouteClosed` for good, and DiscordUnavailable where it may work later."""

    def __init__(self, client: discord.Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._refused: deque[str] = deque(maxlen=_MOST_REMEMBERED)  # tokens that died before their time

    def token_usable(self, origin: Origin) -> bool:
        """Whether the token may still be called: looked at first, because calls with dead ones count towards a ban."""
        if origin.token is None or origin.token in self._refused:
            return False
        return self._clock() - origin.token_at < limits.TOKEN_USABLE

    def check_login(self) -> None:
        """Raises DiscordTrouble before the login and after the end: the jobs may start earlier than the bot."""
        if self._client.is_closed() or self._client.application_id is None:
            raise DiscordUnavailable

    def webhook(self, origin: Origin) -> discord.Webhook:
        """The interaction's own webhook. Raises Closed with a dead token, DiscordTrouble without a login."""
        self.check_login()
        if self._client.application_id is None or origin.token is None or not self.token_usable(origin):
            raise RouteClosed(0)
        webhook = discord.Webhook.partial(self._client.application_id, origin.token, client=self._client)
        webhook.type = discord.WebhookType.application  # what it is; a partial one is taken for a channel's
        return webhook

    async def edit(self, origin: Origin, card: MessageContent, patience: float) -> None:
        """Make ``card`` the content of the job's message; the same edit twice changes nothing.

        ``patience`` in seconds: discord.py repeats it by itself while Discord has trouble.
        """
        webhook = self.webhook(origin)
        try:
            async with understood(patience):
                await webhook.edit_message(
                    _message(origin),
                    content=None,
                    embeds=list(card.embeds),
                    attachments=card.attachments(),
                    view=card.view(),
                    allowed_mentions=_NOBODY,
                )
        except RouteClosed as closed:
            if closed.code in TOKEN_DEAD and origin.token is not None:
                self._refused.append(origin.token)
            raise

    async def instead(self, origin: Origin, card: MessageContent, meanwhile: MessageContent) -> Origin:
        """Put an ephemeral ``card`` in the place of a public message; returns where it stands.

        The public one becomes ``meanwhile`` first: as long as it is "thinking", Discord takes a follow-up for its
        text. It goes last, so that whatever fails on the way can be done again.
        """
        with _gone_is_fine():
            await self.edit(origin, meanwhile, limits.MESSAGE_PATIENCE)
        webhook = self.webhook(origin)
        async with understood(limits.MESSAGE_PATIENCE):
            sent = await webhook.send(
                embeds=list(card.embeds),
                files=card.attachments(),
                view=card.view() or MISSING,
                ephemeral=True,
                wait=True,
            )
        try:
            async with understood(limits.MESSAGE_PATIENCE):
                await webhook.delete_message(_message(origin))
        except (RouteClosed, DiscordUnavailable):
            log.info("public_message_left")
        return replace(origin, message_id=sent.id, ephemeral=True)

    async def original(self, job: Job, delivery: Delivery, record: RecordAttempt) -> None:
        """Into the message that has shown the job so far."""
        self.webhook(job.origin)
        await record(self._attempt(DeliveryRoute.ORIGINAL, job, job.origin.channel_id))
        await _smaller_if_needed(delivery, lambda card: self.edit(job.origin, card, limits.MESSAGE_PATIENCE))

    async def channel(self, job: Job, delivery: Delivery, record: RecordAttempt) -> None:
        """Into the channel where it was asked for, calling its owner (the only mention there is)."""
        owner = discord.Object(job.owner_id)
        mentions = discord.AllowedMentions(everyone=False, roles=False, users=[owner])
        content = f"<@{job.owner_id}> {delivery.sentence}"
        await self._post(DeliveryRoute.CHANNEL, job, job.origin.channel_id, delivery, content, mentions, record)

    async def dm(self, job: Job, delivery: Delivery, record: RecordAttempt) -> None:
        """Into the direct messages with its owner."""
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(job.owner_id))
        await self._post(DeliveryRoute.DM, job, opened.id, delivery, delivery.sentence, _NOBODY, record)

    async def question_by_dm(self, job: Job, question: Question, card: MessageContent, record: RecordAttempt) -> Origin:
        """Ask in the direct messages with the owner; returns where it stands. One that stands there is edited."""
        if is_dm(job.origin):
            with _gone_is_fine():
                await self.edit_dm(job, card)
                return job.origin
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(job.owner_id))
        asked_at = [
            each.at
            for each in job.deliveries
            if each.path is DeliveryRoute.DM and each.channel_id == opened.id and each.at >= job.origin.token_at
        ]
        message_id = None
        if asked_at:  # by an attempt that may have ended before it was written down
            async with understood(limits.MESSAGE_PATIENCE):
                found = await self._own_message(opened, question_id(job, question), min(asked_at))
            message_id = found.id if found else None
        if message_id is None:
            nonce = question_id(job, question)
            await record(DeliveryAttempt(path=DeliveryRoute.DM, channel_id=opened.id, nonce=nonce, at=self._clock()))
            async with understood(limits.MESSAGE_PATIENCE):
                sent = await opened.send(
                    embeds=list(card.embeds),
                    files=card.attachments(),
                    view=card.view(),  # type: ignore[arg-type]  # None is taken too, and means none
                    nonce=nonce,
                    allowed_mentions=_NOBODY,
                )
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

    async def edit_dm(self, job: Job, card: MessageContent) -> None:
        """Make ``card`` the content of the job's message in direct messages. Raises RouteClosed where it has none."""
        if not is_dm(job.origin) or job.origin.message_id is None:
            raise RouteClosed(0)
        self.check_login()
        message = self._client.get_partial_messageable(job.origin.channel_id).get_partial_message(job.origin.message_id)
        async with understood(limits.MESSAGE_PATIENCE):
            await message.edit(content=None, embeds=list(card.embeds), attachments=card.attachments(), view=card.view())

    async def plain_dm(self, user_id: int, words: str) -> None:
        """A message without a card and without a record: it may come twice, or not at all."""
        self.check_login()
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(user_id))
            await opened.send(words)

    async def _post(
        self,
        path: DeliveryRoute,
        job: Job,
        channel_id: int,
        delivery: Delivery,
        content: str,
        mentions: discord.AllowedMentions,
        record: RecordAttempt,
    ) -> None:
        channel = self._client.get_partial_messageable(channel_id)
        seen = await self._stands_already(channel, job, path)
        if seen:
            return

        async def send(card: MessageContent) -> None:
            async with understood(limits.MESSAGE_PATIENCE):
                await channel.send(
                    content,
                    embeds=list(card.embeds),
                    files=card.attachments(),
                    view=card.view(),  # type: ignore[arg-type]  # None is taken too, and means none
                    nonce=job.id,  # enforced: within minutes the same one makes no second message
                    allowed_mentions=mentions,
                )

        await record(self._attempt(path, job, channel_id))
        await _smaller_if_needed(delivery, send)
        if seen is None:
            metrics.DELIVERIES_UNDECIDABLE.inc()
            log.warning("second_message_possible", job=job.id, path=path.value)

    async def _stands_already(self, channel: discord.PartialMessageable, job: Job, path: DeliveryRoute) -> bool | None:
        """Whether an earlier attempt brought the message there after all; ``None`` where nobody can tell.

        Only attempts since the owner last asked count: the message before that was about something else. One that
        went elsewhere may stand where nobody can look: only its owner sees it, or the channel was closed since.
        """
        origin = job.origin
        attempts = [each for each in job.deliveries if each.at >= origin.token_at]
        earlier = [each for each in attempts if each.channel_id == channel.id]
        posted = [each.at for each in earlier if each.path is path]
        since = [min(posted)] if posted and self._clock() - min(posted) >= limits.SAME_NONCE else []
        if any(each.path is DeliveryRoute.ORIGINAL for each in earlier):  # no nonce makes a repeated edit harmless here
            since.append(origin.token_at)
        try:
            async with understood(limits.MESSAGE_PATIENCE):
                found = [await self._find(channel, job.id, moment) for moment in since]
        except RouteClosed as closed:
            log.info("history_not_readable", job=job.id, path=path.value, code=closed.code)
            return None
        if any(found):
            return True
        return None if None in found or len(earlier) < len(attempts) else False

    def _may_read(self, channel_id: int) -> bool:
        """Whether the history may be read, as far as the gateway has shown; not before it has shown the channel."""
        channel = self._client.get_channel(channel_id)
        if isinstance(channel, discord.abc.PrivateChannel):
            return True
        me = channel.guild.get_member(self._own_id) if channel else None
        try:
            return channel is not None and me is not None and channel.permissions_for(me).read_message_history
        except discord.ClientException:  # a thread whose channel is not known
            return False

    @property
    def _own_id(self) -> int:
        return self._client.user.id if self._client.user else 0

    async def _own_message(
        self, channel: discord.abc.Messageable, wanted: str, since: datetime
    ) -> discord.Message | None:
        """The bot's own message with that id in its footer, the newest since then."""
        async for message in channel.history(
            limit=limits.HISTORY, after=since - limits.CLOCKS_APART, oldest_first=False
        ):
            if message.author.id == self._own_id and _names(message, wanted):
                return message
        return None

    async def _find(self, channel: discord.PartialMessageable, job_id: str, since: datetime) -> bool | None:
        """Whether it is there. ``None``: without the permission to read it, a history looks empty."""
        empty = True
        async for message in channel.history(limit=limits.HISTORY, after=since - limits.CLOCKS_APART):
            empty = False
            if message.author.id == self._own_id and _names(message, job_id):
                return True
        return None if empty and not self._may_read(channel.id) else False

    def _attempt(self, path: DeliveryRoute, job: Job, channel_id: int) -> DeliveryAttempt:
        return DeliveryAttempt(path=path, channel_id=channel_id, nonce=job.id, at=self._clock())


def is_dm(origin: Origin) -> bool:
    """Whether the job's message is the bot's own in direct messages, which it can edit without a token."""
    own = origin.guild_id is None and origin.bot_is_member and not origin.ephemeral
    return own and origin.token is None and origin.message_id is not None


def question_id(job: Job, question: Question) -> str:
    """What a question is known by, as nonce and in its footer: not by the job's id alone, as its end is."""
    return f"{job.id}-{question.value[:8]}"


def _names(message: discord.Message, wanted: str) -> bool:
    return any(wanted in (embed.footer.text or "").split() for embed in message.embeds)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """The message was deleted: by somebody, or by an attempt before this one."""
    try:
        yield
    except RouteClosed as closed:
        if closed.code != UNKNOWN_MESSAGE:
            raise


async def _smaller_if_needed(delivery: Delivery, send: Callable[[MessageContent], Awaitable[None]]) -> None:
    try:
        await send(delivery.full)
    except TooLarge:
        await send(delivery.lean)
