"""A message as a value: what it shows, what is attached to it, and the menus and buttons under it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import discord
from discord import ui

from bot.chat.durable_items import DurableButton, view
from bot.chat.selects import DurableSelect
from bot.values.character import Character
from bot.values.files import ending

GREEN = discord.Colour(0x2E8B57)  # made
BLUE = discord.Colour(0x3B6EA5)  # told, or under way
AMBER = discord.Colour(0xC98A1B)  # asked, or unclear
RED = discord.Colour(0xB5443A)  # failed


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture to attach. An embed shows it by :attr:`url`."""

    name: str
    data: bytes = field(repr=False)

    @property
    def url(self) -> str:
        """How an embed of the same message refers to it."""
        return f"attachment://{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """One message. It can be sent more than once: each time its files and its view are new objects."""

    embeds: tuple[discord.Embed, ...] = ()
    content: str | None = None
    files: tuple[PictureFile, ...] = ()
    buttons: tuple[DurableButton, ...] = ()
    menus: tuple[DurableSelect, ...] = ()

    def attachments(self) -> list[discord.File]:
        """The files, for ``attachments=`` of an edit or ``files=`` of a new message."""
        return [discord.File(io.BytesIO(file.data), filename=file.name) for file in self.files]

    def view(self) -> ui.View | None:
        """The menus and the buttons, for ``view=`` of an edit; ``None`` removes those on the message."""
        items = (*self.menus, *self.buttons)
        return view(*items) if items else None


def picture_file(character: Character, data: bytes) -> PictureFile:
    """The picture of ``character``, under a file name that no other character has."""
    mime = character.picture.mime if character.picture else "image/png"
    return PictureFile(f"character-{character.id}.{ending(mime, unknown='png')}", data)
