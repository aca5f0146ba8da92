"""Tells the operators, by direct message, what they have to know at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import discord
import structlog

from bot import limits
from bot.chat.markdown import say
from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable
from bot.log import unexpected
from bot.texts import Text
from bot.values.clock import Clock

log = structlog.get_logger(__name__)

_LOCALE = "en"


class OperatorAlarms:
    """The same thing at most once in :data:`bot.limits.SAME_ALARM`."""

    def __init__(self, client: discord.Client, owners: Sequence[int], clock: Clock) -> None:
        self._client = client
        self._owners = tuple(owners)
        self._clock = clock
        self._told: dict[str, datetime] = {}

    async def tell(self, message: Text) -> None:
        """A direct message to each of them. Never raises."""
        try:
            await self._tell(message)
        except Exception as error:  # noqa: BLE001 - whoever reports trouble must not have more of it
            unexpected("operators_not_told", error)

    async def _tell(self, message: Text) -> None:
        words, now = say(message, _LOCALE), self._clock()
        self._told = {told: at for told, at in self._told.items() if now - at < limits.SAME_ALARM}
        if words in self._told:
            return
        log.warning("operators_told", message=message.msgid)
        for owner in self._owners:
            try:
                await self._send(owner, words)
            except (RouteClosed, DiscordUnavailable):
                log.warning("operator_not_reached", operator=owner)
            else:
                self._told[words] = now

    async def _send(self, user_id: int, words: str) -> None:
        """Without a record: it may come twice, or not at all."""
        if self._client.is_closed() or self._client.application_id is None:
            raise DiscordUnavailable(perhaps_done=False)
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(user_id))
            await opened.send(words)
