"""The list of /tasks: what runs, what waits, what is done, and how much of the limits is used. Pure rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import discord
from yarl import URL

from bot import limits
from bot.chat.buttons import (
    CancelJob,
    CheckAgain,
    DurableButton,
    GiveConsent,
    JobButton,
    MakeAnother,
    PickSeconds,
    SendAgain,
    ShowResult,
    UseAnyway,
)
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import BLUE, MessageContent
from bot.jobs.job_service import Overview
from bot.texts import Text, text
from bot.values.job import CharacterRequest, Job, JobKind, Outcome, PreviewRequest, Question, Step
from bot.values.source import Attachment, Link

_MB = 1024 * 1024

_Action: TypeAlias = tuple[type[JobButton], Text]

_STATES = {
    Step.PREPARE: text("Fetching the video"),
    Step.SUBMIT: text("Sending the clip to ToAPIs"),
    Step.COLLECT: text("Saving the result"),
    Step.DELIVER: text("Delivering the result"),
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One job of the list: its two lines, and the class and label of each of its buttons."""

    job_id: str
    lines: str
    actions: tuple[_Action, ...]


def render_tasks(
    owner_id: int, overview: Overview, now: datetime, locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """All jobs of one owner: those that run, oldest first, then those that are done, newest first."""
    jobs = enumerate((*overview.unfinished, *overview.finished), start=1)
    entries = [_entry(number, job, now, locale, commands) for number, job in jobs]
    embed = discord.Embed(title=say(text("Your tasks"), locale), colour=BLUE)
    embed.description = "\n".join(_fitting(list(_blocks(overview, entries, locale, commands)), locale))
    for name, value in _standing(overview):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    if entries:
        footer = text("To see your cast, use /character list. To make another character, use /character create.")
        embed.set_footer(text=say(footer, locale))
    return MessageContent(embeds=(embed,), buttons=tuple(_buttons(owner_id, entries, locale))[: limits.MESSAGE_BUTTONS])


def _blocks(overview: Overview, entries: Sequence[_Entry], locale: str, commands: Commands) -> Iterator[str]:
    """What may only be shown as a whole: a heading or an entry."""
    if overview.paused:
        yield say(
            text(
                "I can't start anything new right now. The people who run this bot have been told. What is running "
                "will go on."
            ),
            locale,
        )
    if not entries:
        nothing = text("You haven't made anything yet. Start with /character create, or see /help.")
        yield say(nothing, locale, commands)
    running = len(overview.unfinished)
    parts = ((text("**Running or waiting**"), entries[:running]), (text("**Done**"), entries[running:]))
    begun = overview.paused
    for heading, part in parts:
        if part:
            yield ("\n" if begun else "") + say(heading, locale)
            yield from (entry.lines for entry in part)
            begun = True


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


def _buttons(owner_id: int, entries: Sequence[_Entry], locale: str) -> Iterator[DurableButton]:
    for entry in entries:
        for action, label in entry.actions:
            yield action(entry.job_id, owner_id, say(label, locale), in_list=True)


def _entry(number: int, job: Job, now: datetime, locale: str, commands: Commands) -> _Entry:
    at = job.finished_at or job.created_at
    lines = text(  # the dot is escaped: these are no Markdown lists, which would be set differently from each other
        "{number}\\. **{what}** ({range}) · <t:{at}:R>\n{state}",
        number=number,
        what=_what(job),
        range=_range(job),
        at=int(at.timestamp()),
        state=_state(job),
    )
    return _Entry(job.id, say(lines, locale, commands), tuple(_actions(number, job, now)))


def _range(job: Job) -> Text | str:
    if isinstance(job.request, PreviewRequest):
        return text("a preview")
    return job.request.range.people if job.request.range else text("seconds not picked yet")


def _what(job: Job) -> str:
    if isinstance(job.request, CharacterRequest) and job.request.name:
        return job.request.name
    if job.result and job.result.characters:
        return job.result.characters[0].display_name
    source = job.request.source
    if isinstance(source, Attachment):
        return source.filename
    # As it is written: letters that only look like those of another host are not shown as them.
    return URL(source.url).raw_host or "" if isinstance(source, Link) else source.task_id


def _state(job: Job) -> Text:
    if job.outcome is Outcome.UNKNOWN:
        return job.failure or text("I don't know how this ended. It may have been charged.")
    if job.outcome is Outcome.FAILED:
        return job.failure or text("Failed")
    if job.outcome is Outcome.CANCELLED:
        return text("Cancelled. Nothing was charged.")
    if job.outcome is Outcome.SUCCEEDED and job.step is Step.DONE:
        return text("Done, but I couldn't show you the result") if job.undelivered else text("Done")
    if job.step is Step.WATCH:
        return text("Making the character: {percent} %", percent=job.progress)
    if job.step is Step.CHOOSE:
        return text("Looking for the best seconds") if job.kind is JobKind.PREVIEW else _asked(job.question)
    return _STATES[job.step]


def _asked(question: Question | None) -> Text:
    if question is Question.SECONDS:
        return text("Waiting for you: which seconds?")
    if question is Question.CONCERNS:
        return text("Waiting for you: these seconds may not work well. Use them anyway?")
    if question is Question.SAME_AGAIN:
        return text("Waiting for you: you asked for the same seconds a moment ago. Make another?")
    return text("Waiting for you: do you have permission to use the person in the clip?")


def _actions(number: int, job: Job, now: datetime) -> Iterator[_Action]:
    if job.step is Step.CHOOSE and job.kind is not JobKind.PREVIEW:
        yield from _answers(number, job.question)
    if job.may_be_cancelled:
        yield CancelJob, text("Cancel {number}", number=number)
    if job.outcome is Outcome.UNKNOWN and job.step is Step.DONE:
        if job.task_id is not None:
            yield CheckAgain, text("Check {number} again", number=number)
        elif _still_here(job, now):
            yield SendAgain, text("Send {number} again", number=number)
    if job.undelivered:
        yield ShowResult, text("Show {number}", number=number)


def _answers(number: int, question: Question | None) -> Iterator[_Action]:
    if question is Question.CONSENT:
        yield GiveConsent, text("Yes to {number}", number=number)
    if question is Question.CONCERNS:
        yield UseAnyway, text("Use {number} anyway", number=number)
    if question in {Question.SECONDS, Question.CONCERNS}:
        yield PickSeconds, text("Pick seconds for {number}", number=number)
    if question is Question.SAME_AGAIN:
        yield MakeAnother, text("Make {number} again", number=number)


def _still_here(job: Job, now: datetime) -> bool:
    """The clip of an unclear submission is kept for a limited time."""
    return job.finished_at is None or now - job.finished_at < limits.VIDEO_KEPT


def _standing(overview: Overview) -> Iterator[tuple[Text, Text]]:
    """Name and value of each field."""
    yield text("Today (UTC)"), _quota(overview)
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
    if not overview.day_limit:
        return text("{used}", used=overview.used_today)
    return text("{used} of {limit}", used=overview.used_today, limit=overview.day_limit)
