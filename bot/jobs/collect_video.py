"""The step ``collect`` of a video: downloads it before the provider deletes it, however many tries that takes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import structlog

from bot import limits
from bot.concurrency import Places
from bot.errors import CastbookError, DownloadFailed
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob
from bot.jobs.ports import Courier, ResultSource
from bot.media.download import Download
from bot.media.file_types import video_type
from bot.provider.client import ToapisClient
from bot.provider.errors import ProviderError
from bot.store.consent_denials import ConsentDenialStore, ConsentDenied
from bot.store.files import FileStore
from bot.store.videos import NewVideo, VideoStore
from bot.texts import text
from bot.values.job import Transition, VideoResult

_log = structlog.get_logger(__name__)

RECEIVED = "received.mp4"  # in the job's work folder
_SAID_NO = text(
    "Someone who plays in this video said no while ToAPIs was making it, so I haven't kept it. It may have been "
    "charged."
)


class CollectVideo:
    """The video is paid for, so no fault here leads to another request or to a failure.

    A download resumes where it broke off. If the address no longer works, the provider is asked for a new one.
    """

    def __init__(
        self,
        *,
        videos: VideoStore,
        consent_denials: ConsentDenialStore,
        files: FileStore,
        source: ResultSource,
        provider: ToapisClient,
        places: Places,
        courier: Courier,
        random: Random,
    ) -> None:
        self._videos = videos
        self._consent_denials = consent_denials
        self._files = files
        self._source = source
        self._provider = provider
        self._places = places
        self._courier = courier
        self._random = random

    async def __call__(self, leased: LeasedJob) -> Transition | None:
        """Fetch, store, and write video and job in one transaction. The video is examined once its owner has it."""
        job = leased.job
        if not isinstance(job.result, VideoResult):
            raise AssertionError("a video is collected only once it has been made")
        folder = await self._files.work_folder(job.id)
        try:
            got = await self._received(leased, job.result, folder / RECEIVED)
            async with self._files.owner(job.owner_id):
                await leased.note({})  # nothing is stored for an owner whom another process erased meanwhile
                try:
                    await self._add(leased, job.result, got)
                except ConsentDenied as no:
                    for key in no.orphans:
                        await self._files.delete(key)
                    return transitions.withdrawn(job, leased.now, uncharged=_SAID_NO, maybe_charged=_SAID_NO)
        except (CastbookError, OSError) as error:
            return await self._again(leased, job.result, error)
        return None

    async def _received(self, leased: LeasedJob, result: VideoResult, into: Path) -> Download:
        saying = asyncio.create_task(self._courier.progress(leased.job, text("Fetching the video"), None))
        try:
            async with self._places.results.place(leased.job.owner_id):
                return await self._source.fetch_on(result.url, into, max_bytes=limits.RESULT_BYTES)
        finally:
            await saying  # so that progress is never shown after the result

    async def _add(self, leased: LeasedJob, result: VideoResult, got: Download) -> None:
        job, request = leased.job, leased.job.video
        mime = video_type(got.head) or "video/mp4"
        new = NewVideo(
            owner_id=job.owner_id,
            prompt=request.prompt,
            model=request.chosen_model,
            roles=request.cast,
            file=await self._files.put_work(job.owner_id, got.path, got.sha256, got.size, mime),
            denial_keys=self._consent_denials.of_characters([role.character_id for role in request.cast]),
        )

        def collected(video_id: int) -> Transition:
            return transitions.collected(job, leased.now, replace(result, video_id=video_id))

        await leased.add_video(self._videos, new, collected)

    async def _again(self, leased: LeasedJob, result: VideoResult, error: CastbookError | OSError) -> Transition:
        """Try again later, until the video has certainly expired; then its owner may have it checked once more."""
        job, now = leased.job, leased.now
        _log.warning("video_not_collected", job=job.id, error=type(error).__name__, attempt=job.attempts)
        if job.attempts == limits.RESULT_ATTEMPTS_BEFORE_ALARM:
            await self._courier.tell_operators(
                text(
                    "The video of job {job} is finished and paid for at ToAPIs, but I can't fetch or store it. "
                    "I'll keep trying until it expires there.",
                    job=job.id,
                )
            )
        if now >= self._deadline(leased, result) and job.attempts >= limits.LAST_LOOKS:
            return transitions.unclear(
                job,
                now,
                text(
                    "ToAPIs made this video and may have charged for it, but I couldn't fetch it before it expired "
                    "there. Press “Check again” here or in /tasks, or ask the people who run this bot."
                ),
            )
        moved = await self._moved(leased, result) if isinstance(error, DownloadFailed) and error.permanent else None
        wait = backoff(job.attempts, self._random, most=limits.RESULT_SLOWEST_POLL.total_seconds())
        if moved is not None and moved.url != result.url:
            wait = timedelta()
        return transitions.retried(job, now, wait, result=moved)

    def _deadline(self, leased: LeasedJob, result: VideoResult) -> datetime:
        begun = leased.job.submit_started_at or leased.job.created_at
        return result.expires_at or begun + limits.RESULT_LIFE

    async def _moved(self, leased: LeasedJob, result: VideoResult) -> VideoResult | None:
        """The video's current address at the provider; ``None`` if the provider does not give one."""
        if leased.job.task_id is None:
            return None
        try:
            task = await self._provider.video_task(leased.job.task_id)
        except ProviderError as error:
            _log.info("video_not_asked_for", job=leased.job.id, status=error.status)
            return None
        if not task.videos:
            return None
        return replace(result, url=task.videos[0].url, expires_at=task.expires_at or result.expires_at)
