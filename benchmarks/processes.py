"""The processes that are measured, each with a Discord on loopback: Castbook, and the bare bot beside it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.config.sections import LimitSettings
from tests.loopback_discord.driving import User
from tests.loopback_discord.places import Channel
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.bot_process import free_port

HERE = Path(__file__).parent
_AS_MAKE_RUN = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "65536"}
STOP_WITHIN = 20.0  # seconds
STARTS_WITHIN = 60.0
PEOPLE = 500  # nobody sends more than a few commands


@dataclass(frozen=True, slots=True)
class World:
    """A Discord with one server, one channel and a few people, and the process of the bot in it.

    ``works_on``: whether that bot does anything after an answer.
    """

    discord: LoopbackDiscord
    channel: Channel
    people: tuple[User, ...]
    pid: int
    works_on: bool = False


@dataclass(frozen=True, slots=True)
class Provider:
    """The address of a simulated provider, its key, and the id of a video task that it has finished."""

    base_url: str
    key: str
    task: str = ""
    child: asyncio.subprocess.Process | None = None

    async def submissions(self) -> tuple[int, int]:
        """How many characters were submitted so far, and by how many jobs."""
        assert self.child is not None
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(b"submissions\n")
        asked, jobs = (await self.child.stdout.readline()).split()
        return int(asked), int(jobs)


NO_PROVIDER = Provider("http://127.0.0.1:9", "sk-nobody-listens-here")


@asynccontextmanager
async def castbook(
    folder: Path,
    provider: Provider = NO_PROVIDER,
    *,
    launcher: Sequence[str] = (str(HERE / "as_installed.py"),),
    before: Callable[[Sequence[User]], Awaitable[None]] | None = None,
    over_http: bool = False,
    **sections: Mapping[str, object],
) -> AsyncIterator[World]:
    """Castbook as it is run for real, connected. ``sections`` are added to the settings; nobody is limited.

    ``before`` is called with the people before it starts. ``over_http``: it gets interactions over HTTP.
    """
    async with _discord() as (discord, channel, people):
        settings = settings_of(folder, discord, provider)
        for name, section in sections.items():
            settings.setdefault(name, {}).update(section)
        if over_http:
            settings["discord"]["public_key"] = discord.endpoint.public_key
            settings["web"]["port"] = free_port()
        if before is not None:
            await before(people)
        config = folder / "config.toml"
        config.write_text(toml(settings), "utf-8")
        argv = [*launcher, "run", "--config", str(config), *(("--role", "http") if over_http else ())]
        log = folder / "castbook.log"
        async with process(argv, log, env=_AS_MAKE_RUN) as child:
            await ready(discord, child, log, over_http=over_http)
            if over_http:
                await discord.endpoint.set(f"http://127.0.0.1:{settings['web']['port']}/interactions")
            yield World(discord, channel, people, child.pid, works_on=True)


@asynccontextmanager
async def bare_bot(folder: Path, *, database: Path | None = None) -> AsyncIterator[World]:
    """The bare bot, connected. With ``database`` it writes a row there before it answers ``/character create``."""
    async with _discord() as (discord, channel, people):
        argv = [str(HERE / "bare_bot.py"), discord.api_url, discord.gateway_url, discord.token]
        argv += [str(database)] if database is not None else []
        log = folder / f"bare{'-with-a-row' if database is not None else ''}.log"
        async with process(argv, log) as child:
            await ready(discord, child, log)
            yield World(discord, channel, people, child.pid)


@asynccontextmanager
async def simulated_provider(folder: Path, seconds_per_task: float, snapshot: int = 0) -> AsyncIterator[Provider]:
    """The simulated provider in its own process, so that its work does not count for the measured one.

    ``snapshot``: how many tasks are running there that never end.
    """
    argv = ["-m", "benchmarks.simulated_provider", str(seconds_per_task), str(snapshot)]
    async with process(argv, folder / "provider.log", talks=True) as child:
        assert child.stdout is not None
        base_url, key, task = [(await child.stdout.readline()).decode().strip() for _ in range(3)]
        yield Provider(base_url, key, task, child)


@asynccontextmanager
async def process(
    argv: Sequence[str], log: Path, *, talks: bool = False, env: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Python child that is terminated at the end, and killed if that fails. Its output goes to ``log``.

    ``talks``: through its stdin and stdout.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASTBOOK")}
    environ = {**inherited, **(env or {})}
    with log.open("wb") as said:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *argv,
            cwd=HERE.parent,
            env=environ,
            stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if talks else said,
            stderr=said,
        )
        try:
            yield child
        finally:
            await _stop(child)


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_WITHIN)
    except TimeoutError:
        child.kill()
        await child.wait()


@asynccontextmanager
async def _discord() -> AsyncIterator[tuple[LoopbackDiscord, Channel, tuple[User, ...]]]:
    async with LoopbackDiscord(clock=lambda: datetime.now(UTC)) as discord:
        guild = discord.add_guild("studio")
        people = tuple(discord.add_user(f"person{number}", guild) for number in range(PEOPLE))
        yield discord, guild.add_channel("casting"), people


async def ready(
    discord: LoopbackDiscord, child: asyncio.subprocess.Process, log: Path, *, over_http: bool = False
) -> None:
    """Wait until it is connected, or ``over_http`` logged in. Raises RuntimeError with the end of its log if it ends
    before."""
    connected = (
        discord.wait_for(lambda: discord.commands, STARTS_WITHIN) if over_http else discord.bot_is_ready(STARTS_WITHIN)
    )
    waiting: asyncio.Task[object] = asyncio.create_task(connected)
    ended = asyncio.create_task(child.wait())
    await asyncio.wait({waiting, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not waiting.done():
        waiting.cancel()
        said = (await asyncio.to_thread(log.read_text, "utf-8", errors="replace"))[-2000:]
        raise RuntimeError(f"the process ended with {child.returncode} before it was connected:\n{said}")
    await waiting


def settings_of(folder: Path, discord: LoopbackDiscord, provider: Provider) -> dict[str, dict[str, Any]]:
    """The settings of a bot that limits nobody, with its database and files in ``folder``."""
    return {
        "discord": {
            "token": discord.token,
            "api_url": discord.api_url,
            "gateway_url": _with_its_slash(discord.gateway_url),
            "cdn_origins": [discord.cdn_origin],
        },
        "toapis": {"api_key": provider.key, "base_url": provider.base_url},
        "store": {"url": f"sqlite+aiosqlite:///{folder}/castbook.db", "files": str(folder / "files")},
        "links": {"trusted_origins": [provider.base_url]},
        "limits": dict.fromkeys(LimitSettings.model_fields, 0),  # also future ones
        "consent": {"ask": False},
        "web": {"port": 0, "metrics_port": 0},
    }


def _with_its_slash(url: str) -> str:
    """The settings drop a slash at the end of an address, so a dot follows it, which means nothing."""
    return url + "." if url.endswith("/") else url


def toml(settings: Mapping[str, Mapping[str, Any]]) -> str:
    """The settings as a file."""
    lines = []
    for section, values in settings.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"
