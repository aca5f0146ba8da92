"""Tasks at the provider for the poll schedule: their type, when they started, when they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bot.values.job import Job, JobKind
from bot.values.requests import model_of


class TaskType(NamedTuple):
    """Tasks of one type take similarly long. ``model`` is empty if unknown."""

    kind: JobKind
    model: str


@dataclass(frozen=True, slots=True)
class WatchedTasks:
    """A number of tasks of one type that have been running for about ``age`` seconds."""

    type: TaskType
    age: float
    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that was still running at the age ``after`` and had ended at the age ``by``, in seconds."""

    type: TaskType
    after: float
    by: float


def task_type(job: Job) -> TaskType:
    """The type of ``job``'s task at the provider."""
    return TaskType(job.kind, model_of(job.request) or "")
