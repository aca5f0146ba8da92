"""What the provider tells us, as values: a task and how it stands, and the account's balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.provider.rejection_reasons import Cause, reason_of, sentence
from bot.texts import Text, text
from bot.values.character import ProviderCharacter


class TaskState(StrEnum):
    """How a task stands; only the last two are final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


# The documented names, those of other members of the provider's family, and those of its webhooks.
_STATES = {
    "queued": TaskState.QUEUED,
    "submitted": TaskState.QUEUED,
    "pending": TaskState.QUEUED,
    "in_progress": TaskState.RUNNING,
    "processing": TaskState.RUNNING,
    "running": TaskState.RUNNING,
    "completed": TaskState.COMPLETED,
    "success": TaskState.COMPLETED,
    "succeeded": TaskState.COMPLETED,
    "failed": TaskState.FAILED,
    "failure": TaskState.FAILED,
    "expired": TaskState.FAILED,
    "cancelled": TaskState.FAILED,
    "canceled": TaskState.FAILED,
}


def state_of(status: str) -> TaskState | None:
    """The state that ``status`` names in any case, or ``None`` where nobody has heard of it."""
    return _STATES.get(status.lower())


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why a task failed, in the provider's words: cleaned, cut to 200 characters, and never shown to a person."""

    code: str
    message: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. ``progress`` is 0 to 100; ``failure`` is there exactly where the state is ``FAILED``.

    ``characters`` may be empty in a completed task: nobody was found in those seconds, or it was no character task.
    """

    id: str
    state: TaskState
    progress: int
    characters: tuple[ProviderCharacter, ...] = ()
    failure: TaskFailure | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's money in US dollars; ``remaining`` is ``None`` where unlimited or not said."""

    remaining: Decimal | None
    unlimited: bool

    @property
    def empty(self) -> bool:
        """Known to be used up. What is not known is not empty."""
        return not self.unlimited and self.remaining is not None and self.remaining <= 0


def failure_text(failure: TaskFailure) -> Text:
    """What a person is told of a failed task. The provider refunds those (section "Money" of its documentation)."""
    reason = reason_of(failure.code, failure.message)
    if reason is None or reason is Cause.UNFINISHED:  # it has ended, whatever its message says
        return text(
            "ToAPIs couldn't make a character of these seconds. It refunds failed tasks, so nothing is charged. "
            "Pick other seconds in which one face is seen clearly and speaks, or try again later."
        )
    return text(
        "{reason} ToAPIs refunds failed tasks, so nothing is charged.",
        reason=sentence(reason),
    )


def nobody_found_text() -> Text:
    """What a person is told of a completed task without a character: by the provider's count it succeeded."""
    return text(
        "{reason} ToAPIs calls this task completed, so it may have been charged.",
        reason=sentence(Cause.NO_CHARACTER),
    )
