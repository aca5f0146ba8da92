"""A day of a publicly listed bot: many servers, casts and running tasks in PostgreSQL, a gateway, workers, and kills.

Everything runs on this machine: the processes of the bot, PostgreSQL, a Discord on loopback, the simulated provider,
and the people who send commands. All of them share its cores.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from sqlalchemy import make_url

from benchmarks import load_library
from benchmarks.commands import Commands
from benchmarks.engines import bench, claims_in_a_second
from benchmarks.figures import Figure, below, percentile
from benchmarks.fleet import Fleet
from benchmarks.processes import PEOPLE, Provider, World, ready, settings_of, simulated_provider
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.server import LoopbackDiscord
from tests.postgres_cluster import Cluster, own_cluster
from tests.postgres_databases import Databases

SERVERS, CHARACTERS, RUNNING = 100_000, 1_000_000, 5_000
PER_SECOND = 50
SECONDS = float(os.environ.get("SECONDS", "600"))  # of the day; a shorter one shows less, sooner
SHARDS = 8
SUBMITS_PER_SECOND, QUERIES_PER_SECOND = 50, 50  # of the account; the second is the default
WANTED_PER_SECOND = 1_000  # polls, while one worker is compared with two: more than they can do
TASK_TAKES = 20.0  # seconds that a new task takes
WARM = 15.0
KILLS_FOR = 90.0
ANSWERED_WITHIN = 3.5  # seconds; what is not answered by then never is
READS_SERVERS_WITHIN = 900.0  # seconds, on a busy machine
AFTER = 600.0  # seconds for jobs to end after the last command: each poll waits for its turn
CAUGHT_UP_WITHIN = 300.0  # seconds until the polls are within the budget, which is a twentieth of the earlier one
LEISURELY, LEISURE = 10, 60.0  # commands per second, and for how many seconds: this leaves cores idle
ENGINE_JOBS = 3_000
WORKERS = ("worker-1", "worker-2")


@dataclass(slots=True)
class Place:
    """Everything that takes part. ``dsn`` is that of the bot's database."""

    discord: LoopbackDiscord
    world: World
    people: Commands
    provider: Provider
    cluster: Cluster
    dsn: str
    fleet: Fleet
    engine_alone: float  # claims a second

    async def start_gateway(self) -> None:
        """Start the gateway with all shards."""
        await self.fleet.start("gateway", "--shards", f"0-{SHARDS - 1}/{SHARDS}")

    async def all_shards(self) -> None:
        """Wait until all shards are connected: one identifies every five seconds, and receives its servers."""
        await self.discord.wait_for(lambda: len(self.discord.gateway.connected) == SHARDS, READS_SERVERS_WITHIN)

    async def answers(self) -> None:
        """Wait until commands are answered: a gateway first reads what it receives about all its servers."""
        async with asyncio.timeout(READS_SERVERS_WITHIN):
            while True:
                asked = await self.people.list_cast(self.world)
                await asyncio.sleep(1)
                if asked.first_answer_took is not None:
                    return


async def measure(
    folder: Path,
    *,
    servers: int = SERVERS,
    characters: int = CHARACTERS,
    running: int = RUNNING,
    seconds: float = SECONDS,
    rate: int = PER_SECOND,
    engine_jobs: int = ENGINE_JOBS,
) -> list[Figure]:
    """First the engine alone and the growth from one worker to two, then the day, then the kills."""
    async with _place(folder, servers, characters, running, engine_jobs) as place:
        size = f"{servers:,} servers, {characters:,} characters, {running:,} running jobs"
        figures = [Figure("what there is", size), *await _growth(place, running)]
        figures += await _leisure(place, seconds=min(LEISURE, seconds))
        figures += await _day(place, seconds=seconds, rate=rate, servers=servers)
        figures += await _kills(place, rate)
    return figures


def sizing(figures: Sequence[Figure]) -> list[Figure]:
    """The figures that show how much a bot of that size needs."""
    return [
        each
        for each in figures
        if each.name.startswith(("what there is", "at ", "all commands", "memory", "looks", "transactions"))
    ]


