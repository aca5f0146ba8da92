"""Dispatches pressed buttons and submitted forms to the cogs' methods, also after a restart.

Whether the bot accepts an interaction at all is decided here for commands, buttons and forms alike.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias, TypeVar

import discord
from discord import ui

from bot import limits, tracing
from bot.chat import replies
from bot.chat.durable_items import DurableItem
from bot.chat.markdown import plain
from bot.concurrency import work_until_answered
from bot.errors import Refusal
from bot.jobs.access_policy import AccessPolicy
from bot.texts import text
from bot.values.source import Attachment

# Commands that stay available to people who may not use the bot: their own data, the settings by which managers can
# lift their own block, and status information. For buttons, the class says so (``always_open``).
ALWAYS_OPEN = frozenset({"privacy", "server", "operator", "help", "about"})

_Interaction: TypeAlias = discord.Interaction[Any]
_Button = TypeVar("_Button", bound=DurableItem)
_PressHandler: TypeAlias = Callable[[_Interaction, Any], Awaitable[None]]
_FormHandler: TypeAlias = Callable[[_Interaction, str, Mapping[str, str]], Awaitable[None]]
_Method = TypeVar("_Method", bound=Callable[..., Awaitable[None]])

_HANDLES = "__castbook_handles__"


class DurableForm(ui.Modal):
    """A form about one thing, whose id (``subject``) is in the form's ``custom_id``: ``<prefix>:<subject>``.

    discord.py dispatches a submission only in the process that opened the form. So we bypass it: the values go to the
    method of a cog that is marked with ``@on_submit(TheForm)``.
    """

    prefix: ClassVar[str]
    always_open: ClassVar[bool] = False  # as for buttons

    def __init_subclass__(cls, *, prefix: str) -> None:
        super().__init_subclass__()
        cls.prefix = prefix

    def __init__(self, subject: str, title: str, *lines: ui.Label[Any]) -> None:
        """Raises :class:`ValueError` if the id is too long, or with more than 5 ``lines``."""
        custom_id = f"{self.prefix}:{subject}"
        if len(custom_id) > limits.CUSTOM_ID:
            raise ValueError(f"too long an id: {custom_id!r}")
        super().__init__(
            title=plain(title, limits.MODAL_TITLE), custom_id=custom_id, timeout=limits.TOKEN_LIFE.total_seconds()
        )
        for line in lines:
            self.add_item(line)
        self.stop()  # a finished form is sent like any other, but discord.py does not keep it


def text_line(
    name: str,
    label: str,
    *,
    value: str = "",
    placeholder: str = "",
    max_length: int | None = None,
    required: bool = True,
) -> ui.Label[Any]:
    """A form field for one line of text. ``name`` is its key among the submitted values."""
    line: ui.TextInput[Any] = ui.TextInput(
        custom_id=name,
        default=value[:max_length] or None,
        placeholder=plain(placeholder, limits.FORM_PLACEHOLDER) or None,
        max_length=max_length,
        required=required,
    )
    return ui.Label(text=plain(label, limits.FORM_LABEL), component=line)


def uploaded(interaction: _Interaction, file_id: str) -> Attachment | None:
    """The file uploaded in a submitted form; ``file_id`` is the value of its field."""
    data: Mapping[str, Any] = interaction.data or {}
    file = data.get("resolved", {}).get("attachments", {}).get(file_id)
    return file and Attachment(url=file["url"], filename=file["filename"], size=file["size"])


def on_press(
    *buttons: type[_Button],
) -> Callable[
    [Callable[[Any, _Interaction, _Button], Awaitable[None]]], Callable[[Any, _Interaction, _Button], Awaitable[None]]
]:
    """Marks a cog's method ``(interaction, button)`` as the handler for presses of ``buttons`` by their owner."""
    return _mark(buttons)


def on_submit(form: type[DurableForm]) -> Callable[[_Method], _Method]:
    """Marks a cog's method ``(interaction, subject, typed)`` as the handler for ``form``.

    ``typed`` contains the fields' values by name; for a menu, the chosen values separated by commas.
    """
    return _mark((form,))


def _mark(handled: Sequence[type]) -> Callable[[_Method], _Method]:
    def mark(method: _Method) -> _Method:
        setattr(method, _HANDLES, tuple(handled))
        return method

    return mark


