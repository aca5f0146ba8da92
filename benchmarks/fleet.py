"""The processes of a bot that is spread over several: started by role, killed, stopped, and asked for their metrics."""

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

READY_WITHIN = 300.0  # seconds, on a machine that has much else to do
_LOOKS = re.compile(rb'castbook_provider_seconds_count\{request="GET [^"]*\{id\}"\} (\S+)')
_MB = 1024 * 1024


@dataclass(slots=True)
class Fleet:
    """The processes by their names: a role, maybe with a number (worker-2). They end with ``opened``."""

    folder: Path
    settings: dict[str, dict[str, object]]
    opened: AsyncExitStack
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    async def start(self, name: str, *argv: str) -> None:
        """Start one with the settings as they are now. Returns at once; :meth:`ready` waits."""
        self.ports[name] = port = free_port()
        config = self.folder / f"{name}.toml"
        config.write_text(toml({**self.settings, "web": {"port": 0, "metrics_port": port}}), "utf-8")
        role = name.partition("-")[0]
        started = process(
            ["-m", "bot", "run", "--role", role, *argv, "--config", str(config)], self.folder / f"{name}.log"
        )
        self.running[name] = await self.opened.enter_async_context(started)

    async def ready(self, *names: str) -> None:
        """Wait until they answer for their metrics."""
        async with asyncio.timeout(READY_WITHIN):
            for name in names:
                while await self.looks(name) is None:  # noqa: ASYNC110 - another process answers
                    await asyncio.sleep(0.2)

    async def stop(self, *names: str) -> None:
        """SIGTERM, as a deployment does, and wait for their end."""
        for name in names:
            self.running[name].terminate()
        for name in names:
            await self.running.pop(name).wait()

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.running[name].send_signal(signal.SIGKILL)

    async def looks(self, *names: str) -> float | None:
        """How many times they have asked the provider how a task is; ``None``: one of them does not answer."""
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
        """So many times a second they ask the provider how a task is, counted for ``seconds``."""
        before = await self.looks(*names) or 0.0
        await asyncio.sleep(seconds)
        return ((await self.looks(*names) or 0.0) - before) / seconds

    def memory(self) -> dict[str, float]:
        """What each occupies, in MB (RSS)."""
        return {name: Memory.of(child.pid).rss / _MB for name, child in self.running.items()}
