"""Renders concerns about the chosen seconds, before anything is paid."""

from __future__ import annotations

from collections.abc import Iterator

import discord

from bot.chat.card import AMBER, AttachedFile, Card
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import CancelJob, MakeLouder, PickSeconds, UseAnyway
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import MessageContent
from bot.chat.render_findings import concerns
from bot.chat.render_price import not_charged_yet
from bot.texts import render, text
from bot.values.job import Job
from bot.values.video import Concern

_STRIP = "seconds.webp"


def render_concerns(job: Job, picture: bytes | None, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """Asks whether to use the chosen seconds anyway; ``picture`` (WebP) shows them. The safe button comes first."""
    found = job.seen.findings.concerns if job.seen.findings is not None else ()
    if job.seen.best is not None:  # then the picker has said that
        found = tuple(concern for concern in found if concern is not Concern.LOW_RESOLUTION)
    said = [say(told, locale) for told in concerns(found)]
    lines = said if len(said) == 1 else [f"• {each}" for each in said]
    asked = text("ToAPIs may find no character in these seconds, or make a poor one, and still charge for it.")
    if job.character.model is None:
        asked = text("Video models may not recognise the character from these seconds.")
    grave = () if job.seen.findings is None else job.character.concerns(job.seen.findings)
    quiet = Concern.QUIET in grave
    only_quiet = grave == (Concern.QUIET,)
    if quiet:
        lines.append(say(text("I can make the sound as loud as voices usually are."), locale))
    if not only_quiet:
        lines.append(say(asked, locale, commands))
    lines.append(say(not_charged_yet(job), locale))
    chosen = job.character.range
    title = text("Use these seconds anyway?")
    if only_quiet:
        title = text("Make the sound louder?")
    elif chosen is not None:
        title = text("Use {range} anyway?", range=chosen.people)
    alt = render(text("Pictures from the seconds you chose"), locale)
    card = Card(
        colour=AMBER,
        title=say(title, locale),
        description="\n".join(lines),
        media=() if picture is None else (AttachedFile(_STRIP, picture, alt),),
    )
    return MessageContent(card=card, buttons=tuple(_buttons(job, locale, quiet=quiet, only_quiet=only_quiet)))


def _buttons(job: Job, locale: str, *, quiet: bool, only_quiet: bool) -> Iterator[DurableButton]:
    """The button that leads to the best character comes first."""
    other = say(text("Pick other seconds"), locale)
    if only_quiet:
        louder = say(text("Make it louder"), locale)
        yield MakeLouder(job.id, job.owner_id, louder, discord.ButtonStyle.primary)
        yield UseAnyway(job.id, job.owner_id, say(text("Use it as it is"), locale))
        yield PickSeconds(job.id, job.owner_id, other)
    else:
        yield PickSeconds(job.id, job.owner_id, other, discord.ButtonStyle.primary)
        yield UseAnyway(job.id, job.owner_id, say(text("Use anyway"), locale))
        if quiet:
            yield MakeLouder(job.id, job.owner_id, say(text("Use anyway, and make it louder"), locale))
    yield CancelJob(job.id, job.owner_id, say(text("Cancel"), locale))
