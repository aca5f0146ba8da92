"""Renders some seconds as an animated picture, with buttons that shift them before they are used."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.chat.card import BLUE, AttachedFile, Card
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import CancelJob, PickSeconds, UsePreview, UseSeconds, WatchSeconds
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.chat.render_findings import in_full
from bot.chat.render_price import cost_of_previewed, not_charged_yet
from bot.texts import Text, render, text
from bot.values.job import Job, JobKind, PreviewRequest
from bot.values.range_adjustment import RangeAdjustment, adjusted
from bot.values.time_range import TimeRange
from bot.values.video import Suggestion

_LABELS = {
    RangeAdjustment.EARLIER: text("0.5 s earlier"),
    RangeAdjustment.LATER: text("0.5 s later"),
    RangeAdjustment.SHORTER: text("Shorter"),
    RangeAdjustment.LONGER: text("Longer"),
}


def render_closer_look(job: Job, seconds: TimeRange, moving: bytes, locale: str) -> MessageContent:
    """``seconds`` of the video of ``job``, which waits for its owner to pick some; ``moving`` is an animated WebP."""
    alt = render(text("A moving preview of {range}", range=seconds.people), locale)
    file = AttachedFile(f"seconds-{seconds.start}-{seconds.end}.webp", moving, alt)
    title = text("{range} ({length} s)", range=seconds.people, length=float(seconds.seconds))
    lines = "\n".join(say(line, locale) for line in _lines(job, seconds))
    card = Card(colour=BLUE, title=say(title, locale), description=lines, media=(file,))
    return MessageContent(card=card, buttons=tuple(_buttons(job, seconds, locale)))


def _lines(job: Job, seconds: TimeRange) -> Iterator[Text]:
    suggestion = suggested(job, seconds)
    if suggestion is not None:
        yield text("Suggested: {words}.", words=in_full(suggestion))
    yield text("This preview has no sound. The voice in these seconds becomes part of the character.")
    if not isinstance(job.request, PreviewRequest):
        yield not_charged_yet(job)
    elif (cost := cost_of_previewed(job.request)) is not None:
        yield cost


def suggested(job: Job, seconds: TimeRange) -> Suggestion | None:
    """The suggestion of exactly these seconds."""
    best = job.seen.best.suggestions if job.seen.best else ()
    return next((each for each in best if each.range == seconds), None)


def _buttons(job: Job, seconds: TimeRange, locale: str) -> Iterator[DurableButton]:
    use = say(text("Use these"), locale)
    takes = UsePreview if job.kind is JobKind.PREVIEW else UseSeconds
    yield takes(job.id, seconds.provider, job.owner_id, use, discord.ButtonStyle.success).on_row(0)
    if job.kind is not JobKind.PREVIEW:  # a preview's card stays as it is, above
        yield PickSeconds(job.id, job.owner_id, say(text("Back to all"), locale)).on_row(0)
        yield CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)).on_row(0)
    length = job.seen.facts.seconds if job.seen.facts is not None else float(seconds.end)
    for adjustment, label in _LABELS.items():
        after = adjusted(seconds, adjustment, length)
        yield WatchSeconds(
            adjustment.value,
            job.id,
            (after or seconds).provider,
            job.owner_id,
            say(label, locale),
            disabled=after is None,
        ).on_row(1)
