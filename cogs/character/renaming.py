"""Renaming a character: the form, the answer, and the question where the name is taken."""

from __future__ import annotations

import discord
from discord import ButtonStyle

from bot import limits
from bot.chat.buttons import RenameCharacter, TakeName, TypeAnotherName
from bot.chat.durable_items import has_item, parts
from bot.chat.interaction_handlers import DurableForm, text_line
from bot.chat.markdown import say
from bot.chat.message import MessageContent
from bot.chat.render_question import render_name_taken
from bot.errors import NameTaken
from bot.texts import Text, text
from bot.values.character import Character


class RenameForm(DurableForm, prefix="cbf:rename"):
    """Asks for another name. Its subject is the character's id."""

    def __init__(self, character_id: int, name: str, locale: str) -> None:
        super().__init__(
            str(character_id),
            say(text("Rename this character"), locale),
            text_line("name", say(text("New name"), locale), value=name, max_length=limits.NAME_LENGTH),
        )


def renamed(old: Character, new: Character) -> Text:
    """What the owner is told."""
    return text("“{old}” is now called “{new}”.", old=old.name, new=new.name)


def ask_another(taken: NameTaken, character: Character, locale: str) -> MessageContent:
    """The name is taken: its number, or another name? Nothing has been renamed yet."""
    its, owner = character.id, character.owner_id
    buttons = (
        TakeName(its, taken.free, owner, say(text("Use “{name}”", name=taken.free), locale), ButtonStyle.success),
        TypeAnotherName(its, taken.name, owner, say(text("Another name…"), locale)),
    )
    return render_name_taken(taken.name, buttons, locale)


def is_card_of(message: discord.Message, character_id: int, owner_id: int) -> bool:
    """Whether the message shows that character, with its buttons."""
    return has_item(message, RenameCharacter(character_id, owner_id))


def asks_another(message: discord.Message) -> bool:
    """Whether the message is :func:`ask_another`'s."""
    ids = [getattr(part, "custom_id", None) for part in parts(message)]
    return any(TypeAnotherName.matches(each) for each in ids if each)
