"""Renders the question to a person who may be shown in a character, and what follows from their answer."""

from __future__ import annotations

from discord import ButtonStyle

from bot.chat.card import AMBER, BLUE, GREEN, AttachedFile, Card
from bot.chat.lending_buttons import SayNo, SayYes, SeeQuestion
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.texts import Text, text
from bot.values.loan import Answer, PersonConsent


def render_person_question(consent: PersonConsent, picture: AttachedFile | None, locale: str) -> MessageContent:
    """The question, or their answer, for that person only. A yes can be withdrawn, a no cannot."""
    its, person = consent.id, consent.person_id
    no = SayNo(its, person, say(text("No, delete it"), locale), ButtonStyle.danger)
    if consent.answer is Answer.NO or consent.name is None:
        gone = text("You said no, so I deleted the character here, with its pictures and clips. I'll tell its owner.")
        if consent.answer is not Answer.NO:
            gone = text("That character is gone: its owner has deleted it.")
        return MessageContent(card=Card(colour=BLUE, description=say(gone, locale)))
    media = () if picture is None else (picture,)
    if consent.answer is Answer.YES:
        said = text(
            "You said yes: <@{owner}> may use “{name}” in videos. If you change your mind, press “No, delete it”.",
            owner=consent.owner_id,
            name=consent.name,
        )
        return MessageContent(card=Card(colour=GREEN, description=say(said, locale), media=media), buttons=(no,))
    asked = text(
        "<@{owner}> made a character from a clip, called it “{name}”, and says that it shows you. With it they can put "
        "you into new videos that never happened. Is that all right with you?",
        owner=consent.owner_id,
        name=consent.name,
    )
    what = text(
        "If you say no, I delete the character here at once, with its pictures and clips. I can't delete what ToAPIs "
        "made from it. Only <@{owner}> sees your answer.",
        owner=consent.owner_id,
    )
    yes = SayYes(its, person, say(text("Yes, that's fine"), locale), ButtonStyle.success)
    card = Card(
        colour=AMBER,
        title=say(text("May this character of you be used?"), locale),
        description=f"{say(asked, locale)}\n{say(what, locale)}",
        media=media,
    )
    return MessageContent(card=card, buttons=(yes, no))


def render_person_call(consent: PersonConsent, locale: str) -> MessageContent:
    """For a channel, if they accept no direct messages: it does not say what is asked."""
    called = text(
        "<@{person}>, <@{owner}> has a question for you. Only you can see it.",
        person=consent.person_id,
        owner=consent.owner_id,
    )
    see = SeeQuestion(consent.id, consent.person_id, say(text("See the question"), locale), ButtonStyle.primary)
    return MessageContent(content=say(called, locale), buttons=(see,), calls=consent.person_id)


def answer_told(consent: PersonConsent, name: str, locale: str) -> MessageContent:
    """What its owner is told."""
    told: Text = text("<@{person}> said yes to “{name}”.", person=consent.person_id, name=name)
    if consent.answer is Answer.NO:
        told = text(
            "<@{person}> said no to “{name}”, so I deleted the character, with its pictures and clips. I can't "
            "delete what ToAPIs made from it, so please don't use it any more.",
            person=consent.person_id,
            name=name,
        )
    return MessageContent(card=Card(colour=BLUE, description=say(told, locale)))
