"""Renders one opened job of /tasks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import discord

from bot import limits
from bot.chat.buttons import ShowCharacter
from bot.chat.card import AMBER, BLUE, GREEN, RED
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import BackToTasks
from bot.chat.markdown import PLAIN, Commands, escape, plain, say
from bot.chat.message import MessageContent
from bot.chat.render_price import price_of
from bot.chat.task_status import buttons_of, status_of, subject_of, waits_for_owner
from bot.chat.video_buttons import ShowVideo
from bot.jobs.overview import Overview
from bot.texts import Text, listed, text
from bot.values.job import CharacterRequest, CharacterResult, Job, Outcome, VideoRequest, VideoResult


def render_task(job: Job, overview: Overview, now: datetime, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """One job of the list: all its details, what can be done with it, and the way back to the list."""
    embed = discord.Embed(
        title=escape(plain(subject_of(job, locale), limits.EMBED_TITLE // 2 - 1)),
        description=say(status_of(job, overview), locale, commands),
        colour=_colour(job),
    )
    for name, value in _facts(job):
        embed.add_field(name=say(name, locale), value=say(value, locale))
    embed.set_footer(text=say(text("Job {id}", id=job.id), locale))
    buttons: list[DurableButton] = [*buttons_of(job, now, locale)]
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
    return AMBER if job.outcome is Outcome.UNKNOWN or waits_for_owner(job) else BLUE


def _facts(job: Job) -> Iterator[tuple[Text, Text]]:
    """Name and value of each field."""
    if isinstance(job.request, CharacterRequest):
        if job.request.range is not None:
            yield text("Seconds"), text("{range}", range=job.request.range.people)
        yield text("Model"), text("{model}", model=job.request.model) if job.request.model else text("None: portable")
    if isinstance(job.request, VideoRequest):
        yield text("Characters"), listed(role.name for role in job.request.cast)
        if lent := [role.name for role in job.request.cast if role.loan_id is not None]:
            yield text("Borrowed"), listed(lent)
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
