"""Choices for a video: the autocompletes of ``/video create``, and the menus of the form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot import limits, texts
from bot.chat.markdown import plain
from bot.chat.render_borrowed import borrowed_in
from bot.chat.render_models import duration_choice, matching, model_choice
from bot.chat.server_lookup import server_lookup_of
from bot.chat.video_form import FormChoices
from bot.concurrency import within
from bot.errors import Refusal
from bot.jobs.playable_cast import PlayableCast
from bot.jobs.video_planner import VideoPlanner
from bot.jobs.video_request_builder import VideoRequestBuilder
from bot.provider.models.card import ModelCard
from bot.provider.models.check import preferred
from bot.texts import Text, text
from bot.values.character import clean_name, name_key
from bot.values.job import CastRole

CHARACTERS = ("character", *(f"character{number}" for number in range(2, limits.VIDEO_CHARACTERS + 1)))
"""The options that name who plays."""

_Interaction: TypeAlias = discord.Interaction[Any]
_Strings: TypeAlias = list[app_commands.Choice[str]]


class VideoChoices:
    """Every choice fits the other options chosen so far. Nobody is offered what belongs to others."""

    def __init__(self, *, cast: PlayableCast, planner: VideoPlanner, builder: VideoRequestBuilder) -> None:
        self._cast = cast
        self._planner = planner
        self._builder = builder

    async def characters(self, interaction: _Interaction, current: str) -> _Strings:
        """The cast and borrowed characters, without those already chosen."""
        typed = clean_name(current).removeprefix("@")
        most = limits.AUTOCOMPLETE_CHOICES + limits.VIDEO_CHARACTERS
        names = await self._cast.names(interaction.user.id, interaction.guild_id, typed, most)
        focused = next(iter(_focused(interaction)), "")
        taken = {name_key(value) for name, value in _named(interaction).items() if name != focused}
        left = [(name, owner) for name, owner in names.items() if name_key(name) not in taken]
        offered = dict(left[: limits.AUTOCOMPLETE_CHOICES])
        lenders = await _names_of(interaction, {owner for owner in offered.values() if owner is not None})
        return [
            app_commands.Choice(
                name=name if owner is None else _said(_borrowed(name, lenders.get(owner)), interaction), value=name
            )
            for name, owner in offered.items()
        ]

    async def models(self, interaction: _Interaction, current: str) -> _Strings:
        """Open models that can show everybody named so far, the best first."""
        cards = {card.model: card for card in await self._suiting(interaction)}
        return [
            app_commands.Choice(
                name=_said(model_choice(cards[model], self._planner.price(model, 1)), interaction), value=model
            )
            for model in matching(list(cards), current)[: limits.AUTOCOMPLETE_CHOICES]
            if len(model) <= limits.CHOICE_VALUE
        ]

    async def durations(self, interaction: _Interaction, current: str) -> list[app_commands.Choice[int]]:
        """The lengths of the model's videos in seconds, each with its expected price."""
        card = await self._card(interaction)
        offered = matching([str(seconds) for seconds in card.durations], current) if card is not None else []
        return [
            app_commands.Choice(
                name=_said(duration_choice(int(each), self._price(card, each)), interaction), value=int(each)
            )
            for each in offered[: limits.AUTOCOMPLETE_CHOICES]
        ]

    async def ratios(self, interaction: _Interaction, current: str) -> _Strings:
        """The aspect ratios of the model's videos that are allowed with the resolution."""
        card = await self._card(interaction)
        return [] if card is None else _plain(matching(card.ratios_for(_option(interaction, "resolution")), current))

    async def resolutions(self, interaction: _Interaction, current: str) -> _Strings:
        """The resolutions of the model's videos that are allowed with the aspect ratio."""
        card = await self._card(interaction)
        return [] if card is None else _plain(matching(card.resolutions_for(_option(interaction, "ratio")), current))

    async def of_form(self, interaction: _Interaction) -> FormChoices:
        """The cast and the models, if they can be read in time: a form has to be the first answer."""
        owner, guild_id = interaction.user.id, interaction.guild_id

        async def read() -> FormChoices:
            cast, models = await self._cast.roles(owner, guild_id), await self._planner.available()
            return FormChoices(cast=cast, models=models, default=await self._builder.default_in(owner, guild_id))

        try:
            choices = await within(limits.READ_BEFORE_FORM, read())
            if not choices.borrows:
                return choices
            borrowed = await within(limits.READ_BEFORE_FORM, self._cast.borrowed(owner, guild_id))
        except TimeoutError:
            return FormChoices()
        names = await _names_of(interaction, {each.owner_id for each in borrowed})
        return replace(choices, lenders={each.character_id: names.get(each.owner_id, "") for each in borrowed})

    async def lenders(self, interaction: _Interaction, roles: Sequence[CastRole]) -> Mapping[int, int]:
        """By character the owners of those among ``roles`` who are borrowed."""
        if not borrowed_in(roles):
            return {}
        borrowed = await self._cast.borrowed(interaction.user.id, interaction.guild_id)
        return {each.character_id: each.owner_id for each in borrowed}

    def _price(self, card: ModelCard | None, seconds: str) -> Decimal | None:
        return None if card is None else self._planner.price(card.model, int(seconds))

    async def _card(self, interaction: _Interaction) -> ModelCard | None:
        """The card of the chosen model, or of the one that would be used."""
        model = _option(interaction, "model")
        chosen = None if model is None else self._planner.card(model)
        return chosen or next(iter(await self._suiting(interaction)), None)

    async def _suiting(self, interaction: _Interaction) -> tuple[ModelCard, ...]:
        owner, available = interaction.user.id, await self._planner.available()
        names = list(_named(interaction).values())
        prompt = _option(interaction, "prompt") or ""
        roles = await self._builder.cast_for(owner, interaction.guild_id, prompt, names)
        if not roles:
            return available
        try:
            cast = await self._planner.cast(owner, roles)
        except Refusal:  # a character was deleted at this very moment
            return available
        return preferred(available, [each.member for each in cast])


def _named(interaction: _Interaction) -> dict[str, str]:
    return {name: value for name in CHARACTERS if (value := _option(interaction, name))}


def _option(interaction: _Interaction, name: str) -> str | None:
    """The present value of an option; ``None`` if it is empty."""
    value = getattr(interaction.namespace, name, None)
    return str(value) if value else None


def _focused(interaction: _Interaction) -> list[str]:
    """The option that is being typed."""
    data: Mapping[str, Any] = interaction.data or {}
    inner = [part for each in data.get("options", []) for part in each.get("options", [])]
    return [part["name"] for part in inner if part.get("focused")]


def _plain(values: list[str]) -> _Strings:
    return [app_commands.Choice(name=value, value=value) for value in values[: limits.AUTOCOMPLETE_CHOICES]]


async def _names_of(interaction: _Interaction, lenders: Collection[int]) -> Mapping[int, str]:
    """What the owners of borrowed characters call themselves, as far as it is known at once."""
    if not lenders:
        return {}
    return await server_lookup_of(interaction.client).people(lenders, limits.LENDERS_KNOWN_WITHIN)


def _borrowed(name: str, lender: str | None) -> Text:
    if lender:
        return text("{name} (borrowed from {lender})", name=name, lender=lender)
    return text("{name} (borrowed)", name=name)


def _said(message: Text, interaction: _Interaction) -> str:
    return plain(texts.render(message, str(interaction.locale)), limits.CHOICE_NAME)