@asynccontextmanager
async def _place(folder: Path, servers: int, characters: int, running: int, engine_jobs: int) -> AsyncIterator[Place]:
    async with AsyncExitStack() as opened:
        cluster = opened.enter_context(own_cluster())
        databases = Databases(cluster, folder, "load")
        opened.callback(databases.close)
        url, other = databases.new(), databases.new(at_head=False)
        async with bench("plain", _dsn(other)) as engine:
            alone = await claims_in_a_second(engine, engine_jobs)
        discord = await opened.enter_async_context(LoopbackDiscord(clock=lambda: datetime.now(UTC)))
        guild = discord.add_guild("studio")
        people = tuple(discord.add_user(f"person{number}", guild) for number in range(PEOPLE))
        for number in range(servers - 1):
            discord.add_guild(f"server {number}")
        owners = [each.id for each in people]
        await load_library.fill(_dsn(url), servers=servers, characters=characters, owners=owners)
        provider = await opened.enter_async_context(simulated_provider(folder, TASK_TAKES, running))
        settings = settings_of(folder, discord, provider)
        settings["store"]["url"] = url
        settings["toapis"] |= {"submit_per_second": SUBMITS_PER_SECOND, "query_per_second": WANTED_PER_SECOND}
        fleet = Fleet(folder, settings, opened)
        world = World(discord, guild.add_channel("casting"), people, pid=0, works_on=True)
        place = Place(discord, world, Commands(folder), provider, cluster, _dsn(url), fleet, alone)
        await place.start_gateway()
        await fleet.start("worker-1")
        await ready(discord, fleet.running["gateway"], folder / "gateway.log")
        await place.all_shards()
        await place.answers()
        await fleet.ready("worker-1")
        yield place


