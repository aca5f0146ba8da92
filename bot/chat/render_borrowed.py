"""Shows whose a borrowed character is: on the cards of videos, and on the page of /character borrowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot import limits
from bot.chat.buttons import UseCharacter, turning
from bot.chat.card import BLUE, AttachedFile, Card, Entry
from bot.chat.lending_buttons import GiveBack, TurnBorrowed
from bot.chat.markdown import PLAIN, Commands, escape, say
from bot.chat.message import MessageContent
from bot.texts import Text, render, text
from bot.values.files import ending
from bot.values.job import CastRole
from bot.values.loan import Borrowed


def borrowed_in(roles: Sequence[CastRole]) -> bool:
    """Whether one of the roles is borrowed."""
    return any(role.loan_id is not None for role in roles)


def lent_by(roles: Sequence[CastRole], lenders: Mapping[int, int], locale: str) -> list[str]:
    """A line for each borrowed one of ``roles``. ``lenders``: their owners by character, if they still have it."""
    return [say(_lender(role, lenders.get(role.character_id)), locale) for role in roles if role.loan_id is not None]


def _lender(role: CastRole, owner_id: int | None) -> Text:
    if owner_id is None:
        return text("“{name}” was borrowed, and its owner has deleted it since.", name=role.name)
    return text("“{name}” is borrowed from <@{owner}>.", name=role.name, owner=owner_id)


def render_borrowed(
    user_id: int,
    offset: int,
    found: Sequence[Borrowed],
    total: int,
    pictures: Mapping[int, bytes],
    locale: str,
    commands: Commands = PLAIN,
) -> MessageContent:
    """``found`` of ``total``, starting at ``offset``; ``pictures`` by character id, as far as there are any."""
    if not found:
        nothing = text("Nobody has lent you a character here. Owners do that with /character lend.")
        return MessageContent(card=Card(colour=BLUE, description=say(nothing, locale, commands)))
    told = text("Their owners see what you make with them: your prompt, where you asked for it, and the video.")
    card = Card(
        colour=BLUE,
        title=say(text("Borrowed characters"), locale),
        description=say(told, locale),
        entries=tuple(_entry(user_id, each, pictures.get(each.character_id), locale) for each in found),
        footer=say(part_of(offset, len(found), total), locale) if total > len(found) else "",
    )
    pages = turning(TurnBorrowed, user_id, offset, total, limits.BORROWED_PER_PAGE, locale)
    return MessageContent(card=card, buttons=pages)


def part_of(offset: int, shown: int, total: int) -> Text:
    """Which of ``total`` a page shows, for lists of more than one page."""
    if shown == 1:
        return text("{last} of {total}", last=offset + 1, total=total)
    return text("{first}–{last} of {total}", first=offset + 1, last=offset + shown, total=total)


def _entry(user_id: int, borrowed: Borrowed, picture: bytes | None, locale: str) -> Entry:
    terms = [text("Lent by <@{owner}>", owner=borrowed.owner_id)]
    if borrowed.by_server:
        terms = [text("Lent to this server by <@{owner}>", owner=borrowed.owner_id)]
    if borrowed.left is not None:
        terms.append(text("videos left: {left}", left=borrowed.left))
    if borrowed.until is not None:
        terms.append(text("until <t:{at}:f>", at=int(borrowed.until.timestamp())))
    use = UseCharacter(borrowed.character_id, user_id, say(text("Use in a video"), locale))
    back = GiveBack(borrowed.loan_id, user_id, say(text("Give back"), locale))
    return Entry(
        words=f"**{escape(borrowed.called)}**\n{' · '.join(say(each, locale) for each in terms)}",
        picture=None if picture is None else _picture(borrowed, picture, locale),
        buttons=(use,) if borrowed.by_server else (use, back),
    )


def _picture(borrowed: Borrowed, data: bytes, locale: str) -> AttachedFile:
    mime = borrowed.picture.mime if borrowed.picture else "image/png"
    alt = render(text("The character {name}", name=borrowed.called), locale)
    return AttachedFile(f"character-{borrowed.character_id}.{ending(mime, unknown='png')}", data, alt)
