"""The provider's part of a character job: uploads the clip and creates the character, or makes a portable one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import BadSource
from bot.jobs import transitions
from bot.jobs.consent_check import check_consent_denials
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier
from bot.jobs.provider_work import Send
from bot.jobs.video_inspection import VideoInspection
from bot.provider.client import ToapisClient
from bot.provider.errors import ProviderError
from bot.provider.task import Task, TaskFailure, TaskState, failure_text, nobody_found_text
from bot.store.consent_denials import ConsentDenialStore
from bot.texts import Text, text
from bot.values.job import CharacterResult, Job, Transition, Upload
from bot.values.source import EarlierTask, StoredClip
from bot.values.time_range import TimeRange

_log = structlog.get_logger(__name__)

NOT_WITHOUT_A_MODEL = BadSource(
    text(
        "No model that makes characters is available right now. Without one I need the video itself, and I can't "
        "fetch the video of a task. Attach the clip with /character create. Nothing was charged."
    )
)


_STATES: Mapping[TaskState, Text] = {
    TaskState.QUEUED: text("Waiting in the queue at ToAPIs"),
    TaskState.RUNNING: text("ToAPIs is making the character"),
}


class CharacterWork:
    """:class:`~bot.jobs.provider_work.ProviderWork` for characters.

    ``cut``: upload only the chosen seconds; otherwise upload the whole video, and tell the provider which seconds.
    """

    progress_text = text("Asking ToAPIs for the character")
    states = _STATES

    def __init__(
        self,
        *,
        provider: ToapisClient,
        consent_denials: ConsentDenialStore,
        inspection: VideoInspection,
        places: Places,
        courier: Courier,
        cut: bool,
    ) -> None:
        self._provider = provider
        self._consent_denials = consent_denials
        self._inspection = inspection
        self._places = places
        self._courier = courier
        self._cut = cut

    def model(self, job: Job) -> str | None:
        """The model; ``None``: it becomes a portable character."""
        return job.character.model

    async def ready(self, leased: LeasedJob) -> Send | Transition:
        """Upload the clip; or, without a model, make everything that a portable character consists of."""
        request = leased.job.character
        if request.model is None:
            return await self._without_a_model(leased)
        earlier = request.source.task_id if isinstance(request.source, EarlierTask) else None
        url = await self._upload(leased) if earlier is None else None
        await check_consent_denials(self._consent_denials, leased.job)  # somebody may have said no by now
        return partial(
            self._provider.create_character,
            model=request.model,
            range=_sent_range(leased.job),
            business_id=leased.job.id,
            url=url,
            from_task=earlier,
        )

    async def _upload(self, leased: LeasedJob) -> str:
        job = leased.job
        if job.upload is not None and leased.now - job.upload.at < limits.UPLOAD_FRESH:
            return job.upload.url
        if self._cut:
            await self._cut_out(leased)
        path = await self._inspection.sent(leased.job)
        mime = "video/mp4" if self._cut or leased.job.file is None else leased.job.file.mime
        await self._courier.progress(job, text("Sending the video to ToAPIs"), None)
        async with self._places.uploads.place(job.owner_id):
            url = await self._provider.upload_video(path, mime=mime)
        await leased.note({"upload": Upload(url=url, at=leased.now)})
        return url

    async def instead(self, leased: LeasedJob, available: tuple[str, ...]) -> Transition | None:
        """A portable character, if its owner named no model and none is left."""
        request = leased.job.character
        if available or request.model_named or isinstance(request.source, EarlierTask | StoredClip):
            return None
        _log.info("made_without_a_model", job=leased.job.id)
        return await self._without_a_model(leased)

    async def refused(self, job: Job, error: ProviderError, reason: Text, now: datetime) -> Transition:
        """Failed, with the provider's reason unchanged: it is a complete sentence."""
        return transitions.failed(job, now, reason)

    async def find(self, business_id: str) -> Task | None:
        """On both status paths."""
        return await self._provider.find(business_id)

    async def look(self, task_id: str) -> Task:
        """On both status paths."""
        return await self._provider.task(task_id)

    def completed(self, job: Job, task: Task, now: datetime) -> Transition:
        """Completed, or failed if no character was found."""
        if not task.characters:
            # The provider counts the task as completed and may not refund it, so it keeps its place in the day.
            return transitions.failed(job, now, nobody_found_text(), counted=True)
        return transitions.completed(job, now, CharacterResult(characters=task.characters))

    async def failed(self, job: Job, task: Task, now: datetime) -> Transition:
        """Failed, with advice about the seconds."""
        return transitions.failed(job, now, failure_text(task.failure or TaskFailure("", "")))

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
    """The chosen seconds as they are in the file that the provider gets."""
    chosen = job.character.chosen
    return chosen if job.seen.cut is None else TimeRange(Decimal(0), chosen.seconds)
