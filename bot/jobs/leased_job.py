"""A job under a lease: the only way a step writes its row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from bot.store.characters import CharacterStore
from bot.store.jobs import JobStore
from bot.store.new_characters import NewCharacter
from bot.store.videos import NewVideo, VideoStore
from bot.values.character import Character
from bot.values.clock import Clock
from bot.values.job import Job, JobNotes, Step, Transition
from bot.values.made_video import MadeVideo


class LeasedJob:
    """A leased row. ``job`` is the row as it was last read or written under the lease."""

    def __init__(self, job: Job, store: JobStore, clock: Clock) -> None:
        self.job = job
        self._lease = job.lease
        self._store = store
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The current time."""
        return self._clock()

    async def note(self, notes: JobNotes) -> Job:
        """Commit what a step has found out. Raises :class:`~bot.store.jobs.LeaseLost`: then the step must stop."""
        self.job = await self._store.note(self.job.id, self._lease, notes, now=self._clock())
        return self.job

    async def apply(self, transition: Transition) -> Job:
        """Commit ``transition`` in the middle of a step, and keep the lease. Raises LeaseLost."""
        self.job = await self._store.apply(self.job.id, self._lease, transition, now=self._clock())
        return self.job

    async def release(self, transition: Transition | None) -> Job:
        """Commit the end of a step and release the lease in the same write. Raises LeaseLost.

        ``None``: the step has written everything already, or did not finish.
        """
        self.job = await self._store.release(self.job.id, self._lease, transition, now=self._clock())
        return self.job

    async def add_to_cast(
        self, characters: CharacterStore, new: NewCharacter, collected: Callable[[int], Transition]
    ) -> Character:
        """Commit the new character together with its job's success. ``collected`` is given the character's id.

        Raises LeaseLost.
        """
        self.job, character = await characters.add_for_job(self.job.id, self._lease, new, collected, now=self._clock())
        return character

    async def add_video(self, videos: VideoStore, new: NewVideo, collected: Callable[[int], Transition]) -> MadeVideo:
        """Commit the new video together with its job's success. ``collected`` is given the video's id.

        Raises LeaseLost.
        """
        self.job, video = await videos.add_for_job(self.job.id, self._lease, new, collected, now=self._clock())
        return video


StepFunction: TypeAlias = Callable[[LeasedJob], Awaitable[Transition | None]]
Steps: TypeAlias = Mapping[Step, StepFunction]
