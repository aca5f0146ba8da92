"""A server's own log: one line for each job that starts or ends there, in the channel that its managers chose."""

from __future__ import annotations

import asyncio
from collections import deque

import discord
import structlog

from bot import limits, metrics
from bot.chat.markdown import say
from bot.chat.message import NOBODY
from bot.chat.rest_errors import RouteClosed, understood
from bot.chat.server_lookup import ServerLookup
from bot.jobs.ports import DiscordUnavailable
from bot.log import unexpected
from bot.store.servers import ServerStore
from bot.texts import Text, ntext, text
from bot.values.job import Job, JobKind, Outcome
from bot.values.requests import price_of

log = structlog.get_logger(__name__)


class DiscordServerLog:
    """:class:`bot.jobs.ports.ServerLog`. Lines wait in memory: a kill loses them.

    Each server's lines are written independently; beyond :data:`bot.limits.SERVER_LOG_WAITING` the oldest are dropped,
    and the log says how many. ``closed``: the servers whose channel rejected the last line. Their managers see that in
    the settings; the member whose job it is never hears of it.
    """

    def __init__(self, client: discord.Client, servers: ServerStore, lookup: ServerLookup) -> None:
        self._client = client
        self._lookup = lookup
        self._servers = servers
        self._waiting: dict[int, _Lines] = {}
        self._writers: dict[int, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.closed: set[int] = set()

    def started(self, job: Job) -> None:
        """``job`` was started. Never raises."""
        if job.kind is not JobKind.PREVIEW and not job.origin.private:
            self._note(job, _started(job))

    def ended(self, job: Job) -> None:
        """``job`` has its outcome. For a private one the line says no more than that. Never raises."""
        if job.kind is JobKind.PREVIEW or job.outcome is None:
            return
        if not job.origin.private:
            self._note(job, _ended(job, job.outcome))
        elif job.outcome is not Outcome.CANCELLED:
            self._note(job, text("A private job ran."))

    def withdrawn(self, job: Job) -> None:
        """A no was said between the line that it is done and its delivery. Never raises."""
        if not job.origin.private:
            self._note(
                job,
                text(
                    "<@{person}>'s video was withdrawn before I could hand it over, and may have been charged.",
                    person=job.owner_id,
                ),
            )

    def _note(self, job: Job, line: Text) -> None:
        guild_id = job.origin.guild_id
        if guild_id is not None and self._servers.rules(guild_id).log_channel is not None:
            self._waiting.setdefault(guild_id, _Lines()).add(line)
            self._woken.set()

    async def run(self) -> None:
        """Write the waiting lines, each server's at its own pace, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._woken.wait()
                self._woken.clear()
                for guild_id in self._waiting.keys() - self._writers.keys():
                    self._writers[guild_id] = group.create_task(self._write(guild_id))

    async def _write(self, guild_id: int) -> None:
        try:
            while line := self._waiting[guild_id].next():
                await self._send_or_note(guild_id, line)
        finally:
            del self._waiting[guild_id]
            self._writers.pop(guild_id, None)

    async def _send_or_note(self, guild_id: int, line: Text) -> None:
        channel_id = self._servers.rules(guild_id).log_channel
        if channel_id is None:
            return
        try:
            await self._send(guild_id, channel_id, line)
        except (RouteClosed, DiscordUnavailable) as closed:
            self.closed.add(guild_id)
            log.info("server_log_closed", error=type(closed).__name__)
        except Exception as error:  # noqa: BLE001 - a log must not stop because of one line
            unexpected("server_log_failed", error)
        else:
            self.closed.discard(guild_id)

    async def _send(self, guild_id: int, channel_id: int, line: Text) -> None:
        locale = await self._lookup.locale(guild_id)
        channel = self._client.get_partial_messageable(channel_id, guild_id=guild_id)
        async with understood(limits.MESSAGE_PATIENCE):
            await channel.send(say(line, locale), allowed_mentions=NOBODY, silent=True)


class _Lines:
    """The waiting lines of one server, oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Text] = deque()
        self._left_out = 0

    def add(self, line: Text) -> None:
        if len(self._waiting) == limits.SERVER_LOG_WAITING:
            self._waiting.popleft()
            self._left_out += 1
            metrics.SERVER_LOG_LEFT_OUT.inc()
        self._waiting.append(line)

    def next(self) -> Text | None:
        """The next text to write; ``None`` if nothing waits."""
        if self._left_out:
            told = ntext(
                "{count} line is left out here: there were too many at once.",
                "{count} lines are left out here: there were too many at once.",
                count=self._left_out,
            )
            self._left_out = 0
            return told
        return self._waiting.popleft() if self._waiting else None


def _started(job: Job) -> Text:
    price, person = price_of(job.request), job.owner_id
    if job.kind is JobKind.VIDEO:
        if price:
            return ntext(
                "<@{person}> started a video. Expected cost: {count} credit.",
                "<@{person}> started a video. Expected cost: {count} credits.",
                person=person,
                count=float(price),
            )
        return text("<@{person}> started a video.", person=person)
    if price:
        return ntext(
            "<@{person}> started making a character. Expected cost: {count} credit.",
            "<@{person}> started making a character. Expected cost: {count} credits.",
            person=person,
            count=float(price),
        )
    return text("<@{person}> started making a character.", person=person)


def _ended(job: Job, outcome: Outcome) -> Text:
    price = float(price_of(job.request)) if job.counted else 0.0
    told = _ended_video if job.kind is JobKind.VIDEO else _ended_character
    return told(job.owner_id, outcome, price, counted=job.counted)


def _ended_video(person: int, outcome: Outcome, price: float, *, counted: bool) -> Text:
    match outcome:
        case Outcome.SUCCEEDED if price:
            return ntext(
                "<@{person}>'s video is done. Expected cost: {count} credit.",
                "<@{person}>'s video is done. Expected cost: {count} credits.",
                person=person,
                count=price,
            )
        case Outcome.SUCCEEDED:
            return text("<@{person}>'s video is done.", person=person)
        case Outcome.FAILED if counted:
            return text("<@{person}>'s video wasn't made. It may have been charged.", person=person)
        case Outcome.FAILED:
            return text("<@{person}>'s video wasn't made. It cost nothing.", person=person)
        case Outcome.UNKNOWN:
            return text("It's unclear whether <@{person}>'s video was made or charged.", person=person)
        case Outcome.CANCELLED:
            return text("<@{person}> cancelled a video. It cost nothing.", person=person)


def _ended_character(person: int, outcome: Outcome, price: float, *, counted: bool) -> Text:
    match outcome:
        case Outcome.SUCCEEDED if price:
            return ntext(
                "<@{person}>'s character is done. Expected cost: {count} credit.",
                "<@{person}>'s character is done. Expected cost: {count} credits.",
                person=person,
                count=price,
            )
        case Outcome.SUCCEEDED:
            return text("<@{person}>'s character is done.", person=person)
        case Outcome.FAILED if counted:
            return text("<@{person}>'s character wasn't made. It may have been charged.", person=person)
        case Outcome.FAILED:
            return text("<@{person}>'s character wasn't made. It cost nothing.", person=person)
        case Outcome.UNKNOWN:
            return text("It's unclear whether <@{person}>'s character was made or charged.", person=person)
        case Outcome.CANCELLED:
            return text("<@{person}> cancelled a character. It cost nothing.", person=person)
