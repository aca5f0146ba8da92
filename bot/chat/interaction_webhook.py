"""Messages that are accessible only with an interaction's token: Discord serves them like those of a webhook."""

from __future__ import annotations

import discord

from bot.chat.rest_errors import RouteClosed


class _Original:
    """Discord's name for the first answer. Not a string, because discord.py would percent-encode the @."""

    def __str__(self) -> str:
        return "@original"


def webhook_of(client: discord.Client, token: str) -> discord.Webhook:
    """The webhook that edits, deletes and sends with the token. Raises :class:`RouteClosed` before the login."""
    if client.application_id is None:
        raise RouteClosed(0)
    webhook = discord.Webhook.partial(client.application_id, token, client=client)
    webhook.type = discord.WebhookType.application  # a partial one would count as a channel's webhook
    return webhook


def message_at(message_id: int | None) -> int:
    """``None``: the interaction's first answer."""
    return message_id or _Original()  # type: ignore[return-value]  # discord.py wants an id, but accepts this too
