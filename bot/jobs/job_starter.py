"""Starts jobs: checks what must hold, then writes the row."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from random import Random

import structlog

from bot import limits, tracing
from bot.errors import BadRange, Refusal
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.allowance import Allowance
from bot.jobs.character_offers import CharacterOffers
from bot.jobs.character_work import NOT_WITHOUT_A_MODEL
from bot.jobs.circuit_breaker import CircuitBreaker, paused_text
from bot.jobs.job_service import JobService
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.ports import ServerLog
from bot.jobs.video_inspection import problem_with
from bot.jobs.video_planner import VideoPlanner
from bot.store.jobs import JobStore
from bot.store.loan_reach import OF_BORROWED
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.files import StoredFile
from bot.values.job import (
    NOTHING_SEEN,
    CharacterRequest,
    Job,
    JobKind,
    JobRequest,
    Origin,
    PreviewRequest,
    Seen,
    Step,
    VideoRequest,
)
from bot.values.source import EarlierTask, Source, StoredVideo, not_a_video

_log = structlog.get_logger(__name__)


class JobStarter:
    """Starts jobs for the given owner. From then on :class:`JobService` handles them."""

    def __init__(
        self,
        *,
        job_service: JobService,
        jobs: JobStore,
        owned: OwnedJobStore,
        allowance: Allowance,
        access_policy: AccessPolicy,
        breaker: CircuitBreaker,
        availability: ModelAvailability,
        planner: VideoPlanner,
        server_log: ServerLog,
        clock: Clock,
        random: Random,
        prices: Mapping[str, Decimal],
    ) -> None:
        self._job_service = job_service
        self._jobs = jobs
        self._owned = owned
        self._allowance = allowance
        self._access_policy = access_policy
        self._breaker = breaker
        self._availability = availability
        self._planner = planner
        self._server_log = server_log
        self._clock = clock
        self._random = random
        self._prices = prices
        self._offers = CharacterOffers(availability, prices)

    def new_id(self) -> str:
        """A new job id."""
        return f"{self._random.getrandbits(4 * limits.JOB_ID_HEX):0{limits.JOB_ID_HEX}x}"

    def private_by_default(self, guild_id: int | None) -> bool:
        """Whether a result is private if its owner does not say."""
        return self._access_policy.private_results(guild_id)

    def held(self, job_id: str) -> AbstractContextManager[None]:
        """Keep the job from being worked on, as :meth:`JobService.held`."""
        return self._job_service.held(job_id)

    def first_answer(self) -> AbstractContextManager[None]:
        """Inside the ``with`` block, somebody waits for a first answer, so jobs wait."""
        return self._jobs.foreground.waits()

    async def start(
        self,
        *,
        owner_id: int,
        origin: Origin,
        request: CharacterRequest,
        job_id: str | None = None,
        file: StoredFile | None = None,
        seen: Seen = NOTHING_SEEN,
    ) -> Job:
        """Write the job and start it. ``job_id`` is a :meth:`new_id`, if the caller holds the job.

        A named model is used, or refused while it is closed. If none is named, the best available one is used; if none
        is available, the character is a portable one, which costs nothing and is not affected by a pause. ``file`` and
        ``seen``: those of the video, if it is already here. Raises BadRange if the video of a task is not here and no
        range is given, BadSource, QuotaReached, ModelClosed, or Refusal while submissions are paused; nothing was
        charged then.
        """
        if isinstance(request.source, EarlierTask):
            request = await self._with_known_task(owner_id, request, request.source)
        request = await self._with_model(request)
        return await self._begin(owner_id, origin, request, job_id, file, seen)

    async def _with_known_task(self, owner_id: int, request: CharacterRequest, source: EarlierTask) -> CharacterRequest:
        """A task of their own whose video is stored here needs nothing from the provider, and seconds can be picked."""
        known = await self._owned.known_task(owner_id, source.task_id)
        if known.kept_video_id is not None:
            return replace(request, source=StoredVideo(video_id=known.kept_video_id))
        if known.made_character:
            raise not_a_video()
        if known.video_job is not None and any(role.loan_id is not None for role in known.video_job.video.cast):
            raise OF_BORROWED
        if request.range is None:
            problem = problem_with(request.typed, None) if request.typed else text("I can't see that task's video.")
            if problem is None:
                raise AssertionError("seconds that can be read are the range")
            raise BadRange(
                text("{problem} Please type the seconds in the option **range**.", problem=problem),
                problem,
            )
        return request

    async def _with_model(self, request: CharacterRequest) -> CharacterRequest:
        named = request.model
        model = named if named is not None else await self._availability.best()
        if model is None:
            if isinstance(request.source, EarlierTask):
                raise NOT_WITHOUT_A_MODEL
            return replace(request, model=None, model_named=False, price=None)
        await self._availability.check(model)
        await self._check_pause()
        return replace(request, model=model, model_named=named is not None, price=self._prices.get(model))

    async def start_video(
        self, *, owner_id: int, origin: Origin, request: VideoRequest, job_id: str | None = None
    ) -> Job:
        """Write a video's job and start it. ``job_id`` is a :meth:`new_id`, if the caller holds the job.

        This sets the request's model and price (:meth:`VideoPlanner.planned`), and changes nothing else in it. Raises
        what that raises, QuotaReached, and Refusal while submissions are paused; nothing was charged then.
        """
        request = await self._planner.planned(owner_id, request)
        await self._check_pause()
        return await self._begin(owner_id, origin, request, job_id)

    async def preview(self, *, owner_id: int, origin: Origin, source: Source, job_id: str | None = None) -> Job:
        """Only look at a video, which takes a running place, but does not count towards the day. Raises
        QuotaReached.
        """
        offer = await self._offers.best()
        request = PreviewRequest(
            source=source,
            needs_sound=offer is not None,  # a portable character may be silent
            character_price=None if offer is None else offer.price,
        )
        return await self._begin(owner_id, origin, request, job_id)

    async def _check_pause(self) -> None:
        pause = await self._breaker.paused()
        if pause is not None:
            raise Refusal(paused_text(pause))

    async def _begin(
        self,
        owner_id: int,
        origin: Origin,
        request: JobRequest,
        job_id: str | None,
        file: StoredFile | None = None,
        seen: Seen = NOTHING_SEEN,
    ) -> Job:
        now = self._clock()
        job = Job(
            id=job_id or self.new_id(),
            owner_id=owner_id,
            origin=origin,
            step=Step.PREPARE,
            next_attempt_at=now,
            request=request,
            file=file,
            seen=seen,
            counted=request.kind is not JobKind.PREVIEW,
            created_at=now,
            updated_at=now,
        )
        self._allowance.check_access(owner_id, origin)
        self._allowance.check_roles(request.kind, origin)
        with tracing.job_span(job.id, kind=job.kind):
            job = await self._jobs.add(job, self._allowance.quota(job))
        source = None if isinstance(request, VideoRequest) else request.source.kind
        _log.info("job_started", job=job.id, kind=job.kind.value, source=source)
        self._server_log.started(job)
        return self._job_service.woken(job)

    async def take_back(self, job: Job) -> None:
        """Cancel ``job``, of which its owner has never heard. Raises UnknownJob if it is too late for that."""
        await self._job_service.cancel_unseen(job.owner_id, job.id)
