"""A card as a value: its texts and pictures, with the buttons in their places; rendered as Discord's Components V2.

Discord's limits (Components reference): a message may have 40 components, and 4,000 characters in all its texts.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import discord
from discord import ui

from bot import limits
from bot.chat.durable_items import DurableButton, DurableItem, parts
from bot.chat.markdown import plain, say
from bot.texts import Text, render, text

GREEN = discord.Colour(0x2E8B57)  # made
BLUE = discord.Colour(0x3B6EA5)  # informative, or running
AMBER = discord.Colour(0xC98A1B)  # question, or unclear
RED = discord.Colour(0xB5443A)  # failed


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A picture or a video to attach. ``alt``: a description for people who cannot see it."""

    name: str
    data: bytes = field(repr=False)
    alt: str = ""

    @property
    def url(self) -> str:
        """The URL for referring to it in a card or an embed of the same message."""
        return f"attachment://{self.name}"

    @property
    def description(self) -> str | None:
        """``alt``, cut to Discord's limit."""
        return plain(self.alt, limits.ALT_TEXT) or None

    def opened(self) -> discord.File:
        """A new file object, because discord.py reads each one only once."""
        return discord.File(_Uncopied(self.data), filename=self.name)


class _Uncopied(io.BytesIO):
    """Read-only. aiohttp calls ``getbuffer`` to find the length, which would copy: 15 ms for 20 MB."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._data = data

    def getbuffer(self) -> memoryview:
        return memoryview(self._data)


@dataclass(frozen=True, slots=True)
class Field:
    """A label and its value, as markdown; ``inline``: on one line."""

    label: Text
    value: str
    locale: str
    inline: bool = True

    @property
    def name(self) -> str:
        """The label as it is read."""
        return say(self.label, self.locale)

    def __str__(self) -> str:
        if self.inline:  # the colon, and what stands around it, are the language's own
            return render(text("**{label}:** {value}", label=self.name, value=self.value), self.locale)
        return f"**{self.name}**\n{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One of several items on a card: a text (markdown), with a small picture or a button beside it.

    ``buttons`` are below the text.
    """

    words: str
    picture: AttachedFile | None = None
    button: DurableButton | None = None
    buttons: tuple[DurableButton, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """A wide picture of several items side by side, with a button for each of them below it."""

    picture: AttachedFile | None
    buttons: tuple[DurableButton, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The content of a card, from top to bottom. All texts are markdown of one or more lines.

    ``media`` is shown in a gallery, where videos play in place. ``below`` is a second gallery above the footer. The
    ``footer`` may contain the id by which the bot finds its own message.
    """

    colour: discord.Colour
    title: str = ""
    description: str = ""
    media: tuple[AttachedFile, ...] = ()
    picture_rows: tuple[PictureRow, ...] = ()
    entries: tuple[Entry, ...] = ()
    fields: tuple[Field, ...] = ()
    below: tuple[AttachedFile, ...] = ()
    footer: str = ""

    @property
    def files(self) -> tuple[AttachedFile, ...]:
        """Every file it shows. Discord hides files that no card shows."""
        in_rows = (row.picture for row in self.picture_rows if row.picture is not None)
        beside = (entry.picture for entry in self.entries if entry.picture is not None)
        return (*self.media, *in_rows, *beside, *self.below)

    @property
    def items(self) -> tuple[DurableItem, ...]:
        """The buttons below its rows, and beside and below its entries."""
        in_rows = tuple(button for row in self.picture_rows for button in row.buttons)
        return in_rows + tuple(
            button
            for entry in self.entries
            for button in (*(() if entry.button is None else (entry.button,)), *entry.buttons)
        )

    def container(self, items: Sequence[DurableItem]) -> ui.Container[ui.LayoutView]:
        """Render the card as new components, with ``items`` (menus and buttons) at its end."""
        parts = [*self._above_entries(), *self._rows(), *self._entries(), *self._below_entries(), *rows(items)]
        return ui.Container(*parts, accent_colour=self.colour)

    def _above_entries(self) -> Iterator[ui.Item[ui.LayoutView]]:
        heading = f"### {self.title}" if self.title else ""
        words = "\n".join(part for part in (heading, self.description) if part)
        if words:
            yield ui.TextDisplay(words)
        if self.media:
            yield _gallery(self.media)

    def _rows(self) -> Iterator[ui.Item[ui.LayoutView]]:
        for row in self.picture_rows:
            if row.picture is not None:
                yield _gallery([row.picture])
            yield from rows(row.buttons)

    def _entries(self) -> Iterator[ui.Item[ui.LayoutView]]:
        for place, entry in enumerate(self.entries):
            if place and entry.buttons:
                yield ui.Separator()
            if entry.picture is not None:
                thumbnail = ui.Thumbnail[ui.LayoutView](entry.picture.url, description=entry.picture.description)
                yield ui.Section(entry.words, accessory=thumbnail)
            elif entry.button is not None:
                yield ui.Section(entry.words, accessory=_item(entry.button))
            else:
                yield ui.TextDisplay(entry.words)
            yield from rows(entry.buttons)

    def _below_entries(self) -> Iterator[ui.Item[ui.LayoutView]]:
        if self.fields:
            yield ui.TextDisplay("\n".join(map(str, self.fields)))
        if self.below:
            yield _gallery(self.below)
        if self.footer:
            yield ui.TextDisplay(f"{FOOTER}{self.footer}")


def _gallery(files: Sequence[AttachedFile]) -> ui.MediaGallery[ui.LayoutView]:
    return ui.MediaGallery(*(discord.MediaGalleryItem(each.url, description=each.description) for each in files))


FOOTER = "-# "  # small, grey text; no outside value can begin a line with it


def rows(items: Iterable[DurableItem]) -> Iterator[ui.ActionRow[ui.LayoutView]]:
    """One row for each select and for up to five buttons; buttons that name a row are put together on it."""
    for _, together in groupby(items, key=lambda item: (isinstance(item, DurableButton), item.row)):
        row: list[ui.Item[ui.LayoutView]] = []
        for item in together:
            if row and sum(each.width for each in row) + item.width > limits.ROW_WIDTH:
                yield ui.ActionRow(*row)
                row = []
            row.append(_item(item))
        yield ui.ActionRow(*row)


def _item(item: DurableItem) -> ui.Item[ui.LayoutView]:
    return item  # type: ignore[return-value]  # discord.py types dynamic items for ``View`` only


def footers(message: discord.Message) -> Iterator[str]:
    """The footers of the cards on ``message``, and of the embeds that earlier versions sent."""
    yield from (embed.footer.text or "" for embed in message.embeds)
    for part in parts(message):
        if isinstance(part, discord.TextDisplay) and part.content.startswith(FOOTER):
            yield part.content.removeprefix(FOOTER)
