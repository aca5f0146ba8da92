"""From an interaction to its first answer, over the wire: Castbook and the bare bots in alternate rounds.

The clock runs in the loopback Discord, from the dispatch of INTERACTION_CREATE until the answer's POST was taken.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.commands import Commands
from benchmarks.figures import Figure, against, percentile
from benchmarks.processes import World, bare_bot, castbook, simulated_provider
from tests.loopback_discord.interactions import Interaction

PER_SECOND = 50
COMMANDS = 200  # in each round
ROUNDS = 5
WARM_UP = 20
MOST = 2.0  # times the p99 of the bare bot that does as much before its answer
SILENCE = 2.5  # seconds, longer than the interval of the polls
QUIET_WITHIN = 180.0  # seconds until the jobs of a round are done
TOAPIS = {"poll_first": 1, "submit_per_second": 50}  # so that the jobs of a round end soon after it

Send = Callable[[World], Awaitable[Interaction]]
Rounds = list[list[float]]  # seconds to each first answer


async def measure(folder: Path, *, commands: int = COMMANDS, rounds: int = ROUNDS) -> list[Figure]:
    """p50 and p99 of a command that only reads, and of one that starts a job: for each, the median of all rounds.

    The latter is answered once its row is on the disk, so it is compared with a bare bot that writes one as well.
    Interactions over HTTP are compared with those from the gateway.
    """
    people = Commands(folder)
    over_http = folder / "over-http"
    over_http.mkdir()
    async with (
        simulated_provider(folder, seconds_per_task=0) as provider,
        castbook(folder, provider, toapis=TOAPIS) as ours,
        castbook(over_http, provider, over_http=True) as webhooked,
        bare_bot(folder) as bare,
        bare_bot(folder, database=folder / "bare.db") as with_row,
    ):
        create = partial(people.create_from_task, task_id=provider.task)
        mine, theirs, hooked = await _side_by_side((ours, bare, webhooked), people.list_cast, commands, rounds)
        figures = _figures("/character list: first answer", mine, theirs, most=MOST)
        figures += _figures("/character list: first answer over HTTP, beside the gateway", hooked, mine)
        mine, theirs, durable = await _side_by_side((ours, bare, with_row), create, commands, rounds)
        figures += _figures("/character create: first answer, bare bot without a row", mine, theirs)
        figures += _figures("/character create: first answer, bare bot with a row", mine, durable, most=MOST)
    return figures


def _figures(name: str, mine: Rounds, theirs: Rounds, *, most: float | None = None) -> list[Figure]:
    """p50 and p99 beside those of a bare bot; ``most`` is the target for the p99."""
    return [
        against(
            f"{name}, p{percent}", _median(mine, percent) * 1000, _median(theirs, percent) * 1000, "ms", most=target
        )
        for percent, target in ((50, None), (99, most))
    ]


async def _side_by_side(worlds: Sequence[World], send: Send, commands: int, rounds: int) -> list[Rounds]:
    """The seconds of each round, for each of ``worlds``; a short warm-up round is not counted."""
    taken: list[Rounds] = [[] for _ in worlds]
    for number in range(rounds + 1):
        for world, took in zip(worlds, taken, strict=True):
            seconds = await _round(world, send, WARM_UP if number == 0 else commands)
            if number > 0:
                took.append(seconds)
    return taken


def _median(rounds: Rounds, percent: float) -> float:
    """The percentile of the median round, so that a round in which the machine was busy elsewhere does not count."""
    return median(percentile(took, percent) for took in rounds)


async def _round(world: World, send: Send, commands: int) -> list[float]:
    """Send them at a steady rate, whether or not the earlier ones are answered; seconds to each first answer."""
    loop = asyncio.get_running_loop()
    sent: list[Interaction] = []
    with _undisturbed():
        start = loop.time() + 0.1
        for number in range(commands):
            await asyncio.sleep(start + number / PER_SECOND - loop.time())
            sent.append(await send(world))
        for interaction in sent:
            await interaction.answered(timeout=10)
    if world.works_on:
        await _quiet(world)
    return [interaction.first_answer_took or 0.0 for interaction in sent]


async def _quiet(world: World) -> None:
    """Wait until the bot has sent nothing for a while, so that the jobs of this round do not slow down the next."""
    async with asyncio.timeout(QUIET_WITHIN):
        calls = -1
        while calls != (calls := len(world.discord.rest.calls)):  # noqa: ASYNC110 - it is silence that is waited for
            await asyncio.sleep(SILENCE)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No garbage collection in the process that holds the clock."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()
