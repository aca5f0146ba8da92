"""The real bot on a simulated Discord server, with a simulated provider, for the demo, the browser and the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

import discord
import simcord

from bot.app.build import App
from bot.config import Settings, load
from bot.values.clock import utc_now
from playground.apps_command import add_apps_command
from playground.cdn import LoopbackCdn
from playground.installation import closed_direct_messages, installed_in_servers
from playground.provider import SimulatedProvider

PULSE = 0.25  # seconds between two checks of what happened
TOPIC = "Discord and ToAPIs are simulated here; the bot is the real one."
SETTLE = 30.0  # seconds that a simulated command may take
RETRY = 0.02  # seconds between two tries to act

T = TypeVar("T")


class SimulatedServer:
    """A server with two channels and four members, for ``async with``; everything is kept in ``folder``.

    mia and sam are members, max may manage the server, and kim is for ``quiet``, where nobody has switched the bot off
    yet. None of them takes direct messages.

    The bot runs with a real database, real files and real HTTP to the simulated provider; only Discord is simulated.
    ``environ`` adds settings, as ``CASTBOOK__SECTION__KEY``. ``locale`` is the language of everybody's Discord.
    ``most_bytes``: of the files of one message; ``None``: as many as Discord takes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seconds_per_task: float = 20.0,
        environ: Mapping[str, str] | None = None,
        locale: str = "en-US",
        most_bytes: int | None = None,
    ) -> None:
        self._most_bytes = most_bytes
        self._folder = folder
        self.locale = locale
        self._environ = environ or {}
        self._open = AsyncExitStack()
        self._cdn = LoopbackCdn(lambda url: self.env.backend.cdn.get(url))
        self.provider = SimulatedProvider(seconds_per_task=seconds_per_task)
        self.turn = asyncio.Lock()  # the simulated Discord takes one act at a time, and moving the clock is one

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opened:
            opened.enter_context(installed_in_servers(self.locale, most_bytes=self._most_bytes))
            opened.enter_context(closed_direct_messages())
            await opened.enter_async_context(self.provider)
            await self._cdn.start()
            opened.push_async_callback(self._cdn.stop)
            self.settings = self._settings()
            self.app = await self._new_app()
            opened.push_async_callback(self._close_app)
            self.env = await opened.enter_async_context(
                simcord.run(
                    self.app.client,
                    shard_count=1,
                    settle_timeout=SETTLE,
                    approved_intents=discord.Intents(guilds=True),
                    check_errors=False,  # a refusal is answered by the command tree, and no fault
                )
            )
            await self.keep_time()
            await self._people()
            await self.app.start_jobs()
            pulse = asyncio.create_task(self._pulse(), name="simulated-time")
            opened.push_async_callback(_cancelled, pulse)
            self._open = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    def _settings(self) -> Settings:
        environ = {
            "CASTBOOK__DISCORD__TOKEN": "simulated",
            "CASTBOOK__DISCORD__CDN_ORIGINS": f'["{self._cdn.origin}"]',
            "CASTBOOK__TOAPIS__API_KEY": self.provider.key,
            "CASTBOOK__TOAPIS__BASE_URL": self.provider.base_url,
            "CASTBOOK__TOAPIS__POLL_FIRST": "1",
            "CASTBOOK__TOAPIS__POLL_EVERY": "1",
            "CASTBOOK__STORE__URL": f"sqlite+aiosqlite:///{self._folder}/castbook.db",
            "CASTBOOK__STORE__FILES": str(self._folder / "files"),
            "CASTBOOK__LINKS__TRUSTED_ORIGINS": f'["{self.provider.base_url}"]',
        }
        nothing = self._folder / "config.toml"
        nothing.touch()  # without the settings of a real bot
        return load(nothing, {**environ, **self._environ})

    async def _new_app(self) -> App:
        app = App(self.settings, wrap_source=self._cdn.in_front_of, shards=1)
        await app.open()
        add_apps_command(app.client.tree, self._history)
        return app

    def _history(self, channel_id: int | None) -> Sequence[discord.Message]:
        channel = next((each for each in (self.channel, self.quiet) if each.id == channel_id), None)
        return channel.history() if channel else ()

    async def _close_app(self) -> None:
        await self.app.close()

    async def _people(self) -> None:
        if self.app.client.user:
            await self.app.client.user.edit(username="Castbook")
        self.guild = self.env.create_guild("Castbook Playground")
        self.channel = self.guild.create_text_channel("clips", topic=TOPIC)
        self.quiet = self.guild.create_text_channel("quiet", topic=f"{TOPIC} In this channel the bot is switched off.")
        self.mia = self.guild.add_member(self.env.create_user("mia"))
        self.sam = self.guild.add_member(self.env.create_user("sam"))
        manages = self.guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
        self.max = self.guild.add_member(self.env.create_user("max"), roles=[manages], nick="max (manager)")
        self.kim = self.guild.add_member(self.env.create_user("kim"), nick="kim (in #quiet)")

    async def restart(self) -> None:
        """Close the whole bot and build a new one from its files, as after a crash."""
        await self.app.close()
        self.app = await self._new_app()
        await self.act(lambda: self.env.restart_bot(self.app.client))
        await self.app.start_jobs()

    async def act(self, doing: Callable[[], Awaitable[T]]) -> T:
        """Do what a member does, as in ``act(lambda: server.mia.slash(…))``, once the simulated Discord is free.

        It takes one act at a time and refuses another before anything of it has happened: the clock is moved now and
        then, and an open page is refreshed.
        """
        async with self.turn:
            while True:
                try:
                    return await doing()
                except simcord.SetupError as error:
                    if "overlaps" not in str(error):
                        raise
                    await asyncio.sleep(RETRY)

    async def keep_time(self) -> None:
        """Bring the simulated clock, which stands still by itself, to the present instant."""
        behind = utc_now() - self.env.now()
        if behind > timedelta():
            await self.env.advance_time(behind.total_seconds())

    async def _pulse(self) -> None:
        while True:
            await asyncio.sleep(PULSE)
            try:
                async with self.turn:
                    await self.keep_time()
            except (simcord.SetupError, TimeoutError):
                continue  # a member is doing something just now, or the bot is busy


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
