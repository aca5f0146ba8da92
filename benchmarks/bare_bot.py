"""What Castbook is compared with: discord.py and nothing else. Its commands only defer.

Run as a file, so that nothing of this package is in its memory: bare_bot.py API_URL GATEWAY_URL TOKEN [DATABASE]
With a database, /character create first writes one row, which is on the disk when it defers: the least that a bot must
do if it is never to lose a job that it has acknowledged.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor

import discord
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


class Rows:
    """Rows as long as those of Castbook's jobs, in SQLite, and as durable: each commit waits for the disk."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1)  # the one writer, off the event loop
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            self._database.execute(f"PRAGMA {pragma}")
        self._database.execute("CREATE TABLE jobs (id TEXT PRIMARY KEY, owner_id INTEGER, request TEXT)")
        self._database.execute("CREATE INDEX ix_jobs_owner_id ON jobs (owner_id)")

    async def write(self, interaction: discord.Interaction) -> None:
        """Insert a row, and wait until it is on the disk."""
        request = json.dumps({"token": interaction.token, "data": interaction.data}).ljust(700)[:700]
        row = (str(interaction.id), interaction.user.id, request)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, row)

    def _insert(self, row: tuple[str, int, str]) -> None:
        self._database.execute("INSERT INTO jobs VALUES (?, ?, ?)", row)  # a transaction of its own


class BareBot(commands.AutoShardedBot):
    """The same client class with the same settings as Castbook's own, and /character create and list."""

    rows: Rows | None = None

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
    assert isinstance(interaction.client, BareBot)
    if interaction.client.rows is not None:
        await interaction.client.rows.write(interaction)
    await interaction.response.defer(thinking=True)


async def _list(interaction: discord.Interaction) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)


def main() -> None:
    api_url, gateway_url, token, *database = sys.argv[1:]
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
    bot = BareBot()
    bot.rows = Rows(*database) if database else None
    bot.run(token, log_handler=None)


if __name__ == "__main__":
    main()
