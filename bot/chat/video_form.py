"""The form of a video: what happens in it, who plays, and which model makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import discord
from discord import TextStyle, ui

from bot import limits
from bot.chat.interaction_handlers import DurableForm, text_line
from bot.chat.markdown import plain, say
from bot.chat.render_models import about_model
from bot.chat.seconds_forms import private_line
from bot.provider.models.card import ModelCard
from bot.store.drafts import UnsentVideo
from bot.texts import render, text
from bot.values.job import CastRole, VideoRequest

NEW: Final = "new"
"""The subject of a form that belongs to no draft and no video."""

_AGAIN: Final = "again-"
_FAILED: Final = "failed-"
_BEST: Final = "best"
_BETWEEN_NAMES: Final = re.compile(r"[,，、\n]")  # commas as typed in any of our languages


@dataclass(frozen=True, slots=True, kw_only=True)
class FormChoices:
    """What a form offers. ``cast`` is ``None`` if it could not be read in time; then names are typed.

    ``lenders``: what the owners of borrowed characters call themselves, by the characters' ids.
    ``default``: the id of the character that plays if its owner names nobody; 0: there is none.
    """

    cast: Sequence[CastRole] | None = None
    models: Sequence[ModelCard] = ()
    lenders: Mapping[int, str] = field(default_factory=dict)
    default: int = 0

    @property
    def borrows(self) -> bool:
        """Whether somebody among them is borrowed."""
        return any(role.loan_id is not None for role in self.cast or ())


class VideoForm(DurableForm, prefix="cbf:video"):
    """Its subject is a draft's id, :func:`take_of` a video, :func:`change_of` a failed job, or :data:`NEW`.

    The cast is preselected.
    """

    def __init__(
        self, subject: str, choices: FormChoices, locale: str, *, unsent: UnsentVideo | None = None, chosen: int = 0
    ) -> None:
        request = unsent.request if unsent is not None else None
        prompt: ui.TextInput[Any] = ui.TextInput(
            custom_id="prompt",
            style=TextStyle.paragraph,
            default=(request.prompt if request is not None else "") or None,
            placeholder=say(text("@name waves at the camera on a beach at sunset"), locale),
            max_length=limits.PROMPT_LENGTH,
        )
        lines: list[ui.Label[Any]] = [
            ui.Label(text=say(text("What happens?"), locale), component=prompt),
            _cast_line(choices, locale, unsent=unsent, chosen=chosen),
        ]
        if choices.models:
            lines.append(_model_line(choices.models, locale, request.model if request is not None else None))
        if unsent is None:
            lines.append(private_line(locale))
        super().__init__(subject, say(text("Make a video"), locale), *lines)


def take_of(video_id: int) -> str:
    """The subject of a form for another take of a video: it needs no draft, since the video's row has the request."""
    return f"{_AGAIN}{video_id}"


def video_in(subject: str) -> int | None:
    """Parse :func:`take_of`; ``None`` if the form is about something else."""
    number = subject.removeprefix(_AGAIN)
    return int(number) if number != subject and number.isdecimal() else None


def change_of(job_id: str) -> str:
    """The subject of a form for the request of a failed job; as with :func:`take_of` it needs no draft."""
    return f"{_FAILED}{job_id}"


def job_in(subject: str) -> str | None:
    """Parse :func:`change_of`; ``None`` if the form is about something else."""
    return subject.removeprefix(_FAILED) if subject.startswith(_FAILED) else None


def _cast_line(choices: FormChoices, locale: str, *, unsent: UnsentVideo | None, chosen: int) -> ui.Label[Any]:
    playing = unsent.request.cast if unsent is not None else ()
    if choices.cast is None or len(choices.cast) > limits.SELECT_OPTIONS:
        known = {role.character_id: role.name for role in choices.cast or ()}
        names = [role.name for role in playing] + ([known[chosen]] if chosen in known else [])
        label = say(text("Who's in it? (names, separated by commas)"), locale)
        return text_line("names", label, value=", ".join(names), required=False)
    selected = {role.character_id for role in playing} | {chosen}
    options = [
        discord.SelectOption(
            label=plain(role.name, limits.OPTION_LABEL),
            value=str(role.character_id),
            description=None if role.loan_id is None else _borrowed(choices.lenders.get(role.character_id), locale),
            default=role.character_id in selected,
        )
        for role in choices.cast
    ]
    most = min(len(options), limits.VIDEO_CHARACTERS)
    most = max(most, sum(option.default for option in options))
    menu: ui.Select[Any] = ui.Select(custom_id="cast", min_values=0, max_values=most, options=options, required=False)
    return ui.Label(
        text=say(text("Who's in it?"), locale),
        description=say(text("Everyone you call @name in the prompt is in it, too."), locale),
        component=menu,
    )


def _borrowed(lender: str | None, locale: str) -> str:
    words = text("Borrowed from {lender}", lender=lender) if lender else text("Borrowed")
    return plain(render(words, locale), limits.OPTION_LABEL)


def _model_line(models: Sequence[ModelCard], locale: str, wanted: str | None) -> ui.Label[Any]:
    best = discord.SelectOption(
        label=say(text("The best one for this cast"), locale), value=_BEST, default=wanted is None
    )
    others = [
        discord.SelectOption(
            label=plain(card.model, limits.OPTION_LABEL),
            value=card.model[: limits.CHOICE_VALUE],
            description=plain(say(about_model(card), locale), limits.OPTION_LABEL),
            default=card.model == wanted,
        )
        for card in models
    ]
    menu: ui.Select[Any] = ui.Select(custom_id="model", options=[best, *others][: limits.SELECT_OPTIONS])
    return ui.Label(text=say(text("Model"), locale), component=menu)


def named_in(typed: Mapping[str, str]) -> tuple[str | int, ...]:
    """Who plays, according to a submitted form: ids from the menu, or names as they were typed."""
    ids = [int(each) for each in typed.get("cast", "").split(",") if each.isdecimal()]
    names = [each.strip() for each in _BETWEEN_NAMES.split(typed.get("names", ""))]
    return (*ids, *(name for name in names if name))


def request_in(typed: Mapping[str, str], before: VideoRequest | None = None) -> VideoRequest:
    """The request of a submitted form, still without a cast; what the form does not contain stays as ``before``."""
    request = before if before is not None else VideoRequest(prompt="", cast=())
    model = request.model
    if "model" in typed:
        model = None if typed["model"] == _BEST else typed["model"]
    return replace(request, prompt=typed.get("prompt", "").strip(), model=model, cast=())
