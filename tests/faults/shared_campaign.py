"""Many scenarios over several processes, several at once, each on a cluster of its own; and their figures."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import TypeAlias

from bot import limits
from tests.faults.figures import Rows
from tests.faults.shared_plan import SharedPlan, drawn
from tests.faults.shared_scenario import ENOUGH, SharedOutcome, SharedScenario
from tests.faults.shared_world import Lane, shared_world
from tests.postgres_cluster import own_cluster
from tests.postgres_databases import Databases

SCENARIOS = 30
STRIKES = 7  # in each
PEOPLE = 10
AT_LEAST = 150  # kills
ROLES = ("worker", "gateway", "http", "web", "database")

Say: TypeAlias = Callable[[str], None]


@dataclass
class SharedCampaign:
    """Everything that was run with ``seed``."""

    seed: int
    outcomes: list[SharedOutcome] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failures(self) -> list[str]:
        """Empty when all is well."""
        return [
            f"{outcome.plan}: {found}"
            for outcome in self.outcomes
            for found in (*outcome.findings.wrong, *outcome.late)
        ]

    def too_few(self) -> list[str]:
        """What a whole run must have killed, and did not."""
        counted = self.kills
        few = [f"no {role} was killed" for role in ROLES if not counted[role]]
        return few + ([f"only {counted.total()} kills"] if counted.total() < AT_LEAST else [])

    @property
    def kills(self) -> Counter[str]:
        """By role, with enough jobs running."""
        return sum((outcome.counted for outcome in self.outcomes), Counter[str]())


def plans(seed: int, count: int = SCENARIOS) -> list[SharedPlan]:
    """The same ones for the same seed."""
    random = Random(seed)
    return [drawn(random, strikes=STRIKES) for _ in range(count)]


async def carry_out(wanted: Sequence[SharedPlan], campaign: SharedCampaign, say: Say, at_once: int) -> None:
    """Run them, and write down in ``campaign`` how they went."""
    begun = time.monotonic()
    waiting = list(enumerate(wanted, start=1))
    with ExitStack() as opened:
        looks, *folders = (Path(opened.enter_context(tempfile.TemporaryDirectory())) for _ in range(at_once + 1))
        await asyncio.gather(*[_lane(folder, looks, waiting, campaign, say) for folder in folders])
    campaign.seconds += time.monotonic() - begun


async def _lane(
    folder: Path, looks: Path, waiting: list[tuple[int, SharedPlan]], campaign: SharedCampaign, say: Say
) -> None:
    """One scenario after the other."""
    with own_cluster() as cluster:
        databases = Databases(cluster, folder, "faults")
        lane = Lane(cluster, databases, looks, limits.SHARED_LEASE)
        try:
            while waiting:
                number, plan = waiting.pop(0)
                outcome = await run(plan, lane)
                campaign.outcomes.append(outcome)
                _report(number, outcome, say)
        finally:
            databases.close()


async def run(
    plan: SharedPlan, lane: Lane, *, people: int = PEOPLE, within: timedelta = timedelta(seconds=30)
) -> SharedOutcome:
    """Open the world, run ``plan`` in it, close it."""
    with tempfile.TemporaryDirectory(prefix="castbook-faults-") as folder:
        async with shared_world(plan, Path(folder), lane, people=people) as world:
            return await SharedScenario(plan, world, within=within.total_seconds()).run()


def _report(number: int, outcome: SharedOutcome, say: Say) -> None:
    wrong = [*outcome.findings.wrong, *outcome.late]
    if wrong:
        with tempfile.NamedTemporaryFile("w", prefix="castbook-faults-", suffix=".log", delete=False) as log:
            log.write(outcome.log)
        say(f"{number}. {outcome.plan}:\n  " + "\n  ".join(wrong) + f"\n  what they wrote: {log.name}")
    say(f"{number}. {outcome.counted.total()} kills, {outcome.findings.jobs} jobs, {outcome.seconds:.0f} s")


def figures(campaign: SharedCampaign) -> Rows:
    """What people want to know of it."""
    outcomes = campaign.outcomes
    found = [outcome.findings for outcome in outcomes]
    tried = campaign.kills
    survived = sum(outcome.counted.total() for outcome in outcomes if not outcome.findings.wrong)
    points = sum(how == "point" and running >= ENOUGH for each in outcomes for _, how, running in each.kills)
    few = sum(running < ENOUGH for outcome in outcomes for *_, running in outcome.kills)
    taken_over = sorted(seconds for outcome in outcomes for seconds in outcome.taken_over)
    waited = [seconds for outcome in outcomes for seconds in outcome.waited]
    return [
        ("kills survived / tried", f"{survived} / {tried.total()}"),
        *((f"… of {role}", tried[role]) for role in ROLES),
        ("… at a point / at a moment", f"{points} / {tried.total() - points}"),
        ("… with fewer than two jobs running, not counted", few),
        ("scenarios, each with two workers and people who ask for characters and videos", len(outcomes)),
        ("jobs", sum(each.jobs for each in found)),
        ("jobs lost", sum(each.lost for each in found)),
        ("double submits", sum(each.double_submits for each in found)),
        ("second messages", sum(each.second_messages for each in found)),
        ("jobs whose credits were counted wrongly", sum(each.miscounted for each in found)),
        ("orphan files after the sweep", sum(each.orphans for each in found)),
        ("submissions cut off, ended as unknown and said so", sum(each.unknown for each in found)),
        ("answers before a row that a kill kept from being written", sum(each.unasked for each in found)),
        ("answers that Discord took no more; their jobs were cancelled", sum(each.too_late for each in found)),
        ("jobs of dead workers that went on in another one", len(taken_over)),
        ("… after, p50 / max", _seconds(taken_over)),
        ("… where no other worker was there all the time: jobs, and after at most", _waited(waited)),
        ("starts again after the database was lost during a start", sum(outcome.restarts for outcome in outcomes)),
        ("webhooks of the provider that were taken", sum(outcome.webhooks for outcome in outcomes)),
        ("seconds", f"{campaign.seconds:.0f}"),
        ("seed", campaign.seed),
    ]


def _seconds(found: Sequence[float]) -> str:
    return f"{median(found):.1f} s / {max(found):.1f} s" if found else "–"


def _waited(found: Sequence[float]) -> str:
    return f"{len(found)}, {max(found):.1f} s" if found else "0"
