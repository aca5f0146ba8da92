"""Decides which messages to record: those that show something of a person and can be edited or deleted later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias

import discord

from bot.jobs.ports import CharacterMade, Content
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.job import DeliveryAttempt, DeliveryRoute, Job, Origin
from bot.values.sent_message import NewMessage, ShownContent

RecordSent: TypeAlias = Callable[[NewMessage], Awaitable[None]]
"""Records a message; awaited once it exists."""

_BY_RIGHT = frozenset({DeliveryRoute.ANNOUNCED, DeliveryRoute.CHANNEL, DeliveryRoute.DM})


async def record_nothing(message: NewMessage) -> None:
    """A :data:`RecordSent` that records nothing."""


def end_of(job: Job, content: Content, route: DeliveryRoute, standing: DeliveryAttempt | None) -> NewMessage | None:
    """The message about the end of ``job``, sent by ``route``; ``standing`` is what is known about it.

    Messages that only the owner sees for a short time, and that show no character, are not recorded.
    """
    character = content.character if isinstance(content, CharacterMade) else None
    by_right = route in _BY_RIGHT or (route is DeliveryRoute.ORIGINAL and job.origin.in_dm_message)
    if character is None and not by_right:
        return None
    place = (job.origin.channel_id, job.origin.message_id)
    if standing is not None and standing.channel_id is not None and standing.message_id is not None:
        place = (standing.channel_id, standing.message_id)
    return NewMessage(
        owner_id=job.owner_id,
        channel_id=place[0],
        message_id=place[1],
        shows=ShownContent.WORDS if character is None else ShownContent.RESULT,
        locale=job.origin.locale,
        job_id=job.id,
        character_id=None if character is None else character.id,
        name="" if character is None else character.name,
        token=None if by_right else job.origin.token,
        token_at=None if by_right else job.origin.token_at,
    )


def question_at(job: Job, origin: Origin) -> NewMessage:
    """A question of ``job`` in direct messages, at ``origin``."""
    return NewMessage(
        owner_id=job.owner_id,
        channel_id=origin.channel_id,
        message_id=origin.message_id,
        shows=ShownContent.WORDS,
        locale=origin.locale,
        job_id=job.id,
    )


def card_at(
    interaction: discord.Interaction[Any], message: discord.Message, character: Character, clock: Clock
) -> NewMessage:
    """A card of ``character`` that ``interaction`` has shown, or whose button was pressed.

    If the bot can edit the message as its own, no token is stored.
    """
    member = interaction.is_guild_integration() or (interaction.guild_id is None and interaction.context.dm_channel)
    by_right = bool(member) and not message.flags.ephemeral
    at: datetime | None = None if by_right else clock()
    return NewMessage(
        owner_id=character.owner_id,
        channel_id=message.channel.id,
        message_id=message.id,
        shows=ShownContent.CARD if message.flags.ephemeral or interaction.context.dm_channel else ShownContent.RESULT,
        locale=str(interaction.locale),
        character_id=character.id,
        name=character.name,
        token=None if by_right else interaction.token,
        token_at=at,
    )
