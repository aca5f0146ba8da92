"""Prices and budgets of the playground and the demo, made up to show what the bot says about money."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bot.provider.models.catalogue import CARDS

_CHARACTERS: Final = {"sora-2": 60, "sora-2-pro": 120, "sora-2-vip": 90}  # credits for each
_A_SECOND: Final = {"wan2.6": 12, "viduq3": 8, "seedance-2": 14}  # credits; of all other models
_USUAL: Final = 10

SIMULATED_PRICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CASTBOOK__TOAPIS__PRICES": json.dumps(_CHARACTERS),
        "CASTBOOK__TOAPIS__VIDEO_PRICES": json.dumps({model: _A_SECOND.get(model, _USUAL) for model in CARDS}),
        "CASTBOOK__LIMITS__CREDITS_PER_USER_PER_DAY": "2000",
        "CASTBOOK__LIMITS__CREDITS_PER_SERVER_PER_DAY": "10000",
    }
)
"""Settings, as ``CASTBOOK__SECTION__KEY``."""
