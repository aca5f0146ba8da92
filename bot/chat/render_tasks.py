"""/tasks: the list of what runs, what waits, what is done and what failed; and one job of it. Pure rendering."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

import discord
from yarl import URL

from bot import limits, texts
from bot.chat.buttons import (
    BackToTasks,
    CancelJob,
    CheckAgain,
    GiveConsent,
    JobButton,
    MakeAnother,
    PickSeconds,
    RetryJob,
    SendAgain,
    ShowCharacter,
    ShowResult,
    TypeJobName,
    UseAnyway,
    UseOfferedName,
)
from bot.chat.durable_items import DurableButton
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import AMBER, BLUE, GREEN, RED, MessageContent
from bot.chat.render_price import price_of
from bot.chat.selects import OpenJob
from bot.chat.video_buttons import ShowVideo
from bot.jobs.overview import Overview
from bot.texts import Text, text
from bot.values.job import (
    CharacterRequest,
    CharacterResult,
    Job,
    JobKind,
    Outcome,
    PreviewRequest,
    Question,
    Step,
    VideoRequest,
    VideoResult,
)
from bot.values.source import Attachment, EarlierTask, Link, StoredVideo

_MB = 1024 * 1024
_REASON = 90  # characters of a reason in the list; the whole of it is in the opened job

_Action: TypeAlias = tuple[type[JobButton], Text]

_STATES = {
    Step.PREPARE: text("Fetching the video"),
    Step.SUBMIT: text("Sending the clip to ToAPIs"),
    Step.COLLECT: text("Saving the result"),
    Step.DELIVER: text("Delivering the result"),
}
_VIDEO_STATES = {
    Step.PREPARE: text("Looking through your cast"),
    Step.SUBMIT: text("Sending your characters to ToAPIs"),
}
_ASKED = {
    Question.SECONDS: text("Which seconds?"),
    Question.CONCERNS: text("These seconds may not work well. Use them anyway?"),
    Question.SAME_AGAIN: text("You asked for the same seconds a moment ago. Make another?"),
    Question.NAME: text("You already have a character of that name. What should I call this one?"),
    Question.CONSENT: text("Do you have permission to use the person in the clip?"),
}


# -- the list --------------------------------------------------------------------------------------------------------


def render_tasks(
    owner_id: int, overview: Overview, now: datetime, locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """All jobs of one owner, a line each, in four sections; those that run are the oldest first, the others the newest.

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
    footer = text("Your cast is in /character list, your videos are in /video list. /help says how to make more.")
    embed.set_footer(text=say(footer, locale))
    entries = [(job.id, _what(job), _said(_status(job, overview), locale)) for job in jobs]
    menu = OpenJob(owner_id, say(text("Open one…"), locale), entries)
    return MessageContent(embeds=(embed,), menus=(menu,), buttons=_only_buttons(jobs, now, locale))


def _only_buttons(jobs: Sequence[Job], now: datetime, locale: str) -> tuple[DurableButton, ...]:
    """Where something can be done with one of the jobs alone, that needs no opening. A second try is no hurry."""
    usable = {job.id: {action for action, _ in _actions(job, now)} for job in jobs}
    wanted = [job for job in jobs if usable[job.id] - {RetryJob}] or [job for job in jobs if usable[job.id]]
    return _buttons(wanted[0], now, locale) if len(wanted) == 1 else ()


def _buttons(job: Job, now: datetime, locale: str) -> tuple[DurableButton, ...]:
    return tuple(action(job.id, job.owner_id, say(label, locale), in_list=True) for action, label in _actions(job, now))


def is_under_way(overview: Overview) -> bool:
    """Whether something in the list changes by itself."""
    return any(not _waits_for_owner(job) for job in overview.unfinished)


def _sections(overview: Overview) -> list[tuple[Text, Sequence[Job]]]:
    """The heading and the jobs of each section that has any."""
    ended = overview.finished
    failed = [job for job in ended if job.outcome is not Outcome.SUCCEEDED]
    cancelled = any(job.outcome is Outcome.CANCELLED for job in failed)
    sections: list[tuple[Text, Sequence[Job]]] = [
        (text("Running"), [job for job in overview.unfinished if not _waits_for_owner(job)]),
        (text("Waiting for you"), [job for job in reversed(overview.unfinished) if _waits_for_owner(job)]),
        (text("Finished"), [job for job in ended if job.outcome is Outcome.SUCCEEDED]),
        (text("Failed or cancelled") if cancelled else text("Failed"), failed),
    ]
    return [section for section in sections if section[1]]


