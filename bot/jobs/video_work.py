"""The provider's part of a video job: uploads the files of its cast, then sends one request in its model's format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import BadSource, Refusal
from bot.jobs import transitions
from bot.jobs.avatar_assets import AvatarAssets
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier
from bot.jobs.provider_work import Send
from bot.jobs.video_planner import CastFiles, VideoPlanner, wish_of
from bot.provider.client import ToapisClient
from bot.provider.error_mapping import model_closed_text
from bot.provider.errors import ProviderError, RealFaceRefused, SoundRefused
from bot.provider.models.card import ModelCard, Sound
from bot.provider.models.check import problems
from bot.provider.models.encoding import encode
from bot.provider.models.plan import media_plan
from bot.provider.models.video_spec import Needed
from bot.provider.rejection_reasons import Cause, real_face_of
from bot.provider.task import Task, TaskFailure, TaskState, video_failure_text
from bot.store.files import FileStore
from bot.texts import Text, text
from bot.values.character import FileKind
from bot.values.files import StoredFile
from bot.values.job import FileUpload, Job, JobNotes, Transition, VideoRejection, VideoRequest, VideoResult

_log = structlog.get_logger(__name__)

_STATES: Mapping[TaskState, Text] = {
    TaskState.QUEUED: text("Waiting in the queue at ToAPIs"),
    TaskState.RUNNING: text("ToAPIs is making the video"),
}
_STILL_LOOKED_AT = text(
    "ToAPIs is still checking that these characters aren't real people. Nothing was charged. Try again in a few "
    "minutes, or choose another model."
)
_GONE = BadSource(
    text("A file of your cast is missing here, so I can't make this video. Nothing was charged. See /character list.")
)


class VideoWork:
    """:class:`~bot.jobs.provider_work.ProviderWork` for videos. ``callback_url``: for webhooks; may be empty."""

    progress_text = text("Asking ToAPIs for the video")
    states = _STATES

    def __init__(
        self,
        *,
        provider: ToapisClient,
        planner: VideoPlanner,
        avatars: AvatarAssets,
        files: FileStore,
        places: Places,
        courier: Courier,
        callback_url: str,
    ) -> None:
        self._provider = provider
        self._planner = planner
        self._avatars = avatars
        self._files = files
        self._places = places
        self._courier = courier
        self._callback_url = callback_url

    def model(self, job: Job) -> str | None:
        """A video always has one."""
        return job.video.chosen_model

    async def ready(self, leased: LeasedJob) -> Send | Transition:
        """Upload what the model needs of the cast, each file again for each job, and write the request.

        Raises Refusal if somebody has left the cast, or something does not fit the model (any more).
        """
        job, request = leased.job, leased.job.video
        card = self._card(request)
        if card is None:
            raise Refusal(
                text(
                    "This bot no longer knows the model {model}. Nothing was charged. Choose another one.",
                    model=request.chosen_model,
                )
            )
        cast = await self._planner.cast(job.owner_id, request.cast)
        spec = wish_of(request, cast)
        if found := problems(card, spec):
            return transitions.failed(job, leased.now, text("{problem} Nothing was charged.", problem=found[0].text))
        plan, media = media_plan(card, spec.cast), dict[Needed, str]()
        if request.nobody_real and card.takes_assets:
            self._avatars.check_room(len(plan))
        for needed in plan:
            address = await self._address(leased, card, needed, _file_of(cast, needed))
            if address is not None:
                media[needed] = address
        if len(media) < len(plan):
            return self._looked_at(leased)
        body = encode(card, spec, media, business_id=job.id, callback_url=self._callback_url)
        others = await self._planner.others(card.model, spec.cast)
        return partial(self._provider.create_video, card, body, others=others)

    async def _address(self, leased: LeasedJob, card: ModelCard, needed: Needed, file: StoredFile) -> str | None:
        """The address of the file at the provider; ``None`` while the provider reviews it."""
        request = leased.job.video
        if not (request.nobody_real and card.takes_assets):
            return await self._uploaded(leased, file)
        character = request.cast[needed.member].character_id
        upload = partial(self._uploaded, leased, file)
        return await self._avatars.address(leased.job.owner_id, character, file, upload, now=leased.now)

    def _looked_at(self, leased: LeasedJob) -> Transition:
        if leased.job.attempts >= limits.SUBMISSION_ATTEMPTS:
            return transitions.failed(leased.job, leased.now, _STILL_LOOKED_AT)
        return transitions.retried(leased.job, leased.now, limits.AVATAR_LOOK)

    async def _uploaded(self, leased: LeasedJob, file: StoredFile) -> str:
        job = leased.job
        fresh = [each for each in job.uploads if leased.now - each.at < limits.UPLOAD_FRESH]
        known = next((each.url for each in fresh if each.key == file.sha256), None)
        if known is not None:
            return known
        await self._courier.progress(job, text("Sending your characters to ToAPIs"), None)
        path = await self._copied(job, file)
        upload = self._provider.upload_video if file.mime.startswith("video/") else self._provider.upload_image
        async with self._places.uploads.place(job.owner_id):
            url = await upload(path, mime=file.mime)
        await leased.note({"uploads": (*fresh, FileUpload(key=file.sha256, url=url, at=leased.now))})
        return url

    async def _copied(self, job: Job, file: StoredFile) -> Path:
        """The file in the job's work folder, where it stays readable even if its character is deleted meanwhile."""
        path = await self._files.work_folder(job.id) / file.sha256
        try:
            if not await self._files.in_work(path):
                await self._files.copy_to_work(file.key, path, shared=True)
        except FileNotFoundError:
            raise _GONE from None
        return path

    async def instead(self, leased: LeasedJob, available: tuple[str, ...]) -> Transition | None:
        """Only the names of models that can show the same cast: its owner chooses."""
        request = leased.job.video
        spec = await self._planner.spec(leased.job.owner_id, request)
        others = await self._planner.others(request.chosen_model, spec.cast)
        return transitions.failed(leased.job, leased.now, model_closed_text(request.chosen_model, others))

    async def refused(self, job: Job, error: ProviderError, reason: Text, now: datetime) -> Transition:
        """Record whether it can be made in another way, and say whose face was refused."""
        refusal = None
        if isinstance(error, RealFaceRefused):
            refusal = VideoRejection.REAL_FACE
            job = await self._offering(job)
            if (whose := await self._whose_face(job, error.image)) is not None:
                reason = text("{reason} Nothing was charged.", reason=whose)
        elif isinstance(error, SoundRefused):
            refusal = self._of_its_sound(job)
            if refusal is None:
                reason = text("{reason} Nothing was charged.", reason=_never_silent(job))
        return transitions.failed(job, now, reason).noting(_remembered(job, refusal))

    async def find(self, business_id: str) -> Task | None:
        """On the status path of videos."""
        return await self._provider.find_video(business_id)

    async def look(self, task_id: str) -> Task:
        """On the status path of videos."""
        return await self._provider.video_task(task_id)

    def completed(self, job: Job, task: Task, now: datetime) -> Transition:
        """If there are several videos, the first one counts."""
        return transitions.completed(job, now, VideoResult(url=task.videos[0].url, expires_at=task.expires_at))

    async def failed(self, job: Job, task: Task, now: datetime) -> Transition:
        """Failed, with a sentence about the video, and what may be tried instead."""
        failure = task.failure or TaskFailure("", "")
        detail: Text | None = None
        refusal: VideoRejection | None = None
        if failure.cause is Cause.REAL_FACE:
            job, detail = await self._offering(job), await self._whose_face(job, failure.image)
            refusal = VideoRejection.REAL_FACE
        elif failure.cause is Cause.OWN_SOUND:
            refusal = self._of_its_sound(job)
            detail = None if refusal is not None else _never_silent(job)
        ended = transitions.failed(job, now, video_failure_text(failure, detail))
        return ended.noting(_remembered(job, refusal))

    def _of_its_sound(self, job: Job) -> VideoRejection | None:
        """``None`` if the model has no switch for its sound, so that it cannot make a silent video."""
        card = self._card(job.video)
        return VideoRejection.OWN_SOUND if card is not None and card.sound is Sound.SWITCH else None

    async def _offering(self, job: Job) -> Job:
        """The job with what its owner may do: use the best available model for people who may be real, at this price,
        or declare that nobody in it exists.
        """
        try:
            spec = await self._planner.spec(job.owner_id, job.video)
        except Refusal:  # somebody has left the cast
            return job
        request = replace(job.video, made_up_helps=self._planner.made_up_helps(job.video))
        card = await self._planner.best_for_real_faces(spec)
        if card is not None:
            price = self._planner.price(card.model, spec.duration or card.default_duration)
            request = replace(request, instead=card.model, instead_price=price)
        return replace(job, request=request)

    async def _whose_face(self, job: Job, image: int | None) -> Text | None:
        """Who is shown in the refused ``image``; ``None`` if that cannot be told (any more)."""
        card = self._card(job.video)
        if image is None or card is None:
            return None
        try:
            spec = await self._planner.spec(job.owner_id, job.video)
        except Refusal:  # somebody has left the cast
            return None
        pictures = [each for each in media_plan(card, spec.cast) if each.kind is FileKind.STILL]
        if image > len(pictures):
            return None
        return real_face_of(card.model, spec.cast[pictures[image - 1].member].name)

    def _card(self, request: VideoRequest) -> ModelCard | None:
        card = self._planner.card(request.chosen_model)
        return card.with_assets() if card is not None and request.nobody_real and card.takes_assets else card


def _file_of(cast: tuple[CastFiles, ...], needed: Needed) -> StoredFile:
    playing = cast[needed.member]
    file = playing.stills[needed.number] if needed.kind is FileKind.STILL else playing.clip
    if file is None:
        raise AssertionError("only what there is can be planned")
    return file


def _never_silent(job: Job) -> Text:
    return text(
        "ToAPIs refused the sound that {model} made for this video, and {model} can't make a video without sound. "
        "Change the prompt, or choose another model.",
        model=job.video.chosen_model,
    )


def _remembered(job: Job, refusal: VideoRejection | None) -> JobNotes:
    return {} if refusal is None else {"request": replace(job.video, refused=refusal)}
