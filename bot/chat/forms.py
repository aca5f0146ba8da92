"""Forms that survive a restart: the id says what they are about, and the submission finds its way by that id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot import limits
from bot.chat.buttons import FORM_ID
from bot.chat.markdown import plain

_LABEL = 45  # of a field; Discord's own limit is that of the title
_PLACEHOLDER = 100
_OPEN_FOR = 900.0  # seconds; an interaction token's life


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of a form. ``name`` is the key of what was typed in the handler's ``values``."""

    name: str
    label: str
    value: str = ""
    placeholder: str = ""
    max_length: int | None = None
    required: bool = True


def durable_form(family: str, argument: str, title: str, fields: Sequence[Field]) -> ui.Modal:
    """A form to be sent with ``interaction.response.send_modal``; its submission goes to the handler of ``family``.

    Raises :class:`ValueError` where family and argument make no id that fits, or with more than 5 fields.
    """
    custom_id = f"cbf:{family}:{argument}"
    if len(custom_id) > limits.CUSTOM_ID or not FORM_ID.fullmatch(custom_id):
        raise ValueError(f"not a form id: {custom_id!r}")
    form = ui.Modal(title=plain(title, limits.MODAL_TITLE), custom_id=custom_id, timeout=_OPEN_FOR)
    for field in fields:
        form.add_item(ui.Label(text=plain(field.label, _LABEL), component=_line(field)))
    form.stop()  # a finished form is sent like any other, but discord.py keeps it nowhere: we dispatch by its id
    return form


def _line(field: Field) -> ui.TextInput[Any]:
    return ui.TextInput(
        custom_id=field.name,
        default=field.value[: field.max_length] or None,
        placeholder=plain(field.placeholder, _PLACEHOLDER) or None,
        max_length=field.max_length,
        required=field.required,
    )


def submitted(interaction: discord.Interaction[Any]) -> tuple[str, dict[str, str]]:
    """The id of a submitted form and what was typed into its fields, by name."""
    data: Mapping[str, Any] = interaction.data or {}
    return data.get("custom_id", ""), dict(_lines(data.get("components", [])))


def _lines(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for component in components:
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        yield from _lines(inner)
        if isinstance(component.get("value"), str) and "custom_id" in component:
            yield component["custom_id"], component["value"]
