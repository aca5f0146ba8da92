"""Asks Discord for current addresses of attachments: a link expires within a day, the file does not."""

from __future__ import annotations

import aiohttp
import discord
import structlog
from discord.http import Route

log = structlog.get_logger(__name__)


async def renewed_address(client: discord.Client, url: str) -> str | None:
    """The current address of the attachment at ``url``; ``None`` if Discord gives none. Never raises.

    This is the undocumented route that Discord's own apps use for links in old messages. It accepts a bot's token; the
    link names no message that could be fetched instead.
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
