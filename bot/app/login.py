"""Logging in at Discord, wherever the settings say it is."""

from __future__ import annotations

import aiohttp
import discord

from bot.chat.client import point_at
from bot.config import DiscordSettings
from bot.errors import BadStart


async def log_in(client: discord.Client, settings: DiscordSettings) -> None:
    """Log in over REST, at the configured address. Raises BadStart; the client is closed then."""
    point_at(settings.api_url, settings.gateway_url)
    try:
        await client.login(settings.token.get_secret_value())
    except discord.LoginFailure as error:
        await client.close()
        raise BadStart("Discord refuses discord.token; take a new one from the developer portal.") from error
    except (OSError, aiohttp.ClientError, discord.HTTPException) as error:
        await client.close()
        raise BadStart("Discord cannot be reached at discord.api_url; check the network and the address.") from error
