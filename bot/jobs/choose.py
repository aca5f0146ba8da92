"""The step ``choose``: a person is asked, and has a day to answer, across restarts."""

from __future__ import annotations

from random import Random

import structlog

from bot import limits
from bot.jobs.backoff import backoff
from bot.jobs.held import Held, without_token
from bot.jobs.ports import Courier, DiscordTrouble, Undeliverable
from bot.store.files import FileStore
from bot.store.jobs import JobChanges
from bot.values.job import Outcome, Step

_log = structlog.get_logger(__name__)


class Choose:
    """Done twice: at once, to ask, and when the day is over. The answer takes the row away from both.

    The row says what is asked before anybody sees it, so that an answer finds it however quick it is.
    """

    def __init__(self, *, courier: Courier, files: FileStore, random: Random) -> None:
        self._courier = courier
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
            asked = await self._courier.ask(job, job.question)
        except DiscordTrouble:
            return held.again(min(backoff(job.attempts, self._random), deadline - held.now))
        except Undeliverable:
            _log.info("question_not_shown", job=job.id, question=job.question.value)
            asked = job.asked
        return {"asked": asked, "next_attempt_at": deadline}

    async def _expire(self, held: Held) -> JobChanges:
        await self._files.drop_work(held.job.id)
        return {
            "step": Step.DONE,
            "outcome": Outcome.CANCELLED,
            "counted": False,
            "finished_at": held.now,
            "next_attempt_at": None,
            "asked": without_token(held.job.asked),
            "request": held.job.request.without_address(),
        }
