"""Where an interaction was asked, as the value a job remembers."""

from __future__ import annotations

from typing import Any

import discord

from bot.values.clock import Clock
from bot.values.job import Origin


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
