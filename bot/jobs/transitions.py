"""The life of a job: what each event changes. What is possible when stands in :mod:`bot.jobs.transition_table`.

Every change of ``step`` and ``outcome`` comes from here (design, rule 16): each event is one pure function of the job
and the present instant. The store writes what it returns, under the job's lease or in its owner's name.
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
    """To the step that the table names, due ``after`` now. Raises :class:`NotAllowed`."""
    if not possible(event, job):
        raise NotAllowed(event, job)
    rule = TABLE[event]
    changes = JobChanges(next_attempt_at=now + after)
    if rule.after is not None:
        changes |= JobChanges(step=rule.after, attempts=0)
    if rule.outcome is not None:
        changes |= JobChanges(outcome=rule.outcome, finished_at=now)
    if rule.after is Step.DONE:
        # Nothing is due any more, and the token and the address have done their work (design, rule 13).
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
    """Its owner has to say something first."""
    return Transition(Event.ASKED, _move(Event.ASKED, job, now) | JobChanges(question=question))


def shown(job: Job, now: datetime, deadline: datetime, *, reached: bool) -> Transition:
    """The question was asked. Nothing is due before ``deadline``, when the job expires.

    Where it has not ``reached`` its owner, it waits in /tasks.
    """
    changes = JobChanges(next_attempt_at=deadline, delivered_at=now if reached else None)
    return Transition(Event.SHOWN, _move(Event.SHOWN, job, now) | changes)


def answered(job: Job, now: datetime, question: Question, request: JobRequest, origin: Origin) -> Transition:
    """The owner's answer stands in ``request``; what the job says next goes to ``origin``.

    What was found in other seconds is forgotten. Raises NotAllowed also where it waits with another question.
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
    """The question never reached its owner, and the day is over: that they are told. It cost nothing."""
    changes = _move(Event.UNREACHED, job, now) | JobChanges(counted=False, failure=reason, question=None)
    return Transition(Event.UNREACHED, changes)


def previewed(job: Job, now: datetime) -> Transition:
    """The preview was shown; there is nothing more to do."""
    return Transition(Event.PREVIEWED, _move(Event.PREVIEWED, job, now) | JobChanges(counted=False, delivered_at=now))


def cancelled(job: Job, now: datetime) -> Transition:
    """Its owner does not want it any more. Possible until the submission begins, so it cost nothing."""
    return Transition(Event.CANCELLED, _move(Event.CANCELLED, job, now) | JobChanges(counted=False))


# -- the submission --------------------------------------------------------------------------------------------------


def submitting(job: Job, now: datetime) -> Transition:
    """It is about to be sent: committed before the request goes out (design, rule 2)."""
    return Transition(
        Event.SUBMITTING, _move(Event.SUBMITTING, job, now) | JobChanges(submit_started_at=now, lookups=0)
    )


def not_taken(job: Job, now: datetime) -> Transition:
    """The provider certainly did not take it: it may be sent again."""
    return Transition(Event.NOT_TAKEN, _move(Event.NOT_TAKEN, job, now) | JobChanges(submit_started_at=None))


def looked_up(job: Job, now: datetime, after: timedelta, lookups: int) -> Transition:
    """Nobody knows yet whether the provider took it; look for it ``after`` now. The attempt does not count."""
    changes = _move(Event.LOOKED_UP, job, now, after=after)
    return Transition(Event.LOOKED_UP, changes | JobChanges(attempts=max(0, job.attempts - 1), lookups=lookups))


def taken(job: Job, now: datetime, task_id: str, progress: int, after: timedelta) -> Transition:
    """The provider is at work on it under ``task_id``; ask how it stands ``after`` now."""
    return Transition(
        Event.TAKEN, _move(Event.TAKEN, job, now, after=after) | JobChanges(task_id=task_id, progress=progress)
    )


def not_needed(job: Job, now: datetime) -> Transition:
    """No model makes it: what it needs is here, so nothing is submitted and nothing can be charged."""
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
    """What was made is ours now: it only has to be handed over."""
    return Transition(Event.COLLECTED, _move(Event.COLLECTED, job, now) | JobChanges(result=result))


def withdrawn(job: Job, now: datetime, *, uncharged: Text, maybe_charged: Text) -> Transition:
    """It was made, but somebody in it has said no meanwhile: nothing of it is kept, and what it cost stays spent.

    What was tried to deliver it is forgotten with it: that it was withdrawn is told anew.
    """
    charged = may_have_been_charged(job)
    changes = JobChanges(failure=maybe_charged if charged else uncharged, counted=charged, result=None, deliveries=())
    return Transition(Event.WITHDRAWN, _move(Event.WITHDRAWN, job, now) | changes)


