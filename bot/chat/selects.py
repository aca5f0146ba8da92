"""The menus on our messages: ``DynamicItem`` classes like the buttons, also handled with ``@on_press``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Self, TypeAlias

import discord
from discord import ui

from bot import limits
from bot.chat.durable_items import DurableItem
from bot.chat.markdown import plain

_Interaction: TypeAlias = discord.Interaction[Any]


class DurableSelect(DurableItem):
    """A menu with a single choice, which is :attr:`chosen` in a press."""

    item: ui.Select[ui.View]

    def __init__(
        self, owner_id: int, placeholder: str = "", entries: Sequence[tuple[str, str, str]] = (), *, chosen: str = ""
    ) -> None:
        """``entries``: value, label and description of each; those beyond Discord's limit are left out."""
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


class OpenJob(DurableSelect, custom_id="cb:tasks:open:all:{owner_id}"):
    """Opens one of the jobs in the list of /tasks. The values are the jobs' ids."""


class OpenCharacter(DurableSelect, custom_id="cb:list:open:all:{owner_id}"):
    """On lists of earlier versions: opens a character of /character list. The values are the characters' ids."""


class OpenGroup(DurableSelect, custom_id="cb:groups:open:all:{owner_id}"):
    """Opens a group of a cast. The values are the groups' ids."""


class EntitySelect(DurableItem):
    """A menu of Discord's own entities (users, roles, channels), with the present choice.

    In a press :attr:`chosen` are the ids chosen now, :attr:`shown` those chosen when it was rendered.
    """

    always_open = True

    def __init__(
        self,
        item: ui.UserSelect[ui.View] | ui.ChannelSelect[ui.View] | ui.RoleSelect[ui.View],
        owner_id: int,
        *,
        chosen: Iterable[int] = (),
        shown: Iterable[int] = (),
    ) -> None:
        super().__init__(item, owner_id)
        self.chosen = frozenset(chosen)
        self.shown = frozenset(shown)

    @classmethod
    async def from_custom_id(cls, interaction: _Interaction, item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """Called by discord.py for a press."""
        data: dict[str, Any] = dict(interaction.data or {})
        chosen = [int(value) for value in data.get("values", [])]
        shown = [value.id for value in getattr(item, "default_values", [])]
        return cls._pressed(int(match["owner_id"]), chosen, shown)

    @classmethod
    def _pressed(cls, owner_id: int, chosen: Iterable[int], shown: Iterable[int]) -> Self:
        raise NotImplementedError  # each select stores the choice in its own fields


class BlockedMembers(EntitySelect, custom_id="cb:server:blocked:all:{owner_id}"):
    """Chooses who may not use the bot in a server."""

    def __init__(
        self, owner_id: int, placeholder: str = "", shown: Sequence[int] = (), chosen: Iterable[int] = ()
    ) -> None:
        picker: ui.UserSelect[ui.View] = ui.UserSelect(
            custom_id=self.made_id(owner_id),
            placeholder=plain(placeholder, limits.SELECT_PLACEHOLDER) or None,
            min_values=0,
            max_values=limits.SELECT_OPTIONS,
            default_values=[discord.Object(user_id, type=discord.User) for user_id in shown[: limits.SELECT_OPTIONS]],
        )
        super().__init__(picker, owner_id, chosen=chosen, shown=shown)

    @classmethod
    def _pressed(cls, owner_id: int, chosen: Iterable[int], shown: Iterable[int]) -> Self:
        return cls(owner_id, shown=tuple(shown), chosen=chosen)


class ClosedChannels(EntitySelect, custom_id="cb:server:channels:all:{owner_id}"):
    """Chooses the channels and categories of a server in which the bot is off."""

    def __init__(
        self, owner_id: int, placeholder: str = "", shown: Sequence[int] = (), chosen: Iterable[int] = ()
    ) -> None:
        kind = discord.abc.GuildChannel
        picker: ui.ChannelSelect[ui.View] = ui.ChannelSelect(
            custom_id=self.made_id(owner_id),
            placeholder=plain(placeholder, limits.SELECT_PLACEHOLDER) or None,
            min_values=0,
            max_values=limits.SELECT_OPTIONS,
            default_values=[discord.Object(channel_id, type=kind) for channel_id in shown[: limits.SELECT_OPTIONS]],
        )
        super().__init__(picker, owner_id, chosen=chosen, shown=shown)

    @classmethod
    def _pressed(cls, owner_id: int, chosen: Iterable[int], shown: Iterable[int]) -> Self:
        return cls(owner_id, shown=tuple(shown), chosen=chosen)
