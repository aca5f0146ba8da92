"""Renders the list of /tasks: what is running, what waits, what is done and what failed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

import discord

from bot import limits, texts
from bot.chat.card import BLUE
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import ChangeFailedVideo, MakeVideoAgain, RetryJob
from bot.chat.markdown import PLAIN, Commands, plain, say
from bot.chat.message import MessageContent
from bot.chat.selects import OpenJob
from bot.chat.task_status import actions_of, buttons_of, status_of, subject_of, waits_for_owner
from bot.jobs.overview import Overview
from bot.texts import Text, text
from bot.values.job import Job, Outcome, PreviewRequest, Step, VideoRequest
from bot.values.source import Link

_MB = 1024 * 1024
_REASON = 90  # characters of a reason in the list; the opened job shows all of it
_NO_HURRY = frozenset({RetryJob, MakeVideoAgain, ChangeFailedVideo})
_FULL_STOP = re.compile(r"\.(?:\s+|$)|。")


def render_tasks(
    owner_id: int, overview: Overview, now: datetime, locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """All jobs of one owner, a line each, in four sections; running ones oldest first, the others newest first.

    One of them can be opened: :func:`render_task`.
    """
    embed = discord.Embed(title=say(text("Your tasks"), locale), colour=BLUE)
    sections = _sections(overview)
    embed.description = "\n".join(_fitting(list(_blocks(overview, sections, locale, commands)), locale))
    for name, value in _standing(overview):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    jobs = [job for _, part in sections for job in part]
    if not jobs:
        return MessageContent(embeds=(embed,))
    footer = text("Your cast is in /character list, and your videos are in /video list. To make more, see /help.")
    embed.set_footer(text=say(footer, locale))
    entries = [(job.id, subject_of(job, locale), _said(status_of(job, overview), locale)) for job in jobs]
    menu = OpenJob(owner_id, say(text("Open one…"), locale), entries)
    return MessageContent(embeds=(embed,), menus=(menu,), buttons=_onlybuttons(jobs, now, locale))


def _onlybuttons(jobs: Sequence[Job], now: datetime, locale: str) -> tuple[DurableButton, ...]:
    """The buttons that need no opening, if only one job has any. Retries are not urgent, and are left out."""
    usable = {job.id: {action for action, _ in actions_of(job, now)} for job in jobs}
    wanted = [job for job in jobs if usable[job.id] - _NO_HURRY] or [job for job in jobs if usable[job.id]]
    return buttons_of(wanted[0], now, locale) if len(wanted) == 1 else ()


def is_under_way(overview: Overview) -> bool:
    """Whether something in the list changes by itself."""
    return any(not waits_for_owner(job) for job in overview.unfinished)


def _sections(overview: Overview) -> list[tuple[Text, Sequence[Job]]]:
    """The heading and the jobs of each non-empty section."""
    ended = overview.finished
    failed = [job for job in ended if job.outcome is not Outcome.SUCCEEDED]
    cancelled = any(job.outcome is Outcome.CANCELLED for job in failed)
    sections: list[tuple[Text, Sequence[Job]]] = [
        (text("Running"), [job for job in overview.unfinished if not waits_for_owner(job)]),
        (text("Waiting for you"), [job for job in reversed(overview.unfinished) if waits_for_owner(job)]),
        (text("Finished"), [job for job in ended if job.outcome is Outcome.SUCCEEDED]),
        (text("Failed or cancelled") if cancelled else text("Failed"), failed),
    ]
    return [section for section in sections if section[1]]


def _blocks(
    overview: Overview, sections: Sequence[tuple[Text, Sequence[Job]]], locale: str, commands: Commands
) -> Iterator[str]:
    """Headings and entries, each shown completely or not at all."""
    if overview.paused:
        yield say(_PAUSED, locale)
    if not sections:
        yield say(text("You haven't made anything yet. Start with /character create, or see /help."), locale, commands)
    begun = overview.paused
    for heading, part in sections:
        yield ("\n" if begun else "") + f"**{say(heading, locale)}**"
        yield from (say(_line(job, overview, locale), locale) for job in part)
        begun = True


_PAUSED = text(
    "I can't start anything new right now. The people who run this bot have been told. What's already running "
    "continues."
)


def _fitting(blocks: Sequence[str], locale: str) -> list[str]:
    """As many blocks as fit into a description."""
    more = say(text("… and more. I'll show the rest when these are done."), locale)
    room = limits.EMBED_DESCRIPTION
    kept: list[str] = []
    for block in blocks:
        room -= len(block) + 1
        if room < len(more):
            return [*kept, more]
        kept.append(block)
    return kept


def _line(job: Job, overview: Overview, locale: str) -> Text:
    what, state = subject_of(job, locale), status_of(job, overview)
    if job.step is Step.DONE:
        at = int((job.finished_at or job.created_at).timestamp())
        if job.outcome is Outcome.SUCCEEDED and not job.undelivered:
            return text("{what} ({range}) · <t:{at}:R>", what=what, range=_range(job), at=at)
        shown = _said(state, locale)
        source = None if isinstance(job.request, VideoRequest) else job.request.source
        if isinstance(source, Link) and what in source.url and what in shown:  # the host: naming it once is enough
            return text("{what} · {state} · <t:{at}:R>", what=shown, state=_range(job), at=at)
        return text("{what} · {state} · <t:{at}:R>", what=what, state=shown, at=at)
    if waits_for_owner(job) or job.is_queued:
        return text("{what} · {state}", what=what, state=state)
    if job.submit_started_at is not None:
        at = int(job.submit_started_at.timestamp())
        return text("{what} · {state} · started <t:{at}:R>", what=what, state=state, at=at)
    at = int(job.created_at.timestamp())
    return text("{what} · {state} · asked for <t:{at}:R>", what=what, state=state, at=at)


def _said(state: Text, locale: str) -> str:
    """The first sentence of ``state``, in one short line."""
    first, *_ = _FULL_STOP.split(texts.render(state, locale), maxsplit=1)
    return plain(first, _REASON)


def _range(job: Job) -> Text | str:
    if isinstance(job.request, PreviewRequest):
        return text("a preview")
    if isinstance(job.request, VideoRequest):
        return text("a video")
    return job.request.range.people if job.request.range else text("seconds not picked yet")


def _standing(overview: Overview) -> Iterator[tuple[Text, Text]]:
    """Name and value of each field."""
    yield text("Characters today (UTC)"), _quota(overview)
    if overview.video_day_limit or overview.videos_today:
        yield text("Videos today (UTC)"), _of(overview.videos_today, overview.video_day_limit)
    if overview.credits_limit or overview.credits_this_month:
        yield text("Credits (expected)"), _credits(overview)
    running = text("{running}", running=overview.running)
    if overview.running_limit:
        running = text("{running} of {limit}", running=overview.running, limit=overview.running_limit)
    yield text("Running"), running
    used = -(-overview.disk_used // _MB)
    files = text("{used} MB", used=used)
    if overview.disk_limit:
        files = text("{used} of {limit} MB", used=used, limit=overview.disk_limit // _MB)
    yield text("Files"), files


def _quota(overview: Overview) -> Text:
    return _of(overview.used_today, overview.day_limit)


def _of(used: int, limit: int) -> Text:
    return text("{used} of {limit}", used=used, limit=limit) if limit else text("{used}", used=used)


def _credits(overview: Overview) -> Text:
    today, month = float(overview.credits_today), float(overview.credits_this_month)
    if overview.credits_limit:
        return text(
            "{today} of {limit} today, {month} this month",
            today=today,
            limit=float(overview.credits_limit),
            month=month,
        )
    return text("{today} today, {month} this month", today=today, month=month)