def _waits_for_owner(job: Job) -> bool:
    return job.step is Step.CHOOSE and job.kind is not JobKind.PREVIEW


def _blocks(
    overview: Overview, sections: Sequence[tuple[Text, Sequence[Job]]], locale: str, commands: Commands
) -> Iterator[str]:
    """What may only be shown as a whole: a heading or an entry."""
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
    "I can't start anything new right now. The people who run this bot have been told. What is running will go on."
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
    what, state = _what(job), _status(job, overview)
    if job.step is Step.DONE:
        at = int((job.finished_at or job.created_at).timestamp())
        if job.outcome is Outcome.SUCCEEDED and not job.undelivered:
            return text("{what} ({range}) · <t:{at}:R>", what=what, range=_range(job), at=at)
        return text("{what} · {state} · <t:{at}:R>", what=what, state=_said(state, locale), at=at)
    if _waits_for_owner(job) or job.waits_in_line:
        return text("{what} · {state}", what=what, state=state)
    if job.submit_started_at is not None:
        at = int(job.submit_started_at.timestamp())
        return text("{what} · {state} · started <t:{at}:R>", what=what, state=state, at=at)
    at = int(job.created_at.timestamp())
    return text("{what} · {state} · asked for <t:{at}:R>", what=what, state=state, at=at)


def _said(state: Text, locale: str) -> str:
    """The first sentence of ``state``, in one short line."""
    first, _, more = texts.render(state, locale).partition(". ")
    return plain(first if more else first.removesuffix("."), _REASON)


def _range(job: Job) -> Text | str:
    if isinstance(job.request, PreviewRequest):
        return text("a preview")
    if isinstance(job.request, VideoRequest):
        return text("a video")
    return job.request.range.people if job.request.range else text("seconds not picked yet")


def _what(job: Job) -> str:
    if isinstance(job.request, CharacterRequest) and job.request.name:
        return job.request.name
    if isinstance(job.request, VideoRequest):
        return plain(job.request.prompt, limits.OPTION_LABEL)
    if isinstance(job.result, CharacterResult) and job.result.characters:
        return job.result.characters[0].display_name
    source = job.request.source
    if isinstance(source, Attachment):
        return source.filename
    # As it is written: letters that only look like those of another host are not shown as them.
    if isinstance(source, Link):
        return URL(source.url).raw_host or ""
    if isinstance(source, StoredVideo):
        return texts.render(text("A character of your video"))
    return source.task_id if isinstance(source, EarlierTask) else ""  # a character of the cast has a name


def _status(job: Job, overview: Overview) -> Text:
    """How the job stands, in a few words; of one that failed, why."""
    if job.outcome is Outcome.UNKNOWN:
        return job.failure or text("I don't know how this ended. It may have been charged.")
    if job.outcome is Outcome.FAILED:
        return job.failure or text("I couldn't make it.")
    if job.outcome is Outcome.CANCELLED:
        return job.failure or text("Cancelled")
    if job.step is Step.DONE:
        return text("Made, but I couldn't show you the result") if job.undelivered else text("Made")
    if job.waits_in_line:
        return overview.in_line.get(job.id) or text("Waiting for a free place")
    if job.step is Step.WATCH:
        if job.kind is JobKind.VIDEO:
            return text("Making the video: {percent} %", percent=job.progress)
        return text("Making the character: {percent} %", percent=job.progress)
    if job.step is Step.CHOOSE:
        if job.kind is JobKind.PREVIEW:
            return text("Looking for the best seconds")
        return _ASKED[job.question or Question.CONSENT]
    return _VIDEO_STATES.get(job.step, _STATES[job.step]) if job.kind is JobKind.VIDEO else _STATES[job.step]


# -- one job ---------------------------------------------------------------------------------------------------------


