"""The request for a video with a character of the provider's own, for somebody to send by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.provider.models.card import ModelCard
from bot.provider.models.encoding import encode
from bot.provider.models.families import SORA
from bot.provider.models.wish import CastMember, VideoWish

_UPRIGHT = "9:16"


def by_hand(card: ModelCard | None, model: str, task_id: str, prompt: str) -> dict[str, Any]:
    """The JSON body, as the family of the ``model`` that made the character has it.

    The character is known by its ``task_id`` alone. ``card``: the model's, where there is one that says so.
    """
    if card is None or not card.provider_character:
        card = replace(SORA, model=model)
    wish = VideoWish(
        prompt=prompt,
        cast=(CastMember(name="character", task_id=task_id),),
        ratio=_UPRIGHT if _UPRIGHT in card.ratios else None,
    )
    body = encode(card, wish, {}, business_id="by-hand")
    if card.business_id_field:
        body.pop(card.business_id_field)  # that is the bot's
    return body
