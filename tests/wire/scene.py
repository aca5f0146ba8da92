"""The usual scene of the wire tests: a Discord with a server, a simulated provider, a clip, and what people do."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from aiohttp import web

from bot.values.clock import utc_now
from playground.clip import render_clip
from playground.provider import SimulatedProvider, Task
from tests import injected
from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.messages import Message
from tests.loopback_discord.places import Channel, Guild
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
JPEG = b"\xff\xd8\xff"


@functools.cache
def clip() -> bytes:
    """Four seconds of a drawn figure with a voice."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        render_clip(path, seconds=4, size=(320, 180), fps=12)
        return path.read_bytes()


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "castbook.db"
        child = [sys.executable, "-m", "bot.store.migrate"]
        subprocess.run(child, input=f"sqlite:///{path}".encode(), check=True, cwd=ROOT)
        return path.read_bytes()


def migrated(folder: Path) -> Path:
    """``folder`` with a database at head: made once, because its migration takes a second."""
    (folder / "castbook.db").write_bytes(_migrated())
    return folder


class Provider(SimulatedProvider):
    """Wakes whoever waits with ``discord.wait_for`` at each request, and can keep what it took to itself."""

    def __init__(self, discord: LoopbackDiscord, **options: Any) -> None:
        super().__init__(**options)
        self.speaks = asyncio.Event()  # cleared: a create request is carried out, but its answer waits
        self.speaks.set()
        self.fetched_on = 0  # requests for the rest of a file
        self._discord = discord

    @web.middleware
    async def _serve(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.fetched_on += "Range" in request.headers
        answer = await super()._serve(request, handler)
        self._discord.changed()
        if (request.method, request.path) == ("POST", "/v1/videos/generations"):
            await self.speaks.wait()
        return answer

    def looked_at(self, task: Task) -> bool:
        """Whether somebody has asked how that task stands."""
        return ("GET", f"/v1/characters_tasks/{task.id}") in self.requests


@dataclass
class Scene:
    """Everything outside the bot."""

    discord: LoopbackDiscord
    provider: Provider
    guild: Guild
    channel: Channel

    def person(self, name: str, **more: Any) -> User:
        """Somebody new, who is a member of the server."""
        return self.discord.add_user(name, self.guild, **more)

    async def create(self, user: User, channel: Channel | None = None, **options: Any) -> Interaction:
        """``/character create`` with the clip attached."""
        video = self.discord.file("clip.mp4", clip(), "video/mp4")
        given = {"range": "1-3", "video": video, **options}
        given = {name: value for name, value in given.items() if value is not None}
        return await user.slash(channel or self.channel, "character create", given)

    async def made(self, user: User, **options: Any) -> Message:
        """The card of a character that ``user`` has just had made; answers the question where it is asked."""
        channel: Channel = options.get("channel", self.channel)
        before = set(channel.messages)
        await self.create(user, **options)

        def question() -> Message | None:
            return next((each for each in new(user) if "Yes, I have permission" in each.labels), None)

        def card() -> Message | None:
            return next((each for each in new(user) if "Reusable task ID" in each.text), None)

        def new(reader: User) -> list[Message]:
            return [each for each in channel.visible_to(reader) if each not in before]

        found = await self.see(lambda: question() or card())
        if "Yes, I have permission" in found.labels:
            await found.press(user, "Yes, I have permission")
        return await self.see(card)

    async def see(self, wanted: Callable[[], Message | None]) -> Message:
        """The message, once it is there."""
        return await self.discord.wait_for(wanted, PATIENCE)

    async def reads(self, user: User, words: str, channel: Channel | None = None) -> Message:
        """The newest message with ``words`` that ``user`` sees, once it is there."""
        place = channel or self.channel

        def newest() -> Message | None:
            return next((each for each in reversed(place.visible_to(user)) if words in each.text), None)

        return await self.see(newest)

    async def says(self, interaction: Interaction, words: str, patience: float = PATIENCE) -> Message:
        """The answer to ``interaction`` that contains ``words``, once it is there, within ``patience`` seconds."""

        def answer() -> Message | None:
            answers = [each for each in (interaction.original, *interaction.followups) if each and not each.deleted]
            return next((each for each in answers if words in each.text), None)

        return await self.discord.wait_for(answer, patience)

    @property
    def tasks(self) -> list[Task]:
        """The provider's tasks, oldest first."""
        return list(self.provider.tasks.values())


@asynccontextmanager
async def scene(*, one_clock: bool = False, seconds_per_task: float = 0.1) -> AsyncIterator[Scene]:
    """Open it. Discord's clock stands still unless a test moves it; the provider goes by the wall clock, or, with
    ``one_clock``, by Discord's."""
    async with LoopbackDiscord() as discord:
        clock = discord.clock.now if one_clock else utc_now
        async with Provider(discord, seconds_per_task=seconds_per_task, clock=clock) as made:
            guild = discord.add_guild("studio")
            yield Scene(discord, made, guild, guild.add_channel("casting"))
            injected.of_the_provider(made)


def character_of(task: Task) -> Mapping[str, Any]:
    """The one character that the provider has made of it."""
    assert isinstance(task.settled, Mapping), task.settled
    (made,) = task.settled["data"]["characters"]
    return cast("Mapping[str, Any]", made)
