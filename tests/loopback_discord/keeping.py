"""How Discord keeps embeds and components: with what it fills in where the bot said nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

SELECTS = frozenset({3, 5, 6, 7, 8})


def kept_embeds(embeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The embeds, each field with an `inline`."""
    kept = [{key: part for key, part in embed.items() if part is not None} for embed in embeds]
    for embed in kept:
        if "fields" in embed:
            embed["fields"] = [{"inline": False, **field} for field in embed["fields"]]
    return kept


def kept_components(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The components of a message or form, numbered from 1 where they have no `id`."""
    numbers = count(1)
    return [_kept(component, numbers) for component in components]


def _kept(component: dict[str, Any], numbers: Iterator[int]) -> dict[str, Any]:
    kept = {key: part for key, part in component.items() if part is not None}
    kept["id"] = kept.get("id") or next(numbers)
    if kept["type"] in SELECTS:
        kept = {"min_values": 1, "max_values": 1, **kept}
    if "components" in kept:
        kept["components"] = [_kept(inner, numbers) for inner in kept["components"]]
    if "accessory" in kept:
        kept["accessory"] = _kept(kept["accessory"], numbers)
    if "component" in kept:
        kept["component"] = _kept(kept["component"], numbers)
    return kept
