"""Renders a job's question to its owner before anything is submitted, with the answers as buttons."""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.chat.card import AMBER, Card
from bot.chat.durable_items import DurableButton
from bot.chat.job_buttons import CancelJob, GiveConsent, JobButton, MakeAnother, TypeJobName, UseOfferedName
from bot.chat.markdown import PLAIN, Commands, say
from bot.chat.message import MessageContent
from bot.chat.render_concerns import render_concerns
from bot.chat.render_price import not_charged_yet
from bot.texts import Text, text
from bot.values.job import Job, Question


def render_question(
    job: Job, question: Question, locale: str, commands: Commands = PLAIN, picture: bytes | None = None
) -> MessageContent:
    """The question of ``job`` to its owner, with the answers as buttons. Nothing has been submitted yet.

    ``picture`` (WebP) shows the seconds in question.
    """
    if question is Question.NAME:
        return _name_taken(job, locale)
    if question is Question.CONCERNS:
        return render_concerns(job, picture, locale, commands)
    asks = _QUESTIONS[question]
    if question is Question.CONSENT and job.character.of_others:
        asks = _CONSENT_FOR_ANOTHERS
    if question is Question.SAME_AGAIN and job.character.model is None:
        asks = _SAME_AGAIN_FREE
    lines = [say(asks.question, locale, commands), say(not_charged_yet(job), locale)]
    buttons = [asks.button(job.id, job.owner_id, say(asks.yes, locale), discord.ButtonStyle.success)]
    buttons.append(CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)))
    card = Card(colour=AMBER, title=say(asks.title, locale), description="\n".join(lines))
    return MessageContent(card=card, buttons=tuple(buttons))


def _name_taken(job: Job, locale: str) -> MessageContent:
    use = say(text("Use “{name}”", name=job.character.offered), locale)
    buttons = (
        UseOfferedName(job.id, job.owner_id, use, discord.ButtonStyle.success),
        TypeJobName(job.id, job.owner_id, say(text("Another name…"), locale)),
        CancelJob(job.id, job.owner_id, say(text("Cancel"), locale)),
    )
    return render_name_taken(job.character.name or "", buttons, locale)


def render_name_taken(name: str, buttons: tuple[DurableButton, ...], locale: str) -> MessageContent:
    """Asks for another name for a character, because another one of its owner's has the ``name``."""
    asks = text("You already have a character called “{name}”. What should I call this one?", name=name)
    card = Card(colour=AMBER, title=say(text("That name is taken"), locale), description=say(asks, locale))
    return MessageContent(card=card, buttons=buttons)


@dataclass(frozen=True, slots=True)
class _Asks:
    title: Text
    question: Text
    yes: Text
    button: type[JobButton]


_QUESTIONS = {
    Question.CONSENT: _Asks(
        text("Before your first character"),
        text(
            "A character can be put into any video. Continue only if the person in this clip is you, someone who gave "
            "you permission, or a made-up character. I'll ask you this only once."
        ),
        text("Yes, I have permission"),
        GiveConsent,
    ),
    Question.SAME_AGAIN: _Asks(
        text("Make this one again?"),
        text(
            "You asked for the same seconds of this clip a few minutes ago: see /tasks. A second character costs "
            "as much again."
        ),
        text("Make another"),
        MakeAnother,
    ),
}


_SAME_AGAIN_FREE = _Asks(
    text("Make this one again?"),
    text("You asked for the same seconds of this clip a few minutes ago: see /tasks."),
    text("Make another"),
    MakeAnother,
)

_CONSENT_FOR_ANOTHERS = _Asks(
    text("Somebody else posted this video"),
    text(
        "A character can be put into any video. Continue only if the person in this clip gave you permission, or is "
        "made up. I ask this for every video that someone else posted."
    ),
    text("Yes, I have permission"),
    GiveConsent,
)
