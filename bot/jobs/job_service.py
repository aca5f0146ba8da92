"""What owners do with a job after its start: answer, cancel, send again, check again, show again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

import structlog

from bot import limits, metrics, tracing
from bot.config import LimitSettings
from bot.errors import TooLateToCancel, UnknownJob
from bot.jobs import transitions
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.allowance import Allowance
from bot.jobs.circuit_breaker import CircuitBreaker
from bot.jobs.overview import Overview
from bot.jobs.ports import Courier, ServerLog, Workers
from bot.jobs.transition_table import NotAllowed
from bot.jobs.video_inspection import check_inside
from bot.store.consents import ConsentStore
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, Origin, Outcome, Question, Transition
from bot.values.time_range import TimeRange
from bot.values.video import Concern

_log = structlog.get_logger(__name__)

_Amend: TypeAlias = Callable[[CharacterRequest, datetime], CharacterRequest]

# What a yes changes in the request, with the instant of the yes.
_YES: Mapping[Question, _Amend] = {
    Question.CONSENT: lambda request, now: replace(request, consent_at=now),
    Question.SAME_AGAIN: lambda request, now: replace(request, another=True),
    Question.NAME: lambda request, now: replace(request, name=request.offered or request.name, offered=""),
    Question.CONCERNS: lambda request, now: replace(request, anyway=True),
}


class JobService:
    """Every method acts for the given owner; another person's job counts as unknown."""

    def __init__(
        self,
        *,
        owned: OwnedJobStore,
        allowance: Allowance,
        people: Pseudonyms,
        queue: AdmissionQueue,
        consents: ConsentStore,
        files: FileStore,
        disk: DiskUse,
        breaker: CircuitBreaker,
        workers: Workers,
        courier: Courier,
        server_log: ServerLog,
        clock: Clock,
        settings: LimitSettings,
    ) -> None:
        self._owned = owned
        self._allowance = allowance
        self._people = people
        self._queue = queue
        self._consents = consents
        self._files = files
        self._disk = disk
        self._breaker = breaker
        self._workers = workers
        self._courier = courier
        self._server_log = server_log
        self._clock = clock
        self._settings = settings

    def held(self, job_id: str) -> AbstractContextManager[None]:
        """Keep the job from being worked on until its owner has seen the first answer.

        If the process is killed meanwhile, the row is still due, so the next process continues with it.
        """
        return self._workers.hold(job_id)

    async def answer(self, owner_id: int, job_id: str, question: Question, origin: Origin) -> Job:
        """Answer ``question`` with yes; ``origin`` is where the answer was given. Raises UnknownJob."""
        if question is Question.CONSENT and not await self._consents.record(owner_id, job_id, now=self._clock()):
            raise UnknownJob
        return await self._answered(owner_id, job_id, question, origin, _YES[question])

    async def make_louder(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Answer :attr:`Question.CONCERNS` with yes, and make the sound louder. Raises UnknownJob."""
        return await self._answered(
            owner_id,
            job_id,
            Question.CONCERNS,
            origin,
            lambda request, now: replace(request, anyway=True, louder=True),
        )

    async def name(self, owner_id: int, job_id: str, name: str, origin: Origin) -> Job:
        """Answer :attr:`Question.NAME` with ``name``. Raises UnknownJob."""
        return await self._answered(
            owner_id, job_id, Question.NAME, origin, lambda request, now: replace(request, name=name, offered="")
        )

    async def choose(
        self,
        owner_id: int,
        job_id: str,
        chosen: TimeRange,
        origin: Origin,
        *,
        anyway: bool,
        name: str | None = None,
    ) -> Job:
        """Answer :attr:`Question.SECONDS` with ``chosen``, and with ``name`` if the job has none yet.

        ``anyway``: the owner has already seen the concerns about these seconds, as with every suggestion; if they are
        quiet, the owner is still asked whether to make the sound louder. Raises UnknownJob, and BadRange if they are
        not inside the video: then the question stays.
        """
        waiting = await self._owned.get(owner_id, job_id)
        if waiting is None or waiting.seen.facts is None:
            raise UnknownJob
        check_inside(chosen, waiting.seen.facts)
        best = waiting.seen.best.suggestions if waiting.seen.best is not None else ()
        said = next((suggestion.concerns for suggestion in best if suggestion.range == chosen), None)
        anyway = anyway and said is not None and Concern.QUIET not in said
        return await self._answered(
            owner_id,
            job_id,
            Question.SECONDS,
            origin,
            lambda request, now: replace(
                request, range=chosen, anyway=anyway, typed="", name=request.name or name or None
            ),
        )

    async def _answered(self, owner_id: int, job_id: str, question: Question, origin: Origin, amend: _Amend) -> Job:
        def decide(job: Job) -> Transition:
            now = self._clock()
            return transitions.answered(job, now, question, amend(job.character, now), origin)

        job = await self._decided(owner_id, job_id, decide, in_turn=True)
        await self._workers.interrupt(job_id)  # it may still be looking for the best seconds
        return self.woken(job)

    async def pick(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Show the picker at ``origin``: once more, or instead of the question about concerns. Raises UnknownJob."""
        job = await self._decided(owner_id, job_id, lambda job: transitions.reopened(job, self._clock(), origin))
        await self._workers.interrupt(job_id)
        return self.woken(job)

    async def move(self, job: Job, origin: Origin) -> None:
        """Show ``job``, which is held, at ``origin`` from now on."""
        if not await self._owned.move(job.owner_id, job.id, origin, now=self._clock()):
            _log.warning("job_not_moved", job=job.id)

    async def cancel(self, owner_id: int, job_id: str) -> Job:
        """Cancel before the submission. Raises TooLateToCancel after that, and UnknownJob once it has ended."""
        before = await self._owned.get(owner_id, job_id)
        try:
            job = await self.cancel_unseen(owner_id, job_id)
        except UnknownJob:
            now = await self._owned.get(owner_id, job_id)
            if now is not None and now.outcome is None:
                raise TooLateToCancel from None
            raise
        if before is not None:
            await self._courier.withdraw(before, text("Cancelled. Nothing was charged."))
        return job

    async def cancel_unseen(self, owner_id: int, job_id: str) -> Job:
        """Cancel a job that is shown nowhere. Raises UnknownJob if it is too late for that."""
        job = await self._decided(owner_id, job_id, lambda job: transitions.cancelled(job, self._clock()))
        metrics.JOBS_ENDED.labels(Outcome.CANCELLED).inc()
        self._server_log.ended(job)
        await self._workers.interrupt(job_id)  # its next write would find the lease gone; this saves waiting for it
        await self._files.drop_work(job_id)
        return self.woken(job)  # its place is free

    async def send_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Send an unclear submission again, as its owner decided, with the same id at the provider as before.

        A provider that remembers the id replays the first task, and nothing is paid twice. This is possible as long as
        the video is kept, and counts as one more job of today. Raises UnknownJob, QuotaReached, and Refusal if none of
        the owner's roles may make that any more.
        """

        def decide(job: Job) -> Transition:
            now = self._clock()
            self._allowance.check_roles(job.kind, origin)
            if job.finished_at is None or now - job.finished_at > limits.VIDEO_KEPT:
                raise UnknownJob
            return transitions.resent(job, now, origin)

        return await self._resume(owner_id, job_id, origin, decide, quota=self._allowance.quota)

    async def check_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Check once more a task that was given up, or a result that could not be stored.

        It may have been paid for, so it does not queue. Raises UnknownJob.
        """

        def decide(job: Job) -> Transition:
            return transitions.rechecked(job, self._clock(), origin)

        return await self._resume(owner_id, job_id, origin, decide)

    async def show_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Deliver to ``origin`` what could not be delivered before. Raises UnknownJob."""

        def decide(job: Job) -> Transition:
            return transitions.shown_again(job, self._clock(), origin)

        return await self._resume(owner_id, job_id, origin, decide)

    async def _resume(
        self,
        owner_id: int,
        job_id: str,
        origin: Origin,
        decide: Callable[[Job], Transition],
        *,
        quota: Callable[[Job], Quota] | None = None,
    ) -> Job:
        """Reopen a finished job. With ``quota`` it counts as one more job of today, and queues."""
        self._allowance.check_access(owner_id, origin)
        job = await self._owned.get(owner_id, job_id)
        if job is None:
            raise UnknownJob
        asked = replace(job, origin=origin)  # with the roles that they have now, where they are now
        used = quota(asked) if quota is not None else None
        return self.woken(await self._decided(owner_id, job_id, decide, used, in_turn=quota is not None))

    async def _decided(
        self,
        owner_id: int,
        job_id: str,
        decide: Callable[[Job], Transition],
        quota: Quota | None = None,
        *,
        in_turn: bool = False,
    ) -> Job:
        """Write the owner's decision. Raises UnknownJob if it is not possible (any more).

        ``in_turn``: the job may have to wait for another job of theirs.
        """
        running = self._settings.running_per_user if in_turn else 0
        try:
            job = await self._owned.decide(owner_id, job_id, decide, now=self._clock(), quota=quota, running=running)
        except NotAllowed:
            job = None
        if job is None:
            raise UnknownJob
        return job

    def woken(self, job: Job) -> Job:
        """Wake the runner for ``job``, whose row has changed, and the admission queue if the job waits in it."""
        if job.admitted_at is None:
            self._queue.joined()
        self._workers.wake()
        tracing.link(job.id)
        return job

    async def overview(self, owner_id: int) -> Overview:
        """An overview of the owner's jobs and quotas."""
        user_key = self._people.of(owner_id)
        videos_key = self._people.for_videos(user_key)
        rows = await self._owned.overview(
            owner_id,
            now=self._clock(),
            user_key=user_key,
            videos_key=videos_key,
            credits_key=self._people.for_credits(user_key),
        )
        return Overview(
            unfinished=rows.unfinished,
            finished=rows.finished,
            used_today=rows.used_today,
            day_limit=self._settings.per_user_per_day,
            videos_today=rows.videos_today,
            video_day_limit=self._settings.videos_per_user_per_day,
            credits_today=rows.credits_today,
            credits_this_month=rows.credits_this_month,
            credits_limit=self._settings.credits_per_user_per_day,
            running=rows.running,
            running_limit=self._settings.running_per_user,
            disk_used=await self._disk.of(owner_id, now=self._clock()),
            disk_limit=self._settings.files_mb_per_user * 1024 * 1024,
            paused=await self._breaker.standing(),
            queued=await self._queue.places_of([job for job in rows.unfinished if job.is_queued]),
        )
