"""The step ``deliver``: the end of a job, good or bad, reaches its owner or waits in /tasks (design, rule 5)."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import structlog

from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob, without_token
from bot.jobs.ports import Courier, DiscordUnavailable
from bot.store.characters import CharacterStore
from bot.store.files import FileStore
from bot.store.jobs import JobChanges
from bot.values.character import Character
from bot.values.job import DeliveryAttempt, Job, Outcome, Step

TRIED_FOR = timedelta(hours=24)  # after that the result waits in /tasks alone

_log = structlog.get_logger(__name__)


class Deliver:
    """Hands the job to the courier and tidies up after it."""

    def __init__(self, *, characters: CharacterStore, files: FileStore, courier: Courier, random: Random) -> None:
        self._characters = characters
        self._files = files
        self._courier = courier
        self._random = random

    async def __call__(self, leased: LeasedJob) -> JobChanges:
        """One attempt; trouble at Discord is waited out."""

        async def record(attempt: DeliveryAttempt) -> None:
            await leased.write({"deliveries": (*leased.job.deliveries, attempt)})

        try:
            reached = await self._courier.deliver(leased.job, await self._character(leased.job), record)
        except DiscordUnavailable as trouble:
            if leased.now - max(leased.job.finished_at or leased.now, leased.job.origin.token_at) < TRIED_FOR:
                wait = backoff(leased.job.attempts, self._random, most=300.0)
                asked_for = timedelta(seconds=trouble.retry_after or 0.0)
                return leased.again(max(wait, asked_for))
            reached = False
        if not _may_be_sent_again(leased.job):
            await self._files.drop_work(leased.job.id)
        _log.info("delivered" if reached else "kept_for_tasks", job=leased.job.id)
        return {
            "step": Step.DONE,
            "next_attempt_at": None,
            "delivered_at": leased.now if reached else None,
            "origin": without_token(leased.job.origin),
            "request": leased.job.request.without_address(),
        }

    async def _character(self, job: Job) -> Character | None:
        if job.result is None or job.result.character_id is None:
            return None
        return await self._characters.get(job.owner_id, job.result.character_id)


def _may_be_sent_again(job: Job) -> bool:
    return job.outcome is Outcome.UNKNOWN and job.task_id is None
