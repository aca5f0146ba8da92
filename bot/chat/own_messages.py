"""Finds the bot's own message after its sending was interrupted, by the id in its footer."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

import discord

from bot import limits
from bot.chat.card import footers
from bot.chat.rest_errors import RouteClosed, understood
from bot.chat.server_lookup import ServerLookup


class HistoryUnreadable(Exception):
    """The bot may not read the channel's history, so nobody can tell what is there."""


class OwnMessages:
    """Searches the history of channels."""

    def __init__(self, client: discord.Client, lookup: ServerLookup) -> None:
        self._client = client
        self._lookup = lookup

    async def find(self, channel_id: int, wanted: str, since: datetime, *, but: Collection[int] = ()) -> int | None:
        """The id of the bot's newest message since then with the word ``wanted`` in its footer, or ``None``.

        ``but``: messages to skip. Raises HistoryUnreadable, and DiscordUnavailable.
        """
        channel = self._client.get_partial_messageable(channel_id)
        empty, found = True, None
        try:
            async with understood(limits.MESSAGE_PATIENCE):
                async for message in channel.history(limit=limits.HISTORY, after=since - limits.CLOCKS_APART):
                    empty = False
                    if message.author.id == self._own_id and message.id not in but and _names(message, wanted):
                        found = message.id
        except RouteClosed:
            raise HistoryUnreadable from None
        if empty and not await self._may_read(channel_id):
            raise HistoryUnreadable  # without the permission it looks empty
        return found

    async def _may_read(self, channel_id: int) -> bool:
        """Whether the bot may read the history there."""
        try:
            return (await self._lookup.permissions(channel_id)).read_message_history
        except RouteClosed:
            return False

    @property
    def _own_id(self) -> int:
        return self._client.user.id if self._client.user else 0


def _names(message: discord.Message, wanted: str) -> bool:
    word = re.compile(
        rf"(?<![\w-]){re.escape(wanted)}(?![\w-])", re.ASCII
    )  # it may be next to Chinese, without a space
    return any(word.search(footer) for footer in footers(message))