def failed(job: Job, now: datetime, reason: Text, *, counted: bool = False) -> Transition:
    """It ended without a result. ``counted``: it keeps its place in the day, because it may have cost something.

    Where an earlier submission of the job was never cleared up, its outcome goes back to unknown.
    """
    if job.maybe_charged:
        return unclear(
            job, now, text("{reason} That is about this attempt. An earlier one may have been charged.", reason=reason)
        )
    return Transition(Event.FAILED, _move(Event.FAILED, job, now) | JobChanges(failure=reason, counted=counted))


def unclear(job: Job, now: datetime, reason: Text) -> Transition:
    """It ended without our knowing whether it was made: it may have been charged, so it counts."""
    return Transition(Event.UNCLEAR, _move(Event.UNCLEAR, job, now) | JobChanges(failure=reason))


def given_up(job: Job, now: datetime, *, uncharged: Text, maybe_charged: Text) -> Transition:
    """A defect of ours ended it: failed where it certainly cost nothing, otherwise unclear, each with its sentence."""
    return unclear(job, now, maybe_charged) if may_have_been_charged(job) else failed(job, now, uncharged)


_FROM_BACKUP = text(
    "This job comes from a backup. It may have been sent to ToAPIs since then, and charged. I won't send it again "
    "on my own. If you never got a result, press “Send again”: I look for it first, and send it only if it isn't "
    "there."
)


def restored(now: datetime) -> Transition:
    """It comes from a backup in which it was not submitted yet, and may have been since.

    For every such row of the backup at once: rows that this version cannot read must not be sent again either.
    """
    rule = TABLE[Event.RESTORED]
    if rule.after is None:
        raise AssertionError("a restored job has ended")
    changes = JobChanges(step=rule.after, outcome=rule.outcome, finished_at=now, next_attempt_at=now, attempts=0)
    return Transition(Event.RESTORED, changes | JobChanges(failure=_FROM_BACKUP, question=None))


def delivered(job: Job, now: datetime) -> Transition:
    """Its end has reached its owner."""
    return Transition(Event.DELIVERED, _move(Event.DELIVERED, job, now) | JobChanges(delivered_at=now))


def kept(job: Job, now: datetime) -> Transition:
    """Its end could not be brought to its owner: it waits in /tasks."""
    return Transition(Event.KEPT, _move(Event.KEPT, job, now) | JobChanges(delivered_at=None))


# -- the same step once more -----------------------------------------------------------------------------------------


def retried(
    job: Job, now: datetime, after: timedelta, *, attempts: int | None = None, result: JobResult | None = None
) -> Transition:
    """The same step ``after`` now; the attempt counts. ``attempts``: how many count so far, where not all do.

    ``result``: what was made, as it is to be had from now on.
    """
    changes = _move(Event.RETRIED, job, now, after=after)
    if attempts is not None:
        changes |= JobChanges(attempts=attempts)
    if result is not None:
        changes |= JobChanges(result=result)
    return Transition(Event.RETRIED, changes)


def waited(job: Job, now: datetime, after: timedelta) -> Transition:
    """The same step ``after`` now, through no fault of the job: the attempt does not count."""
    changes = _move(Event.WAITED, job, now, after=after)
    return Transition(Event.WAITED, changes | JobChanges(attempts=max(0, job.attempts - 1)))


# -- a finished job goes on ------------------------------------------------------------------------------------------


def resent(job: Job, now: datetime, origin: Origin) -> Transition:
    """Its owner has an unclear submission sent again. It stays marked as one that may have been charged before."""
    return Transition(
        Event.RESENT,
        _move(Event.RESENT, job, now)
        | _reopen(origin)
        | JobChanges(submit_started_at=None, lookups=0, maybe_charged=True, progress=0),
    )


def rechecked(job: Job, now: datetime, origin: Origin) -> Transition:
    """Its owner has it looked at once more: the task at the provider, or the result that could not be stored."""
    event = Event.RECHECKED if job.result is None else Event.RECOLLECTED
    return Transition(event, _move(event, job, now) | _reopen(origin))


def shown_again(job: Job, now: datetime, origin: Origin) -> Transition:
    """Its end is delivered to ``origin``, where it could not be delivered before. It keeps its outcome."""
    changes = _move(Event.SHOWN_AGAIN, job, now)
    afresh = JobChanges(origin=origin, deliveries=(), delivered_at=None, announcement=None)
    return Transition(Event.SHOWN_AGAIN, changes | afresh)


def _reopen(origin: Origin) -> JobChanges:
    """Without its end, and with what was delivered before forgotten, so that the new end is delivered too."""
    return JobChanges(
        outcome=None,
        failure=None,
        finished_at=None,
        origin=origin,
        deliveries=(),
        delivered_at=None,
        announcement=None,
    )
