"""When to poll a task next: often when it is likely to end, and within the provider's rate limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from bot import limits
from bot.config import ToapisSettings
from bot.errors import DatabaseFault
from bot.jobs.poll_ages import PollAges
from bot.log import passing, unexpected
from bot.store.database_errors import database_fault_of
from bot.values.clock import Clock
from bot.values.job import Job
from bot.values.task_durations import TaskDurations
from bot.values.watched_tasks import Ended, TaskType, WatchedTasks, task_type

_UNKNOWN = TaskDurations()
_STEP = 1.05  # factor between two prices that are tried
_CHEAPEST, _DEAREST = 1e-3, 1e5  # all useful intervals lie between these prices
_MOST_SCALED = 0.7  # of an interval; neighbouring prices may lead to very different numbers of polls
_SLOWEST = limits.RESULT_SLOWEST_POLL.total_seconds()


class TaskTimes(Protocol):
    """What is known about all tasks, of all processes."""

    async def durations(self) -> Mapping[TaskType, TaskDurations]:
        """How long tasks took, by type."""

    async def add(self, ended: Sequence[Ended]) -> None:
        """Record tasks that have ended."""

    async def watched(self, now: datetime) -> Sequence[WatchedTasks]:
        """How many tasks are running now, by type and age."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """``price``: of a query (:class:`PollAges`); 0: all tasks can be polled as often as the settings allow."""

    durations: Mapping[TaskType, TaskDurations]
    made_at: datetime
    price: float = 0.0
    scale: float = 1.0  # of all intervals, so that the budget is used up
    ages: Mapping[TaskType, PollAges] = field(default_factory=dict)

    def durations_of(self, kind: TaskType) -> TaskDurations:
        return self.durations.get(kind, _UNKNOWN)

    def ages_of(self, kind: TaskType) -> PollAges:
        return self.ages.get(kind) or PollAges.of(self.durations_of(kind), self.price, _SLOWEST)


class PollSchedule:
    """``poll_every`` is the shortest interval, five minutes the longest; in between it depends on the load.

    If all running tasks can be polled every ``poll_every`` seconds, they are. Beyond that, the available queries go to
    the tasks that are most likely to have ended; for models without statistics the intervals are equal. Every process
    plans for the tasks of all processes, from the database, so together they keep to one budget.
    """

    def __init__(self, times: TaskTimes, *, clock: Clock, settings: ToapisSettings) -> None:
        self._times = times
        self._clock = clock
        self._settings = settings
        # With webhooks, polling is needed only for those that get lost.
        slow = limits.POLL_BESIDE_WEBHOOKS.total_seconds() if settings.webhook_secrets else 0.0
        self._usual = max(settings.poll_every, slow)
        self._budget = settings.query_per_second
        self._plan: _Plan | None = None
        self._ended: list[Ended] = []
        self._planning = asyncio.Lock()

    async def first(self, job: Job) -> float:
        """Seconds from the submission of ``job`` to the first poll."""
        return await self._wait(task_type(job), 0.0, self._settings.poll_first)

    async def next(self, job: Job, age: float) -> float:
        """Seconds until the next poll of the task of ``job``, which has been running for ``age`` seconds.

        After ``show_progress_for``, and after nearly all tasks of its type have ended, the interval doubles.
        """
        kind = task_type(job)
        plan = await self._current()
        return await self._wait(kind, age, self._floor(plan, kind, age))

    async def ended(self, job: Job, *, after: float, by: float) -> None:
        """Record that the task of ``job`` was still running at ``after`` seconds, and had ended at ``by`` seconds."""
        self._ended.append(Ended(task_type(job), after, by))
        await self._current()

    async def _wait(self, kind: TaskType, age: float, floor: float) -> float:
        plan = await self._current()
        planned = (plan.ages_of(kind).after(age) - age) * plan.scale if plan.price else 0.0
        return min(max(planned, floor), max(_SLOWEST, self._usual, self._settings.poll_first))

    def _floor(self, plan: _Plan, kind: TaskType, age: float) -> float:
        late = age - max(self._settings.show_progress_for, plan.durations_of(kind).usual_end)
        return max(self._usual, late)  # wait as long again as it is late already

    async def _current(self) -> _Plan:
        """The plan, at most :data:`bot.limits.POLL_PLAN_LIFE` old. If it cannot be recomputed, the last one stays."""
        now, plan = self._clock(), self._plan
        if plan is not None and (abs(now - plan.made_at) < limits.POLL_PLAN_LIFE or self._planning.locked()):
            return plan
        async with self._planning:
            if self._plan is plan:
                self._plan = await self._made(plan or _Plan({}, now), now)
            return self._plan or _Plan({}, now)

    async def _made(self, before: _Plan, now: datetime) -> _Plan:
        ended, self._ended = self._ended, []
        try:
            await self._times.add(ended)
            durations = await self._times.durations()
            watched = await self._times.watched(now)
        except Exception as error:  # noqa: BLE001 - missing statistics must not stop the polls of paid tasks
            (passing if database_fault_of(error) is DatabaseFault.BUSY else unexpected)("poll_plan_fault", error)
            return replace(before, made_at=now)
        plan = _Plan(durations, now)
        shortest = [(tasks, min(self._floor(plan, tasks.type, tasks.age), _SLOWEST)) for tasks in watched]
        if sum(tasks.number / floor for tasks, floor in shortest) <= self._budget:
            return plan
        return self._within_budget(replace(plan, price=before.price or 1.0), shortest)

    def _within_budget(self, plan: _Plan, shortest: Sequence[tuple[WatchedTasks, float]]) -> _Plan:
        """The lowest price, searched in small steps from the last one, that keeps the polls within the budget."""
        dearer = self._priced(plan, plan.price, shortest)
        while self._asked(dearer, shortest) > self._budget and dearer.price < _DEAREST:
            dearer = self._priced(plan, dearer.price * _STEP, shortest)
        while dearer.price > _CHEAPEST:
            cheaper = self._priced(plan, dearer.price / _STEP, shortest)
            if self._asked(cheaper, shortest) > self._budget:
                break
            dearer = cheaper
        return replace(dearer, scale=max(_MOST_SCALED, self._asked(dearer, shortest) / self._budget))

    def _priced(self, plan: _Plan, price: float, shortest: Sequence[tuple[WatchedTasks, float]]) -> _Plan:
        kinds = {tasks.type for tasks, _ in shortest}
        ages = {kind: PollAges.of(plan.durations_of(kind), price, _SLOWEST) for kind in kinds}
        return replace(plan, price=price, ages=ages)

    def _asked(self, plan: _Plan, shortest: Sequence[tuple[WatchedTasks, float]]) -> float:
        """Polls per second."""
        return sum(tasks.number / max(plan.ages_of(tasks.type).gap_at(tasks.age), floor) for tasks, floor in shortest)
