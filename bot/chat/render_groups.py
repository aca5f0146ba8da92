"""Renders the groups of a cast, and the menu that opens one."""

from __future__ import annotations

from collections.abc import Sequence

from bot import limits
from bot.chat.buttons import TurnGroups, turning
from bot.chat.card import BLUE, Card
from bot.chat.markdown import PLAIN, Commands, escape, say
from bot.chat.message import MessageContent
from bot.chat.render_borrowed import part_of
from bot.chat.selects import OpenGroup
from bot.texts import Text, text
from bot.values.character import CharacterGroup


def render_groups(
    owner_id: int, offset: int, groups: Sequence[CharacterGroup], locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """Those of ``groups``, by name, on the page from ``offset``: a menu has 25 entries."""
    if not groups:
        said = text("You have no groups yet. Make one with /group create.")
        return MessageContent(card=Card(colour=BLUE, description=say(said, locale, commands)))
    most, total = limits.SELECT_OPTIONS, len(groups)
    offset = min(offset, (total - 1) // most * most)  # some may have been deleted since the button was made
    shown = groups[offset : offset + most]
    lines = [f"**{escape(each.name)}** · {say(_size(each), locale)}" for each in shown]
    footer = text("Groups: {total}.", total=total) if total <= most else part_of(offset, len(shown), total)
    entries = [(str(each.id), each.name, say(_size(each), locale)) for each in shown]
    menu = OpenGroup(owner_id, say(text("Open a group"), locale), entries)
    card = Card(
        colour=BLUE, title=say(text("Your groups"), locale), description="\n".join(lines), footer=say(footer, locale)
    )
    pages = turning(TurnGroups, owner_id, offset, total, most, locale)
    return MessageContent(card=card, menus=(menu,), buttons=pages)


def _size(group: CharacterGroup) -> Text:
    if group.size == 1:
        return text("1 character")
    return text("{number} characters", number=group.size)
