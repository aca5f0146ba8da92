"""Buttons and forms that survive a restart: everything a press means is in its id, nothing in memory."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias, cast

import discord
from discord import ui

from bot import limits
from bot.chat import replies
from bot.errors import Refusal
from bot.texts import Text, text

# What nobody is shut out of: their own data, and for managers the settings by which they would let themselves in.
# Names of commands, and of the families of their buttons.
ALWAYS_OPEN = frozenset({"privacy", "server", "operator"})

BUTTON_ID = re.compile(r"cb:(?P<family>[a-z]+):(?P<action>[a-z]+):(?P<argument>.*):(?P<owner>\d{1,20})", re.DOTALL)
FORM_ID = re.compile(r"cbf:(?P<family>[a-z]+):(?P<argument>.*)", re.DOTALL)

PressHandler: TypeAlias = Callable[[discord.Interaction[Any], str], Awaitable[None]]
FormHandler: TypeAlias = Callable[[discord.Interaction[Any], str, Mapping[str, str]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Press:
    """What a button says about itself. ``argument`` is a job id, a character id, a page …"""

    family: str
    action: str
    argument: str
    owner_id: int

    @property
    def custom_id(self) -> str:
        """The id under which Discord sends the press back. Raises :class:`ValueError` where it does not fit."""
        made = f"cb:{self.family}:{self.action}:{self.argument}:{self.owner_id}"
        if len(made) > limits.CUSTOM_ID or not BUTTON_ID.fullmatch(made):
            raise ValueError(f"not a button id: {made!r}")
        return made


class Welcome(Protocol):
    """Why somebody may not use the bot there; ``None`` where they may."""

    def __call__(self, *, user_id: int, guild_id: int | None, channels: Collection[int]) -> Text | None:
        """Answer from memory. ``channels``: where they are, and what that is in."""


def _anybody(*, user_id: int, guild_id: int | None, channels: Collection[int]) -> Text | None:
    return None


def _whereabouts(interaction: discord.Interaction[Any]) -> frozenset[int]:
    """The channel, and what it is in: who is sent away from a channel shall not come in by one of its threads."""
    channel = interaction.channel
    above = channel.parent if isinstance(channel, discord.Thread) else channel
    found = (
        interaction.channel_id,
        getattr(channel, "parent_id", None),
        getattr(above, "category_id", None),
    )
    return frozenset(each for each in found if each is not None)


class Presses:
    """What each press and each submitted form does. The cogs register it; the client's events look it up.

    ``refusal`` says why somebody may not use the bot where they are, asked of commands, presses and forms alike.
    """

    def __init__(self, *, refusal: Welcome = _anybody) -> None:
        self._refusal = refusal
        self._presses: dict[tuple[str, str], PressHandler] = {}
        self._forms: dict[str, FormHandler] = {}

    def register(self, family: str, action: str, handler: PressHandler) -> None:
        """``handler(interaction, argument)`` answers presses of that button by its owner, and by nobody else."""
        self._presses[family, action] = handler

    def register_form(self, family: str, handler: FormHandler) -> None:
        """``handler(interaction, argument, values)`` answers submitted forms; ``values`` by the fields' names."""
        self._forms[family] = handler

    async def press(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """Answer one press, whatever happens."""
        try:
            await self._press(interaction, press)
        except Exception as error:  # noqa: BLE001 - the last place where the person can still be told
            await replies.failed(interaction, error, "press_failed", family=press.family, action=press.action)

    def check_welcome(self, interaction: discord.Interaction[Any]) -> None:
        """Raise :class:`~bot.errors.Refusal` where this person may not use the bot there. Waits for nothing."""
        reason = self._refusal(
            user_id=interaction.user.id, guild_id=interaction.guild_id, channels=_whereabouts(interaction)
        )
        if reason is not None:
            raise Refusal(reason)

    async def _press(self, interaction: discord.Interaction[Any], press: Press) -> None:
        if press.family not in ALWAYS_OPEN:
            self.check_welcome(interaction)
        if interaction.user.id != press.owner_id:
            raise Refusal(
                text("Only the person who asked for this can use its buttons. Yours come with /character create.")
            )
        handler = self._presses.get((press.family, press.action))
        if handler is None:
            raise Refusal(
                text("This button is from an older version of the bot. See /tasks and /character list instead.")
            )
        await handler(interaction, press.argument)

    async def submit(self, interaction: discord.Interaction[Any], custom_id: str, values: Mapping[str, str]) -> None:
        """Answer one submitted form, whatever happens."""
        match = FORM_ID.fullmatch(custom_id)
        handler = self._forms.get(match["family"]) if match else None
        try:
            self.check_welcome(interaction)
            if match is None or handler is None:
                raise Refusal(text("This form is from an older version of the bot. Please start the command again."))
            await handler(interaction, match["argument"], values)
        except Exception as error:  # noqa: BLE001 - the last place where the person can still be told
            await replies.failed(interaction, error, "form_failed", family=match["family"] if match else "unknown")


class _HasPresses(Protocol):
    presses: Presses


class DurableButton(ui.DynamicItem[ui.Button[ui.View]], template=BUTTON_ID):
    """A button whose press finds its way by its id alone, also after a restart. Only its owner may press it."""

    def __init__(self, press: Press, button: ui.Button[ui.View]) -> None:
        super().__init__(button)
        self.press = press

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Called by discord.py for each press whose id matches the template."""
        press = Press(match["family"], match["action"], match["argument"], int(match["owner"]))
        return cls(press, cast("ui.Button[ui.View]", item))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to what the cogs registered."""
        await cast("_HasPresses", interaction.client).presses.press(interaction, self.press)


def button(
    family: str,
    action: str,
    argument: str,
    owner_id: int,
    label: str,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    *,
    disabled: bool = False,
) -> DurableButton:
    """A button for ``owner_id``; raises :class:`ValueError` where family, action and argument make no id that fits."""
    press = Press(family, action, argument, owner_id)
    shown = label if len(label) <= limits.BUTTON_LABEL else label[: limits.BUTTON_LABEL - 1] + "…"
    return DurableButton(press, ui.Button(custom_id=press.custom_id, label=shown, style=style, disabled=disabled))


def view(*buttons: DurableButton) -> ui.View:
    """A view of durable buttons only: mixed with ordinary items it would unregister them all when it times out."""
    made = ui.View(timeout=None)
    for each in buttons:
        made.add_item(each)
    return made
