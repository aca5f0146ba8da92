"""The whole bot in this process, on Discord's clock and over the wire, its jobs driven by hand.

What takes a quarter of an hour is over at once: nothing is due before the clock was moved there. One at a time:
discord.py keeps Discord's address for the whole process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch

from bot.app.build import App
from bot.config import load
from bot.values.job import Lane
from tests.loopback_discord.incoming import Call
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.server import LoopbackDiscord
from tests.remembered_looks import RememberedMedia
from tests.wire.bot_process import environment
from tests.wire.scene import PATIENCE, Scene, migrated, scene

MOST_STEPS = 300
_COMMANDS = ("CommandTree-invoker", "discord-ui-", "discord.py: on_interaction")  # discord.py's names for its tasks


@dataclass
class ByHand(Scene):
    """The scene with the bot in it. The provider takes a second for a character."""

    app: App
    _refused_before: int = 0

    def anew(self) -> ByHand:
        """The same bot in a server of its own, with nothing left of what a test has turned."""
        self.provider.hold_at(None)
        self.provider.seconds_per_task = 1
        self.discord.rest.forced.clear()
        usual = LoopbackDiscord()
        self.discord.file_limit, self.discord.nonce_life = usual.file_limit, usual.nonce_life
        self.discord.edits_bring_media = usual.edits_bring_media
        guild = self.discord.add_guild()
        refused = len(self.discord.invalid_requests)
        return replace(self, guild=guild, channel=guild.add_channel("casting"), _refused_before=refused)

    @property
    def invalid_requests(self) -> list[Call]:
        """The answers since then that count towards a ban."""
        return self.discord.invalid_requests[self._refused_before :]

    async def handled(self, interaction: Interaction) -> Interaction:
        """Wait until the bot has done all that it does at once about ``interaction``."""
        await interaction.answered(PATIENCE)
        while running := [task for task in asyncio.all_tasks() if task.get_name().startswith(_COMMANDS)]:
            await asyncio.wait(running, timeout=PATIENCE)
        return interaction

    async def passes(self, seconds: float) -> None:
        """Let that much time pass for everybody; what falls due is done at its instant."""
        now = self.discord.clock.now
        until = now() + timedelta(seconds=seconds)
        for _ in range(MOST_STEPS):
            await self.app.runner.run_due()
            due = await self.app.stores.jobs.next_due("nobody", lanes=Lane)
            if due is None or due > until:
                break
            self.discord.advance(max(0.0, (due - now()).total_seconds()))
        else:
            raise AssertionError("it goes round and round")
        self.discord.advance((until - now()).total_seconds())


@asynccontextmanager
async def bot_by_hand(folder: Path) -> AsyncIterator[ByHand]:
    """Start it; nobody is asked for consent."""
    async with scene(one_clock=True) as world:
        settings = {"CONSENT__ASK": "false", "TOAPIS__POLL_FIRST": "1", "TOAPIS__POLL_EVERY": "3"}
        environ = environment(world.discord, world.provider, migrated(folder), **settings)
        ours = {name: value for name, value in environ.items() if name.startswith("CASTBOOK")}
        with patch("bot.app.build.MeasuredMediaWorker", RememberedMedia):  # one clip, and a second for each look at it
            app = App(load(None, ours), clock=world.discord.clock.now, random=Random(7))
        await app.open()
        serving = asyncio.create_task(app.serve_discord())
        try:
            await world.discord.bot_is_ready()
            yield ByHand(world.discord, world.provider, world.guild, world.channel, app)
        finally:
            await app.close()
            await asyncio.gather(serving, return_exceptions=True)
