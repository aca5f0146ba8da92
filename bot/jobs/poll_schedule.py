"""When to look at a task next: often where its end is likely, and never more often than the provider may be asked."""

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
_STEP = 1.05  # from one price that is tried to the next
_CHEAPEST, _DEAREST = 1e-3, 1e5  # prices between which all intervals lie that can be wanted
_MOST_SCALED = 0.7  # of an interval; prices beside each other may ask for very different numbers of looks
_SLOWEST = limits.RESULT_SLOWEST_POLL.total_seconds()


class TaskTimes(Protocol):
    """What is known of all tasks, over all processes."""

    async def durations(self) -> Mapping[TaskType, TaskDurations]:
        """How long tasks took, by their type."""

    async def add(self, ended: Sequence[Ended]) -> None:
        """Learn from tasks that have ended."""

    async def watched(self, now: datetime) -> Sequence[WatchedTasks]:
        """How many tasks run just now, by type and age."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """``price``: of a query (:class:`PollAges`); 0: all tasks may be looked at as often as the settings allow."""

    durations: Mapping[TaskType, TaskDurations]
    made_at: datetime
    price: float = 0.0
    scale: float = 1.0  # of all intervals, so that no query is left over
    ages: Mapping[TaskType, PollAges] = field(default_factory=dict)

    def durations_of(self, kind: TaskType) -> TaskDurations:
        return self.durations.get(kind, _UNKNOWN)

    def ages_of(self, kind: TaskType) -> PollAges:
        return self.ages.get(kind) or PollAges.of(self.durations_of(kind), self.price, _SLOWEST)


class PollSchedule:
    """``poll_every`` is the shortest interval, five minutes the longest; what is between them is a matter of need.

    As long as all running tasks can be looked at every ``poll_every`` seconds, they are. Beyond that, the queries that
    there are go to the tasks that are most likely to have ended: where nothing is known of their model yet, in equal
    intervals. Every process plans for the tasks of all, from the database, so together they keep to one budget.
    """

    def __init__(self, times: TaskTimes, *, clock: Clock, settings: ToapisSettings) -> None:
        self._times = times
        self._clock = clock
        self._settings = settings
        # Beside webhooks, polling is only for those that get lost.
        slow = limits.POLL_BESIDE_WEBHOOKS.total_seconds() if settings.webhook_secrets else 0.0
        self._usual = max(settings.poll_every, slow)
        self._budget = settings.query_per_second
        self._plan: _Plan | None = None
        self._ended: list[Ended] = []
        self._planning = asyncio.Lock()

    async def first(self, job: Job) -> float:
        """Seconds from the submission of ``job`` to the first look."""
        return await self._wait(task_type(job), 0.0, self._settings.poll_first)

    async def next(self, job: Job, age: float) -> float:
        """Seconds until the next look at the task of ``job``, which runs since ``age`` seconds.

        After ``show_progress_for``, and after nearly all tasks of its type have ended, the interval doubles.
        """
        kind = task_type(job)
        plan = await self._current()
        return await self._wait(kind, age, self._floor(plan, kind, age))

    async def ended(self, job: Job, *, after: float, by: float) -> None:
        """Learn: the task of ``job`` still ran at the age ``after``, and had ended at the age ``by`` (seconds)."""
        self._ended.append(Ended(task_type(job), after, by))
        await self._current()

    async def _wait(self, kind: TaskType, age: float, floor: float) -> float:
        plan = await self._current()
        planned = (plan.ages_of(kind).after(age) - age) * plan.scale if plan.price else 0.0
        return min(max(planned, floor), max(_SLOWEST, self._usual, self._settings.poll_first))

    def _floor(self, plan: _Plan, kind: TaskType, age: float) -> float:
        late = age - max(self._settings.show_progress_for, plan.durations_of(kind).usual_end)
        return max(self._usual, late)  # as long again as it is late already

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
        except Exception as error:  # noqa: BLE001 - a look at what was paid for never fails for want of statistics
            (passing if database_fault_of(error) is DatabaseFault.BUSY else unexpected)("poll_plan_fault", error)
            return replace(before, made_at=now)
        plan = _Plan(durations, now)
        shortest = [(tasks, min(self._floor(plan, tasks.type, tasks.age), _SLOWEST)) for tasks in watched]
        if sum(tasks.number / floor for tasks, floor in shortest) <= self._budget:
            return plan
        return self._within_budget(replace(plan, price=before.price or 1.0), shortest)

    def _within_budget(self, plan: _Plan, shortest: Sequence[tuple[WatchedTasks, float]]) -> _Plan:
        """The cheapest price, in small steps from the last one, at which the looks keep to the budget."""
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
        """Looks a second."""
        return sum(tasks.number / max(plan.ages_of(tasks.type).gap_at(tasks.age), floor) for tasks, floor in shortest)
