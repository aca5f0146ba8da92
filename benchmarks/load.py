"""A day of a publicly listed bot: many servers, casts and running tasks in PostgreSQL, a gateway, workers, and kills.

Everything runs on this machine: the processes of the bot, PostgreSQL, a Discord on loopback, the simulated provider,
and whoever sends the commands. What is seen is what they leave each other of its cores.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import aiohttp
from sqlalchemy import make_url

from benchmarks import load_library
from benchmarks.commands import Commands
from benchmarks.figures import Figure, below, percentile
from benchmarks.memory import Memory
from benchmarks.processes import PEOPLE, Provider, World, process, ready, settings_of, simulated_provider, toml
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.server import LoopbackDiscord
from tests.postgres_cluster import Cluster, own_cluster
from tests.postgres_databases import Databases
from tests.wire.bot_process import free_port

SERVERS, CHARACTERS, RUNNING = 100_000, 1_000_000, 5_000
PER_SECOND = 50
SECONDS = 600.0
SHARDS = 8
TASK_TAKES = 20.0  # seconds of a new one
WARM = 15.0
AFTER = 120.0  # seconds that jobs get to end in, once no more commands come
_MB = 1024 * 1024
_LOOKS = re.compile(rb'castbook_provider_seconds_count\{request="GET [^"]*\{id\}"\} (\S+)')


@dataclass(slots=True)
class Fleet:
    """The processes of the bot by their names, and how each is started again."""

    folder: Path
    settings: dict[str, dict[str, object]]
    running: dict[str, asyncio.subprocess.Process]
    ports: dict[str, int]
    opened: AsyncExitStack

    async def start(self, name: str, *argv: str) -> None:
        """``name`` is a role, maybe with a number: worker-2. Returns at once; :meth:`ready` waits."""
        self.ports[name] = port = free_port()
        config = self.folder / f"{name}.toml"
        config.write_text(toml({**self.settings, "web": {"port": 0, "metrics_port": port}}), "utf-8")
        role = name.partition("-")[0]
        started = process(
            ["-m", "bot", "run", "--role", role, *argv, "--config", str(config)], self.folder / f"{name}.log"
        )
        self.running[name] = await self.opened.enter_async_context(started)

    async def ready(self, name: str) -> None:
        """Wait until it answers for its metrics."""
        async with asyncio.timeout(60):
            while await self.looks(name) is None:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.2)

    async def looks(self, name: str) -> float | None:
        """How many times it has asked the provider how a task is; ``None``: it does not answer."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"http://127.0.0.1:{self.ports[name]}/metrics") as answer,
            ):
                return sum(float(each) for each in _LOOKS.findall(await answer.read()))
        except aiohttp.ClientError:
            return None

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.running[name].send_signal(signal.SIGKILL)


async def measure(
    folder: Path,
    *,
    servers: int = SERVERS,
    characters: int = CHARACTERS,
    running: int = RUNNING,
    seconds: float = SECONDS,
    rate: int = PER_SECOND,
) -> list[Figure]:
    """First the growth from one worker to two, then the day, then the kills."""
    async with _place(folder, servers, characters, running) as (discord, world, fleet, dsn, provider, cluster):
        people = Commands(folder)
        figures = await _growth(fleet, people, world, provider, dsn, running)
        fleet.settings["toapis"]["query_per_second"] = 50
        sent = await _day(world, people, provider, seconds=seconds, rate=rate)
        figures += _answers(sent, rate)
        figures += [
            Figure(f"memory of {name} (RSS)", f"{Memory.of(child.pid).rss / _MB:.0f} MB", compared=_with(name, servers))
            for name, child in fleet.running.items()
        ]
        figures += await _delivered(dsn, "card, with nothing killed")
        sent = await _killed(discord, world, people, provider, fleet, cluster, rate)
        figures += await _zeros(dsn, discord)
    return figures


@asynccontextmanager
async def _place(
    folder: Path, servers: int, characters: int, running: int
) -> AsyncIterator[tuple[LoopbackDiscord, World, Fleet, str, Provider, Cluster]]:
    async with AsyncExitStack() as opened:
        cluster = opened.enter_context(own_cluster())
        databases = Databases(cluster, folder, "load")
        opened.callback(databases.close)
        url = databases.new()
        dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        discord = await opened.enter_async_context(LoopbackDiscord(clock=lambda: datetime.now(UTC)))
        guild = discord.add_guild("studio")
        people = tuple(discord.add_user(f"person{number}", guild) for number in range(PEOPLE))
        for number in range(servers - 1):
            discord.add_guild(f"server {number}")
        await load_library.fill(dsn, servers=servers, characters=characters, owners=[each.id for each in people])
        provider = await opened.enter_async_context(simulated_provider(folder, TASK_TAKES, running))
        settings = settings_of(folder, discord, provider)
        settings["store"]["url"] = url
        settings["toapis"] |= {"submit_per_second": 50, "query_per_second": 1_000}
        fleet = Fleet(folder, settings, {}, {}, opened)
        await fleet.start("gateway", "--shards", f"0-{SHARDS - 1}/{SHARDS}")
        await fleet.start("worker-1")
        await ready(discord, fleet.running["gateway"], folder / "gateway.log")
        await _all_shards(discord)
        await fleet.ready("worker-1")
        world = World(discord, guild.add_channel("casting"), people, fleet.running["gateway"].pid, works_on=True)
        yield discord, world, fleet, dsn, provider, cluster


