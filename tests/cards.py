"""Reads messages of Components V2: what they say, show and offer, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.chat.card import Card
from bot.chat.message import MessageContent

TEXT, THUMBNAIL, GALLERY = 10, 11, 12
SELECTS = frozenset({3, 5, 6, 7, 8})


def parts(message: Any) -> Iterator[dict[str, Any]]:
    """Every component of a message, the nested ones too, as Discord writes it down."""
    for component in message if isinstance(message, list) else message.components:
        yield from _within(component if isinstance(component, dict) else component.to_dict())


def _within(component: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield component
    for child in component.get("components") or ():
        yield from _within(child)
    if component.get("accessory"):
        yield component["accessory"]


def said(message: Any) -> list[str]:
    """Its texts, one each."""
    return [part["content"] for part in parts(message) if part["type"] == TEXT]


def titles(message: Any) -> list[str]:
    """The headings of its cards, and the names of their entries."""
    first = [each.splitlines()[0] for each in said(message)]
    return [
        each.removeprefix("### ").removeprefix("**").removesuffix("**")
        for each in first
        if each.startswith("### ") or (each.startswith("**") and each.endswith("**"))
    ]


def media(message: Any) -> list[str]:
    """The addresses of the pictures and videos that it shows."""
    shown: list[str] = []
    for part in parts(message):
        if part["type"] == THUMBNAIL:
            shown.append(part["media"]["url"])
        elif part["type"] == GALLERY:
            shown += [item["media"]["url"] for item in part["items"]]
    return shown


def colour(message: Any) -> int | None:
    """Of its card."""
    return next((part.get("accent_color") for part in parts(message) if part["type"] == 17), None)


def drawn(content: MessageContent) -> list[dict[str, Any]]:
    """Every component of a message that is to be sent, as Discord is sent it."""
    view = content.view()
    return [] if view is None else [part for each in view.to_components() for part in _within(each)]


def card_of(content: MessageContent) -> Card:
    assert content.card is not None
    return content.card


def lines(content: MessageContent) -> list[str]:
    """Every line that it says, from top to bottom."""
    shown = [part["content"] for part in drawn(content) if part["type"] == TEXT]
    return [line for each in shown for line in each.splitlines()]


def fields(content: MessageContent) -> dict[str, str]:
    return {field.name: field.value for field in card_of(content).fields}
