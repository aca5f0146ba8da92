"""The processes of a bot that runs in several roles: starts, stops and kills them, and reads their metrics."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.memory import Memory
from benchmarks.processes import process, toml
from tests.wire.bot_process import free_port

READY_WITHIN = 300.0  # seconds, on a busy machine
_LOOKS = re.compile(rb'castbook_provider_seconds_count\{request="GET [^"]*\{id\}"\} (\S+)')
_MB = 1024 * 1024


@dataclass(slots=True)
class Fleet:
    """The processes by name: a role, perhaps with a number (worker-2). They end with ``opened``."""

    folder: Path
    settings: dict[str, dict[str, object]]
    opened: AsyncExitStack
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    async def start(self, name: str, *argv: str) -> None:
        """Start one with the current settings. Returns at once; :meth:`ready` waits."""
        self.ports[name] = port = free_port()
        config = self.folder / f"{name}.toml"
        config.write_text(toml({**self.settings, "web": {"port": 0, "metrics_port": port}}), "utf-8")
        role = name.partition("-")[0]
        started = process(
            ["-m", "bot", "run", "--role", role, *argv, "--config", str(config)], self.folder / f"{name}.log"
        )
        self.running[name] = await self.opened.enter_async_context(started)

    async def ready(self, *names: str) -> None:
        """Wait until their metrics can be read."""
        async with asyncio.timeout(READY_WITHIN):
            for name in names:
                while await self.looks(name) is None:  # noqa: ASYNC110 - another process answers
                    await asyncio.sleep(0.2)

    async def stop(self, *names: str) -> None:
        """Send SIGTERM, as a deployment does, and wait for their end."""
        for name in names:
            self.running[name].terminate()
        for name in names:
            await self.running.pop(name).wait()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.running[name].send_signal(signal.SIGKILL)

    async def looks(self, *names: str) -> float | None:
        """How often they have polled the provider; ``None`` if one of them does not answer."""
        looks = 0.0
        async with aiohttp.ClientSession() as session:
            for name in names:
                try:
                    async with session.get(f"http://127.0.0.1:{self.ports[name]}/metrics") as answer:
                        looks += sum(float(each) for each in _LOOKS.findall(await answer.read()))
                except aiohttp.ClientError:
                    return None
        return looks

    async def looks_per_second(self, *names: str, seconds: float) -> float:
        """Their polls of the provider per second, counted for ``seconds``."""
        before = await self.looks(*names) or 0.0
        await asyncio.sleep(seconds)
        return ((await self.looks(*names) or 0.0) - before) / seconds

    def memory(self) -> dict[str, float]:
        """The memory of each, in MB (RSS)."""
        return {name: Memory.of(child.pid).rss / _MB for name, child in self.running.items()}
