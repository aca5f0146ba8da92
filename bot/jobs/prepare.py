"""The step ``prepare``: bring the bytes here, look at them, and see whether the owner has to be asked first."""

from __future__ import annotations

from datetime import datetime
from random import Random

from bot import limits
from bot.config import Settings
from bot.errors import BadFile, BadSource, DownloadFailed, QuotaReached, TooLarge
from bot.jobs.backoff import backoff
from bot.jobs.held import Held
from bot.jobs.ports import ByteSource, Courier
from bot.media.magic import video_type
from bot.store.consents import ConsentStore
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobChanges, JobStore
from bot.texts import text
from bot.values.files import StoredFile
from bot.values.job import Job, Question, Step
from bot.values.source import EarlierTask

DOWNLOAD_ATTEMPTS = 4


class Prepare:
    """Brings an attachment or a link into ``work/<job id>``; an earlier task needs no bytes."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        consents: ConsentStore,
        files: FileStore,
        disk: DiskUse,
        source: ByteSource,
        courier: Courier,
        random: Random,
        settings: Settings,
    ) -> None:
        self._jobs = jobs
        self._consents = consents
        self._files = files
        self._disk = disk
        self._source = source
        self._courier = courier
        self._random = random
        self._settings = settings

    async def __call__(self, held: Held) -> JobChanges:
        """Bring and check. Errors of the video or its link end the job uncharged."""
        try:
            await self._bring(held)
        except DownloadFailed as error:
            if error.permanent or held.job.attempts >= DOWNLOAD_ATTEMPTS:
                raise
            return held.again(backoff(held.job.attempts, self._random))
        question = await self._question(held)
        if question is not None:
            return held.go(Step.CHOOSE) | JobChanges(question=question)
        return held.go(Step.SUBMIT)

    async def _bring(self, held: Held) -> None:
        source = held.job.request.source
        if isinstance(source, EarlierTask):
            await self._check_task(held.job, source)
        elif held.job.file is None or not (await self._files.work_folder(held.job.id) / "source").exists():
            if source.url is None:
                raise BadSource(
                    text("The video is no longer here. Attach it again with /character create; nothing was charged.")
                )
            await self._courier.progress(held.job, text("Fetching the video"), None)
            file = await self._fetch(held.job, source.url, held.now)
            await held.write({"file": file, "request": held.job.request.without_address()})

    async def _check_task(self, job: Job, source: EarlierTask) -> None:
        owner = await self._jobs.task_owner(source.task_id)
        outside = owner is None and self._settings.toapis.accept_outside_tasks
        if owner != job.owner_id and not outside:
            raise BadSource(text("I know no such task of yours. Attach the video instead; nothing was charged."))

    async def _fetch(self, job: Job, url: str, now: datetime) -> StoredFile:
        cap = min(self._settings.links.max_bytes, limits.PROVIDER_VIDEO_BYTES)
        allowed = self._settings.limits.files_mb_per_user * 1024 * 1024
        room = max(0, allowed - await self._disk.of(job.owner_id, now=now)) if allowed else cap
        folder = await self._files.work_folder(job.id)
        try:
            if room == 0:
                raise _no_room(allowed)
            got = await self._source.fetch(url, folder / "source", max_bytes=min(cap, room))
        except TooLarge as error:
            if room < cap:
                raise _no_room(allowed) from error
            raise
        mime = video_type(got.head)
        if mime is None:
            raise BadFile(text("That file is not an MP4, MOV or WebM video. Attach one of those; nothing was charged."))
        return StoredFile(key=f"work/{job.id}/source", sha256=got.sha256, size=got.size, mime=mime)

    async def _question(self, held: Held) -> Question | None:
        job = held.job
        if self._settings.consent.ask and not await self._consents.given(job.owner_id):
            return Question.CONSENT
        source = job.request.source
        same = (
            None
            if job.request.another
            else await self._jobs.same_recently(
                job.owner_id,
                but=job.id,
                sha256=job.file.sha256 if job.file else None,
                task_id=source.task_id if isinstance(source, EarlierTask) else None,
                range=job.request.range,
                since=held.now - limits.SAME_AGAIN,
            )
        )
        return Question.SAME_AGAIN if same else None


def _no_room(allowed: int) -> QuotaReached:
    return QuotaReached(
        text(
            "Your files take up all of your {limit} MB here. Delete a character you no longer need with "
            "/character delete, then try again; nothing was charged.",
            limit=allowed // (1024 * 1024),
        )
    )
