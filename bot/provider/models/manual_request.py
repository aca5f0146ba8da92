"""The request body for a video with a character made by the provider, for people who call its API themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.provider.models.card import ModelCard
from bot.provider.models.encoding import encode
from bot.provider.models.families import SORA
from bot.provider.models.video_spec import CastMember, VideoSpec

_UPRIGHT = "9:16"


def manual_request(card: ModelCard | None, model: str, task_id: str, prompt: str) -> dict[str, Any]:
    """The JSON body, in the format of the family of the ``model`` that made the character.

    The character is identified by its ``task_id`` alone. ``card``: the model's, if it has one.
    """
    if card is None or not card.provider_character:
        card = replace(SORA, model=model)
    spec = VideoSpec(
        prompt=prompt,
        cast=(CastMember(name="character", task_id=task_id),),
        ratio=_UPRIGHT if _UPRIGHT in card.ratios else None,
    )
    body = encode(card, spec, {}, business_id="by-hand")
    if card.business_id_field:
        body.pop(card.business_id_field)  # only for the bot
    return body
