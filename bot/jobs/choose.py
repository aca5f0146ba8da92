"""The step ``choose``: a person is asked, and has a day to answer, across restarts."""

from __future__ import annotations

from random import Random

import structlog

from bot import limits
from bot.jobs.backoff import backoff
from bot.jobs.footage import Footage
from bot.jobs.held import Held, without_token
from bot.jobs.ports import Courier, DiscordTrouble, Undeliverable
from bot.store.files import FileStore
from bot.store.jobs import JobChanges
from bot.values.job import JobKind, Outcome, Question, Step

_log = structlog.get_logger(__name__)


class Choose:
    """Done twice: at once, to ask, and when the day is over. The answer takes the row away from both.

    The seconds are asked for with a filmstrip; a preview is that and nothing more.

    The row says what is asked before anybody sees it, so that an answer finds it however quick it is.
    """

    def __init__(self, *, courier: Courier, files: FileStore, footage: Footage, random: Random) -> None:
        self._courier = courier
        self._footage = footage
        self._files = files
        self._random = random

    async def __call__(self, held: Held) -> JobChanges:
        """Ask, or give up. A question that cannot be shown waits in /tasks."""
        job = held.job
        if job.question is None:
            raise AssertionError("a job waits only with a question")
        deadline = job.asked.token_at + limits.CHOICE_OPEN
        if held.now >= deadline:
            return await self._expire(held)
        try:
            if job.question is Question.SECONDS:
                await self._show_picker(held)
            else:
                await self._ask(held, job.question)
        except DiscordTrouble:
            return held.again(min(backoff(job.attempts, self._random), deadline - held.now))
        if job.kind is JobKind.PREVIEW:  # nobody has to answer
            return await self._end(held, Outcome.SUCCEEDED) | JobChanges(delivered_at=held.now)
        return {"next_attempt_at": deadline}

    async def _show_picker(self, held: Held) -> None:
        """The filmstrip at once; the best seconds are marked on it as soon as they are found."""
        if held.job.seen.best is None:
            await self._ask(held, Question.SECONDS, await self._footage.filmstrip(held))
        best = await self._footage.suggested(held)
        marks = [suggestion.range for suggestion in best.suggestions]
        await self._ask(held, Question.SECONDS, await self._footage.filmstrip(held, marks))

    async def _ask(self, held: Held, question: Question, picture: bytes | None = None) -> None:
        try:
            asked = await self._courier.ask(held.job, question, picture)
        except Undeliverable:
            _log.info("question_not_shown", job=held.job.id, question=question.value)
            return
        await held.write({"asked": asked})

    async def _expire(self, held: Held) -> JobChanges:
        return await self._end(held, Outcome.CANCELLED)

    async def _end(self, held: Held, outcome: Outcome) -> JobChanges:
        await self._files.drop_work(held.job.id)
        return {
            "step": Step.DONE,
            "outcome": outcome,
            "counted": False,
            "finished_at": held.now,
            "next_attempt_at": None,
            "asked": without_token(held.job.asked),
            "request": held.job.request.without_address(),
        }
