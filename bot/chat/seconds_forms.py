"""Forms for seconds and names: unusable seconds become a question about the video, not a refusal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import ui

from bot import limits
from bot.chat.interaction_handlers import DurableForm, text_line
from bot.chat.markdown import plain, say
from bot.errors import BadRange, Refusal
from bot.texts import Text, render, text
from bot.values.character import clean_name
from bot.values.job import CharacterRequest
from bot.values.source import EarlierTask, Source
from bot.values.time_range import TimeRange


class SecondsForm(DurableForm, prefix="cbf:seconds"):
    """Asks for seconds that were not suggested; its subject is the job's id. ``typed`` is the earlier input.

    ``named``: the character has a name already, so none is asked for.
    """

    def __init__(self, job_id: str, locale: str, *, typed: str = "", named: bool = True) -> None:
        lines = [seconds_line(locale, typed), *([] if named else [name_line(locale)])]
        super().__init__(job_id, say(text("Other seconds"), locale), *lines)


class NameForm(DurableForm, prefix="cbf:name"):
    """Asks for the name of a job's character, because ``taken`` is taken; its subject is the job's id."""

    def __init__(self, job_id: str, locale: str, taken: str) -> None:
        line = text_line("name", say(text("Name"), locale), value=taken, max_length=limits.NAME_LENGTH)
        super().__init__(job_id, say(text("What should it be called?"), locale), line)


class PreviewForm(DurableForm, prefix="cbf:preview"):
    """Asks for seconds of a previewed video, and for a name; its subject is the preview's job id."""

    def __init__(self, job_id: str, locale: str, typed: str = "") -> None:
        super().__init__(job_id, say(text("Make a character"), locale), seconds_line(locale, typed), name_line(locale))


class NewForm(DurableForm, prefix="cbf:new"):
    """Everything for a new character: the clip, its seconds, a name, and the consent, which has to be ticked."""

    def __init__(self, locale: str) -> None:
        clip: ui.FileUpload[Any] = ui.FileUpload(custom_id="clip", max_values=1)
        yes = discord.CheckboxGroupOption(
            label=say(text("I have permission to use the person in this clip"), locale),
            value="yes",
            description=say(text("It's me, someone who gave me permission, or a made-up character."), locale),
        )
        consent: ui.CheckboxGroup[Any] = ui.CheckboxGroup(custom_id="consent", options=[yes])
        super().__init__(
            "character",
            say(text("Make a character"), locale),
            ui.Label(
                text=say(text("Clip"), locale),
                description=say(text("With sound and one main character"), locale),
                component=clip,
            ),
            seconds_line(locale, required=False),
            name_line(locale),
            private_line(locale),
            ui.Label(text=say(text("Permission"), locale), component=consent),
        )


class TaskForm(DurableForm, prefix="cbf:task"):
    """Asks for the seconds of an earlier task, because of ``problem``; the other inputs are filled in.

    The video of a task is not here, so nothing can be picked from it. The subject contains what has no field: the
    model, and whether the result is private.
    """

    def __init__(self, request: CharacterRequest, private: bool | None, problem: Text, locale: str) -> None:
        task = request.source.task_id if isinstance(request.source, EarlierTask) else ""
        super().__init__(
            f"{_PRIVATE[private]}-{request.model or ''}",
            say(text("Make a character"), locale),
            text_line(
                "task", say(text("ID of the video task"), locale), value=task, max_length=limits.PROVIDER_ID_LENGTH
            ),
            seconds_line(locale, request.typed, problem=problem),
            name_line(locale, request.name or ""),
        )


_PRIVATE: Final = {None: "unsaid", True: "private", False: "shown"}


def task_options(subject: str) -> tuple[str | None, bool | None]:
    """The model, and whether the result is private, from the subject of a :class:`TaskForm`."""
    private, _, model = subject.partition("-")
    return model or None, next((unsent for unsent, written in _PRIVATE.items() if written == private), None)


class LastTyped:
    """The last unusable seconds that were typed for each job, to be filled into the next form."""

    def __init__(self) -> None:
        self._typed: OrderedDict[str, str] = OrderedDict()

    def __getitem__(self, job_id: str) -> str:
        """What was typed; an empty string if nothing was, or if it is long ago."""
        return self._typed.get(job_id, "")

    def __setitem__(self, job_id: str, typed: str) -> None:
        self._typed[job_id] = typed
        if len(self._typed) > limits.TYPED_REMEMBERED:
            self._typed.popitem(last=False)


def seconds_line(locale: str, typed: str = "", *, required: bool = True, problem: Text | None = None) -> ui.Label[Any]:
    """The form field ``range``; ``typed`` is the earlier input, and ``problem`` what is wrong with it."""
    asks = text("Which 1 to 3 seconds?") if required else text("Which 1 to 3 seconds? (empty: pick later)")
    line = text_line(
        "range",
        say(asks, locale),
        value=typed,
        placeholder=say(text("1-3 or 0:04-0:06.5"), locale),
        max_length=limits.RANGE_INPUT_LENGTH,
        required=required,
    )
    if problem is not None:
        line.description = plain(render(problem, locale), limits.FORM_DESCRIPTION)
    return line


def name_line(locale: str, typed: str = "") -> ui.Label[Any]:
    """The form field ``name``; ``typed`` is the earlier input."""
    return text_line(
        "name",
        say(text("Name of the character (optional)"), locale),
        value=typed,
        placeholder=say(text("Leave this empty and name it later"), locale),
        max_length=limits.NAME_LENGTH,
        required=False,
    )


def private_line(locale: str) -> ui.Label[Any]:
    """The form field ``private``: an optional checkbox."""
    mine = discord.CheckboxGroupOption(label=say(text("Only I see the result"), locale), value="yes")
    checkbox: ui.CheckboxGroup[Any] = ui.CheckboxGroup(
        custom_id="private", options=[mine], required=False, min_values=0
    )
    return ui.Label(
        text=say(text("Private"), locale),
        description=say(text("If you don't tick this, the server's setting decides."), locale),
        component=checkbox,
    )


def wants_private(typed: Mapping[str, str]) -> bool | None:
    """Whether :func:`private_line` was ticked; ``None``: as the server has it."""
    return True if typed.get("private") == "yes" else None


def character_request(source: Source, seconds: str, *, name: str, model: str | None = None) -> CharacterRequest:
    """The request for a character from ``source``. Invalid seconds are picked later, with the input filled in.

    ``model`` is the one they named. A name without visible characters counts as none: the character can be renamed.
    """
    chosen, typed = None, ""
    if seconds.strip():
        try:
            chosen = TimeRange.parse(seconds)
        except BadRange:
            typed = seconds.strip()[: limits.RANGE_INPUT_LENGTH]
    return CharacterRequest(source=source, range=chosen, typed=typed, model=model, name=clean_name(name) or None)


def visible_name(typed: str) -> str:
    """The name as it will be saved. Raises :class:`~bot.errors.Refusal` if nothing in it is visible."""
    name = clean_name(typed)
    if not name:
        raise Refusal(text("That name has no visible characters. Please choose another one."))
    return name
