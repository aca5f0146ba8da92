"""Renders the picker: a video as a filmstrip, with a button for each of its best seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import discord

from bot.chat.card import BLUE, AttachedFile, Card, Entry
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import (
    PREVIEWED,
    CancelJob,
    OtherPreviewSeconds,
    OtherSeconds,
    UsePreview,
    UseSeconds,
    WatchSeconds,
)
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import MessageContent
from bot.chat.render_findings import LOW_RESOLUTION, in_common, told_apart, used_sound
from bot.chat.render_price import cost_of_previewed, not_charged_yet
from bot.jobs.video_inspection import problem_with
from bot.texts import Text, listed, render, text
from bot.values.job import CharacterRequest, Job, JobKind, PreviewRequest
from bot.values.video import BestSeconds, NothingToSuggest

_STRIP = "filmstrip.webp"


def render_picker(job: Job, picture: bytes | None, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """Lets the owner of ``job`` pick seconds; ``picture`` is the filmstrip. Those of a preview start a character.

    It says so while the bot is still looking for the best seconds; other seconds can be entered in the meantime.
    """
    preview = job.kind is JobKind.PREVIEW
    title = text("A look at this video") if preview else text("Which seconds show the character best?")
    alt = render(text("The video as a strip of pictures. The suggested seconds are marked with their numbers."), locale)
    card = Card(
        colour=BLUE,
        title=say(title, locale),
        description="\n".join(say(line, locale, commands) for line in _above(job)),
        media=() if picture is None else (AttachedFile(_STRIP, picture, alt),),
        entries=(*_suggestions(job, locale), *_below(job, locale, commands)),
    )
    return MessageContent(card=card, buttons=tuple(_buttons(job, locale)))


def _above(job: Job) -> Iterator[Text]:
    if isinstance(job.request, CharacterRequest) and job.request.typed:
        problem = problem_with(job.request.typed, job.seen.facts)
        if problem is not None:
            yield problem
    best = job.seen.best
    if best is None:
        yield text("Looking for the best seconds…")
    elif best.failed:
        yield text("I couldn't look for the best seconds in this video. Pick them yourself.")
    elif not best.suggestions:
        yield _NOTHING[best.nothing]
    elif not best.any_good:
        yield text("No great match. Closest:")


def _below(job: Job, locale: str, commands: Commands) -> Iterator[Entry]:
    best, lines = job.seen.best, list[Text]()
    if best is not None:
        lines += [*_shared(best), *_cautions(job, best)]
    if isinstance(job.request, PreviewRequest):
        lines.append(
            text("Previews are free. To make a character from this video, pick its seconds here within a day.")
        )
        if (cost := cost_of_previewed(job.request)) is not None:
            lines.append(cost)
    else:
        lines.append(not_charged_yet(job))
    yield Entry(words="\n".join(say(line, locale, commands) for line in lines))


_NOTHING: Mapping[NothingToSuggest | None, Text] = {
    None: text("No seconds stand out. Enter the ones that show the character best."),
    NothingToSuggest.TOO_SHORT: text(
        "I can't suggest any seconds: there's a cut in every second of this video. Enter the ones that show the "
        "character best."
    ),
    NothingToSuggest.BLACK: text("I can't suggest any seconds: this video is black. Cancel, and use another video."),
    NothingToSuggest.CARD: text(
        "I can't suggest any seconds: I see only titles, logos or empty pictures in this video. If your character "
        "is in it, enter the seconds."
    ),
}


def _suggestions(job: Job, locale: str) -> Iterator[Entry]:
    """Each with a button that uses it at once."""
    suggestions = job.seen.best.suggestions if job.seen.best else ()
    takes = UsePreview if job.kind is JobKind.PREVIEW else UseSeconds
    each_has = told_apart(suggestions)
    for number, (suggestion, words) in enumerate(zip(suggestions, each_has, strict=True), start=1):
        told = text(
            "**{number}** · {range} · {words}", number=number, range=suggestion.range.people, words=listed(words)
        )
        style = discord.ButtonStyle.success if number == 1 else discord.ButtonStyle.primary
        use = say(text("Use {number}", number=number), locale)
        yield Entry(words=say(told, locale), button=takes(job.id, suggestion.range.provider, job.owner_id, use, style))


def _shared(best: BestSeconds) -> Iterator[Text]:
    all_have = in_common(best.suggestions)
    if all_have:
        said = listed(all_have)
        both = len(best.suggestions) == 2
        yield text("In both: {words}.", words=said) if both else text("In all of them: {words}.", words=said)


def _cautions(job: Job, best: BestSeconds) -> Iterator[Text]:
    if job.seen.facts is not None and job.seen.facts.low_resolution:
        yield LOW_RESOLUTION
    if (sound := used_sound(job.seen.facts)) is not None:
        yield sound
    if best.sampled:
        yield text("This is a long video, so I only looked at parts of it.")
    if best.suggestions and not best.faces:
        yield text("I couldn't look for faces, because this bot runs without its face model.")


def _buttons(job: Job, locale: str) -> Iterator[DurableButton]:
    """Everything besides using a suggestion; another button shows one first."""
    other = say(text("Other seconds…"), locale)
    suggestions = job.seen.best.suggestions if job.seen.best else ()
    how = PREVIEWED if job.kind is JobKind.PREVIEW else "suggested"
    for number, suggestion in enumerate(suggestions, start=1):
        label = say(text("Watch {number}", number=number), locale)
        yield WatchSeconds(how, job.id, suggestion.range.provider, job.owner_id, label).on_row(0)
    if job.kind is JobKind.PREVIEW:
        if job.seen.best is not None:
            yield OtherPreviewSeconds(job.id, job.owner_id, other).on_row(1)
        return
    yield OtherSeconds(job.id, job.owner_id, other).on_row(1)
    yield CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)).on_row(1)
