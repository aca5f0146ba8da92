"""The step ``watch``: one status query per claim, until the provider says how the task ended (design, rule 4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import structlog

from bot import limits
from bot.config import ToapisSettings
from bot.jobs import transitions
from bot.jobs.backoff import backoff, jittered
from bot.jobs.leased_job import LeasedJob
from bot.jobs.poll_schedule import PollSchedule
from bot.jobs.ports import Courier
from bot.jobs.provider_work import ProviderWork
from bot.provider.errors import OutcomeUnknown, ProviderError, RateLimited, UnknownTask
from bot.provider.task import Task, TaskState
from bot.store.webhook_events import WebhookEventStore
from bot.texts import Text, text
from bot.values.job import Announcement, Transition

_log = structlog.get_logger(__name__)

_OVER = {TaskState.COMPLETED, TaskState.FAILED}
_STILL_RUNNING = text(
    "Still running at ToAPIs. I check less often now. You'll get the result here or by direct message, and in /tasks."
)


class Watch:
    """Polls the task, shows its progress, and schedules the next poll."""

    def __init__(
        self,
        *,
        work: ProviderWork,
        courier: Courier,
        events: WebhookEventStore,
        schedule: PollSchedule,
        random: Random,
        settings: ToapisSettings,
    ) -> None:
        self._work = work
        self._events = events
        self._schedule = schedule
        self._courier = courier
        self._random = random
        self._settings = settings

    async def __call__(self, leased: LeasedJob) -> Transition:
        """One query. Only a final status ends the job; faults on the way are retried."""
        task_id = leased.job.task_id
        if task_id is None:
            raise AssertionError("a job is watched only once it has a task")
        before = leased.job.updated_at  # nothing is written between two polls
        try:
            task = await self._work.look(task_id)
        except UnknownTask:
            return await self._gone(leased)
        except ProviderError as error:
            _log.info("status_failed", job=leased.job.id, status=error.status, code=error.code)
            if self._given_up(leased) and leased.job.attempts >= limits.LAST_LOOKS:
                return self._too_long(leased, leased.job.progress)
            return transitions.retried(leased.job, leased.now, self._after_trouble(leased, error))
        if task.state in _OVER:
            await self._schedule.ended(leased.job, after=self._age(leased, before), by=self._age(leased, leased.now))
        if task.state is TaskState.COMPLETED:
            return self._work.completed(leased.job, task, leased.now)
        if task.state is TaskState.FAILED:
            _log.info("task_failed", job=leased.job.id, code=task.failure.code if task.failure else "")
            return await self._work.failed(leased.job, task, leased.now)
        return await self._running(leased, task)

    async def _running(self, leased: LeasedJob, task: Task) -> Transition:
        progress = max(leased.job.progress, task.progress)
        overdue = self._given_up(leased)
        if overdue and (leased.job.attempts >= limits.LAST_LOOKS or self._asked_since(leased)):
            return self._too_long(leased, progress)
        late = self._watched(leased) - self._settings.show_progress_for
        if late <= 0:
            await self._show(leased, self._work.states[task.state], progress)
        else:
            await self._show(leased, _STILL_RUNNING, None)  # shown once, as it does not change any more
        poll = await self._schedule.next(leased.job, self._watched(leased))
        wait = timedelta() if await self._ended_meanwhile(leased) else jittered(poll, self._random)
        attempts = leased.job.attempts if overdue else 0
        looked = transitions.retried(leased.job, leased.now, wait, attempts=attempts)
        return looked.noting({"progress": progress})

    async def _show(self, leased: LeasedJob, state: Text, percent: int | None) -> None:
        """Show that the work has begun: from then on a public job is public."""

        async def record(announcement: Announcement) -> None:
            await leased.note({"announcement": announcement})

        await self._courier.announce(leased.job, state, percent, record)
        await self._courier.progress(leased.job, state, percent)

    async def _ended_meanwhile(self, leased: LeasedJob) -> bool:
        """Whether a webhook came while the job was leased, when it could not be woken."""
        if not self._settings.webhook_secrets or leased.job.task_id is None:
            return False
        return await self._events.waiting_for(leased.job.id, leased.job.task_id)

    async def _gone(self, leased: LeasedJob) -> Transition:
        if self._watched(leased) < limits.BELIEVED_GONE.total_seconds() or leased.job.attempts < limits.LAST_LOOKS:
            wait = backoff(leased.job.attempts, self._random, first=self._settings.poll_every, most=60.0)
            return transitions.retried(leased.job, leased.now, wait)
        await self._courier.tell_operators(
            text("ToAPIs no longer knows the task of job {job}. It may have been charged.", job=leased.job.id)
        )
        return transitions.unclear(
            leased.job,
            leased.now,
            text(
                "ToAPIs no longer knows this task, and it may have been charged. "
                "Press “Check again” here or in /tasks later, or ask the people who run this bot."
            ),
        )

    def _too_long(self, leased: LeasedJob, progress: int) -> Transition:
        unclear = transitions.unclear(
            leased.job,
            leased.now,
            text(
                "ToAPIs has been working on this for a very long time ({percent}% done), and it may have been "
                "charged. Press “Check again” here or in /tasks at any time.",
                percent=progress,
            ),
        )
        return unclear.noting({"progress": progress})

    def _after_trouble(self, leased: LeasedJob, error: ProviderError) -> timedelta:
        if isinstance(error, RateLimited | OutcomeUnknown) and error.retry_after is not None:
            return jittered(error.retry_after, self._random)
        return backoff(leased.job.attempts, self._random, first=self._settings.poll_every)

    def _watched(self, leased: LeasedJob) -> float:
        return self._age(leased, leased.now)

    def _age(self, leased: LeasedJob, at: datetime) -> float:
        started = leased.job.submit_started_at or leased.job.created_at
        return (at - started).total_seconds()

    def _given_up(self, leased: LeasedJob) -> bool:
        return self._watched(leased) > self._settings.keep_watching_for

    def _asked_since(self, leased: LeasedJob) -> bool:
        """Whether its owner asked for another check, which is a single poll."""
        started = leased.job.submit_started_at or leased.job.created_at
        return (leased.job.origin.token_at - started).total_seconds() > self._settings.keep_watching_for
