"""Direct messages to people who are not using a command at the moment, if they accept any."""

from __future__ import annotations

import discord
import structlog

from bot import limits
from bot.chat.message import MessageContent
from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable

log = structlog.get_logger(__name__)


async def send_dm(client: discord.Client, user_id: int, content: MessageContent) -> bool:
    """Returns whether it was sent. It is not recorded, so after a kill it is not sent again."""
    try:
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await client.create_dm(discord.Object(user_id))
            await opened.send(**content.as_new())
    except (RouteClosed, DiscordUnavailable) as closed:
        log.info("direct_message_not_sent", error=type(closed).__name__)
        return False
    return True
