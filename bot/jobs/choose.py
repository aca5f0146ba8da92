"""The step ``choose``: asks the owner a question and waits up to a day for the answer, also across restarts."""

from __future__ import annotations

from random import Random

import structlog

from bot import limits
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier, DiscordUnavailable, Undeliverable
from bot.jobs.video_inspection import VideoInspection
from bot.store.files import FileStore
from bot.texts import text
from bot.values.job import DeliveryAttempt, JobKind, Question, Transition

_log = structlog.get_logger(__name__)


class Choose:
    """Runs twice: at once, to ask, and when the day is over. An answer takes the row away from either run.

    The seconds are asked for with a filmstrip; a preview consists of that question alone.

    The row says what is asked before anybody sees the question, so that even a very quick answer is accepted.
    """

    def __init__(self, *, courier: Courier, files: FileStore, inspection: VideoInspection, random: Random) -> None:
        self._courier = courier
        self._inspection = inspection
        self._files = files
        self._random = random

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Ask, or give up. A question that cannot be shown waits in /tasks; the owner's next command mentions it."""
        job = leased.job
        if job.question is None:
            raise AssertionError("a job waits only with a question")
        deadline = job.origin.token_at + limits.CHOICE_OPEN
        if leased.now >= deadline:
            return await self._expire(leased)
        try:
            reached = await self._show(leased, job.question)
        except DiscordUnavailable:
            wait = min(backoff(job.attempts, self._random), deadline - leased.now)
            return transitions.retried(leased.job, leased.now, wait)
        if job.kind is JobKind.PREVIEW:  # needs no answer; its video is kept for a character
            return transitions.previewed(leased.job, leased.now)
        return transitions.shown(leased.job, leased.now, deadline, reached=reached)

    async def _show(self, leased: LeasedJob, question: Question) -> bool:
        """Whether the question reached its owner. The best seconds are marked on the filmstrip once they are found."""
        if question is Question.CONCERNS and leased.job.character.range is not None:
            return await self._ask(
                leased, question, await self._inspection.strip_of(leased, leased.job.character.range)
            )
        if question is not Question.SECONDS:
            return await self._ask(leased, question)
        if leased.job.seen.best is None:
            await self._ask(leased, question, await self._inspection.filmstrip(leased))
        best = await self._inspection.suggested(leased)
        marks = [suggestion.range for suggestion in best.suggestions]
        return await self._ask(leased, question, await self._inspection.filmstrip(leased, marks))

    async def _ask(self, leased: LeasedJob, question: Question, picture: bytes | None = None) -> bool:
        async def record(attempt: DeliveryAttempt) -> None:
            await leased.note({"deliveries": (*leased.job.deliveries, attempt)})

        try:
            origin = await self._courier.ask(leased.job, question, record, picture)
        except Undeliverable:
            _log.info("question_not_shown", job=leased.job.id, question=question.value)
            return False
        await leased.note({"origin": origin})
        return True

    async def _expire(self, leased: LeasedJob) -> Transition:
        job = leased.job
        await self._files.drop_work(job.id)
        if job.delivered_at is None and job.kind is not JobKind.PREVIEW:
            return transitions.unreached(job, leased.now, _UNREACHED)
        await self._courier.expire(job)
        return transitions.expired(job, leased.now)


_UNREACHED = text(
    "I had a question about your video and couldn't reach you for a day, so I stopped. Nothing was charged. To try "
    "again, use /character create."
)