def render_task(job: Job, overview: Overview, now: datetime, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """One job of the list: all there is to say about it, what can be done with it, and the way back to the list."""
    embed = discord.Embed(
        title=escape(plain(_what(job), limits.EMBED_TITLE // 2 - 1)),
        description=say(_status(job, overview), locale, commands),
        colour=_colour(job),
    )
    for name, value in _facts(job):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    embed.set_footer(text=say(text("Job {id}", id=job.id), locale))
    buttons: list[DurableButton] = [*_buttons(job, now, locale)]
    made = job.result.character_id if isinstance(job.result, CharacterResult) else None
    if made is not None and not job.undelivered:
        buttons.append(ShowCharacter(made, job.owner_id, say(text("Show the character"), locale)))
    film = job.result.video_id if isinstance(job.result, VideoResult) else None
    if film is not None and not job.undelivered:
        buttons.append(ShowVideo(film, job.owner_id, say(text("Show the video"), locale)))
    buttons.append(BackToTasks(job.owner_id, say(text("Back to the list"), locale)))
    return MessageContent(embeds=(embed,), buttons=tuple(buttons))


def _colour(job: Job) -> discord.Colour:
    if job.outcome is Outcome.SUCCEEDED:
        return GREEN
    if job.outcome is Outcome.FAILED:
        return RED
    return AMBER if job.outcome is Outcome.UNKNOWN or _waits_for_owner(job) else BLUE


def _facts(job: Job) -> Iterator[tuple[Text, Text]]:
    """Name and value of each field."""
    if isinstance(job.request, CharacterRequest):
        if job.request.range is not None:
            yield text("Seconds"), text("{range}", range=job.request.range.people)
        yield text("Model"), text("{model}", model=job.request.model) if job.request.model else text("None: portable")
    if isinstance(job.request, VideoRequest):
        yield text("Characters"), text("{names}", names=", ".join(role.name for role in job.request.cast))
        if job.request.model is not None:
            yield text("Model"), text("{model}", model=job.request.model)
    if (cost := price_of(job)) is not None:
        yield cost
    yield text("Asked for"), _when(job.created_at)
    if job.submit_started_at is not None:
        yield text("Started"), _when(job.submit_started_at)
    if job.finished_at is not None:
        yield text("Ended"), _when(job.finished_at)


def _when(at: datetime) -> Text:
    return text("<t:{at}:R>", at=int(at.timestamp()))


def _actions(job: Job, now: datetime) -> Iterator[_Action]:
    if _waits_for_owner(job):
        yield from _answers(job)
    if job.may_be_cancelled:
        yield CancelJob, text("Cancel")
    if job.outcome is Outcome.UNKNOWN and job.step is Step.DONE:
        if job.task_id is not None:
            yield CheckAgain, text("Check again")
        elif _still_here(job, now):
            yield SendAgain, text("Send again")
    if job.undelivered:
        yield ShowResult, text("Show the result")
    if job.may_be_retried(now):
        yield RetryJob, text("Try again")


def _answers(job: Job) -> Iterator[_Action]:
    question = job.question
    if question is Question.CONSENT:
        yield GiveConsent, text("Yes, I have permission")
    if question is Question.NAME:
        yield UseOfferedName, text("Use “{name}”", name=job.character.offered)
        yield TypeJobName, text("Another name…")
    if question in {Question.SECONDS, Question.CONCERNS}:
        yield PickSeconds, text("Pick seconds")
    if question is Question.CONCERNS:
        yield UseAnyway, text("Use anyway")
    if question is Question.SAME_AGAIN:
        yield MakeAnother, text("Make another")


def _still_here(job: Job, now: datetime) -> bool:
    """The clip of an unclear submission is kept for a limited time."""
    return job.finished_at is None or now - job.finished_at < limits.VIDEO_KEPT


def _standing(overview: Overview) -> Iterator[tuple[Text, Text]]:
    """Name and value of each field."""
    yield text("Today (UTC)"), _quota(overview)
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
    today, month = (f"{each.normalize():f}" for each in (overview.credits_today, overview.credits_this_month))
    if overview.credits_limit:
        return text(
            "{today} of {limit} today, {month} this month", today=today, limit=overview.credits_limit, month=month
        )
    return text("{today} today, {month} this month", today=today, month=month)
