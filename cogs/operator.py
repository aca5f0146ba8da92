"""``/operator block | unblock | resume | health``: for the operators, in their own server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.card import AMBER, BLUE
from bot.chat.markdown import say
from bot.errors import Refusal
from bot.store.blocks import BlockStore
from bot.texts import Text, text
from bot.values.clock import Clock

Report = Callable[[], Awaitable[Sequence[tuple[Text, Text, bool]]]]
"""The state of the bot: name, value and whether it is healthy, for each item checked."""
Resume = Callable[[], Awaitable[bool]]
"""Ends a pause of submissions; returns whether there was one."""


@app_commands.allowed_installs(guilds=True, users=False)
@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
class Operator(commands.GroupCog, group_name="operator", group_description="For the people who run this bot."):
    """Registered only in the operator's server, and answered only to ``owners``."""

    def __init__(
        self, *, blocks: BlockStore, owners: Sequence[int], report: Report, resume: Resume, clock: Clock
    ) -> None:
        super().__init__()
        self._blocks = blocks
        self._owners = frozenset(owners)
        self._report = report
        self._resume = resume
        self._clock = clock

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        """Discord shows these commands to everybody in that server, so the user is checked here."""
        if interaction.user.id not in self._owners:
            # discord.py passes only an AppCommandError to the error handler, which answers.
            raise app_commands.CheckFailure from Refusal(text("Only the people who run this bot can use this."))
        return True

    @app_commands.command(name="block", description="Block somebody from using the bot, everywhere.")
    @app_commands.describe(user="Who to block")
    async def block(self, interaction: discord.Interaction, user: discord.User) -> None:
        """Their running jobs continue, but they cannot start or answer anything."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        news = await self._blocks.block(user.id, now=self._clock())
        if news:
            await _say(interaction, text("<@{user}> is now blocked everywhere.", user=user.id))
        else:
            await _say(interaction, text("<@{user}> was already blocked.", user=user.id))

    @app_commands.command(name="unblock", description="Let somebody use the bot again.")
    @app_commands.describe(user="Who to unblock")
    async def unblock(self, interaction: discord.Interaction, user: discord.User) -> None:
        """Undo :meth:`block`."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        news = await self._blocks.unblock(user.id)
        if news:
            await _say(interaction, text("<@{user}> can use the bot again.", user=user.id))
        else:
            await _say(interaction, text("<@{user}> was not blocked.", user=user.id))

    @app_commands.command(name="resume", description="Submit to ToAPIs again after a pause.")
    async def resume(self, interaction: discord.Interaction) -> None:
        """For a balance that cannot be read: otherwise a pause ends only once it can."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        if await self._resume():
            await _say(interaction, text("Submissions are on again. If ToAPIs refuses the next one, they pause again."))
        else:
            await _say(interaction, text("Submissions are not paused."))

    @app_commands.command(name="health", description="See whether the bot, ToAPIs and the jobs are all right.")
    async def health(self, interaction: discord.Interaction) -> None:
        """Show a field for each item checked."""
        await interaction.response.defer(thinking=True, ephemeral=True)
        lines = await self._report()
        locale = str(interaction.locale)
        well = all(fine for _, _, fine in lines)
        title = text("Everything is fine") if well else text("Something needs attention")
        embed = discord.Embed(title=say(title, locale), colour=BLUE if well else AMBER)
        for name, value, fine in lines:
            embed.add_field(name=("" if fine else "⚠ ") + say(name, locale), value=say(value, locale))
        await interaction.edit_original_response(embed=embed)


async def _say(interaction: discord.Interaction, said: Text) -> None:
    await interaction.edit_original_response(content=say(said, str(interaction.locale)))
