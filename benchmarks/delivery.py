"""From "completed" at the provider to the card in Discord, with one job running."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.commands import Commands
from benchmarks.figures import Figure, below
from benchmarks.processes import Provider, World, castbook
from benchmarks.simulated_provider import unlimited
from playground.provider import SimulatedProvider

POLL = 2.0  # seconds between two polls of the task
SLACK = 0.5  # seconds that may come on top of one such interval
JOBS = 10


async def measure(folder: Path, *, jobs: int = JOBS, poll: float = POLL) -> list[Figure]:
    """The median over ``jobs`` jobs, one after the other; each completes at a random moment between two polls."""
    people = Commands(folder)
    random = Random(7)  # the same moments in every run
    took = []
    async with unlimited(seconds_per_task=0) as provider:
        where = Provider(provider.base_url, provider.key)
        async with castbook(folder, where, toapis={"poll_first": poll, "poll_every": poll}) as world:
            for _ in range(jobs):
                provider.seconds_per_task = poll * (1 + random.random())
                took.append(await completed_to_card(people, world, provider))
    return [
        below(
            "completed at the provider → card, median",
            median(took),
            poll + SLACK,
            "s",
            compared=f"polls every {poll:g} s",
        ),
        Figure("completed at the provider → card, slowest", f"{max(took):.2f} s"),
    ]


async def completed_to_card(people: Commands, world: World, provider: SimulatedProvider) -> float:
    """Seconds from the completion of the task until its card is in Discord."""
    before = _cards(world)
    await people.create(world)
    await world.discord.wait_for(lambda: _cards(world) > before, timeout=60)
    delivered = datetime.now(UTC)
    task = list(provider.tasks.values())[-1]
    return (delivered - (task.created + task.takes)).total_seconds()


def _cards(world: World) -> int:
    """How many messages with a picture are in the channel."""
    return sum(bool(message.files) for message in world.channel.messages if not message.deleted)
