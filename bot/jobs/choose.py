"""The step ``choose``: a person is asked, and has a day to answer, across restarts."""

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
from bot.values.job import JobKind, Question, Transition

_log = structlog.get_logger(__name__)


class Choose:
    """Done twice: at once, to ask, and when the day is over. The answer takes the row away from both.

    The seconds are asked for with a filmstrip; a preview is that and nothing more.

    The row says what is asked before anybody sees it, so that an answer finds it however quick it is.
    """

    def __init__(self, *, courier: Courier, files: FileStore, inspection: VideoInspection, random: Random) -> None:
        self._courier = courier
        self._inspection = inspection
        self._files = files
        self._random = random

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Ask, or give up. A question that cannot be shown waits in /tasks."""
        job = leased.job
        if job.question is None:
            raise AssertionError("a job waits only with a question")
        deadline = job.origin.token_at + limits.CHOICE_OPEN
        if leased.now >= deadline:
            await self._files.drop_work(job.id)
            return transitions.expired(job, leased.now)
        try:
            if job.question is Question.SECONDS:
                await self._show_picker(leased)
            else:
                await self._ask(leased, job.question)
        except DiscordUnavailable:
            wait = min(backoff(job.attempts, self._random), deadline - leased.now)
            return transitions.retried(leased.job, leased.now, wait)
        if job.kind is JobKind.PREVIEW:  # nobody has to answer
            await self._files.drop_work(job.id)
            return transitions.previewed(leased.job, leased.now)
        return transitions.shown(leased.job, leased.now, deadline)

    async def _show_picker(self, leased: LeasedJob) -> None:
        """The filmstrip at once; the best seconds are marked on it as soon as they are found."""
        if leased.job.seen.best is None:
            await self._ask(leased, Question.SECONDS, await self._inspection.filmstrip(leased))
        best = await self._inspection.suggested(leased)
        marks = [suggestion.range for suggestion in best.suggestions]
        await self._ask(leased, Question.SECONDS, await self._inspection.filmstrip(leased, marks))

    async def _ask(self, leased: LeasedJob, question: Question, picture: bytes | None = None) -> None:
        try:
            origin = await self._courier.ask(leased.job, question, picture)
        except Undeliverable:
            _log.info("question_not_shown", job=leased.job.id, question=question.value)
            return
        await leased.note({"origin": origin})
