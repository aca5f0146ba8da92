"""What is submitted for a character: its clip goes to the provider first; or nothing, where no model makes it."""

from __future__ import annotations

from decimal import Decimal

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import BadSource
from bot.jobs import transitions
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier
from bot.jobs.video_inspection import VideoInspection
from bot.provider.client import ToapisClient
from bot.provider.task import Task
from bot.texts import text
from bot.values.job import Job, Transition, Upload
from bot.values.source import EarlierTask, StoredClip
from bot.values.time_range import TimeRange

_log = structlog.get_logger(__name__)

NOT_WITHOUT_A_MODEL = BadSource(
    text(
        "No model that makes characters can be had right now. Without one I need the video itself, and I can't fetch "
        "that of a task. Attach the clip with /character create. Nothing was charged."
    )
)


class CharacterSubmission:
    """:class:`bot.jobs.submit.Submission` of characters.

    ``cut``: only the chosen seconds are uploaded; otherwise the whole video, and the provider is told which.
    """

    asking = text("Asking ToAPIs for the character")

    def __init__(
        self, *, provider: ToapisClient, inspection: VideoInspection, places: Places, courier: Courier, cut: bool
    ) -> None:
        self._provider = provider
        self._inspection = inspection
        self._places = places
        self._courier = courier
        self._cut = cut

    def model(self, job: Job) -> str | None:
        """``None``: it becomes a portable character."""
        return job.character.model

    async def ready(self, leased: LeasedJob) -> Transition | None:
        """Upload the clip; or, without a model, make all that a portable character consists of."""
        if leased.job.character.model is None:
            return await self._without_a_model(leased)
        job = leased.job
        if isinstance(job.character.source, EarlierTask):
            return None
        if job.upload is not None and leased.now - job.upload.at < limits.UPLOAD_FRESH:
            return None
        if self._cut:
            await self._cut_out(leased)
        path = await self._inspection.sent(leased.job)
        mime = leased.job.file.mime if leased.job.file else "video/mp4"
        await self._courier.progress(job, text("Sending the video to ToAPIs"), None)
        async with self._places.uploads.place(job.owner_id):
            url = await self._provider.upload_video(path, mime=mime)
        await leased.note({"upload": Upload(url=url, at=leased.now)})
        return None

    async def instead(self, leased: LeasedJob, living: tuple[str, ...]) -> Transition | None:
        """A portable character, where its owner asked for no model by name and none is left."""
        request = leased.job.character
        if living or request.model_named or isinstance(request.source, EarlierTask | StoredClip):
            return None
        _log.info("made_without_a_model", job=leased.job.id)
        return await self._without_a_model(leased)

    async def create(self, job: Job) -> Task:
        """The one request that costs money."""
        request = job.character
        if request.model is None:
            raise AssertionError("without a model nothing is submitted")
        source = request.source
        earlier = source.task_id if isinstance(source, EarlierTask) else None
        return await self._provider.create_character(
            model=request.model,
            range=_sent_range(job),
            business_id=job.id,
            url=job.upload.url if job.upload is not None and earlier is None else None,
            from_task=earlier,
        )

    async def _without_a_model(self, leased: LeasedJob) -> Transition:
        if isinstance(leased.job.character.source, EarlierTask):
            raise NOT_WITHOUT_A_MODEL
        await self._cut_out(leased)
        return transitions.not_needed(leased.job, leased.now)

    async def _cut_out(self, leased: LeasedJob) -> None:
        if leased.job.seen.cut is None:
            await self._courier.progress(leased.job, text("Cutting the clip out"), None)
            await self._inspection.cut(leased)


def _sent_range(job: Job) -> TimeRange:
    """The chosen seconds, as they stand in the file that the provider gets."""
    chosen = job.character.chosen
    return chosen if job.seen.cut is None else TimeRange(Decimal(0), chosen.seconds)
