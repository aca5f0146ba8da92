"""Asks Discord for living addresses of attachments: a link to one dies within a day, and its file does not."""

from __future__ import annotations

import aiohttp
import discord
import structlog
from discord.http import Route

log = structlog.get_logger(__name__)


async def renewed_address(client: discord.Client, url: str) -> str | None:
    """A new address of the attachment at ``url``; ``None`` where Discord gives none. Never raises.

    The route is the one that Discord's own apps use for the links in old messages. It takes a bot's token, and is in
    no documentation: the link names no message that could be read instead.
    """
    if client.user is None:  # not logged in
        return None
    try:
        answer = await client.http.request(Route("POST", "/attachments/refresh-urls"), json={"attachment_urls": [url]})
        address = answer["refreshed_urls"][0]["refreshed"]
    except (discord.DiscordException, aiohttp.ClientError, OSError, LookupError, TypeError) as error:
        log.info("attachment_not_renewed", error=type(error).__name__)
        return None
    return address if isinstance(address, str) and address != url else None
