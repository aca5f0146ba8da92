"""The menus under our messages: ``DynamicItem`` classes like the buttons, answered with ``@on_press`` too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Self, TypeAlias

import discord
from discord import ui

from bot import limits
from bot.chat.buttons import DurableItem
from bot.chat.markdown import plain

_Interaction: TypeAlias = discord.Interaction[Any]


class DurableSelect(DurableItem):
    """A menu of which one entry can be chosen: :attr:`chosen`, in a press."""

    item: ui.Select[ui.View]

    def __init__(
        self, owner_id: int, placeholder: str = "", entries: Sequence[tuple[str, str, str]] = (), *, chosen: str = ""
    ) -> None:
        """``entries``: value, label and description of each; those that Discord has no room for are left out."""
        options = [
            discord.SelectOption(
                value=value,
                label=plain(label, limits.OPTION_LABEL),
                description=plain(description, limits.OPTION_LABEL) or None,
            )
            for value, label, description in entries[: limits.SELECT_OPTIONS]
        ]
        shown = plain(placeholder, limits.SELECT_PLACEHOLDER) or None
        super().__init__(ui.Select(custom_id=self.made_id(owner_id), placeholder=shown, options=options), owner_id)
        self.chosen = chosen

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        data: dict[str, Any] = dict(interaction.data or {})
        (chosen, *_) = data.get("values") or [""]
        return cls(int(match["owner_id"]), chosen=str(chosen))


class OpenJob(DurableSelect, custom_id="cb:tasks:open:{owner_id}"):
    """Opens one of the jobs in the list of /tasks. The values are the jobs' ids."""


class OpenCharacter(DurableSelect, custom_id="cb:list:open:{owner_id}"):
    """Opens one of the characters on a page of /character list. The values are the characters' ids."""
