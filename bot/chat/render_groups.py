"""The groups of a cast, and the menu that opens one. Pure rendering."""

from __future__ import annotations

from collections.abc import Sequence

from bot import limits
from bot.chat.card import BLUE, Card
from bot.chat.markdown import PLAIN, Commands, escape, say
from bot.chat.message import MessageContent
from bot.chat.selects import OpenGroup
from bot.texts import Text, text
from bot.values.character import CharacterGroup


def render_groups(
    owner_id: int, groups: Sequence[CharacterGroup], locale: str, commands: Commands = PLAIN
) -> MessageContent:
    """All of them by name, as far as there is room: a menu has 25 entries."""
    if not groups:
        said = text("You have no groups yet. Make one with /group create.")
        return MessageContent(card=Card(colour=BLUE, description=say(said, locale, commands)))
    shown = groups[: limits.SELECT_OPTIONS]
    lines = [f"**{escape(each.name)}** · {say(_size(each), locale)}" for each in shown]
    footer = text("Groups: {total}.", total=len(groups))
    if len(groups) > len(shown):
        footer = text(
            "Showing {shown} of {total} groups. For any other, use /group show and its name.",
            shown=len(shown),
            total=len(groups),
        )
    entries = [(str(each.id), each.name, say(_size(each), locale)) for each in shown]
    menu = OpenGroup(owner_id, say(text("Open a group"), locale), entries)
    card = Card(
        colour=BLUE, title=say(text("Your groups"), locale), description="\n".join(lines), footer=say(footer, locale)
    )
    return MessageContent(card=card, menus=(menu,))


def _size(group: CharacterGroup) -> Text:
    if group.size == 1:
        return text("1 character")
    return text("{number} characters", number=group.size)
