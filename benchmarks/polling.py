"""How long a finished task waits for the poll that sees it, with 5,000 running: learned intervals beside fixed ones.

The scheduler is the bot's own (:class:`~bot.jobs.poll_schedule.PollSchedule`). Time is simulated: polls that are due
queue for a limited number of queries per second, as they do for the bot's limiter.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import fmean
from typing import TypeAlias

from benchmarks.figures import Figure, against, percentile
from bot.config import ToapisSettings
from bot.jobs.poll_schedule import PollSchedule
from bot.values.job import Job, JobKind, Origin, Step, VideoRequest
from bot.values.task_durations import TaskDurations
from bot.values.watched_tasks import Ended, TaskType, WatchedTasks

RUNNING = 5_000
MOST_OF_FIXED = 0.5  # of the mean delay
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
Duration: TypeAlias = Callable[[Random], float]


def _lognormal(median: float, sigma: float) -> Duration:
    return lambda random: median * 2.718281828459045 ** random.gauss(0.0, sigma)


def _either(often: Duration, seldom: Duration, share: float) -> Duration:
    return lambda random: (seldom if random.random() < share else often)(random)


MODELS: Mapping[str, Duration] = {  # two of three tasks are within 0.74 and 1.35 of the median
    "40 s": _lognormal(40, 0.3),
    "2 min": _lognormal(120, 0.3),
    "5 min": _lognormal(300, 0.3),
    "10 min": _lognormal(600, 0.3),
    "1 or 6 min": _either(_lognormal(60, 0.2), _lognormal(360, 0.2), 0.4),
}


@dataclass
class TimesInMemory:
    """Stands for the table of durations, in memory."""

    known: dict[TaskType, TaskDurations] = field(default_factory=dict)
    running: dict[int, tuple[TaskType, float]] = field(default_factory=dict)
    seconds: float = 0.0

    async def durations(self) -> Mapping[TaskType, TaskDurations]:
        return dict(self.known)

    async def add(self, ended: Sequence[Ended]) -> None:
        for each in ended:
            known = self.known.get(each.type, TaskDurations())
            self.known[each.type] = known.and_ended(each.after, each.by)

    async def watched(self, now: datetime) -> Sequence[WatchedTasks]:
        ages = Counter((kind, (self.seconds - began) // 10) for kind, began in self.running.values())
        return [WatchedTasks(kind, slot * 10 + 5, number) for (kind, slot), number in ages.items()]


@dataclass(frozen=True, slots=True)
class Seen:
    """For each task that ended, its model and the seconds until a poll saw its end; and the polls per second."""

    delays: Sequence[tuple[str, float]]
    looks: float

    def of(self, model: str | None = None) -> list[float]:
        """The delays of one model's tasks, or of all."""
        return [delay for its, delay in self.delays if model in (None, its)]


@dataclass(slots=True)
class _Task:
    job: Job
    began: float
    ends: float
    looked: float


async def simulated(
    settings: ToapisSettings,
    *,
    learned: bool,
    running: int = RUNNING,
    warm: float = 3_600.0,
    seconds: float = 3_600.0,
    models: Mapping[str, Duration] = MODELS,
) -> Seen:
    """``running`` tasks at any time: when a poll sees one end, the next begins. The first ``warm`` s do not count."""
    random, times = Random(7), TimesInMemory()
    schedule = PollSchedule(times, clock=lambda: BEGAN + timedelta(seconds=times.seconds), settings=settings)
    due: list[tuple[float, int]] = []
    tasks: dict[int, _Task] = {}
    numbers: Iterator[int] = iter(range(1 << 62))

    async def begin(at: float) -> None:
        number, model = next(numbers), random.choice(list(models))
        job = job_of(model)
        tasks[number] = _Task(job, at, at + models[model](random), at)
        times.running[number] = (TaskType(JobKind.VIDEO, model), at)
        wait = await schedule.first(job) if learned else settings.poll_first
        heapq.heappush(due, (at + wait * random.uniform(1.0, 1.1), number))

    for _ in range(running):
        await begin(random.uniform(0.0, 60.0))
    free, looks, delays = 0.0, 0, list[tuple[str, float]]()
    while (at := max(free, due[0][0])) < warm + seconds:
        times.seconds, free = at, at + 1 / settings.query_per_second
        _, number = heapq.heappop(due)
        task = tasks[number]
        age = at - task.began
        looks += at >= warm
        if task.ends <= at:
            if at >= warm:
                delays.append((task.job.video.chosen_model, at - task.ends))
            del tasks[number], times.running[number]
            if learned:
                await schedule.ended(task.job, after=task.looked - task.began, by=age)
            await begin(at)
            continue
        task.looked = at
        wait = await schedule.next(task.job, age) if learned else _fixed(settings, age)
        heapq.heappush(due, (at + wait * random.uniform(1.0, 1.1), number))
    return Seen(delays, looks / seconds)


def _fixed(settings: ToapisSettings, age: float) -> float:
    late = age - settings.show_progress_for
    return min(max(settings.poll_every, late), 300.0)


def job_of(model: str) -> Job:
    """A job with a task of ``model``."""
    origin = Origin(
        guild_id=None,
        channel_id=1,
        message_id=None,
        token=None,
        token_at=BEGAN,
        locale="en",
        private=False,
        ephemeral=False,
        bot_is_member=False,
    )
    request = VideoRequest(prompt="", cast=(), model=model)
    return Job(
        id="0" * 16,
        owner_id=1,
        origin=origin,
        step=Step.WATCH,
        next_attempt_at=None,
        request=request,
        created_at=BEGAN,
        updated_at=BEGAN,
    )


async def measure(_: Path, *, running: int = RUNNING, seconds: float = 3_600.0) -> list[Figure]:
    """Means and the 95th percentile, in seconds; both use the same number of queries per second."""
    settings = ToapisSettings(api_key="unused")
    fixed = await simulated(settings, learned=False, running=running, warm=seconds, seconds=seconds)
    learned = await simulated(settings, learned=True, running=running, warm=seconds, seconds=seconds)
    return [
        against(f"of {running:,}, the mean delay", fmean(learned.of()), fmean(fixed.of()), "s", most=MOST_OF_FIXED),
        against("95 of 100 within", percentile(learned.of(), 95), percentile(fixed.of(), 95), "s"),
        *[against(f"mean of {each}", fmean(learned.of(each)), fmean(fixed.of(each)), "s") for each in MODELS],
        against("looks a second", learned.looks, fixed.looks, ""),
    ]
