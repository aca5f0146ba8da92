"""A message as a value: its content, its attachments, and its menus and buttons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import discord
from discord import ui

from bot.chat.card import AttachedFile, Card, rows
from bot.chat.durable_items import DurableButton, DurableItem, view
from bot.chat.selects import DurableSelect
from bot.texts import render, text
from bot.values.character import Character
from bot.values.files import ending

NOBODY = discord.AllowedMentions.none()  # cards name their owner without notifying anybody


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """One message. It can be sent repeatedly: each time its files and its view are new objects.

    With a ``card`` it uses Components V2; ``content`` is then shown above the card. Discord never turns such a message
    back: with :attr:`layout`, plain ``content`` can replace a card. ``calls``: the person mentioned in ``content``, who
    is notified when it is sent as a new message.
    """

    card: Card | None = None
    embeds: tuple[discord.Embed, ...] = ()
    content: str | None = None
    buttons: tuple[DurableButton, ...] = ()
    menus: tuple[DurableSelect, ...] = ()
    layout: bool = False
    calls: int | None = None

    @property
    def files(self) -> tuple[AttachedFile, ...]:
        """The attached files."""
        return () if self.card is None else self.card.files

    @property
    def items(self) -> tuple[DurableItem, ...]:
        """All buttons and menus, from top to bottom."""
        return (*(() if self.card is None else self.card.items), *self.menus, *self.buttons)

    def with_footer(self, footer: str) -> MessageContent:
        """The same message with this footer on its card."""
        return self if self.card is None else replace(self, card=replace(self.card, footer=footer))

    def attachments(self) -> list[discord.File]:
        """The files, each as a new object."""
        return [file.opened() for file in self.files]

    def view(self) -> ui.View | ui.LayoutView | None:
        """The card with its menus and buttons; without a card these alone, or ``None``."""
        items = (*self.menus, *self.buttons)
        if self.card is None and not self.layout:
            return view(*items) if items else None
        made = ui.LayoutView(timeout=None)
        if self.content:
            made.add_item(ui.TextDisplay(self.content))
        if self.card is not None:
            made.add_item(self.card.container(items))
        else:
            for row in rows(items):
                made.add_item(row)
        return made

    def as_new(self) -> dict[str, Any]:
        """The arguments for sending it with discord.py."""
        mentions = NOBODY if self.calls is None else _calling(self.calls)
        made: dict[str, Any] = {"allowed_mentions": mentions}
        shown = self.view()
        if shown is not None:
            made["view"] = shown
        if self.files:
            made["files"] = self.attachments()
        if not isinstance(shown, ui.LayoutView):
            made |= {"content": self.content} if self.content else {}
            made |= {"embeds": list(self.embeds)} if self.embeds else {}
        return made

    def as_edit(self) -> dict[str, Any]:
        """The arguments for replacing the content of any kind of message with it in discord.py."""
        shown = self.view()
        in_layout = isinstance(shown, ui.LayoutView)
        return {
            "content": None if in_layout else self.content,
            "embeds": [] if in_layout else list(self.embeds),
            "attachments": self.attachments(),
            "view": shown,
            "allowed_mentions": NOBODY,
        }


def _calling(user_id: int) -> discord.AllowedMentions:
    """Notify that person if the message mentions them, and nobody else."""
    return discord.AllowedMentions(everyone=False, roles=False, users=[discord.Object(user_id)])


def picture_file(character: Character, data: bytes, locale: str) -> AttachedFile:
    """The picture of ``character``, under a file name that no other character has."""
    mime = character.picture.mime if character.picture else "image/png"
    alt = render(text("The character {name}", name=character.name), locale)
    return AttachedFile(f"character-{character.id}.{ending(mime, unknown='png')}", data, alt)
