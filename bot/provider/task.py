"""Values that the provider returns: tasks with their state, and the account's balance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from bot.provider.rejection_reasons import Cause, picture_of, reason_of, sentence
from bot.texts import Text, text
from bot.values.character import ProviderCharacter


class TaskState(StrEnum):
    """The state of a task; only the last two are final."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


# The documented names, those of related APIs of the provider, and those in its webhooks.
_STATES = {
    "queued": TaskState.QUEUED,
    "queueing": TaskState.QUEUED,
    "submitted": TaskState.QUEUED,
    "pending": TaskState.QUEUED,
    "created": TaskState.QUEUED,
    "not_start": TaskState.QUEUED,
    "preparing": TaskState.QUEUED,
    "in_progress": TaskState.RUNNING,
    "processing": TaskState.RUNNING,
    "running": TaskState.RUNNING,
    "completed": TaskState.COMPLETED,
    "success": TaskState.COMPLETED,
    "succeeded": TaskState.COMPLETED,
    "succeed": TaskState.COMPLETED,
    "failed": TaskState.FAILED,
    "failure": TaskState.FAILED,
    "fail": TaskState.FAILED,
    "expired": TaskState.FAILED,
    "cancelled": TaskState.FAILED,
    "canceled": TaskState.FAILED,
}


def state_of(status: str) -> TaskState | None:
    """The state that ``status`` names in any case, or ``None`` for an unknown one."""
    return _STATES.get(status.strip().lower().replace("-", "_").replace(" ", "_"))


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """Why a task failed, in the provider's words: cleaned, cut to 200 characters, and never shown to a person."""

    code: str
    message: str = field(repr=False)

    @property
    def cause(self) -> Cause | None:
        """What the provider objects to, if that is known."""
        return reason_of(self.code, self.message)

    @property
    def image(self) -> int | None:
        """Which picture of the request, from 1, it is about, if the provider says so."""
        return picture_of(f"{self.code} {self.message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderVideo:
    """A finished video. Its URLs expire with the task (``Task.expires_at``), and work for anyone who has them."""

    url: str = field(repr=False)
    format: str = ""
    last_frame_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. ``progress`` is 0 to 100; ``failure`` is set exactly if the state is ``FAILED``.

    ``characters`` may be empty in a completed task: nobody was found in those seconds, or it was no character task.
    ``videos`` are the results of a video task. ``expires_at``: until when they can be fetched, if known.
    """

    id: str
    state: TaskState
    progress: int
    characters: tuple[ProviderCharacter, ...] = ()
    videos: tuple[ProviderVideo, ...] = ()
    expires_at: datetime | None = None
    failure: TaskFailure | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """The account's money in US dollars; ``remaining`` is ``None`` if it is unlimited or unknown."""

    remaining: Decimal | None
    unlimited: bool

    @property
    def empty(self) -> bool:
        """Whether it is known to be used up."""
        return not self.unlimited and self.remaining is not None and self.remaining <= 0


def failure_text(failure: TaskFailure) -> Text:
    """The message for a failed task. The provider refunds these (section "Money" of its documentation)."""
    reason = failure.cause
    if reason is None or reason is Cause.UNFINISHED:  # it has ended, whatever its message says
        return text(
            "ToAPIs couldn't make a character from these seconds. It refunds failed tasks, so nothing is charged. "
            "Pick other seconds in which one face is seen clearly and speaks, or try again later."
        )
    return text(
        "{reason} ToAPIs refunds failed tasks, so nothing is charged.",
        reason=sentence(reason),
    )


def video_failure_text(failure: TaskFailure, detail: Text | None = None) -> Text:
    """The message for a failed video task. ``detail`` is a more exact reason than its cause."""
    reason = failure.cause
    if reason is None or reason is Cause.UNFINISHED:
        return text(
            "ToAPIs couldn't make this video. It refunds failed tasks, so nothing is charged. Try again, change the "
            "prompt, or choose another model."
        )
    return text(
        "{reason} ToAPIs refunds failed tasks, so nothing is charged.",
        reason=detail or sentence(reason, of_video=True),
    )


def nobody_found_text() -> Text:
    """The message for a completed task without a character, which the provider counts as a success."""
    return text(
        "{reason} ToAPIs calls this task completed, so it may have been charged.",
        reason=sentence(Cause.NO_CHARACTER),
    )
