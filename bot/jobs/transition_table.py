"""The state machine of a job as a table: from which steps each event is possible, and to which step it leads.

The functions of :mod:`bot.jobs.transitions` say what else an event changes. The diagram in the README is drawn from
:data:`TABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.values.job import BEFORE_SUBMISSION, Job, JobKind, Outcome, Question, Step


class Event(StrEnum):
    """What can happen to a job."""

    PREPARED = "prepared"
    ASKED = "asked"
    SHOWN = "shown"
    ANSWERED = "answered"
    REOPENED = "reopened"
    EXPIRED = "expired"
    UNREACHED = "unreached"
    PREVIEWED = "previewed"
    CANCELLED = "cancelled"
    SUBMITTING = "submitting"
    NOT_ACCEPTED = "not accepted"
    LOOKED_UP = "looked up"
    ACCEPTED = "accepted"
    NOT_NEEDED = "not needed"
    COMPLETED = "completed"
    COLLECTED = "collected"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    UNCLEAR = "unclear"
    DELIVERED = "delivered"
    KEPT = "kept"
    RETRIED = "retried"
    WAITED = "waited"
    RESENT = "sent again"
    RECHECKED = "checked again"
    RECOLLECTED = "collected again"
    SHOWN_AGAIN = "shown again"
    RESTORED = "restored"


class NotAllowed(Exception):
    """This event is not possible in the job's current state."""

    def __init__(self, event: Event, job: Job) -> None:
        super().__init__(f"{event.value} is not possible in step {job.step.value}")


def _always(_: Job) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """From which steps an event is possible, if ``applies`` says so, and to which it leads (``None``: the step stays).

    ``outcome`` is the job's outcome afterwards; ``None``: no outcome, or the one it had.
    """

    before: frozenset[Step]
    after: Step | None
    outcome: Outcome | None = None
    applies: Callable[[Job], bool] = _always


def may_have_been_charged(job: Job) -> bool:
    """Whether the provider may have charged for the job: its submission has begun, or an earlier one stayed unclear."""
    return job.submit_started_at is not None or job.maybe_charged


_UNFINISHED = frozenset({*Step} - {Step.DELIVER, Step.DONE})

TABLE: Mapping[Event, Rule] = {
    Event.PREPARED: Rule(frozenset({Step.PREPARE}), Step.SUBMIT, applies=lambda job: job.kind is not JobKind.PREVIEW),
    Event.ASKED: Rule(frozenset({Step.PREPARE}), Step.CHOOSE),
    Event.SHOWN: Rule(frozenset({Step.CHOOSE}), None),
    Event.ANSWERED: Rule(frozenset({Step.CHOOSE}), Step.PREPARE, applies=lambda job: job.question is not None),
    Event.REOPENED: Rule(
        frozenset({Step.CHOOSE}), None, applies=lambda job: job.question in {Question.SECONDS, Question.CONCERNS}
    ),
    Event.EXPIRED: Rule(frozenset({Step.CHOOSE}), Step.DONE, Outcome.CANCELLED),
    Event.UNREACHED: Rule(frozenset({Step.CHOOSE}), Step.DELIVER, Outcome.CANCELLED),
    Event.PREVIEWED: Rule(
        frozenset({Step.CHOOSE}), Step.DONE, Outcome.SUCCEEDED, lambda job: job.kind is JobKind.PREVIEW
    ),
    Event.CANCELLED: Rule(BEFORE_SUBMISSION, Step.DONE, Outcome.CANCELLED, lambda job: job.may_be_cancelled),
    Event.SUBMITTING: Rule(frozenset({Step.SUBMIT}), None, applies=lambda job: job.submit_started_at is None),
    Event.NOT_ACCEPTED: Rule(frozenset({Step.SUBMIT}), None, applies=lambda job: job.submit_started_at is not None),
    Event.LOOKED_UP: Rule(frozenset({Step.SUBMIT}), None, applies=lambda job: job.submit_started_at is not None),
    Event.ACCEPTED: Rule(frozenset({Step.SUBMIT}), Step.WATCH, applies=may_have_been_charged),
    # No model makes a portable character, so nothing is submitted.
    Event.NOT_NEEDED: Rule(
        frozenset({Step.SUBMIT}),
        Step.COLLECT,
        applies=lambda job: job.kind is JobKind.CHARACTER and job.submit_started_at is None,
    ),
    Event.COMPLETED: Rule(frozenset({Step.WATCH}), Step.COLLECT),
    Event.COLLECTED: Rule(frozenset({Step.COLLECT}), Step.DELIVER, Outcome.SUCCEEDED),
    Event.WITHDRAWN: Rule(
        frozenset({Step.COLLECT, Step.DELIVER}),
        Step.DELIVER,
        Outcome.FAILED,
        lambda job: job.step is Step.COLLECT or (job.kind is JobKind.VIDEO and job.outcome is Outcome.SUCCEEDED),
    ),
    Event.FAILED: Rule(
        frozenset({Step.PREPARE, Step.CHOOSE, Step.SUBMIT, Step.WATCH, Step.COLLECT}),
        Step.DELIVER,
        Outcome.FAILED,
        # While the answer to a submission is unknown, nobody can say that it cost nothing.
        lambda job: not job.maybe_charged and (job.step is Step.WATCH or job.submit_started_at is None),
    ),
    Event.UNCLEAR: Rule(
        frozenset({Step.SUBMIT, Step.WATCH, Step.COLLECT}), Step.DELIVER, Outcome.UNKNOWN, may_have_been_charged
    ),
    Event.DELIVERED: Rule(frozenset({Step.DELIVER}), Step.DONE),
    Event.KEPT: Rule(frozenset({Step.DELIVER}), Step.DONE),
    Event.RETRIED: Rule(_UNFINISHED | {Step.DELIVER}, None),
    Event.WAITED: Rule(_UNFINISHED | {Step.DELIVER}, None),
    Event.RESENT: Rule(
        frozenset({Step.DONE}),
        Step.SUBMIT,
        applies=lambda job: job.outcome is Outcome.UNKNOWN and job.task_id is None,
    ),
    Event.RECHECKED: Rule(
        frozenset({Step.DONE}),
        Step.WATCH,
        applies=lambda job: job.outcome is Outcome.UNKNOWN and job.task_id is not None and job.result is None,
    ),
    Event.RECOLLECTED: Rule(
        frozenset({Step.DONE}),
        Step.COLLECT,
        applies=lambda job: job.outcome is Outcome.UNKNOWN and job.task_id is not None and job.result is not None,
    ),
    Event.SHOWN_AGAIN: Rule(frozenset({Step.DONE}), Step.DELIVER, applies=lambda job: job.undelivered),
    Event.RESTORED: Rule(BEFORE_SUBMISSION, Step.DELIVER, Outcome.UNKNOWN, lambda job: job.kind is not JobKind.PREVIEW),
}


def possible(event: Event, job: Job) -> bool:
    """Whether ``event`` is possible in the current state of ``job``."""
    rule = TABLE[event]
    return job.step in rule.before and rule.applies(job)


def diagram() -> str:
    """The table as a Mermaid state diagram, without the events that stay in the same step."""
    lines = ["stateDiagram-v2", f"    [*] --> {Step.PREPARE.value}"]
    for before in Step:
        for after in Step:
            events = [
                event.value
                for event, rule in TABLE.items()
                if before in rule.before and rule.after is after and before is not after
            ]
            if events:
                lines.append(f"    {before.value} --> {after.value}: {', '.join(events)}")
    lines.append(f"    {Step.DONE.value} --> [*]")
    return "\n".join(lines)
