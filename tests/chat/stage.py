"""A bot with one small cog on a simulated Discord: real discord.py, our own client, tree, buttons and forms."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
import simcord
from discord import app_commands
from discord.ext import commands

from bot.chat.buttons import Presses, button, view
from bot.chat.client import CastbookClient
from bot.chat.forms import Field, durable_form
from bot.errors import Refusal
from bot.store.commands import CommandStore
from bot.texts import text


class Trials(commands.GroupCog, group_name="trial", group_description="What can happen to a command."):
    """Commands that answer, refuse and break in every way, and a button and a form."""

    def __init__(self, presses: Presses) -> None:
        super().__init__()
        self.let_go = asyncio.Event()
        presses.register("job", "again", self.pressed)
        presses.register("job", "refuse", self.refused)
        presses.register("job", "fail", self.broken)
        presses.register_form("rename", self.submitted)

    @app_commands.command()
    async def end(self, interaction: discord.Interaction[Any], how: str, when: str) -> None:
        """Fail."""
        if when == "answered":
            await interaction.response.send_message("the answer")
        elif when != "unanswered":
            await interaction.response.defer(thinking=True, ephemeral=when == "private")
        if how == "refused":
            raise Refusal(text("That will not do: {why}.", why="*too* early"))
        raise ValueError("an inner secret")

    @app_commands.command()
    async def buttons(self, interaction: discord.Interaction[Any]) -> None:
        """Show them."""
        mine = interaction.user.id
        shown = [button("job", action, "j:1", mine, action) for action in ("again", "refuse", "fail", "forgotten")]
        await interaction.response.send_message("press", view=view(*shown))

    @app_commands.command()
    async def foreign(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        """Show a button that is none of ours."""
        made = discord.ui.View(timeout=None)
        made.add_item(discord.ui.Button(label="old", custom_id=custom_id))
        await interaction.response.send_message("press", view=made)
        made.stop()

    @app_commands.command()
    async def form(self, interaction: discord.Interaction[Any], family: str) -> None:
        """Open it."""
        fields = [
            Field(name="name", label="Name", value="Ada", max_length=32),
            Field(name="note", label="Note " * 20, placeholder="if any", required=False),
        ]
        await interaction.response.send_modal(durable_form(family, "3:x", "A title " * 20, fields))

    async def no_names(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        """Break while somebody types."""
        raise ValueError("no names today")

    @app_commands.command()
    @app_commands.autocomplete(name=no_names)
    async def typing(self, interaction: discord.Interaction[Any], name: str) -> None:
        """With suggestions."""

    async def pressed(self, interaction: discord.Interaction[Any], argument: str) -> None:
        await interaction.response.send_message(f"pressed {argument}", ephemeral=True)

    async def refused(self, interaction: discord.Interaction[Any], argument: str) -> None:
        await interaction.response.defer()
        raise Refusal(text("Not this one."))

    async def broken(self, interaction: discord.Interaction[Any], argument: str) -> None:
        raise ValueError("an inner secret")

    async def submitted(self, interaction: discord.Interaction[Any], argument: str, values: Mapping[str, str]) -> None:
        if values["name"] == "break":
            raise ValueError("an inner secret")
        await interaction.response.send_message(f"{argument}: {dict(values)}")


@dataclass
class Stage:
    env: simcord.Env
    store: CommandStore
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor

    @property
    def client(self) -> CastbookClient:
        assert isinstance(self.env.bot, CastbookClient)
        return self.env.bot

    async def restart(self, client: CastbookClient | None = None) -> CastbookClient:
        """Another process, as far as anybody can tell."""
        await self.env.restart_bot(client or await a_client(self.store))
        return self.client


def clock() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def a_client(store: CommandStore, *, with_cog: bool = True) -> CastbookClient:
    client = CastbookClient(clock=clock, commands_store=store)
    if with_cog:
        await client.add_parts([Trials(client.presses)])
    return client
