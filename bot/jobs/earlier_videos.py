"""Characters of videos that are here already: of a preview, or of a job that failed."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import BadSource, UnknownJob
from bot.jobs.job_starter import JobStarter
from bot.jobs.video_inspection import check_inside
from bot.store.files import FileStore
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import text
from bot.values.character import clean_name
from bot.values.clock import Clock
from bot.values.job import CharacterRequest, Job, JobKind, Origin
from bot.values.source import Attachment
from bot.values.time_range import TimeRange


class EarlierVideos:
    """Each method starts a new job for the owner it is given: another person's job is an unknown one.

    A job that failed is not taken up itself: the provider might replay the failure by its id.
    """

    def __init__(self, *, starter: JobStarter, owned: OwnedJobStore, files: FileStore, clock: Clock) -> None:
        self._starter = starter
        self._owned = owned
        self._files = files
        self._clock = clock

    async def use_preview(
        self,
        owner_id: int,
        preview_id: str,
        job_id: str,
        origin: Origin,
        chosen: TimeRange,
        *,
        model: str,
        anyway: bool,
        name: str = "",
    ) -> Job:
        """A character from these seconds of a video that they had previewed, as the job ``job_id``.

        ``anyway``: the seconds were suggested together with what speaks against them. Raises UnknownJob, BadRange, and
        what :meth:`JobStarter.start` raises.
        """
        preview = await self._owned.get(owner_id, preview_id)
        if preview is None or preview.kind is not JobKind.PREVIEW or preview.seen.facts is None:
            raise UnknownJob
        check_inside(chosen, preview.seen.facts)
        request = CharacterRequest(
            source=preview.request.source, range=chosen, model=model, name=clean_name(name) or None, anyway=anyway
        )
        return await self._start(preview, request, job_id, origin)

    async def retry(self, owner_id: int, failed_id: str, job_id: str, origin: Origin) -> Job:
        """The same as a job of theirs that failed, as the job ``job_id``. It counts in the day, and is as private.

        Raises UnknownJob, and what :meth:`JobStarter.start` raises.
        """
        failed = await self._owned.get(owner_id, failed_id)
        if failed is None or not failed.may_be_retried(self._clock()):
            raise UnknownJob
        origin = replace(origin, private=failed.origin.private)
        return await self._start(failed, replace(failed.character, another=True), job_id, origin)

    async def _start(self, earlier: Job, request: CharacterRequest, job_id: str, origin: Origin) -> Job:
        if isinstance(request.source, Attachment) and not earlier.video_is_kept(self._clock()):
            raise BadSource(
                text("I no longer have the video. Attach it again with /character create. Nothing was charged.")
            )
        file = earlier.file and replace(earlier.file, key=earlier.file.key.replace(earlier.id, job_id))
        with self._starter.held(job_id):  # its row is there before its files, so that nobody tidies those away
            job = await self._starter.start(
                owner_id=earlier.owner_id, origin=origin, request=request, job_id=job_id, file=file, seen=earlier.seen
            )
            await self._files.share_work(earlier.id, job_id)
        return job
