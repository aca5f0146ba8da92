"""Idle memory: Castbook beside the bare bot, both connected, with nothing to do; and what Castbook has imported."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, against
from benchmarks.listing_bot import heavy_in
from benchmarks.processes import HERE, bare_bot, castbook

MOST = 2.0  # times the bare bot
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Memory:
    """A process's memory in bytes: resident, its proportional share of that, and what it shares with nobody."""

    rss: int
    pss: int
    uss: int

    @classmethod
    def of(cls, pid: int) -> Memory:
        """As the kernel reports it now."""
        return cls.parse(Path(f"/proc/{pid}/smaps_rollup").read_text("ascii"))

    @classmethod
    def parse(cls, rollup: str) -> Memory:
        """From the text of ``smaps_rollup``."""
        fields = [line.split() for line in rollup.splitlines()]
        sizes = {words[0]: int(words[1]) * 1024 for words in fields if words[-1] == "kB"}
        return cls(sizes["Rss:"], sizes["Pss:"], sizes["Private_Clean:"] + sizes["Private_Dirty:"])


async def measure(folder: Path, *, idle: float) -> list[Figure]:
    """Both processes after ``idle`` seconds of doing nothing."""
    async with castbook(folder) as ours, bare_bot(folder) as bare:
        await asyncio.sleep(idle)
        mine, theirs = Memory.of(ours.pid), Memory.of(bare.pid)
    return [
        against("idle memory, resident (RSS)", mine.rss / _MB, theirs.rss / _MB, "MB", most=MOST),
        against("idle memory, proportional (PSS)", mine.pss / _MB, theirs.pss / _MB, "MB"),
        against("idle memory, its own (USS)", mine.uss / _MB, theirs.uss / _MB, "MB"),
        await _imports(folder),
    ]


async def _imports(folder: Path) -> Figure:
    found = heavy_in(await loaded_modules(folder))
    return Figure("heavy modules in the process", ", ".join(found) or "none", target="none", met=not found)


async def loaded_modules(folder: Path) -> str:
    """The names of all modules in Castbook's process once it is connected."""
    output = folder / "modules.txt"
    async with castbook(folder, launcher=(str(HERE / "listing_bot.py"), str(output))) as ours:
        os.kill(ours.pid, signal.SIGUSR1)
        async with asyncio.timeout(10):
            while not output.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
    return output.read_text("utf-8")
