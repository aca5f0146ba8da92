"""Where discord.py finds Discord: another address for a REST or gateway proxy, or for a test server."""

from __future__ import annotations

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


def point_at(api_url: str, gateway_url: str) -> None:
    """Let discord.py speak to these addresses; an empty ``gateway_url`` leaves its own.

    The library keeps them as class attributes, so this holds for the whole process.
    """
    Route.BASE = api_url.rstrip("/")
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
