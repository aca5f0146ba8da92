"""Buttons and menus that survive a restart: everything that a press needs is in the ``custom_id``.

The ids must not change, because messages posted by earlier versions carry them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, NamedTuple, Protocol, Self, TypeAlias, cast

import discord
from discord import ButtonStyle, ui

from bot import limits

_Interaction: TypeAlias = discord.Interaction[Any]


class IdField(NamedTuple):
    """A field of a ``custom_id``: the pattern it must match, and how its value is parsed and formatted."""

    pattern: str
    read: Callable[[str], object] = str
    write: Callable[[Any], str] = str


_FIELDS = {
    "in_list": IdField("job|tasks", lambda place: place == "tasks", lambda in_list: "tasks" if in_list else "job"),
    "job_id": IdField(rf"[0-9a-f]{{{limits.JOB_ID_HEX}}}"),
    "seconds": IdField(r"[\d.]+,[\d.]+"),
    "adjustment": IdField("suggested|previewed|earlier|later|shorter|longer"),
    "character_id": IdField(r"\d{1,20}", int),
    "draft_id": IdField(rf"[0-9a-f]{{{limits.JOB_ID_HEX}}}"),
    "change": IdField(r"[a-z]+-[\w.:-]*"),
    "loan_id": IdField(r"\d{1,20}", int),
    "consent_id": IdField(r"\d{1,20}", int),
    "video_id": IdField(r"\d{1,20}", int),
    "offset": IdField(r"\d{1,9}", int),
    "name": IdField(rf".{{1,{limits.NAME_LENGTH}}}"),
    "page": IdField(r"\d+\.[a-z]+(?:-\d+)?\..*"),
    "part": IdField(r"\d{1,9}", int),
    "selection": IdField(r"all|[cg]\d{1,18}"),
    "private": IdField("[01]", lambda digit: digit == "1", lambda private: str(int(private))),
    "owner_id": IdField(r"\d{1,20}", int),
}

_NOTHING = re.compile(r"(?!)")


class DurableItem(ui.DynamicItem[ui.Item[ui.View]], template=_NOTHING):
    """A component whose ``custom_id`` contains everything that a press needs. Only its owner may press it.

    A subclass is declared with its ``custom_id``, in which ``{field}`` stands for the variable parts; the field
    ``owner_id`` comes last. Its constructor takes these fields by name. ``always_open``: people who may not use the bot
    may press it anyway.
    """

    always_open: ClassVar[bool] = False
    _id_format: ClassVar[str] = ""

    def __init_subclass__(cls, *, custom_id: str = "") -> None:
        cls._id_format = custom_id
        super().__init_subclass__(template=id_template(custom_id) if custom_id else _NOTHING)

    def __init__(self, item: ui.Item[ui.View], owner_id: int) -> None:
        super().__init__(item)
        self.owner_id = owner_id

    @classmethod
    def made_id(cls, owner_id: int, **fields: object) -> str:
        """Raises :class:`ValueError` if ``fields`` make no ``custom_id`` that Discord or the class accepts."""
        written = {name: _FIELDS[name].write(value) for name, value in fields.items()}
        made = cls._id_format.format(owner_id=owner_id, **written)
        if len(made) > limits.CUSTOM_ID or not cls.matches(made):
            raise ValueError(f"not an id of {cls.__name__}: {made!r}")
        return made

    @classmethod
    def matches(cls, custom_id: str) -> bool:
        """Whether this class handles presses of an item with that id."""
        return cls.__discord_ui_compiled_template__.fullmatch(custom_id) is not None

    def on_row(self, row: int) -> Self:
        """The same button on this row of its message, from 0; otherwise rows are filled in order."""
        self.row = row
        return self

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        fields: dict[str, Any] = {name: _FIELDS[name].read(value) for name, value in match.groupdict().items()}
        return cls(**fields)

    async def callback(self, interaction: _Interaction) -> None:
        """Pass the press to the cog that handles it."""
        await cast("_Client", interaction.client).handlers.press(interaction, self)


class DurableButton(DurableItem):
    """A button."""

    item: ui.Button[ui.View]

    def __init__(
        self, label: str, style: ButtonStyle, *, owner_id: int, disabled: bool = False, **fields: object
    ) -> None:
        """Raises :class:`ValueError` if ``fields`` make no ``custom_id``."""
        shown = label if len(label) <= limits.BUTTON_LABEL else label[: limits.BUTTON_LABEL - 1] + "…"
        made = self.made_id(owner_id, **fields)
        super().__init__(ui.Button(custom_id=made, label=shown, style=style, disabled=disabled), owner_id)


class _Handlers(Protocol):
    async def press(self, interaction: _Interaction, button: DurableItem) -> None: ...


class _Client(Protocol):
    handlers: _Handlers


def id_template(custom_id: str) -> re.Pattern[str]:
    """The pattern of the ids that ``custom_id.format(…)`` produces."""
    parts = re.split(r"\{(\w+)\}", custom_id)  # every second one is a field's name
    pattern = "".join(
        f"(?P<{part}>{_FIELDS[part].pattern})" if index % 2 else re.escape(part) for index, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)


def parts(message: discord.Message) -> Iterator[discord.Component]:
    """Every component of ``message``, including nested ones, from top to bottom."""
    for component in message.components:
        yield from _within(component)


def _within(component: discord.Component) -> Iterator[discord.Component]:
    yield component
    for child in getattr(component, "children", ()):
        yield from _within(child)
    accessory = getattr(component, "accessory", None)
    if accessory is not None:
        yield accessory


def has_item(message: discord.Message, item: DurableItem) -> bool:
    """Whether the message has that very item."""
    return any(getattr(part, "custom_id", None) == item.custom_id for part in parts(message))


def view(*buttons: DurableItem) -> ui.View:
    """A view of durable buttons only: mixed with ordinary items, all would be unregistered when it times out."""
    made = ui.View(timeout=None)
    for each in buttons:
        made.add_item(each)
    return made
