"""What speaks against the seconds that somebody chose, before anything is paid. Pure rendering."""

from __future__ import annotations

import discord

from bot.chat.buttons import CancelJob, PickSeconds, UseAnyway
from bot.chat.card import AMBER, AttachedFile, Card
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import MessageContent
from bot.chat.render_findings import concerns
from bot.chat.render_price import not_charged_yet
from bot.texts import render, text
from bot.values.job import Job
from bot.values.video import Concern

_STRIP = "seconds.webp"


def render_doubts(job: Job, picture: bytes | None, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """Asks whether to use the chosen seconds all the same; ``picture`` (WebP) shows them. The safe button leads."""
    found = job.seen.findings.concerns if job.seen.findings is not None else ()
    if job.seen.best is not None:  # then the picker has said that
        found = tuple(concern for concern in found if concern is not Concern.LOW_RESOLUTION)
    said = [say(told, locale) for told in concerns(found)]
    lines = said if len(said) == 1 else [f"• {each}" for each in said]
    asked = text("ToAPIs may find no character in these seconds, or make a poor one, and still charge for it.")
    if job.character.model is None:
        asked = text("Video models may not recognise the character from these seconds.")
    lines += [say(asked, locale, commands), say(not_charged_yet(job), locale)]
    chosen = job.character.range
    title = text("Use these seconds anyway?")
    if chosen is not None:
        title = text("Use {range} anyway?", range=chosen.people)
    alt = render(text("Pictures from the seconds you chose"), locale)
    card = Card(
        colour=AMBER,
        title=say(title, locale),
        description="\n".join(lines),
        media=() if picture is None else (AttachedFile(_STRIP, picture, alt),),
    )
    buttons = (
        PickSeconds(job.id, job.owner_id, say(text("Pick other seconds"), locale), discord.ButtonStyle.primary),
        UseAnyway(job.id, job.owner_id, say(text("Use anyway"), locale)),
        CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)),
    )
    return MessageContent(card=card, buttons=buttons)
