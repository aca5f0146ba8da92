"""What Castbook is compared with: discord.py and nothing else. Its commands only defer.

Run as a file, so that nothing of this package is in its memory: bare_bot.py API_URL GATEWAY_URL TOKEN
"""

from __future__ import annotations

import sys

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


class BareBot(commands.AutoShardedBot):
    """The same client class with the same settings as Castbook's own, and /character create and list."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            shard_count=1,
        )

    async def setup_hook(self) -> None:
        character = app_commands.Group(name="character", description="Characters")
        character.command(name="create", description="Make one")(_create)
        character.command(name="list", description="Show them")(_list)
        self.tree.add_command(character)
        await self.tree.sync()


async def _create(
    interaction: discord.Interaction, range: str, video: discord.Attachment | None = None, task: str | None = None
) -> None:
    await interaction.response.defer(thinking=True)


async def _list(interaction: discord.Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)


def main() -> None:
    api_url, gateway_url, token = sys.argv[1:]
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
    BareBot().run(token, log_handler=None)


if __name__ == "__main__":
    main()
