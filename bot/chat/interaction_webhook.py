"""The messages to which only an interaction's token leads: Discord serves them as those of a webhook."""

from __future__ import annotations

import discord

from bot.chat.rest_errors import RouteClosed


class _Original:
    """Discord's name for the first answer. Not a string: discord.py would send the sign @ percent-encoded."""

    def __str__(self) -> str:
        return "@original"


def webhook_of(client: discord.Client, token: str) -> discord.Webhook:
    """Edits, deletes and sends by the token. Raises :class:`RouteClosed` before the login."""
    if client.application_id is None:
        raise RouteClosed(0)
    webhook = discord.Webhook.partial(client.application_id, token, client=client)
    webhook.type = discord.WebhookType.application  # what it is; a partial one is taken for a channel's
    return webhook


def message_at(message_id: int | None) -> int:
    """``None``: the interaction's first answer."""
    return message_id or _Original()  # type: ignore[return-value]  # the library wants an id where this fits too
