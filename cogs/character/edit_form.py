"""The forms for a character and for its name alone, and the question when a name is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import discord
from discord import ButtonStyle, TextStyle, ui

from bot import limits
from bot.chat.buttons import RenameCharacter, TakeName, TypeAnotherName
from bot.chat.durable_items import has_item, parts
from bot.chat.interaction_handlers import DurableForm, text_line
from bot.chat.markdown import plain, say
from bot.chat.message import MessageContent
from bot.chat.render_question import render_name_taken
from bot.errors import NameTaken
from bot.texts import Text, text
from bot.values.character import Character, CharacterFile, FileKind
from bot.values.files import StoredFile

AS_IT_IS: Final = "as-it-is"


class EditForm(DurableForm, prefix="cbf:edit"):
    """Everything an owner can change about a character, filled in. Its subject is the character's id.

    ``stills``: pictures that can replace the present one.
    """

    def __init__(self, character: Character, stills: Sequence[StoredFile], locale: str) -> None:
        note: ui.TextInput[Any] = ui.TextInput(
            custom_id="note",
            style=TextStyle.paragraph,
            default=character.note or None,
            max_length=limits.NOTE_LENGTH,
            required=False,
        )
        lines: list[ui.Label[Any]] = [
            text_line("name", say(text("Name"), locale), value=character.name, max_length=limits.NAME_LENGTH),
            ui.Label(
                text=say(text("Note"), locale),
                description=say(text("Only you see it. A search finds it."), locale),
                component=note,
            ),
            text_line(
                "tags",
                say(text("Tags, separated by commas"), locale),
                value=", ".join(character.tags),
                placeholder=say(text("hero, cartoon, for work"), locale),
                max_length=limits.TAGS * (limits.TAG_LENGTH + 2),
                required=False,
            ),
        ]
        if stills:
            lines.append(_picture_line(character, stills, locale))
        super().__init__(str(character.id), say(text("Edit this character"), locale), *lines)


def _picture_line(character: Character, stills: Sequence[StoredFile], locale: str) -> ui.Label[Any]:
    now = character.picture.sha256 if character.picture is not None else ""
    options = [
        discord.SelectOption(
            label=plain(say(text("Still {number} of the clip", number=number), locale), limits.OPTION_LABEL),
            value=still.sha256,
            default=still.sha256 == now,
        )
        for number, still in enumerate(stills, start=1)
    ]
    if not any(each.default for each in options):
        kept = text("Keep the current picture") if now else text("No picture")
        options.insert(0, discord.SelectOption(label=say(kept, locale), value=AS_IT_IS, default=True))
    menu: ui.Select[Any] = ui.Select(custom_id="picture", options=options[: limits.SELECT_OPTIONS])
    return ui.Label(
        text=say(text("Picture"), locale),
        description=say(text("You see the stills with /character show. The old picture isn't kept."), locale),
        component=menu,
    )


def picture_in(typed: Mapping[str, str]) -> str | None:
    """The SHA-256 of the still chosen in the form; ``None``: the picture stays."""
    chosen = typed.get("picture", AS_IT_IS)
    return None if chosen == AS_IT_IS else chosen


def stills_of(reference_set: Sequence[CharacterFile]) -> list[StoredFile]:
    """The files of the reference set that can be its picture, best first."""
    return [each.file for each in reference_set if each.kind is FileKind.STILL]


class RenameForm(DurableForm, prefix="cbf:rename"):
    """Asks for another name. Its subject is the character's id."""

    def __init__(self, character_id: int, name: str, locale: str) -> None:
        super().__init__(
            str(character_id),
            say(text("Rename this character"), locale),
            text_line("name", say(text("New name"), locale), value=name, max_length=limits.NAME_LENGTH),
        )


def renamed(old: Character, new: Character) -> Text:
    """Tells the owner about the new name."""
    return text("“{old}” is now called “{new}”.", old=old.name, new=new.name)


def ask_another(taken: NameTaken, character: Character, locale: str) -> MessageContent:
    """The name is taken: use it with a number, or another name? Nothing has been renamed yet."""
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
