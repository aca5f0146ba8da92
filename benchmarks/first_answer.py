"""From an interaction to its first answer, over the wire: Castbook and the bare bot in alternate rounds.

The clock runs in the loopback Discord, from the dispatch of INTERACTION_CREATE until the answer's POST was taken.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
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
MOST = 2.0  # times the bare bot's p99
SILENCE = 2.5  # seconds, longer than the interval of the polls
QUIET_WITHIN = 180.0  # seconds until the jobs of a round are done
TOAPIS = {"poll_first": 1, "submit_per_second": 50}  # so that the jobs of a round end soon after it

Send = Callable[[World], Awaitable[Interaction]]
Rounds = list[list[float]]  # seconds to each first answer


async def measure(folder: Path, *, commands: int = COMMANDS, rounds: int = ROUNDS) -> list[Figure]:
    """p50 and p99 of a command that only looks, and of the one that starts a job: each the median of all rounds'."""
    people = Commands(folder)
    figures = []
    async with (
        simulated_provider(folder, seconds_per_task=0) as provider,
        castbook(folder, provider, toapis=TOAPIS) as ours,
        bare_bot(folder) as bare,
    ):
        create = partial(people.create_from_task, task_id=provider.task)
        for name, send in (("/character list", people.list_cast), ("/character create", create)):
            mine, theirs = await _side_by_side(ours, bare, send, commands, rounds)
            for percent, most in ((50, None), (99, MOST)):
                here, there = (_median(samples, percent) * 1000 for samples in (mine, theirs))
                figures.append(against(f"{name}: first answer, p{percent}", here, there, "ms", most=most))
    return figures


async def _side_by_side(ours: World, bare: World, send: Send, commands: int, rounds: int) -> tuple[Rounds, Rounds]:
    """What each round of ours took, and of the bare bot's; a short one before the first is not counted."""
    taken: dict[int, Rounds] = {ours.pid: [], bare.pid: []}
    for number in range(rounds + 1):
        for world in (ours, bare):
            took = await _round(world, send, WARM_UP if number == 0 else commands)
            if number > 0:
                taken[world.pid].append(took)
    return taken[ours.pid], taken[bare.pid]


def _median(rounds: Rounds, percent: float) -> float:
    """The percentile of the middle round: one in which the machine was busy elsewhere does not count."""
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
    await _quiet(world)
    return [interaction.first_answer_took or 0.0 for interaction in sent]


async def _quiet(world: World) -> None:
    """Wait until the bot has had nothing to say for a while: what a round began is no burden of the next."""
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
