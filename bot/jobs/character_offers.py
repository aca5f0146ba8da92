"""Which model would make a character now, and its expected price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from bot.jobs.model_availability import ModelAvailability
from bot.values.requests import CharacterOffer


class CharacterOffers:
    """Describes a character before it is requested. ``prices``: in credits, by model."""

    def __init__(self, availability: ModelAvailability, prices: Mapping[str, Decimal]) -> None:
        self._availability = availability
        self._prices = prices

    async def best(self) -> CharacterOffer | None:
        """The offer; ``None`` if no model is available, so that the character is a portable one, and free."""
        model = await self._availability.best()
        return None if model is None else CharacterOffer(model=model, price=self._prices.get(model))
