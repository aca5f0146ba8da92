"""From "completed" at the provider to a large video in Discord, beside copying its bytes over the same connections.

It also measures for how long the bot's event loop was blocked meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.figures import Figure, against, below
from benchmarks.lateness import LONGEST_BLOCKED
from benchmarks.long_clip import render_long_clip
from benchmarks.processes import HERE, Provider, World, castbook, process
from benchmarks.simulated_provider import unlimited
from playground.provider import SimulatedProvider, videos
from playground.provider.film import Player
from playground.provider.tasks import Task
from tests.faults.cast import NAMES, add_cast, picture
from tests.faults.rows import connect
from tests.loopback_discord.driving import User
from tests.loopback_discord.messages import Message
from tests.wire.scene import clip, migrated

MOST = 2.0  # times as long as copying its bytes twice
ROUNDS = 10
SIZE = 20_000_000  # bytes of the video
SECONDS = 28.0  # of it: about as many as it has by then
TAKEN_BY_DISCORD = 25 * 1024 * 1024
PERSON = 0  # who asks
WITHIN = 60.0  # seconds for each


async def measure(folder: Path, *, rounds: int = ROUNDS, size: int = SIZE, seconds: float = SECONDS) -> list[Figure]:
    """Medians of ``rounds``, in turn. Both use the same provider and the same Discord."""
    film = folder / "film.mp4"
    await asyncio.to_thread(_render, film, size, seconds)
    completed: dict[str, float] = {}
    ours, theirs, blocked = list[float](), list[float](), list[float]()
    async with unlimited(seconds_per_task=0.0) as provider:
        _give_out(provider, film, completed)
        async with _watched_bot(folder, provider) as (world, lateness), _copier(folder, world) as copier:
            for _ in range(rounds + 1):
                await _longest_blocked(world, lateness)
                posted = await _posted(world)
                task = list(provider.tasks.values())[-1]
                ours.append(posted - completed[task.id])
                blocked.append(await _longest_blocked(world, lateness))
                theirs.append(await _copied(copier, _address(task)))
                _forget(world)
                await _done(folder)
    name = f"completed at the provider → {film.stat().st_size / 1e6:.0f} MB in Discord"
    return [  # without the first one, which opens connections and imports modules
        against(f"{name}, median", median(ours[1:]) * 1000, median(theirs[1:]) * 1000, "ms", most=MOST),
        against(f"{name}, slowest", max(ours[1:]) * 1000, max(theirs[1:]) * 1000, "ms"),
        below("longest that the event loop was blocked meanwhile", max(blocked[1:]), LONGEST_BLOCKED, "ms"),
    ]


def _render(film: Path, size: int, seconds: float) -> None:
    """A video of that length and resolution; a box that players skip fills it up to the wanted size."""
    render_long_clip(film, seconds=seconds, size=(1280, 720))
    missing = size - film.stat().st_size
    if missing > 8:
        with film.open("ab") as file:
            file.write(missing.to_bytes(4, "big") + b"free" + os.urandom(missing - 8))


def _give_out(provider: SimulatedProvider, film: Path, completed: dict[str, float]) -> None:
    """Make ``film`` the result of every task; ``completed`` gets when each was first reported as completed."""

    def made(into: Path, _players: Sequence[Player], **_wanted: object) -> bytes:
        shutil.copyfile(film, into)
        return b""

    answer = provider.videos.answer

    def answered(task: Task, *, with_business_id: bool) -> dict[str, Any]:
        said = answer(task, with_business_id=with_business_id)
        if said["status"] == "completed":
            completed.setdefault(task.id, time.perf_counter())
        return said

    vars(videos)["render_film"] = made
    vars(provider.videos)["answer"] = answered


@asynccontextmanager
async def _watched_bot(folder: Path, provider: SimulatedProvider) -> AsyncIterator[tuple[World, Path]]:
    """The bot, somebody with a cast, and the file to which it writes for how long it was blocked."""
    lateness = folder / "lateness.txt"
    launcher = (str(HERE / "watched_bot.py"), str(lateness))
    where = Provider(provider.base_url, provider.key)
    polls = {"poll_first": 0.2, "poll_every": 0.2}

    async def give_a_cast(people: Sequence[User]) -> None:
        known_as = [provider.add_character(clip(), picture(1.0)) for _ in NAMES]
        await add_cast(migrated(folder), [people[PERSON].id], known_as)

    async with castbook(folder, where, launcher=launcher, before=give_a_cast, toapis=polls) as world:
        world.discord.file_limit = TAKEN_BY_DISCORD
        yield world, lateness


async def _posted(world: World) -> float:
    """Request a video; return the instant at which it was in Discord."""
    before = _with_files(world)
    options = {"prompt": f"@{NAMES[0]} waves", "character": NAMES[0], "model": "sora-2"}
    await world.people[PERSON].slash(world.channel, "video create", options)
    await world.discord.wait_for(lambda: len(_with_files(world)) > len(before), WITHIN)
    return time.perf_counter()


def _with_files(world: World) -> list[Message]:
    channels = (world.channel, world.discord.dm(world.people[PERSON]))
    return [message for channel in channels for message in channel.messages if message.files]


async def _done(folder: Path) -> None:
    """Wait until nothing is running any more, because what comes after a delivery is not part of it."""
    async with asyncio.timeout(WITHIN):
        while await asyncio.to_thread(_running, folder):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)


def _running(folder: Path) -> int:
    with closing(connect(folder)) as database:
        found: int = database.execute("SELECT count(*) FROM jobs WHERE step <> 'done'").fetchone()[0]
        return found


def _forget(world: World) -> None:
    """This process would soon hold hundreds of megabytes."""
    for message in _with_files(world):
        message.files.clear()
    world.discord.rest.calls.clear()


def _address(task: Task) -> str:
    found = task.settled
    assert isinstance(found, dict), found
    return str(found["data"][0]["url"])


async def _longest_blocked(world: World, lateness: Path) -> float:
    """In milliseconds, since the last call."""
    os.kill(world.pid, signal.SIGUSR1)
    async with asyncio.timeout(10):
        while (said := await asyncio.to_thread(_taken, lateness)) is None:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    return float(said)


def _taken(path: Path) -> str | None:
    """Read and delete what another process has written there; ``None`` until it has."""
    if not path.exists():
        return None
    said = path.read_text("ascii")
    path.unlink()
    return said


@asynccontextmanager
async def _copier(folder: Path, world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    argv = [str(HERE / "copying.py"), world.discord.api_url, world.discord.token, str(world.channel.id), str(folder)]
    async with process(argv, folder / "copying.log", talks=True) as child:
        yield child


async def _copied(child: asyncio.subprocess.Process, url: str) -> float:
    """How many seconds it took."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{url}\n".encode())
    return float(await asyncio.wait_for(child.stdout.readline(), WITHIN))
