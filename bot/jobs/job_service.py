"""The owner's side of a job: asked for, answered, cancelled, sent again, checked again, shown again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

import structlog

from bot import limits, metrics
from bot.config import LimitSettings
from bot.errors import BadRange, Refusal, UnknownJob
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.circuit_breaker import CircuitBreaker, paused_text
from bot.jobs.ports import Courier
from bot.jobs.video_inspection import check_inside
from bot.store.consents import ConsentStore
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.owned_jobs import Amend
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, JobKind, Origin, Outcome, Question, Step
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange

_log = structlog.get_logger(__name__)

# What a yes changes in the request.
_YES: Mapping[Question, Amend] = {
    Question.CONSENT: lambda request: request,
    Question.SAME_AGAIN: lambda request: replace(request, another=True),
    Question.CONCERNS: lambda request: replace(request, anyway=True),
}


class Workers(Protocol):
    """What the intake needs of the runner."""

    def wake(self) -> None:
        """There may be something to do now."""

    async def interrupt(self, job_id: str) -> None:
        """Stop what is being done for this job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What /tasks shows. ``disk_used`` and ``disk_limit`` in bytes; a limit of 0 is none."""

    unfinished: tuple[Job, ...]
    finished: tuple[Job, ...]
    used_today: int
    day_limit: int
    running: int
    running_limit: int
    disk_used: int
    disk_limit: int
    paused: bool


class JobService:
    """Every method acts for the owner it is given: another person's job is an unknown one."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        people: Pseudonyms,
        access_policy: AccessPolicy,
        line: AdmissionQueue,
        consents: ConsentStore,
        files: FileStore,
        disk: DiskUse,
        breaker: CircuitBreaker,
        workers: Workers,
        courier: Courier,
        clock: Clock,
        random: Random,
        settings: LimitSettings,
    ) -> None:
        self._jobs = jobs
        self._people = people
        self._access_policy = access_policy
        self._line = line
        self._consents = consents
        self._files = files
        self._disk = disk
        self._breaker = breaker
        self._workers = workers
        self._courier = courier
        self._clock = clock
        self._random = random
        self._settings = settings

    async def start(self, *, owner_id: int, origin: Origin, request: CharacterRequest) -> Job:
        """Write the job down and begin with it.

        Raises QuotaReached, ModelClosed, or Refusal while submissions are paused; nothing was charged then.
        """
        if isinstance(request.source, EarlierTask) and request.range is None:
            raise BadRange(
                text("Name the seconds (range) of that task: I cannot look into its video. Nothing was charged.")
            )
        await self._breaker.check_model(request.model)
        pause = await self._breaker.paused()
        if pause is not None:
            raise Refusal(paused_text(pause))
        return await self._begin(JobKind.CHARACTER, owner_id, origin, request)

    async def preview(self, *, owner_id: int, origin: Origin, request: CharacterRequest) -> Job:
        """Only look at a video. It takes a place among those running, none of the day. Raises QuotaReached."""
        return await self._begin(JobKind.PREVIEW, owner_id, origin, request)

    async def _begin(self, kind: JobKind, owner_id: int, origin: Origin, request: CharacterRequest) -> Job:
        now = self._clock()
        job = Job(
            id=f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}",
            kind=kind,
            owner_id=owner_id,
            origin=origin,
            step=Step.PREPARE,
            next_attempt_at=now,
            request=request,
            counted=kind is not JobKind.PREVIEW,
            created_at=now,
            updated_at=now,
        )
        self._check_welcome(owner_id, origin)
        job = await self._jobs.add(job, self._quota(job))
        _log.info("job_started", job=job.id, kind=job.kind.value, source=request.source.kind)
        if job.admitted_at is None:
            self._line.joined()
        self._workers.wake()
        return job

    def _check_welcome(self, owner_id: int, origin: Origin) -> None:
        reason = self._access_policy.refusal(user_id=owner_id, guild_id=origin.guild_id, channels=(origin.channel_id,))
        if reason is not None:
            raise Refusal(reason)

    def _quota(self, job: Job) -> Quota:
        allowed = self._settings
        if not job.counted:
            return Quota(running=allowed.running_per_user, in_all=allowed.running_in_all)
        guild = job.origin.guild_id
        return Quota(
            running=allowed.running_per_user,
            day=allowed.per_user_per_day,
            server_day=self._access_policy.day_limit(guild, allowed.per_server_per_day),
            in_all=allowed.running_in_all,
            user_key=self._people.of(job.owner_id),
            server_key=None if guild is None else self._people.of_server(guild),
        )

    async def answer(self, owner_id: int, job_id: str, question: Question, origin: Origin) -> Job:
        """Yes to ``question``; ``asked`` is where the answer was given. Raises UnknownJob."""
        if question is Question.CONSENT and not await self._consents.record(owner_id, job_id, now=self._clock()):
            raise UnknownJob
        return await self._answered(owner_id, job_id, question, origin, _YES[question])

    async def choose(self, owner_id: int, job_id: str, chosen: TimeRange, origin: Origin, *, anyway: bool) -> Job:
        """These seconds, as an answer to :attr:`Question.SECONDS`.

        ``anyway``: they were suggested together with what speaks against them. Raises UnknownJob, and BadRange where
        they are not inside the video: then the question stays.
        """
        waiting = await self._jobs.owned(owner_id, job_id)
        if waiting is None or waiting.seen.facts is None:
            raise UnknownJob
        check_inside(chosen, waiting.seen.facts)
        return await self._answered(
            owner_id,
            job_id,
            Question.SECONDS,
            origin,
            lambda request: replace(request, range=chosen, anyway=anyway),
        )

    async def _answered(self, owner_id: int, job_id: str, question: Question, origin: Origin, amend: Amend) -> Job:
        job = await self._jobs.answer(owner_id, job_id, question, origin, amend=amend, now=self._clock())
        if job is not None:
            await self._workers.interrupt(job_id)  # it may still be looking for the best seconds
        return self._woken(job)

    async def pick(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Show the picker at ``asked``: once more, or in the place of a doubt about seconds. Raises UnknownJob."""
        job = await self._jobs.pick(owner_id, job_id, origin, now=self._clock())
        if job is not None:
            await self._workers.interrupt(job_id)
        return self._woken(job)

    async def cancel(self, owner_id: int, job_id: str) -> Job:
        """Only before the submission. Raises UnknownJob when it is too late for that."""
        before = await self._jobs.owned(owner_id, job_id)
        job = await self._jobs.cancel(owner_id, job_id, now=self._clock())
        if before is None or job is None:
            raise UnknownJob
        metrics.JOBS_ENDED.labels(Outcome.CANCELLED).inc()
        await self._workers.interrupt(job_id)  # its next write would find the lease gone; this spares the wait
        await self._files.drop_work(job_id)
        await self._courier.withdraw(before, text("Cancelled. Nothing was charged."))
        return job

    async def send_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """The owner's own decision after an unclear submission, with the same id at the provider as before.

        A provider that remembers the id replays the first task then, and nothing is paid twice. Possible for as long
        as the video is kept. Raises UnknownJob and QuotaReached.
        """
        kept_since = self._clock() - limits.RESEND_WINDOW

        def applies(job: Job) -> bool:
            unclear = job.outcome is Outcome.UNKNOWN and job.task_id is None
            return unclear and job.finished_at is not None and job.finished_at > kept_since

        return await self._resume(owner_id, job_id, origin, applies=applies, step=lambda _: Step.SUBMIT)

    async def check_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """One more look at a task that outlived our patience, or at a result that could not be stored.

        Raises UnknownJob and QuotaReached.
        """
        return await self._resume(
            owner_id,
            job_id,
            origin,
            applies=lambda job: job.outcome is Outcome.UNKNOWN and job.task_id is not None,
            step=lambda job: Step.WATCH if job.result is None else Step.COLLECT,
        )

    async def show_again(self, owner_id: int, job_id: str, origin: Origin) -> Job:
        """Deliver to ``asked`` what could not be delivered before. Raises UnknownJob."""
        return await self._resume(
            owner_id, job_id, origin, applies=lambda job: job.undelivered, step=lambda _: Step.DELIVER
        )

    async def _resume(
        self,
        owner_id: int,
        job_id: str,
        origin: Origin,
        *,
        applies: Callable[[Job], bool],
        step: Callable[[Job], Step],
    ) -> Job:
        job = await self._jobs.owned(owner_id, job_id)
        if job is None or not applies(job):
            raise UnknownJob
        self._check_welcome(owner_id, origin)
        resumed = await self._jobs.resume(
            owner_id,
            job_id,
            outcome=job.outcome,
            step=step(job),
            origin=origin,
            now=self._clock(),
            forget_submission=step(job) is Step.SUBMIT,
            running_limit=self._settings.running_per_user,
        )
        return self._woken(resumed)

    def _woken(self, job: Job | None) -> Job:
        if job is None:
            raise UnknownJob
        self._workers.wake()
        return job

    async def overview(self, owner_id: int) -> Overview:
        """How everything of theirs stands."""
        rows = await self._jobs.overview(owner_id, now=self._clock(), user_key=self._people.of(owner_id))
        return Overview(
            unfinished=rows.unfinished,
            finished=rows.finished,
            used_today=rows.used_today,
            day_limit=self._settings.per_user_per_day,
            running=rows.running,
            running_limit=self._settings.running_per_user,
            disk_used=await self._disk.of(owner_id, now=self._clock()),
            disk_limit=self._settings.files_mb_per_user * 1024 * 1024,
            paused=await self._breaker.standing(),
        )
