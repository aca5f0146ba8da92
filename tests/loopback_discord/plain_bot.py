"""A plain discord.py bot for tests and for comparisons: /character create and show, whose answer each test sets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from tests.loopback_discord.server import LoopbackDiscord

Handler = Callable[[discord.Interaction[Any]], Coroutine[Any, Any, None]]


class Buttons(discord.ui.View):
    """One button, which survives as long as the process."""

    def __init__(self, pressed: Handler) -> None:
        super().__init__(timeout=None)
        button: discord.ui.Button[Buttons] = discord.ui.Button(label="Rename", custom_id="cb:rename")
        button.callback = pressed  # type: ignore[method-assign, assignment]  # discord.py's own way
        self.add_item(button)


class Client(discord.AutoShardedClient):
    """A plain bot: /character create, whose handler each test sets, and a message menu."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=0,
        )
        self.tree = app_commands.CommandTree(
            self,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        )
        self.handler: Handler = defer
        self.heard: dict[str, Any] = {}
        self.failed: Exception | None = None
        self.finished = asyncio.Event()
        self.resumed = asyncio.Event()

    async def setup_hook(self) -> None:
        group = app_commands.Group(name="character", description="Characters")

        @group.command(name="create", description="Make one")
        async def create(
            interaction: discord.Interaction,
            video: discord.Attachment | None = None,
            range: str = "1,3",
        ) -> None:
            self.heard = {"video": video, "range": range}
            await self.handle(interaction)

        @group.command(name="show", description="Show one")
        async def show(interaction: discord.Interaction, name: str) -> None:
            self.heard = {"name": name}
            await self.handle(interaction)

        @show.autocomplete("name")
        async def names(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=typed + end, value=typed + end) for end in ("na", "ton")]

        @app_commands.context_menu(name="Make a character")
        async def menu(interaction: discord.Interaction, message: discord.Message) -> None:
            self.heard = {"message": message}
            await self.handle(interaction)

        self.tree.add_command(group)
        self.tree.add_command(menu)
        await self.tree.sync()

    async def handle(self, interaction: discord.Interaction) -> None:
        try:
            await self.handler(interaction)
        except (discord.HTTPException, discord.ClientException) as error:
            self.failed = error
        self.finished.set()

    async def on_shard_resumed(self, _: int) -> None:
        self.resumed.set()


async def defer(interaction: discord.Interaction) -> None:
    await interaction.response.defer()


@asynccontextmanager
async def running(server: LoopbackDiscord) -> AsyncIterator[Client]:
    client = Client()
    task = asyncio.create_task(client.start(server.token))
    try:
        await server.bot_is_ready()
        await client.wait_until_ready()
        yield client
    finally:
        await client.close()
        await task
