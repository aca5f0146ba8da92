"""The menus and buttons on the second page of a server's settings: roles and log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import discord
from discord import ui

from bot import limits
from bot.chat.buttons import OwnerButton
from bot.chat.markdown import plain
from bot.chat.selects import EntitySelect


class ShowRoles(OwnerButton, custom_id="cb:server:roles:all:{owner_id}"):
    """Shows the page about roles and the log."""

    always_open = True


class BackToSettings(OwnerButton, custom_id="cb:server:back:all:{owner_id}"):
    """Shows the first page of the settings again."""

    always_open = True


class RoleMenu(EntitySelect):
    """Chooses up to ``most`` roles."""

    most = limits.SELECT_OPTIONS

    def __init__(
        self, owner_id: int, placeholder: str = "", shown: Sequence[int] = (), chosen: Iterable[int] = ()
    ) -> None:
        picker: ui.RoleSelect[ui.View] = ui.RoleSelect(
            custom_id=self.made_id(owner_id),
            placeholder=plain(placeholder, limits.SELECT_PLACEHOLDER) or None,
            min_values=0,
            max_values=self.most,
            default_values=[discord.Object(role_id, type=discord.Role) for role_id in shown[: self.most]],
        )
        super().__init__(picker, owner_id, chosen=chosen, shown=shown)

    @classmethod
    def _pressed(cls, owner_id: int, chosen: Iterable[int], shown: Iterable[int]) -> Self:
        return cls(owner_id, shown=tuple(shown), chosen=chosen)


class CharacterRolesMenu(RoleMenu, custom_id="cb:server:creators:all:{owner_id}"):
    """Chooses the roles whose members may make characters; empty: everybody may."""


class VideoRolesMenu(RoleMenu, custom_id="cb:server:filmers:all:{owner_id}"):
    """Chooses the roles whose members may make videos; empty: everybody may."""


class LimitedRole(RoleMenu, custom_id="cb:server:limited:all:{owner_id}"):
    """Chooses a role, and opens the form for its limits."""

    most = 1


class LogChannel(EntitySelect, custom_id="cb:server:log:all:{owner_id}"):
    """Chooses the channel that gets a line about each job; empty: none."""

    def __init__(
        self, owner_id: int, placeholder: str = "", shown: Sequence[int] = (), chosen: Iterable[int] = ()
    ) -> None:
        kind = discord.abc.GuildChannel
        picker: ui.ChannelSelect[ui.View] = ui.ChannelSelect(
            custom_id=self.made_id(owner_id),
            placeholder=plain(placeholder, limits.SELECT_PLACEHOLDER) or None,
            channel_types=[discord.ChannelType.text],
            min_values=0,
            max_values=1,
            default_values=[discord.Object(channel_id, type=kind) for channel_id in shown[:1]],
        )
        super().__init__(picker, owner_id, chosen=chosen, shown=shown)

    @classmethod
    def _pressed(cls, owner_id: int, chosen: Iterable[int], shown: Iterable[int]) -> Self:
        return cls(owner_id, shown=tuple(shown), chosen=chosen)