def _dsn(url: str) -> str:
    """The address as asyncpg expects it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def _growth(place: Place, running: int) -> list[Figure]:
    """Polls of running tasks per second, by one worker and by two; afterwards the budget is that of the account."""
    fleet = place.fleet
    async with asyncio.timeout(READS_SERVERS_WITHIN):
        while not (found := await load_library.watched(place.dsn)):
            await place.people.create_from_task(place.world, place.provider.task)  # one may be answered too late
            await asyncio.sleep(5)
    await load_library.stand(place.dsn, job_id=found[0], jobs=running)
    await asyncio.sleep(WARM)
    one = await fleet.looks_per_second("worker-1", seconds=WARM)
    await fleet.start("worker-2")
    await fleet.ready("worker-2")
    await asyncio.sleep(WARM)
    two = await fleet.looks_per_second(*WORKERS, seconds=WARM)
    await fleet.stop(*WORKERS)
    fleet.settings["toapis"]["query_per_second"] = QUERIES_PER_SECOND
    for name in WORKERS:
        await fleet.start(name)
    await fleet.ready(*WORKERS)
    await _caught_up(place)
    asked = f"{WANTED_PER_SECOND:,} a second allowed"
    return [
        Figure("claims a second by the engine alone, two workers, steps that do nothing", f"{place.engine_alone:.0f}"),
        Figure(f"looks a second, one worker, {asked}", f"{one:.0f}", f"{place.engine_alone:.0f} claims alone"),
        Figure(f"looks a second, two workers, {asked}", f"{two:.0f}", f"{one:.0f} by one", two / max(one, 1)),
    ]


async def _caught_up(place: Place) -> None:
    """Wait until the polls that came due under the larger budget are done."""
    loop = asyncio.get_running_loop()
    end = loop.time() + CAUGHT_UP_WITHIN
    while await load_library.overdue(place.dsn) > QUERIES_PER_SECOND and loop.time() < end:  # noqa: ASYNC110 - other processes do them
        await asyncio.sleep(2)


async def _leisure(place: Place, *, seconds: float) -> list[Figure]:
    """First answers at a fraction of the rate: compared with them, those of the day show what busy cores cost."""
    sent = await _commands(place, seconds=seconds, rate=LEISURELY)
    return [
        figure
        for name, interactions in sorted(sent.items())
        for figure in _answers(f"at {LEISURELY} commands a second, {name}", interactions)
    ]


async def _day(place: Place, *, seconds: float, rate: int, servers: int) -> list[Figure]:
    fleet, loop = place.fleet, asyncio.get_running_loop()
    looks, transactions = await fleet.looks(*WORKERS) or 0.0, await load_library.transactions(place.dsn)
    made = len(await load_library.succeeded(place.dsn))
    began = loop.time()
    sent = await _commands(place, seconds=seconds, rate=rate)
    took = loop.time() - began
    looks = ((await fleet.looks(*WORKERS) or 0.0) - looks) / took
    transactions = await load_library.transactions(place.dsn) - transactions
    memory = fleet.memory()
    await _all_end(place)
    waits = await load_library.delivered_after(place.dsn, TASK_TAKES)
    made = len(await load_library.succeeded(place.dsn)) - made
    number, sending = sum(map(len, sent.values())), took - ANSWERED_WITHIN
    return [
        Figure("commands a second", f"{number / sending:.1f}", f"{number:,} in {sending / 60:.1f} min"),
        *_answers("all commands", [each for kind in sent.values() for each in kind]),
        *[figure for name, interactions in sorted(sent.items()) for figure in _answers(name, interactions)],
        Figure("characters made", f"{made:,}", "of these commands, and of some before"),
        *[
            Figure(
                f"completed → card, p{each}",
                f"{percentile(waits, each):.1f} s" if waits else "none",
                f"{len(waits):,} characters",
            )
            for each in (50, 99)
        ],
        Figure(f"looks a second, {QUERIES_PER_SECOND} allowed", f"{looks:.0f}"),
        Figure("transactions of PostgreSQL a second", f"{transactions / took:.0f}"),
        *[
            Figure(f"memory of {name} (RSS)", f"{size:.0f} MB", f"{servers:,} servers" if name == "gateway" else "")
            for name, size in memory.items()
        ],
    ]


Kind = Callable[[], Awaitable[Interaction]]


async def _commands(place: Place, *, seconds: float, rate: int) -> dict[str, list[Interaction]]:
    """Send commands at a steady rate: half of them lists, a tenth creates a character. Returns them by kind."""
    random, people, world = Random(9), place.people, place.world
    kinds: dict[str, tuple[int, Kind]] = {
        "/character list": (5, lambda: people.list_cast(world)),
        "/tasks": (2, lambda: people.tasks(world)),
        "autocomplete of a name": (2, lambda: people.type_name(world, random.choice(("ro", "ott", "cap", "duk")))),
        "/character create": (1, lambda: people.create_from_task(world, place.provider.task)),
    }
    drawn = [name for name, (weight, _) in kinds.items() for _ in range(weight)]
    sent: dict[str, list[Interaction]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for number in range(int(seconds * rate)):
        await asyncio.sleep(start + number / rate - loop.time())
        name = random.choice(drawn)
        sent[name].append(await kinds[name][1]())
    await asyncio.sleep(ANSWERED_WITHIN)
    return sent


def _answers(name: str, interactions: Sequence[Interaction]) -> list[Figure]:
    took = [each.first_answer_took for each in interactions if each.first_answer_took is not None]
    return [
        Figure(
            f"{name}: first answer, p{percent}",
            f"{percentile(took, percent) * 1000:.0f} ms" if took else "none",
            f"of {len(interactions):,}; {len(interactions) - len(took)} not within 3 s",
        )
        for percent in (50, 99)
    ]


async def _kills(place: Place, rate: int) -> list[Figure]:
    """The same for a minute and a half, while a worker, the database and the gateway are killed one after the other."""
    fleet, loop = place.fleet, asyncio.get_running_loop()
    commands = asyncio.create_task(_commands(place, seconds=KILLS_FOR, rate=rate))
    await asyncio.sleep(15)
    fleet.kill("worker-1")
    await asyncio.sleep(15)
    await asyncio.to_thread(place.cluster.crash)
    await asyncio.to_thread(place.cluster.start)
    await asyncio.sleep(15)
    fleet.kill("gateway")
    killed = loop.time()
    await place.discord.wait_for(lambda: not place.discord.gateway.connected)
    await place.start_gateway()
    await fleet.start("worker-1")
    await place.all_shards()
    away = loop.time() - killed
    sent = [each for kind in (await commands).values() for each in kind]
    left = await _all_end(place)
    posts, of_jobs = await place.provider.submissions()
    ended = await load_library.succeeded(place.dsn)
    cards = _cards(place, ended)
    unanswered = sum(each.first_answer_took is None for each in sent)
    kills = "after a worker, the gateway and the database were killed"
    return [
        Figure("until all shards of a killed gateway are back", f"{away:.0f} s", f"{SHARDS} shards, 5 s apart"),
        Figure(f"commands without an answer in {KILLS_FOR:.0f} s with the kills", str(unanswered), f"of {len(sent):,}"),
        below(f"jobs that did not end {kills}", left, 0, "jobs", compared=f"{len(ended):,} that succeeded"),
        below("characters whose owner saw no card", sum(cards[each] == 0 for each in ended), 0, "characters"),
        below("characters whose owner saw two cards", sum(cards[each] > 1 for each in ended), 0, "characters"),
        below("jobs that were submitted twice", posts - of_jobs, 0, "jobs", compared=f"{posts:,} submissions"),
        Figure("unclear submissions, of which their owners were told", str(await load_library.unclear(place.dsn))),
    ]


async def _all_end(place: Place) -> int:
    """Wait for all jobs that can; returns how many have not ended."""
    loop = asyncio.get_running_loop()
    end = loop.time() + AFTER
    while (left := await load_library.unfinished(place.dsn)) and loop.time() < end:  # noqa: ASYNC110 - other processes end them
        await asyncio.sleep(1)
    return left


def _cards(place: Place, jobs: Sequence[str]) -> Counter[str]:
    """How many messages that are not deleted show each of these jobs in their small print."""
    wanted = set(jobs)
    found: Counter[str] = Counter()
    for channel in place.discord.channels.values():
        for message in channel.messages:
            if not message.deleted:
                found.update(wanted.intersection(word for footer in message.footers for word in footer.split()))
    return found
