"""What a kind of job sends to the provider, and how it reads the answers. Submit and Watch do everything else."""

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
"""The one request that costs money, complete and ready to be sent. Raises ProviderError."""


class ProviderWork(Protocol):
    """Everything except a :data:`Send` is free."""

    @property
    def progress_text(self) -> Text:
        """Shown while the request is being sent."""

    @property
    def states(self) -> Mapping[TaskState, Text]:
        """Shown while the provider is working."""

    def model(self, job: Job) -> str | None:
        """The requested model; ``None``: there is none, and :meth:`ready` ends the step."""

    async def ready(self, leased: LeasedJob) -> Send | Transition:
        """Upload what the request refers to, and record it in the row. A returned transition ends the step.

        Raises a :class:`~bot.provider.errors.ProviderError` if that failed.
        """

    async def instead(self, leased: LeasedJob, available: tuple[str, ...]) -> Transition | None:
        """What can be done without the model, which is closed; ``None``: nothing. ``available``: the other models."""

    async def refused(self, job: Job, error: ProviderError, reason: Text, now: datetime) -> Transition:
        """The end of a job whose request was refused: with ``reason``, or with a better explanation."""

    async def find(self, business_id: str) -> Task | None:
        """The task that was sent with this id, or that has this id. ``None`` is no proof that there is none."""

    async def look(self, task_id: str) -> Task:
        """The status of the task. Raises ProviderError."""

    def completed(self, job: Job, task: Task, now: datetime) -> Transition:
        """The task has succeeded."""

    async def failed(self, job: Job, task: Task, now: datetime) -> Transition:
        """The task has failed."""
