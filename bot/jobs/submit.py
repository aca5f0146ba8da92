"""The step ``submit``: the one request that costs money. Row before request, and never twice (design, rule 2)."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import structlog

from bot import limits
from bot.config import ToapisSettings
from bot.jobs import transitions
from bot.jobs.backoff import backoff, jittered
from bot.jobs.circuit_breaker import CircuitBreaker, paused_text
from bot.jobs.leased_job import LeasedJob
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.poll_schedule import PollSchedule
from bot.jobs.ports import Courier
from bot.jobs.provider_work import ProviderWork, Send
from bot.provider.client import ToapisClient
from bot.provider.error_mapping import model_closed_text
from bot.provider.errors import (
    BalanceEmpty,
    KeyRefused,
    ModelClosed,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
)
from bot.provider.task import Task
from bot.store.webhook_events import WebhookEventStore
from bot.texts import Text, text
from bot.values.job import Transition

_log = structlog.get_logger(__name__)


class Submit:
    """Prepares the submission and creates the task; after an unclear answer it only looks the task up.

    Everything common to all submissions is here; ``work`` knows what is sent.
    """

    def __init__(
        self,
        *,
        work: ProviderWork,
        provider: ToapisClient,
        breaker: CircuitBreaker,
        availability: ModelAvailability,
        courier: Courier,
        events: WebhookEventStore,
        schedule: PollSchedule,
        random: Random,
        settings: ToapisSettings,
    ) -> None:
        self._work = work
        self._provider = provider
        self._breaker = breaker
        self._availability = availability
        self._events = events
        self._schedule = schedule
        self._courier = courier
        self._random = random
        self._settings = settings

    async def __call__(self, leased: LeasedJob) -> Transition:
        """One submission, or one look-up of an unclear one."""
        if leased.job.submit_started_at is not None:
            return await self._look(leased)
        model = self._work.model(leased.job)
        waiting = None if model is None else await self._stopped(leased, model)
        if waiting is not None:
            return waiting
        try:
            if leased.job.maybe_charged and (task := await self._work.find(leased.job.id)) is not None:
                return await self._taken(leased, task)  # the unclear submission was found after all
            ready = await self._work.ready(leased)
        except ProviderError as error:
            return await self._not_taken(leased, error)
        return ready if isinstance(ready, Transition) else await self._create(leased, ready)

    async def _stopped(self, leased: LeasedJob, model: str) -> Transition | None:
        try:
            await self._availability.check(model)
        except ModelClosed as error:
            return await self._closed(leased, error)
        pause = await self._breaker.paused()
        if pause is None:
            return None
        if leased.now - pause.since > limits.SUBMISSION_PAUSE:
            return transitions.failed(leased.job, leased.now, paused_text(pause))
        await self._courier.progress(
            leased.job, text("Waiting, because submissions are paused. Nothing has been charged"), None
        )
        return transitions.waited(leased.job, leased.now, limits.PAUSED_LOOK)

    async def _create(self, leased: LeasedJob, send: Send) -> Transition:
        await self._courier.progress(leased.job, self._work.progress_text, None)
        await self._provider.submit_slot()  # before the row says that it is being sent: this may take seconds
        job = await leased.apply(transitions.submitting(leased.job, leased.now))
        try:
            task = await send()
        except OutcomeUnknown as error:
            _log.warning("submission_unclear", job=job.id, status=error.status)
            first = timedelta(seconds=limits.SUBMISSION_LOOKUPS[0])
            return transitions.looked_up(job, leased.now, first, lookups=0)
        except ProviderError as error:
            # First of all: only this process knows that it was not accepted.
            await leased.apply(transitions.not_accepted(job, leased.now))
            return await self._not_taken(leased, error)
        return await self._taken(leased, task)

    async def _taken(self, leased: LeasedJob, task: Task) -> Transition:
        poll = jittered(await self._schedule.first(leased.job), self._random)
        if self._settings.webhook_secrets and await self._events.waiting_for(leased.job.id, task.id):
            poll = timedelta()  # its webhook was faster than the answer to the submission
        if (model := self._work.model(leased.job)) is not None:
            self._availability.accepted(model)
        _log.info("submitted", job=leased.job.id, task=task.id)
        return transitions.accepted(leased.job, leased.now, task.id, task.progress, poll)

    async def _not_taken(self, leased: LeasedJob, error: ProviderError) -> Transition:
        """What follows a failure that certainly cost nothing: of a submission, or of any upload."""
        job = leased.job
        if isinstance(error, KeyRefused | BalanceEmpty):
            if await self._breaker.pause(error):
                await self._courier.tell_operators(_operator_text(error))
            # It counts: otherwise a balance that is too small but not empty would be retried for ever.
            if job.attempts >= limits.SUBMISSION_ATTEMPTS:
                return transitions.failed(job, leased.now, error.text)
            return transitions.retried(job, leased.now, limits.PAUSED_LOOK)
        if isinstance(error, ModelClosed):
            if await self._availability.refused(error.model):
                await self._courier.tell_operators(_operator_text(error))
            return await self._closed(leased, error)
        if isinstance(error, Rejected) or job.attempts >= limits.SUBMISSION_ATTEMPTS:
            reason = error.text if isinstance(error, Rejected) else _UNREACHABLE
            return await self._work.refused(job, error, reason, leased.now)
        asked_for = error.retry_after if isinstance(error, RateLimited | OutcomeUnknown) else None
        if asked_for is not None:
            return transitions.retried(job, leased.now, jittered(asked_for, self._random))
        return transitions.retried(job, leased.now, backoff(job.attempts, self._random))

    async def _closed(self, leased: LeasedJob, error: ModelClosed) -> Transition:
        available = await self._availability.available()
        instead = await self._work.instead(leased, available)
        return instead or transitions.failed(leased.job, leased.now, model_closed_text(error.model, available))

    async def _look(self, leased: LeasedJob) -> Transition:
        """Ask both status paths for our own id, after each of :data:`bot.limits.SUBMISSION_LOOKUPS` seconds."""
        job = leased.job
        await self._courier.progress(job, text("Checking whether ToAPIs got the request"), None)
        try:
            task = await self._work.find(job.id) or await self._named_by_event(job.id)
        except ProviderError as error:
            _log.info("lookup_failed", job=job.id, status=error.status)
            if self._outlived(leased) and job.attempts >= limits.LAST_LOOKS:
                return await self._unclear(leased)
            return transitions.retried(job, leased.now, backoff(job.attempts, self._random, first=5.0))
        if task is not None:
            _log.info("submission_found", job=job.id, task=task.id)
            return await self._taken(leased, task)
        done = job.lookups + 1
        if done >= len(limits.SUBMISSION_LOOKUPS):
            return await self._unclear(leased)
        gap = limits.SUBMISSION_LOOKUPS[done] - limits.SUBMISSION_LOOKUPS[done - 1]
        return transitions.looked_up(job, leased.now, timedelta(seconds=gap), lookups=done)

    async def _named_by_event(self, job_id: str) -> Task | None:
        """The task that a webhook named together with our id (design, rule 2), if the provider confirms it."""
        task_id = await self._events.task_of(job_id) if self._settings.webhook_secrets else None
        return None if task_id is None else await self._work.find(task_id)

    def _outlived(self, leased: LeasedJob) -> bool:
        started = leased.job.submit_started_at
        return started is not None and leased.now - started > timedelta(seconds=self._settings.keep_watching_for)

    async def _unclear(self, leased: LeasedJob) -> Transition:
        await self._courier.tell_operators(
            text(
                "ToAPIs never confirmed the submission of job {job}. It may have been charged.",
                job=leased.job.id,
            )
        )
        return transitions.unclear(
            leased.job,
            leased.now,
            text(
                "ToAPIs never said whether it took this request, so it may have been charged. I won't send it "
                "again on my own. To have it made, press “Send again” here or in /tasks."
            ),
        )


_UNREACHABLE = text(
    "ToAPIs couldn't take this for several minutes, so I stopped. Nothing was charged. Try again later."
)


def _operator_text(error: KeyRefused | BalanceEmpty | ModelClosed) -> Text:
    if isinstance(error, BalanceEmpty):
        return text("ToAPIs says that the balance is used up. Submissions are paused until it is topped up.")
    if isinstance(error, KeyRefused):
        return text("ToAPIs refuses the key in toapis.api_key. Submissions are paused until it is accepted again.")
    return text(
        "ToAPIs doesn't offer the model {model} to this key. I won't use it for an hour.",
        model=error.model,
    )
