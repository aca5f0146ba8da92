"""The step ``deliver``: brings the end of a job, good or bad, to its owner, or leaves it in /tasks (design, rule 5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from random import Random

import structlog

from bot import limits
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Content, Courier, DiscordUnavailable, NothingMade
from bot.jobs.video_consent import VideoConsent
from bot.store.consent_denials import ConsentDenied
from bot.store.files import FileStore
from bot.values.job import DeliveryAttempt, Job, JobKind, Outcome, Transition

_log = structlog.get_logger(__name__)


class Deliver:
    """Hands the job to the courier and cleans up after it."""

    def __init__(
        self,
        *,
        contents: Mapping[JobKind, Callable[[Job], Awaitable[Content]]],
        video_consent: VideoConsent,
        afterwards: Mapping[JobKind, Callable[[LeasedJob], Awaitable[None]]],
        files: FileStore,
        courier: Courier,
        random: Random,
    ) -> None:
        """``contents``: for each kind of job with a result, the function that reads the result.

        ``video_consent``: checked before each message with a video. ``afterwards``: run once a job is delivered or left
        in /tasks.
        """
        self._contents = contents
        self._video_consent = video_consent
        self._afterwards = afterwards
        self._files = files
        self._courier = courier
        self._random = random

    async def __call__(self, leased: LeasedJob) -> Transition:
        """One attempt; when Discord is unavailable, it is repeated later."""

        async def record(attempt: DeliveryAttempt) -> None:
            if leased.job.kind is JobKind.VIDEO and leased.job.outcome is Outcome.SUCCEEDED and attempt.begins:
                await self._video_consent.check(leased.job)
            await leased.note({"deliveries": (*leased.job.deliveries, attempt)})

        try:
            reached = await self._courier.deliver(leased.job, await self._content(leased.job), record)
        except ConsentDenied:
            return await self._video_consent.withdraw(leased)
        except DiscordUnavailable as trouble:
            if (
                leased.now - max(leased.job.finished_at or leased.now, leased.job.origin.token_at)
                < limits.DELIVERY_TRIED_FOR
            ):
                wait = backoff(leased.job.attempts, self._random, most=300.0)
                asked_for = timedelta(seconds=trouble.retry_after or 0.0)
                return transitions.retried(leased.job, leased.now, max(wait, asked_for))
            reached = False
        if leased.job.outcome is Outcome.SUCCEEDED and leased.job.kind in self._afterwards:
            await self._afterwards[leased.job.kind](leased)
        end = (transitions.delivered if reached else transitions.kept)(leased.job, leased.now)
        if not _is_needed(leased.job, leased.now):
            await self._files.drop_work(leased.job.id)
            if leased.job.outcome is Outcome.FAILED:
                end = end.noting({"file": None})
        _log.info("delivered" if reached else "kept_for_tasks", job=leased.job.id)
        return end

    async def _content(self, job: Job) -> Content:
        return await self._contents[job.kind](job) if job.outcome is Outcome.SUCCEEDED else NothingMade()


def _is_needed(job: Job, now: datetime) -> bool:
    """Whether its work folder is still needed, because its owner may send it again or retry it."""
    return (job.outcome is Outcome.UNKNOWN and job.task_id is None) or (
        job.file is not None and job.may_be_retried(now)
    )
