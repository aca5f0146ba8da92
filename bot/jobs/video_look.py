"""Examines a finished video: its length and size, and a poster to recognise it by."""

from __future__ import annotations

import structlog

from bot.concurrency import Places
from bot.errors import CastbookError
from bot.jobs.collect_video import RECEIVED
from bot.jobs.leased_job import LeasedJob
from bot.media.worker import MediaWorker
from bot.store.files import FileStore
from bot.store.videos import VideoStore
from bot.values.job import VideoResult
from bot.values.made_video import MadeVideo

_log = structlog.get_logger(__name__)


class VideoLook:
    """Nobody waits for it: a video is delivered first, and kept even if it cannot be examined."""

    def __init__(self, *, videos: VideoStore, files: FileStore, media: MediaWorker, places: Places) -> None:
        self._videos = videos
        self._files = files
        self._media = media
        self._places = places

    async def __call__(self, leased: LeasedJob) -> None:
        """Examine the video of a job that has succeeded, unless that was done before."""
        job = leased.job
        if not isinstance(job.result, VideoResult) or job.result.video_id is None:
            return
        video = await self._videos.get(job.owner_id, job.result.video_id)
        if video is None or video.poster is not None:
            return
        try:
            await self._look(leased, video)
        except (CastbookError, OSError) as error:
            _log.warning("video_not_looked_into", job=job.id, error=type(error).__name__)

    async def _look(self, leased: LeasedJob, video: MadeVideo) -> None:
        """Uses the media worker, as for any untrusted file."""
        folder = await self._files.work_folder(video.job_id)
        await self._files.copy_to_work(video.file.key, folder / RECEIVED)
        async with self._places.videos.place(video.owner_id):
            facts = await self._media.probe(folder / RECEIVED)
            poster = await self._media.poster(folder / RECEIVED, folder)
        async with self._files.owner(video.owner_id):
            unused = await self._videos.looked_into(
                video.owner_id,
                video.id,
                poster=await self._files.put_path(video.owner_id, folder / poster.name, poster.mime),
                seconds=facts.seconds,
                width=facts.width,
                height=facts.height,
                now=leased.now,
            )
            for key in unused:
                await self._files.delete(key)
