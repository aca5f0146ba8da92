"""What the bot's own process must not hold: what opens a video, what migrates, what paints a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.listing_bot import HEAVY, heavy_in
from benchmarks.memory import loaded_modules


@pytest.mark.timeout(120)
async def test_a_connected_bot_has_imported_nothing_heavy(tmp_path: Path) -> None:
    modules = await loaded_modules(tmp_path)
    assert {"bot.app.service", "discord.gateway", "sqlalchemy", "cogs.character.cog"} <= set(modules.split())
    assert heavy_in(modules) == [], f"none of {HEAVY} is wanted in the bot's own process"
