"""The transitions of a job: what each event changes. :mod:`bot.jobs.transition_table` says when each is possible.

Every change of ``step`` and ``outcome`` comes from here (design, rule 16): each event is one pure function of the job
and the current time. The store writes what it returns, under the job's lease or on behalf of its owner.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.jobs.transition_table import TABLE, Event, NotAllowed, may_have_been_charged, possible
from bot.texts import Text, text
from bot.values.job import (
    CharacterResult,
    Job,
    JobChanges,
    JobKind,
    JobRequest,
    JobResult,
    Origin,
    Question,
    Step,
    Transition,
)


def _move(event: Event, job: Job, now: datetime, *, after: timedelta = timedelta()) -> JobChanges:
    """Go to the step that the table names, due ``after`` now. Raises :class:`NotAllowed`."""
    if not possible(event, job):
        raise NotAllowed(event, job)
    rule = TABLE[event]
    changes = JobChanges(next_attempt_at=now + after)
    if rule.after is not None:
        changes |= JobChanges(step=rule.after, attempts=0)
    if rule.outcome is not None:
        changes |= JobChanges(outcome=rule.outcome, finished_at=now)
    if rule.after is Step.DONE:
        # Nothing is due any more, and the token and the address are no longer needed (design, rule 13).
        changes |= JobChanges(
            next_attempt_at=None,
            origin=replace(job.origin, token=None),
            request=job.request.without_address(),
        )
    return changes


# -- before the submission -------------------------------------------------------------------------------------------


def prepared(job: Job, now: datetime) -> Transition:
    """The video is here, and there is nothing to ask: it can be submitted."""
    return Transition(Event.PREPARED, _move(Event.PREPARED, job, now))


def asked(job: Job, now: datetime, question: Question) -> Transition:
    """Its owner has to answer something first."""
    return Transition(Event.ASKED, _move(Event.ASKED, job, now) | JobChanges(question=question))


def shown(job: Job, now: datetime, deadline: datetime, *, reached: bool) -> Transition:
    """The question was asked. Nothing is due before ``deadline``, when the job expires.

    If it has not ``reached`` its owner, it waits in /tasks.
    """
    changes = JobChanges(next_attempt_at=deadline, delivered_at=now if reached else None)
    return Transition(Event.SHOWN, _move(Event.SHOWN, job, now) | changes)


def answered(job: Job, now: datetime, question: Question, request: JobRequest, origin: Origin) -> Transition:
    """The owner answered; ``request`` contains the answer, and the job's next message goes to ``origin``.

    Findings about other seconds are dropped. Also raises NotAllowed if the job waits with another question.
    """
    if job.question is not question:
        raise NotAllowed(Event.ANSWERED, job)
    changes = _move(Event.ANSWERED, job, now)
    changes |= JobChanges(question=None, request=request, origin=origin, delivered_at=None)
    if _seconds(request) != _seconds(job.request):
        changes |= JobChanges(seen=replace(job.seen, findings=None))
    return Transition(Event.ANSWERED, changes)


def _seconds(request: JobRequest) -> object:
    return getattr(request, "range", None)


def reopened(job: Job, now: datetime, origin: Origin) -> Transition:
    """The owner wants to pick the seconds (again), at ``origin``."""
    changes = _move(Event.REOPENED, job, now) | JobChanges(
        question=Question.SECONDS,
        attempts=0,
        origin=origin,
        delivered_at=None,
        seen=replace(job.seen, findings=None),
    )
    if job.kind is JobKind.CHARACTER:
        before = job.character.range.people if job.character.range else job.character.typed
        changes |= JobChanges(request=replace(job.character, range=None, anyway=False, louder=False, typed=before))
    return Transition(Event.REOPENED, changes)


def expired(job: Job, now: datetime) -> Transition:
    """Its owner saw the question, and did not answer within a day. It cost nothing."""
    return Transition(Event.EXPIRED, _move(Event.EXPIRED, job, now) | JobChanges(counted=False))


def unreached(job: Job, now: datetime, reason: Text) -> Transition:
    """The question never reached its owner within a day, and the owner is told so. It cost nothing."""
    changes = _move(Event.UNREACHED, job, now) | JobChanges(counted=False, failure=reason, question=None)
    return Transition(Event.UNREACHED, changes)


def previewed(job: Job, now: datetime) -> Transition:
    """The preview was shown; there is nothing more to do."""
    return Transition(Event.PREVIEWED, _move(Event.PREVIEWED, job, now) | JobChanges(counted=False, delivered_at=now))


def cancelled(job: Job, now: datetime) -> Transition:
    """Its owner no longer wants it. Possible until the submission begins, so it cost nothing."""
    return Transition(Event.CANCELLED, _move(Event.CANCELLED, job, now) | JobChanges(counted=False))


# -- the submission --------------------------------------------------------------------------------------------------


def submitting(job: Job, now: datetime) -> Transition:
    """It is about to be sent; committed before the request is sent (design, rule 2)."""
    return Transition(
        Event.SUBMITTING, _move(Event.SUBMITTING, job, now) | JobChanges(submit_started_at=now, lookups=0)
    )


def not_accepted(job: Job, now: datetime) -> Transition:
    """The provider certainly did not accept it: it may be sent again."""
    return Transition(Event.NOT_ACCEPTED, _move(Event.NOT_ACCEPTED, job, now) | JobChanges(submit_started_at=None))


def looked_up(job: Job, now: datetime, after: timedelta, lookups: int) -> Transition:
    """Nobody knows yet whether the provider accepted it; look for it ``after`` now. The attempt does not count."""
    changes = _move(Event.LOOKED_UP, job, now, after=after)
    return Transition(Event.LOOKED_UP, changes | JobChanges(attempts=max(0, job.attempts - 1), lookups=lookups))


def accepted(job: Job, now: datetime, task_id: str, progress: int, after: timedelta) -> Transition:
    """The provider is working on it under ``task_id``; ask for its status ``after`` now."""
    return Transition(
        Event.ACCEPTED, _move(Event.ACCEPTED, job, now, after=after) | JobChanges(task_id=task_id, progress=progress)
    )


def not_needed(job: Job, now: datetime) -> Transition:
    """No model makes it: everything it needs is here, so nothing is submitted or charged."""
    changes = _move(Event.NOT_NEEDED, job, now)
    request = replace(job.character, model=None, price=None)
    return Transition(
        Event.NOT_NEEDED, changes | JobChanges(request=request, result=CharacterResult(characters=()), progress=100)
    )


def completed(job: Job, now: datetime, result: JobResult) -> Transition:
    """The provider has made it."""
    return Transition(Event.COMPLETED, _move(Event.COMPLETED, job, now) | JobChanges(result=result, progress=100))


# -- the end ---------------------------------------------------------------------------------------------------------


def collected(job: Job, now: datetime, result: JobResult) -> Transition:
    """The result is stored: it only has to be delivered."""
    return Transition(Event.COLLECTED, _move(Event.COLLECTED, job, now) | JobChanges(result=result))


def withdrawn(job: Job, now: datetime, *, uncharged: Text, maybe_charged: Text) -> Transition:
    """It was made, but somebody in it has said no: nothing of it is kept, and what it cost stays spent.

    Its delivery attempts are forgotten too, so that the owner is told about the withdrawal.
    """
    charged = may_have_been_charged(job)
    changes = JobChanges(failure=maybe_charged if charged else uncharged, counted=charged, result=None, deliveries=())
    return Transition(Event.WITHDRAWN, _move(Event.WITHDRAWN, job, now) | changes)


def failed(job: Job, now: datetime, reason: Text, *, counted: bool = False) -> Transition:
    """It ended without a result. ``counted``: it keeps its place in the day, because it may have cost something.

    If an earlier submission of the job was never cleared up, its outcome goes back to unknown.
    """
    if job.maybe_charged:
        return unclear(
            job, now, text("{reason} That is about this attempt. An earlier one may have been charged.", reason=reason)
        )
    return Transition(Event.FAILED, _move(Event.FAILED, job, now) | JobChanges(failure=reason, counted=counted))


def unclear(job: Job, now: datetime, reason: Text) -> Transition:
    """It ended, and we do not know whether it was made: it may have been charged, so it counts."""
    return Transition(Event.UNCLEAR, _move(Event.UNCLEAR, job, now) | JobChanges(failure=reason))


def given_up(job: Job, now: datetime, *, uncharged: Text, maybe_charged: Text) -> Transition:
    """A defect of ours ended it: failed if it certainly cost nothing, otherwise unclear, each with its sentence."""
    return unclear(job, now, maybe_charged) if may_have_been_charged(job) else failed(job, now, uncharged)


_FROM_BACKUP = text(
    "This job comes from a backup. It may have been sent to ToAPIs since then, and charged. I won't send it again "
    "on my own. If you never got a result, press “Send again”: I look for it first, and send it only if it isn't "
    "there."
)


def restored(now: datetime) -> Transition:
    """It comes from a backup in which it was not submitted yet, and may have been submitted since.

    Applies to every such row of the backup at once, because rows that this version cannot read must not be sent again
    either.
    """
    rule = TABLE[Event.RESTORED]
    if rule.after is None:
        raise AssertionError("a restored job has ended")
    changes = JobChanges(step=rule.after, outcome=rule.outcome, finished_at=now, next_attempt_at=now, attempts=0)
    return Transition(Event.RESTORED, changes | JobChanges(failure=_FROM_BACKUP, question=None))


def delivered(job: Job, now: datetime) -> Transition:
    """Its owner has received the end."""
    return Transition(Event.DELIVERED, _move(Event.DELIVERED, job, now) | JobChanges(delivered_at=now))


def kept(job: Job, now: datetime) -> Transition:
    """Its owner could not be reached: the end waits in /tasks."""
    return Transition(Event.KEPT, _move(Event.KEPT, job, now) | JobChanges(delivered_at=None))


# -- the same step once more -----------------------------------------------------------------------------------------


def retried(
    job: Job, now: datetime, after: timedelta, *, attempts: int | None = None, result: JobResult | None = None
) -> Transition:
    """Repeat the step ``after`` now; the attempt counts. ``attempts``: how many count so far, if not all do.

    ``result``: the result's new address, if it has moved.
    """
    changes = _move(Event.RETRIED, job, now, after=after)
    if attempts is not None:
        changes |= JobChanges(attempts=attempts)
    if result is not None:
        changes |= JobChanges(result=result)
    return Transition(Event.RETRIED, changes)


def waited(job: Job, now: datetime, after: timedelta) -> Transition:
    """Repeat the step ``after`` now, through no fault of the job: the attempt does not count."""
    changes = _move(Event.WAITED, job, now, after=after)
    return Transition(Event.WAITED, changes | JobChanges(attempts=max(0, job.attempts - 1)))


# -- a finished job goes on ------------------------------------------------------------------------------------------


def resent(job: Job, now: datetime, origin: Origin) -> Transition:
    """Its owner has an unclear submission sent again. The job stays marked as possibly charged before."""
    return Transition(
        Event.RESENT,
        _move(Event.RESENT, job, now)
        | _reopen(origin)
        | JobChanges(submit_started_at=None, lookups=0, maybe_charged=True, progress=0),
    )


def rechecked(job: Job, now: datetime, origin: Origin) -> Transition:
    """Its owner has it checked once more: the task at the provider, or the result that could not be stored."""
    event = Event.RECHECKED if job.result is None else Event.RECOLLECTED
    return Transition(event, _move(event, job, now) | _reopen(origin))


def shown_again(job: Job, now: datetime, origin: Origin) -> Transition:
    """Deliver its end to ``origin``, because it could not be delivered before. It keeps its outcome."""
    changes = _move(Event.SHOWN_AGAIN, job, now)
    afresh = JobChanges(origin=origin, deliveries=(), delivered_at=None, announcement=None)
    return Transition(Event.SHOWN_AGAIN, changes | afresh)


def _reopen(origin: Origin) -> JobChanges:
    """Clear its end and its earlier deliveries, so that the new end is delivered too."""
    return JobChanges(
        outcome=None,
        failure=None,
        finished_at=None,
        origin=origin,
        deliveries=(),
        delivered_at=None,
        announcement=None,
    )
