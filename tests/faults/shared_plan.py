"""What happens in a scenario of several processes: which of them is killed when, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.faults.points import EXPECTED, Kill, When

DATABASE, WEB, GATEWAY = "database", "web", "gateway"
WORKERS = ("worker-1", "worker-2")
HTTPS = ("http-1", "http-2")

AT_A_POINT = 0.6  # of the kills of workers, and of who answers
SOMEBODY_ASKED = 0.3  # of the scenarios: people are asked which seconds
LONGEST_AWAY = 3.0  # seconds until there is another process, or the database again
BETWEEN = (0.2, 3.0)  # seconds from one kill to the next
DURING = 0.004  # seconds that an act on loopback takes
_WHENS: tuple[When, ...] = ("before", "before", "after", "after", "during")
_SELDOM = ("site.", "discord.renew", "provider.find", "discord.open_dm", "discord.history", "media.")
_OF_WORKERS = sorted(
    {
        *(
            point
            for point in EXPECTED
            if point.startswith(("prepare.", "submit.", "watch.", "collect.", "deliver."))
            and not any(words in point for words in _SELDOM)
        ),
        "bot.commit.JobStore.claim",
        "bot.commit.JobStore.renew",
    }
)
_OF_FRONTS = ("bot.commit.JobStore.add", "bot.discord.answer")


@dataclass(frozen=True, slots=True)
class Strike:
    """``after`` seconds since the last one ``target`` is killed: at a point, if it comes to one soon, or then.

    ``away``: seconds until it is started again.
    """

    target: str
    after: float
    away: float
    kill: Kill | None = None

    def __str__(self) -> str:
        return f"{self.target} {self.kill or f'after {self.after:.1f} s'}"


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """``over_http``: how people's commands come. ``remembers``: whether the provider knows a task by our id.

    ``holds``: it ends no task before the last kill, so that each finds jobs that run.
    """

    over_http: bool
    remembers: bool
    asks: bool
    strikes: tuple[Strike, ...]
    seconds_per_task: float = 1.0
    holds: bool = False

    @property
    def fronts(self) -> tuple[str, ...]:
        """Who answers people."""
        return HTTPS if self.over_http else (GATEWAY,)

    def __str__(self) -> str:
        way = "over http" if self.over_http else "by a gateway"
        provider = "remembers" if self.remembers else "forgets"
        struck = ", then ".join(map(str, self.strikes)) or "no kill"
        return f"several processes, {way}, provider {provider}{', asks' if self.asks else ''}: {struck}"


def drawn(random: Random, *, strikes: int = 7) -> SharedPlan:
    """A scenario with so many kills."""
    over_http = random.random() < 0.5
    fronts = HTTPS if over_http else (GATEWAY,)
    return SharedPlan(
        over_http,
        remembers=random.random() < 0.5,
        asks=random.random() < SOMEBODY_ASKED,
        strikes=tuple(_strike(random, fronts) for _ in range(strikes)),
        seconds_per_task=random.uniform(0.3, 3.0),
    )


def _strike(random: Random, fronts: tuple[str, ...]) -> Strike:
    group = random.choices((WORKERS, fronts, (WEB,), (DATABASE,)), (4, 2, 1, 1.5))[0]
    target = random.choice(group)
    return Strike(target, random.uniform(*BETWEEN), random.uniform(0.0, LONGEST_AWAY), _point(random, target))


def _point(random: Random, target: str) -> Kill | None:
    if target in (WEB, DATABASE) or random.random() > AT_A_POINT:
        return None
    when = random.choice(_WHENS)
    name = random.choice(_OF_WORKERS if target in WORKERS else _OF_FRONTS)
    return Kill(name, when, delay=random.uniform(0.0, DURING) if when == "during" else 0.0)
