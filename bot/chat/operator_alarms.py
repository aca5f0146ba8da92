"""Sends urgent messages to the operators, as direct messages."""

from __future__ import annotations

from collections.abc import Sequence

import discord
import structlog

from bot import limits
from bot.chat.markdown import say
from bot.chat.rest_errors import RouteClosed, understood
from bot.jobs.ports import DiscordUnavailable
from bot.log import unexpected
from bot.store.told_alarms import ToldAlarmStore
from bot.texts import Text
from bot.values.clock import Clock

log = structlog.get_logger(__name__)

_LOCALE = "en"


class OperatorAlarms:
    """Sends each alarm to the owners at most once per :data:`bot.limits.SAME_ALARM`, across all processes."""

    def __init__(self, client: discord.Client, owners: Sequence[int], clock: Clock, told: ToldAlarmStore) -> None:
        self._client = client
        self._owners = tuple(owners)
        self._clock = clock
        self._told = told

    async def tell(self, message: Text) -> None:
        """Send a direct message to each of them. Never raises."""
        try:
            await self._tell(message)
        except Exception as error:  # noqa: BLE001 - reporting a fault must not cause another
            unexpected("operators_not_told", error)

    async def _tell(self, message: Text) -> None:
        words = say(message, _LOCALE)
        if not await self._is_news(words):
            return
        log.warning("operators_told", message=message.msgid)
        reached = False
        for owner in self._owners:
            try:
                await self._send(owner, words)
            except (RouteClosed, DiscordUnavailable):
                log.warning("operator_not_reached", operator=owner)
            else:
                reached = True
        if not reached:
            await self._told.not_told(words)

    async def _is_news(self, words: str) -> bool:
        """If that cannot be recorded (a full disk, for example), it is sent: better twice than not at all."""
        try:
            return await self._told.begin(words, now=self._clock())
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the database, the alarm matters more
            unexpected("alarm_not_noted", error)
            return True

    async def _send(self, user_id: int, words: str) -> None:
        """Not recorded, so it may be sent twice, or not at all."""
        if self._client.is_closed() or self._client.application_id is None:
            raise DiscordUnavailable(perhaps_done=False)
        async with understood(limits.MESSAGE_PATIENCE):
            opened = await self._client.create_dm(discord.Object(user_id))
            await opened.send(words)