async def _all_shards(discord: LoopbackDiscord) -> None:
    """Wait until the gateway has them all: one identifies every five seconds."""
    await discord.wait_for(lambda: len(discord.gateway.connected) == SHARDS, 60 + 6 * SHARDS)


async def _growth(
    fleet: Fleet, people: Commands, world: World, provider: Provider, dsn: str, running: int
) -> list[Figure]:
    """Looks at running tasks in a second, by one worker and by two, which are wanted five times as fast."""
    await people.create_from_task(world, provider.task)
    async with asyncio.timeout(60):
        while not (found := await load_library.watched(dsn)):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)
    await load_library.stand(dsn, job_id=found[0], jobs=running)
    one = await _looks_per_second(fleet, "worker-1")
    await fleet.start("worker-2")
    await fleet.ready("worker-2")
    two = await _looks_per_second(fleet, "worker-1", "worker-2")
    return [
        Figure(
            f"looks per second at {running:,} tasks, two workers",
            f"{two:.0f}",
            f"{one:.0f} by one worker",
            two / max(one, 1),
        )
    ]


async def _looks_per_second(fleet: Fleet, *workers: str) -> float:
    await asyncio.sleep(WARM)
    before = [await fleet.looks(each) or 0.0 for each in workers]
    await asyncio.sleep(WARM)
    after = [await fleet.looks(each) or 0.0 for each in workers]
    return (sum(after) - sum(before)) / WARM


Kind = Callable[[], Awaitable[Interaction]]


async def _day(
    world: World, people: Commands, provider: Provider, *, seconds: float, rate: int
) -> dict[str, list[Interaction]]:
    """Commands at a steady rate: half of them lists, a tenth makes a character. Returns them by what they were."""
    random = Random(9)
    kinds: dict[str, tuple[int, Kind]] = {
        "/character list": (5, lambda: people.list_cast(world)),
        "/tasks": (2, lambda: people.tasks(world)),
        "autocomplete of a name": (2, lambda: people.type_name(world, random.choice(("ro", "ott", "cap", "duk")))),
        "/character create": (1, lambda: people.create_from_task(world, provider.task)),
    }
    drawn = [name for name, (weight, _) in kinds.items() for _ in range(weight)]
    sent: dict[str, list[Interaction]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(start + number / rate - loop.time())
        name = random.choice(drawn)
        sent[name].append(await kinds[name][1]())
    await asyncio.sleep(3.5)  # by then each is answered, or never
    return sent


def _answers(sent: dict[str, list[Interaction]], rate: int) -> list[Figure]:
    figures = []
    for name, interactions in sent.items():
        took = [each.first_answer_took for each in interactions if each.first_answer_took is not None]
        late = len(interactions) - len(took)
        figures += [
            Figure(
                f"{name}: first answer, p{percent}",
                f"{percentile(took, percent) * 1000:.0f} ms",
                compared=f"of {len(interactions):,}, all kinds {rate} a second; {late} not within 3 s",
            )
            for percent in (50, 99)
        ]
    return figures


async def _delivered(dsn: str, what: str) -> list[Figure]:
    waits = await load_library.delivered_after(dsn, TASK_TAKES)
    return [Figure(f"completed → {what}, p{each}", f"{percentile(waits, each):.1f} s") for each in (50, 99)]


async def _killed(
    discord: LoopbackDiscord,
    world: World,
    people: Commands,
    provider: Provider,
    fleet: Fleet,
    cluster: Cluster,
    rate: int,
) -> dict[str, list[Interaction]]:
    """The same for a minute and a half, while a worker, the gateway and the database are killed one after the other."""
    commands = asyncio.create_task(_day(world, people, provider, seconds=90.0, rate=rate))
    await asyncio.sleep(15)
    fleet.kill("worker-1")
    await asyncio.sleep(15)
    cluster.crash()
    cluster.start()
    await asyncio.sleep(15)
    fleet.kill("gateway")
    await fleet.start("gateway", "--shards", f"0-{SHARDS - 1}/{SHARDS}")
    await fleet.start("worker-1")
    sent = await commands
    await _all_shards(discord)
    return sent


async def _zeros(dsn: str, discord: LoopbackDiscord) -> list[Figure]:
    """Every job that has a row ends, none twice."""
    loop = asyncio.get_running_loop()
    end = loop.time() + AFTER
    while (left := await load_library.unfinished(dsn)) and loop.time() < end:  # noqa: ASYNC110 - as above
        await asyncio.sleep(1)
    twice = await load_library.made_twice(dsn)
    return [
        below("jobs that did not end after a worker, the gateway and the database were killed", left, 0, "jobs"),
        below("tasks that made more than one character", twice, 0, "tasks"),
        Figure("unclear submissions, of which their owners were told", str(await load_library.unclear(dsn))),
    ]


def _with(name: str, servers: int) -> str:
    return f"{servers:,} servers" if name == "gateway" else ""
