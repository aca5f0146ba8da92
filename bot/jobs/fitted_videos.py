"""Fits a finished video into a message: as it is, or shrunk."""

from __future__ import annotations

import structlog

from bot.concurrency import Places
from bot.errors import CastbookError
from bot.media.worker import MediaWorker
from bot.store.files import FileStore
from bot.values.made_video import MadeVideo

_log = structlog.get_logger(__name__)


class FittedVideos:
    """Shrinks each video once: the result stays in the work folder of the video's job until it is delivered.

    For a video that was delivered before, it stays until maintenance deletes it.
    """

    def __init__(self, *, files: FileStore, media: MediaWorker, places: Places) -> None:
        self._files = files
        self._media = media
        self._places = places

    async def within(self, video: MadeVideo, most_bytes: int) -> bytes | None:
        """The video's bytes, at most ``most_bytes``; ``None`` if it cannot be made that small, or is not here.

        Shrinking can take minutes, and occupies the media worker meanwhile.
        """
        try:
            if video.file.size <= most_bytes:
                return await self._files.read(video.file.key)
            async with self._files.work_of_ended(video.job_id):
                return await self._smaller(video, most_bytes)
        except (CastbookError, OSError) as error:
            _log.warning("video_not_fitted", job=video.job_id, most_bytes=most_bytes, error=type(error).__name__)
            return None

    async def _smaller(self, video: MadeVideo, most_bytes: int) -> bytes:
        work = await self._files.work_folder(video.job_id)
        fitted = work / f"fitted-{most_bytes}.mp4"
        if not await self._files.in_work(fitted):
            original = work / "original.mp4"
            await self._files.copy_to_work(video.file.key, original)
            async with self._places.videos.place(video.owner_id):
                made = await self._media.fit(original, most_bytes, work)
            await self._files.rename_work(work / made.name, fitted)
            await self._files.share_in_work(fitted)
        return await self._files.read_work(fitted)
