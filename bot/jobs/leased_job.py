"""A job whose lease is held: the only way in which a step writes, and the ends that a step can come to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from bot.store.characters import CharacterStore, NewCharacter
from bot.store.jobs import JobChanges, JobStore
from bot.texts import Text, text
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.job import CharacterResult, Job, Origin, Outcome, Step


class LeasedJob:
    """A leased row. ``job`` is the row as it was last read or written under the lease.

    ``with held.aside():`` is for waiting in line for something of which there is little: it takes no place among the
    steps that run at once.
    """

    def __init__(
        self, job: Job, holder: str, store: JobStore, clock: Clock, *, aside: Callable[[], Aside] = nullcontext
    ) -> None:
        self.job = job
        self.aside = aside
        self._holder = holder
        self._store = store
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self._clock()

    async def write(self, changes: JobChanges) -> Job:
        """Commit ``changes`` at once. Raises :class:`~bot.store.jobs.LeaseLost`: then the step must stop."""
        self.job = await self._store.change(self.job.id, self._holder, changes, now=self._clock())
        return self.job

    async def release(self, changes: JobChanges) -> Job:
        """Commit the end of a step and give the lease back in the same write."""
        self.job = await self._store.change(self.job.id, self._holder, changes, now=self._clock(), release=True)
        return self.job

    async def enter_cast(self, characters: CharacterStore, new: NewCharacter, result: CharacterResult) -> Character:
        """Commit the new character together with the job's success. Raises LeaseLost."""
        self.job, character = await characters.add_for_job(self.job.id, self._holder, new, result, now=self._clock())
        return character

    def go(self, step: Step, *, after: timedelta = timedelta()) -> JobChanges:
        """On to ``step``."""
        return {"step": step, "attempts": 0, "next_attempt_at": self.now + after}

    def again(self, after: timedelta) -> JobChanges:
        """The same step later; the attempt counts."""
        return {"next_attempt_at": self.now + after}

    def wait(self, after: timedelta) -> JobChanges:
        """The same step later, through no fault of the job: the attempt does not count."""
        return {"next_attempt_at": self.now + after, "attempts": max(0, self.job.attempts - 1)}

    def fail(self, reason: Text) -> JobChanges:
        """Ended without a result and without cost: its place in the day is given back.

        Unless an earlier submission of it was never cleared up: then that is what it comes back to.
        """
        if self.job.maybe_charged:
            return self.unknown(
                text("{reason} That is about this try; an earlier one may have been charged.", reason=reason)
            )
        return self._end(Outcome.FAILED, reason) | JobChanges(counted=False)

    def unknown(self, reason: Text) -> JobChanges:
        """Ended without our knowing whether it was made; it may have been charged, so it counts."""
        return self._end(Outcome.UNKNOWN, reason)

    def _end(self, outcome: Outcome, reason: Text) -> JobChanges:
        ended = JobChanges(outcome=outcome, failure=reason, finished_at=self.now)
        return self.go(Step.DELIVER) | ended


def without_token(origin: Origin) -> Origin:
    """The same place, once its interaction token is of no more use (design, rule 13)."""
    return replace(origin, token=None)


Aside: TypeAlias = AbstractContextManager[None]
StepFunction: TypeAlias = Callable[[LeasedJob], Awaitable[JobChanges]]
Steps: TypeAlias = Mapping[Step, StepFunction]
