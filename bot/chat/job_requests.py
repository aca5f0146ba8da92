"""What the commands that start a job have in common: the attached file as its source, and where its answer goes."""

from __future__ import annotations

from typing import Any

import discord

from bot.errors import BadFile
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import Origin
from bot.values.source import Attachment

_MB = 1024 * 1024


def attached(file: discord.Attachment, *, max_bytes: int) -> Attachment:
    """Take ``file`` as a source. Raises :class:`~bot.errors.BadFile` where it is larger than ``max_bytes``.

    Whether it is a video is seen by its first bytes, once they are here: the type and the ending are only claims.
    """
    if file.size > max_bytes:
        raise BadFile(
            text(
                "That file has {size} MB, and {limit} MB is the most I can take. Attach a shorter or smaller clip; "
                "nothing was charged.",
                size=-(-file.size // _MB),
                limit=max_bytes // _MB,
            )
        )
    return Attachment(url=file.url, filename=file.filename, size=file.size)


def origin_of(interaction: discord.Interaction[Any], *, private: bool, ephemeral: bool, clock: Clock) -> Origin:
    """Where the answer to ``interaction`` goes.

    ``private`` is what the person wants. ``ephemeral`` is what the answer is in fact: what
    ``(await interaction.response.defer(…)).is_ephemeral()`` says, because Discord hides the answers of a
    user-installed app where outside apps may not speak. The token's age is counted from now, by our own clock.
    """
    in_own_dm = interaction.guild_id is None and interaction.context.dm_channel
    return Origin(
        guild_id=interaction.guild_id,
        channel_id=interaction.channel_id or 0,
        message_id=None,
        token=interaction.token,
        token_at=clock(),
        locale=str(interaction.locale),
        private=private,
        ephemeral=ephemeral,
        bot_is_member=interaction.channel_id is not None and (interaction.is_guild_integration() or in_own_dm),
    )
