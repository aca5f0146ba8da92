"""What /tasks shows: what runs, what waits, what is done, and what is left of the day. Pure rendering."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import discord
from yarl import URL

from bot import limits
from bot.chat.buttons import DurableButton, button
from bot.chat.card import Card
from bot.chat.wording import say
from bot.jobs.intake import Overview
from bot.texts import Text, text
from bot.values.job import Job, Outcome, Question, Step
from bot.values.source import Attachment, Link

FAMILY = "tasks"  # the same actions as "job", pressed in this list
_COLOUR = discord.Colour(0x3B6EA5)
_MB = 1024 * 1024
_BUTTONS = 25  # five rows of five (Discord: Components, action rows)

_Action: TypeAlias = tuple[str, Text]

_STATES = {
    Step.PREPARE: text("fetching the video"),
    Step.SUBMIT: text("handing it to the provider"),
    Step.COLLECT: text("bringing the result here"),
    Step.DELIVER: text("on its way to you"),
}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One job of the list: its line, and the action and label of each of its buttons."""

    job_id: str
    line: str
    actions: tuple[_Action, ...]


def tasks_card(owner_id: int, overview: Overview, now: datetime, locale: str) -> Card:
    """Everything of one owner's, newest last among the unfinished and first among the finished."""
    entries = [_entry(number, job, now, locale) for number, job in enumerate(_jobs(overview), start=1)]
    running = len(overview.unfinished)
    lines = [*_section(text("**In hand**"), entries[:running], locale)]
    lines += _section(text("**Done**"), entries[running:], locale)
    if not entries:
        lines = [
            say(
                text("Nothing is running, and nothing was made yet. Begin with /character create, or see /help."),
                locale,
            )
        ]
    foot = [say(each, locale) for each in _standing(overview)]
    description = "\n".join([*_fitting(lines, limits.EMBED_DESCRIPTION - len("\n".join(foot)) - 2, locale), "", *foot])
    embed = discord.Embed(title=say(text("Your tasks"), locale), description=description, colour=_COLOUR)
    return Card(embeds=(embed,), buttons=tuple(_buttons(owner_id, entries, locale))[:_BUTTONS])


def _jobs(overview: Overview) -> Iterator[Job]:
    yield from overview.unfinished
    yield from overview.finished


def _section(heading: Text, entries: Iterable[_Entry], locale: str) -> list[str]:
    lines = [entry.line for entry in entries]
    return [say(heading, locale), *lines] if lines else []


def _fitting(lines: list[str], room: int, locale: str) -> list[str]:
    """As many whole lines as ``room`` characters hold."""
    more = say(text("… and more, which I will show when these are done."), locale)
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < len(more):
            return [*kept, more]
        kept.append(line)
    return kept


def _buttons(owner_id: int, entries: Iterable[_Entry], locale: str) -> Iterator[DurableButton]:
    for entry in entries:
        for action, label in entry.actions:
            yield button(FAMILY, action, entry.job_id, owner_id, say(label, locale))


def _entry(number: int, job: Job, now: datetime, locale: str) -> _Entry:
    at = job.finished_at or job.created_at
    line = text(
        "{number}. **{what}** ({range}): {state} · <t:{at}:R>",
        number=number,
        what=_what(job),
        range=job.request.range.people,
        state=_state(job),
        at=int(at.timestamp()),
    )
    return _Entry(job.id, say(line, locale), tuple(_actions(number, job, now)))


def _what(job: Job) -> str:
    if job.result and job.result.characters:
        return job.request.name or job.result.characters[0].display_name
    source = job.request.source
    if job.request.name:
        return job.request.name
    if isinstance(source, Attachment):
        return source.filename
    return URL(source.url).host or "" if isinstance(source, Link) else source.task_id


def _state(job: Job) -> Text:
    if job.outcome is Outcome.UNKNOWN:
        return job.failure or text("it is not known how it ended, so it may have been charged")
    if job.outcome is Outcome.FAILED:
        return job.failure or text("failed")
    if job.outcome is Outcome.CANCELLED:
        return text("cancelled, nothing was charged")
    if job.outcome is Outcome.SUCCEEDED and job.step is Step.DONE:
        return text("done, but it could not be shown to you") if job.undelivered else text("done")
    if job.step is Step.WATCH:
        return text("being made, {percent} %", percent=job.progress)
    if job.step is Step.CHOOSE:
        return _asked(job.question)
    return _STATES[job.step]


def _asked(question: Question | None) -> Text:
    if question is Question.SAME_AGAIN:
        return text("waits for you: the same clip and seconds were asked for a moment ago. Make another?")
    return text("waits for you: is it you, do you have their permission, or is it nobody real?")


def _actions(number: int, job: Job, now: datetime) -> Iterator[_Action]:
    if job.step is Step.CHOOSE and job.question is Question.CONSENT:
        yield "consent", text("Yes to {number}", number=number)
    if job.step is Step.CHOOSE and job.question is Question.SAME_AGAIN:
        yield "again", text("Make {number} again", number=number)
    if job.may_be_cancelled:
        yield "cancel", text("Cancel {number}", number=number)
    if job.outcome is Outcome.UNKNOWN and job.step is Step.DONE:
        if job.task_id is not None:
            yield "recheck", text("Check {number} again", number=number)
        elif _still_here(job, now):
            yield "resend", text("Send {number} again", number=number)
    if job.undelivered:
        yield "show", text("Show {number}", number=number)


def _still_here(job: Job, now: datetime) -> bool:
    """The clip of an unclear submission is kept for a while only."""
    return job.finished_at is None or now - job.finished_at < limits.RESEND_WINDOW


def _standing(overview: Overview) -> Iterator[Text]:
    if overview.paused:
        yield text("Nothing new can be made at the moment; whoever runs the bot has been told. What runs goes on.")
    yield _quota(overview)
    if overview.running_limit:
        yield text("Running: {running} of {limit}.", running=overview.running, limit=overview.running_limit)
    else:
        yield text("Running: {running}.", running=overview.running)
    used = -(-overview.disk_used // _MB)
    if overview.disk_limit:
        yield text("Files: {used} of {limit} MB.", used=used, limit=overview.disk_limit // _MB)
    else:
        yield text("Files: {used} MB.", used=used)


def _quota(overview: Overview) -> Text:
    if not overview.day_limit:
        return text("Today: {used} made.", used=overview.used_today)
    return text(
        "Today (until midnight UTC): {used} of {limit} used, {left} left.",
        used=overview.used_today,
        limit=overview.day_limit,
        left=max(0, overview.day_limit - overview.used_today),
    )
