"""The public message of a running job: at most one, sent as the bot, deleted or replaced when the job ends."""

from __future__ import annotations

from dataclasses import replace

import discord
import structlog

from bot import limits
from bot.chat.message import MessageContent
from bot.chat.own_messages import HistoryUnreadable, OwnMessages
from bot.chat.private_reply import gone_is_fine
from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import RecordAnnouncement
from bot.values.clock import Clock
from bot.values.job import Announcement, Job

log = structlog.get_logger(__name__)


class Announcements:
    """Sends, edits and deletes it. The job's row says where it is, or where it may be after a kill."""

    def __init__(self, client: discord.Client, clock: Clock, own_messages: OwnMessages) -> None:
        self._client = client
        self._clock = clock
        self._own_messages = own_messages

    async def send(self, job: Job, card: MessageContent, record: RecordAnnouncement) -> Announcement:
        """The announcement of ``job``: the existing one, one that an earlier attempt may have sent, or a new one.

        Raises DiscordUnavailable if a later try may work; a message that arrived after all is found then.
        """
        known = await self._resolved(job)
        if known is None:
            known = Announcement(channel_id=job.origin.channel_id, at=self._clock())
        if known != job.announcement:
            await record(known)
        if known.message_id is not None or known.closed:
            return known
        try:
            async with understood(limits.MESSAGE_PATIENCE):
                sent = await self._client.get_partial_messageable(known.channel_id).send(
                    **card.as_new(),
                    nonce=progress_id(job),  # enforced: for some minutes the same nonce creates no second message
                )
        except RouteClosed as closed:
            log.info("not_announced", job=job.id, code=closed.code)
            known = replace(known, closed=True)
        else:
            known = replace(known, message_id=sent.id)
        await record(known)
        return known

    async def _resolved(self, job: Job) -> Announcement | None:
        """The announcement, after looking for one whose sending was interrupted; ``None`` if it was not sent (yet)."""
        known = job.announcement
        if known is None or known.closed or known.message_id is not None:
            return known
        if self._clock() - known.at < limits.SAME_NONCE:
            return known  # the same nonce finds it
        try:
            found = await self._own_messages.find(known.channel_id, progress_id(job), known.at)
        except HistoryUnreadable:
            log.warning("announcement_perhaps_left", job=job.id)
            return replace(known, closed=True)
        return None if found is None else replace(known, message_id=found)

    async def edit(self, announcement: Announcement, card: MessageContent, patience: float) -> None:
        """Replace its content with ``card``. Raises RouteClosed, TooLarge and DiscordUnavailable."""
        channel = self._client.get_partial_messageable(announcement.channel_id)
        async with understood(patience):
            await channel.get_partial_message(announcement.message_id or 0).edit(**card.as_edit())

    async def remove(self, job: Job) -> None:
        """Delete it, wherever it may be. Raises DiscordUnavailable."""
        known = job.announcement
        if known is None:
            return
        message_id = known.message_id
        if message_id is None and not known.closed:  # its sending was interrupted
            try:
                message_id = await self._own_messages.find(known.channel_id, progress_id(job), known.at)
            except HistoryUnreadable:
                log.warning("announcement_perhaps_left", job=job.id)
        if message_id is None:
            return
        try:
            with gone_is_fine():
                async with understood(limits.MESSAGE_PATIENCE):
                    channel = self._client.get_partial_messageable(known.channel_id)
                    await channel.get_partial_message(message_id).delete()
        except RouteClosed as closed:
            log.warning("announcement_left", job=job.id, code=closed.code)


def progress_id(job: Job) -> str:
    """Identifies the announcement, as nonce and in its footer: unlike the end, not by the job's id alone."""
    return f"{job.id}-run"