class InteractionHandlers:
    """Dispatches presses and submitted forms to the cogs' methods, and always answers the person."""

    def __init__(self, access_policy: AccessPolicy | None = None) -> None:
        self.draining = False
        self._access_policy = access_policy
        self._presses: dict[type[DurableItem], _PressHandler] = {}
        self._forms: dict[str, _FormHandler] = {}
        self._open_forms: set[str] = set()
        self.categories: dict[int, int | None] = {}  # of threads' channels, for when there is no gateway

    @property
    def buttons(self) -> tuple[type[DurableItem], ...]:
        """The buttons that have a handler."""
        return tuple(self._presses)

    @property
    def forms(self) -> tuple[str, ...]:
        """The prefixes of the forms that have a handler."""
        return tuple(self._forms)

    def add(self, cog: object) -> None:
        """Register the methods of ``cog``, and of its ``parts``, that :func:`on_press` or :func:`on_submit` mark."""
        for part in (cog, *getattr(cog, "parts", ())):
            for name, function in _functions(type(part)):
                for handled in getattr(function, _HANDLES, ()):
                    if issubclass(handled, DurableForm):
                        self._forms[handled.prefix] = getattr(part, name)
                        self._open_forms |= {handled.prefix} if handled.always_open else set()
                    else:
                        self._presses[handled] = getattr(part, name)

    def check_access(self, interaction: _Interaction, *, always_open: bool = False) -> None:
        """Raise :class:`~bot.errors.Refusal` if the interaction is not accepted. Decided without any I/O."""
        if self.draining:
            raise Refusal(text("I'm restarting. Please try again in a minute."))
        if always_open or self._access_policy is None:
            return
        reason = self._access_policy.refusal(
            user_id=interaction.user.id, guild_id=interaction.guild_id, channels=self._channels(interaction)
        )
        if reason is not None:
            raise Refusal(reason)

    def closes_channels(self, guild_id: int) -> bool:
        """Whether managers of that server have closed any channel or category."""
        return self._access_policy is not None and self._access_policy.closes_channels(guild_id)

    def _channels(self, interaction: _Interaction) -> frozenset[int]:
        """The channel and what contains it: a thread of a closed channel is closed as well."""
        channel = interaction.channel
        parent_id = getattr(channel, "parent_id", None)
        above = channel.parent if isinstance(channel, discord.Thread) else channel
        category_id = getattr(above, "category_id", None)
        if above is None and parent_id is not None:
            category_id = self.categories.get(parent_id)
        return frozenset(each for each in (interaction.channel_id, parent_id, category_id) if each is not None)

    async def press(self, interaction: _Interaction, button: DurableItem) -> None:
        """Handle a press. Never raises."""
        work_until_answered(interaction.response.is_done)
        with tracing.span("interaction", kind="component", button=type(button).__name__):
            await self._press(interaction, button)

    async def _press(self, interaction: _Interaction, button: DurableItem) -> None:
        try:
            self.check_access(interaction, always_open=button.always_open)
            if interaction.user.id != button.owner_id:
                raise Refusal(
                    text("These buttons are for the person who started this. To start your own, use /character create.")
                )
            await self._presses[type(button)](interaction, button)
        except Exception as error:  # noqa: BLE001 - the last place where the person can still be told
            await replies.failed(interaction, error, "press_failed", button=type(button).__name__)

    async def submit(self, interaction: _Interaction) -> None:
        """Handle a submitted form. Never raises."""
        work_until_answered(interaction.response.is_done)
        prefix, subject, typed = _submitted(interaction)
        with tracing.span("interaction", kind="modal_submit", form=prefix if prefix in self._forms else None):
            await self._submit(interaction, prefix, subject, typed)

    async def _submit(self, interaction: _Interaction, prefix: str, subject: str, typed: dict[str, str]) -> None:
        try:
            self.check_access(interaction, always_open=prefix in self._open_forms)
            handler = self._forms.get(prefix)
            if handler is None:
                raise Refusal(text("This form is from an older version of the bot. Please use the command again."))
            await handler(interaction, subject, typed)
        except Exception as error:  # noqa: BLE001 - the last place where the person can still be told
            await replies.failed(interaction, error, "form_failed", form=prefix)

    async def answer_unknown(self, interaction: _Interaction) -> None:
        """Answer a press that matches no class of button. Never raises."""
        custom_id = _custom_id(interaction)
        if not any(button.matches(custom_id) for button in self._presses):
            said = text(
                "This button is from an older version of the bot. Please use /tasks or /character list instead."
            )
            await replies.tell(interaction, said)


def _custom_id(interaction: _Interaction) -> str:
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id", ""))


def _submitted(interaction: _Interaction) -> tuple[str, str, dict[str, str]]:
    """The prefix, subject and values by name of a submitted form."""
    data: Mapping[str, Any] = interaction.data or {}
    prefix, _, subject = _custom_id(interaction).rpartition(":")
    return prefix, subject, dict(_typed(data.get("components", [])))


def _functions(cog: type) -> Iterator[tuple[str, object]]:
    for base in reversed(cog.__mro__):
        yield from vars(base).items()


def _typed(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Each field of a submitted form with its value; the chosen values of a menu are separated by commas."""
    for component in components:
        inner = component.get("components") or ([component["component"]] if "component" in component else [])
        yield from _typed(inner)
        if isinstance(component.get("value"), str) and "custom_id" in component:
            yield component["custom_id"], component["value"]
        if component.get("values"):
            yield component["custom_id"], ",".join(map(str, component["values"]))
