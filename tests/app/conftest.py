"""A strict loopback Discord, the simulated provider, and settings that point at both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.config import Settings, load
from playground.provider import SimulatedProvider
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.scene import migrated

MakeSettings = Callable[..., Settings]


@pytest.fixture
async def discord() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as discord:
        yield discord


@pytest.fixture
async def provider() -> AsyncIterator[SimulatedProvider]:
    async with SimulatedProvider() as provider:
        yield provider


@pytest.fixture
def make_settings(tmp_path: Path, discord: LoopbackDiscord, provider: SimulatedProvider) -> MakeSettings:
    """Settings for both, with changes as ``SECTION__KEY="value"``; the database is at head."""
    migrated(tmp_path)

    def make(**changes: str) -> Settings:
        environ = {
            "DISCORD__TOKEN": discord.token,
            "DISCORD__API_URL": discord.api_url,
            "DISCORD__GATEWAY_URL": discord.gateway_url,
            "TOAPIS__API_KEY": provider.key,
            "TOAPIS__BASE_URL": provider.base_url,
            "STORE__URL": f"sqlite+aiosqlite:///{tmp_path}/castbook.db",
            "STORE__FILES": str(tmp_path / "files"),
            "WEB__PORT": "0",
            "WEB__METRICS_PORT": "0",
        }
        return load(None, {f"CASTBOOK__{name}": value for name, value in (environ | changes).items()})

    return make


@pytest.fixture(autouse=True)
def the_librarys_own_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses as class attributes: what a test changes there is put back."""
    from discord.gateway import DiscordWebSocket
    from discord.http import Route

    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)
