"""A bot with one small cog on a simulated Discord: real discord.py, our own client, tree, buttons and forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import discord
import simcord
from discord import app_commands
from discord.ext import commands

from bot.chat.client import CastbookClient
from bot.chat.durable_items import view
from bot.chat.interaction_handlers import DurableForm, on_press, on_submit, text_line
from bot.chat.job_buttons import CancelJob, GiveConsent, MakeAnother, UseAnyway
from bot.errors import Refusal
from bot.store.commands import CommandStore
from bot.texts import text
from tests.cards import said

JOB = "00112233445566ff"


class Form(DurableForm, prefix="cbf:rename"):
    """With a field that must be filled, and one that need not."""

    def __init__(self, subject: str) -> None:
        name = text_line("name", "Name", value="Ada", max_length=32)
        note = text_line("note", "Note " * 20, placeholder="if any", required=False)
        super().__init__(subject, "A title " * 20, name, note)


class Forgotten(DurableForm, prefix="cbf:forgotten"):
    """Which nobody answers."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject, "Old", text_line("name", "Name"))


class Trials(commands.GroupCog, group_name="trial", group_description="What can happen to a command."):
    """Commands that answer, refuse and break in every way, and a button and a form."""

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
        kinds = {"again": MakeAnother, "refuse": UseAnyway, "fail": GiveConsent, "forgotten": CancelJob}
        shown = [kind(JOB, mine, label) for label, kind in kinds.items()]
        await interaction.response.send_message("press", view=view(*shown))

    @app_commands.command()
    async def foreign(self, interaction: discord.Interaction[Any], custom_id: str) -> None:
        """Show a button that is none of ours."""
        made = discord.ui.View(timeout=None)
        made.add_item(discord.ui.Button(label="old", custom_id=custom_id))
        await interaction.response.send_message("press", view=made)
        made.stop()

    @app_commands.command()
    async def form(self, interaction: discord.Interaction[Any], kind: str) -> None:
        """Open it."""
        await interaction.response.send_modal(Form("3") if kind == "rename" else Forgotten("3"))

    async def no_names(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        """Break while somebody types."""
        raise ValueError("no names today")

    @app_commands.command()
    @app_commands.autocomplete(name=no_names)
    async def typing(self, interaction: discord.Interaction[Any], name: str) -> None:
        """With suggestions."""

    @on_press(MakeAnother)
    async def pressed(self, interaction: discord.Interaction[Any], button: MakeAnother) -> None:
        await interaction.response.send_message(f"pressed {button.job_id}", ephemeral=True)

    @on_press(UseAnyway)
    async def refused(self, interaction: discord.Interaction[Any], button: UseAnyway) -> None:
        await interaction.response.defer()
        raise Refusal(text("Not this one."))

    @on_press(GiveConsent)
    async def broken(self, interaction: discord.Interaction[Any], button: GiveConsent) -> None:
        raise ValueError("an inner secret")

    @on_submit(Form)
    async def submitted(self, interaction: discord.Interaction[Any], subject: str, typed: Mapping[str, str]) -> None:
        if typed["name"] == "break":
            raise ValueError("an inner secret")
        await interaction.response.send_message(f"{subject}: {dict(typed)}")


def words(message: simcord.ResponseMessage) -> str:
    """What it says, as plain text or on its card."""
    return message.content or "\n".join(said(message))


@dataclass
class BotHarness:
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
        """Start another bot, like a new process."""
        await self.env.restart_bot(client or await a_client(self.store))
        return self.client


def clock() -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC)


async def a_client(store: CommandStore, *, with_cog: bool = True) -> CastbookClient:
    client = CastbookClient(clock=clock, commands_store=store)
    if with_cog:
        await client.add_parts([Trials()])
    return client
