"""The cards of all models that accept a character, best first, and those that an operator adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from bot.errors import BadConfiguration
from bot.provider.models import families
from bot.provider.models.card import ModelCard


def _table(cards: Iterable[ModelCard]) -> Mapping[str, ModelCard]:
    return MappingProxyType({card.model: replace(card, like=card.model) for card in cards})


CARDS: Final = _table(
    (
        # First the provider's own characters; then models that see the character move and hear it; then pictures alone.
        families.SORA,
        replace(families.SORA, model="sora-2-pro", durations=(15, 25), default_duration=15),
        replace(families.SORA, model="sora-2-vip"),
        families.VVIP,
        families.WAN,
        families.MINIMAX,
        families.WAN_FLASH,
        families.WAN_3,
        families.VIDU,
        families.KLING_OMNI,
        families.KLING_O1,
        families.KLING_3,
        # Good models, but they refuse people who might be real, and most clips show somebody real.
        families.SEEDANCE,
        families.SEEDANCE_25,
        families.SEEDANCE_FAST,
        replace(families.SEEDANCE_FAST, model="seedance-2-mini"),
        families.HAPPYHORSE,
        families.VEO,
        replace(families.VEO, model="veo3.1-lite"),
        families.VEO_OFFICIAL,
        replace(families.VEO_OFFICIAL, model="Veo3.1-fast-official"),
        replace(families.VEO_OFFICIAL, model="Veo3.1-lite-official"),
        families.GEMINI,
        families.GROK,
    )
)
"""Every known model by its id, in order of preference."""


def card_of(model: str, extra: Mapping[str, str]) -> ModelCard | None:
    """The card of ``model``; ``None`` if it is unknown.

    ``extra`` are the operator's models (``toapis.video_models``): they are enabled, and each has the card of the model
    that it is like.
    """
    return cards(extra).get(model)


def cards(extra: Mapping[str, str]) -> Mapping[str, ModelCard]:
    """All models including ``extra``, in order of preference: each of those comes before the one that it is like.

    Raises :class:`~bot.errors.BadConfiguration` if one is like a model that has no card.
    """
    unknown = sorted(set(extra.values()) - CARDS.keys())
    if unknown:
        known = ", ".join(CARDS)
        raise BadConfiguration(f"toapis.video_models must say of each model which of these it is like: {known}.")
    found: dict[str, ModelCard] = {}
    for name, card in CARDS.items():
        likenesses = [model for model, like in extra.items() if like == name and model != name]
        found |= {model: replace(card, model=model, enabled=True) for model in likenesses}
        if name not in extra:
            found[name] = card
        elif extra[name] == name:
            found[name] = replace(card, enabled=True)
    return MappingProxyType(found)
