"""What a kind of job has the provider do: what is sent, and how answers are read. Submit and Watch do the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol, TypeAlias

from bot.jobs.leased_job import LeasedJob
from bot.provider.errors import ProviderError
from bot.provider.task import Task, TaskState
from bot.texts import Text
from bot.values.job import Job, Transition

Send: TypeAlias = Callable[[], Awaitable[Task]]
"""The one request that costs money, with everything in it: it only has to go out. Raises ProviderError."""


class ProviderWork(Protocol):
    """Everything is free but a :data:`Send`."""

    @property
    def progress_text(self) -> Text:
        """What is shown while the request is on its way."""

    @property
    def states(self) -> Mapping[TaskState, Text]:
        """What is shown while the provider is at work."""

    def model(self, job: Job) -> str | None:
        """The model that is asked; ``None``: none, and :meth:`ready` ends the step."""

    async def ready(self, leased: LeasedJob) -> Send | Transition:
        """Bring to the provider what the request refers to, and note it in the row; a transition ends the step.

        Raises a :class:`~bot.provider.errors.ProviderError` where that failed.
        """

    async def instead(self, leased: LeasedJob, living: tuple[str, ...]) -> Transition | None:
        """What can be done without the model, which is closed; ``None``: nothing. ``living``: the other models."""

    async def refused(self, job: Job, error: ProviderError, reason: Text, now: datetime) -> Transition:
        """The end of a job whose request was refused: with ``reason``, or with what is known beyond that."""

    async def find(self, business_id: str) -> Task | None:
        """The task of a request that was sent with this id, or the one with this id. ``None`` is no proof."""

    async def look(self, task_id: str) -> Task:
        """How the task stands. Raises ProviderError."""

    def completed(self, job: Job, task: Task, now: datetime) -> Transition:
        """The task has been done."""

    async def failed(self, job: Job, task: Task, now: datetime) -> Transition:
        """The task has failed."""
