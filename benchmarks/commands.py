"""The commands that people send in the measurements, such as /character create with a small clip or a task."""

from __future__ import annotations

import struct
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.processes import World
from playground.clip import render_clip
from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import Interaction


class Commands:
    """Sends commands as each person of a world in turn. No clip repeats, so that nobody is asked whether it should."""

    def __init__(self, folder: Path) -> None:
        path = folder / "clip.mp4"
        render_clip(path, seconds=3.5, size=(160, 90), fps=12)
        self._clip = path.read_bytes()
        self._numbers = count()

    async def list_cast(self, world: World) -> Interaction:
        """/character list."""
        return await self._send(world, "character list", {})

    async def tasks(self, world: World) -> Interaction:
        """/tasks."""
        return await self._send(world, "tasks", {})

    async def type_name(self, world: World, typed: str) -> Interaction:
        """Type the beginning of a name after /character show."""
        return await self._next(world).type_into(world.channel, "character show", {"name": typed}, "name")

    async def create(self, world: World) -> Interaction:
        """/character create with an attachment."""
        numbered = self._clip + struct.pack(">I4sQ", 16, b"free", next(self._numbers))  # a box that players skip
        video = world.discord.file("clip.mp4", numbered, "video/mp4")
        return await self._send(world, "character create", {"range": "1-3", "video": video})

    async def create_from_task(self, world: World, task_id: str) -> Interaction:
        """/character create with an earlier task: no video is looked at or cut, which would load both cores."""
        start = 300 + next(self._numbers) % 700  # milliseconds; no seconds are like those just before
        return await self._send(world, "character create", {"range": f"0.{start}-3.2", "task": task_id})

    async def _send(self, world: World, command: str, options: dict[str, Any]) -> Interaction:
        return await self._next(world).slash(world.channel, command, options)

    def _next(self, world: World) -> User:
        return world.people[next(self._numbers) % len(world.people)]
