"""Renders what an import would add, before anything is written, and what it added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from discord import ButtonStyle

from bot import limits
from bot.chat.buttons import BringIn, DropImport
from bot.chat.card import AMBER, BLUE, AttachedFile, Card, Entry, Field
from bot.chat.markdown import PLAIN, Commands, escape, say
from bot.chat.message import MessageContent
from bot.jobs.cast_import import Offer
from bot.texts import Text, listed, ntext, render, text
from bot.values.cast_import import IncomingCharacter
from bot.values.files import ending

_MB = 1024 * 1024
_NAMES_ROOM = 1_200  # of a card's 4,000 characters, for the names of further characters; an escape takes one, too
_LEFT_OUT_SHOWN = 6


def render_offer(offer: Offer, locale: str, commands: Commands = PLAIN) -> MessageContent:
    """The characters that would be added, the first ones with their faces, and both answers as buttons."""
    plan = offer.plan
    title = text("Import these characters?")
    card = Card(
        colour=AMBER,
        title=say(title, locale),
        description="\n\n".join(say(each, locale, commands) for each in _about(offer)),
        entries=tuple(
            _entry(number, its, name, face, locale)
            for number, (its, name, face) in enumerate(zip(plan.characters, offer.names, offer.faces, strict=False))
        ),
        fields=tuple(_further(offer, locale)),
    )
    yes = text("Yes, I have permission") if plan.asks_consent else text("Import")
    buttons = (
        BringIn(offer.id, offer.owner_id, say(yes, locale), ButtonStyle.success),
        DropImport(offer.id, offer.owner_id, say(text("Cancel"), locale)),
    )
    return MessageContent(card=card, buttons=buttons)


def _about(offer: Offer) -> Iterator[Text]:
    plan = offer.plan
    size, used = plan.size / _MB, offer.used / _MB
    if offer.allowed:
        yield ntext(
            "This adds {count} character. Its files take {size} MB; you have used {used} of your {limit} MB.",
            "This adds {count} characters. Their files take {size} MB; you have used {used} of your {limit} MB.",
            count=len(plan.characters),
            size=round(size, 1),
            used=round(used, 1),
            limit=offer.allowed // _MB,
        )
    else:
        yield ntext(
            "This adds {count} character. Its files take {size} MB.",
            "This adds {count} characters. Their files take {size} MB.",
            count=len(plan.characters),
            size=round(size, 1),
        )
    if any(each.without_model for each in plan.characters):
        yield text(
            "ToAPIs' own versions can't be imported, because their IDs work like passwords. Clips and pictures can, "
            "and most video models need nothing else."
        )
    if plan.asks_consent:
        yield text(
            "A character can be put into any video. Continue only if the people in these clips are you, gave you "
            "permission, or are made up."
        )


def _entry(number: int, its: IncomingCharacter, name: str, face: bytes | None, locale: str) -> Entry:
    told = [say(_kind(its), locale)]
    if name != its.name:
        told.append(say(text("You have a “{name}” already, so this one gets a number.", name=its.name), locale))
    if its.lost:
        lost = ntext(
            "{count} of its files can't be used and will be skipped.",
            "{count} of its files can't be used and will be skipped.",
            count=its.lost,
        )
        told.append(say(lost, locale))
    picture = None
    if face is not None and its.picture is not None:
        alt = render(text("The character {name}", name=name), locale)
        picture = AttachedFile(f"incoming-{number}.{ending(its.picture.mime, unknown='png')}", face, alt)
    return Entry(words="\n".join([f"**{escape(name)}**", *told]), picture=picture)


def _kind(its: IncomingCharacter) -> Text:
    if its.model:
        return text("{model} · {range}", model=its.model, range=its.range.people)
    return text("Portable · {range}", range=its.range.people)


def _further(offer: Offer, locale: str) -> Iterator[Field]:
    plan = offer.plan
    rest = offer.names[len(offer.faces) :]
    if rest:
        yield Field(text("And also"), _listed(rest, locale), locale, inline=False)
    left_out = [
        say(text("“{name}”: {why}", name=each.name, why=each.why), locale)
        if each.name
        else say(text("One without a name: {why}", why=each.why), locale)
        for each in plan.left_out[:_LEFT_OUT_SHOWN]
    ]
    more = len(plan.left_out) - len(left_out)
    if more:
        left_out.append(say(ntext("And {count} more.", "And {count} more.", count=more), locale))
    if plan.beyond:
        beyond = ntext(
            "{count} more: one import takes {most}.",
            "{count} more: one import takes {most}.",
            count=plan.beyond,
            most=limits.IMPORT_CHARACTERS,
        )
        left_out.append(say(beyond, locale))
    if left_out:
        yield Field(text("Won't be imported"), "\n".join(f"- {each}" for each in left_out), locale, inline=False)


def _listed(names: Sequence[str], locale: str) -> str:
    taken = accumulate(len(escape(name)) + len(", ") for name in names)
    shown = sum(1 for so_far in taken if so_far <= _NAMES_ROOM)
    told = say(listed(names[:shown]), locale)
    if shown == len(names):
        return told
    return f"{told} {say(ntext('and {count} more', 'and {count} more', count=len(names) - shown), locale)}"


def render_imported(names: Sequence[str], locale: str, commands: Commands = PLAIN) -> MessageContent:
    """What is in the cast now."""
    told = ntext(
        "{count} character is in your cast now. See /character list.",
        "{count} characters are in your cast now. See /character list.",
        count=len(names),
    )
    card = Card(
        colour=BLUE,
        title=say(text("Imported"), locale),
        description=f"{say(told, locale, commands)}\n{_listed(names, locale)}",
    )
    return MessageContent(card=card)
