"""Whether a video may still be delivered: a no of somebody in its cast counts until the moment it is sent."""

from __future__ import annotations

import structlog

from bot.jobs import transitions
from bot.jobs.leased_job import LeasedJob
from bot.store.consent_denials import ConsentDenialStore, ConsentDenied
from bot.store.files import FileStore
from bot.store.videos import VideoStore
from bot.texts import text
from bot.values.job import Job, Transition, VideoResult

_log = structlog.get_logger(__name__)

_SAID_NO = text(
    "Someone who plays in this video said no before I could send it to you, so I haven't kept it. It may have been "
    "charged."
)


class VideoConsent:
    """Used at delivery; the steps before it check by themselves."""

    def __init__(self, *, videos: VideoStore, consent_denials: ConsentDenialStore, files: FileStore) -> None:
        self._videos = videos
        self._consent_denials = consent_denials
        self._files = files

    async def check(self, job: Job) -> None:
        """Raise :class:`ConsentDenied` if somebody in its cast said no, unless its owner has the video already."""
        if any(each.message_id is not None for each in job.deliveries):
            return
        if await self._consent_denials.any_denied([role.character_id for role in job.video.cast]):
            raise ConsentDenied(())

    async def withdraw(self, leased: LeasedJob) -> Transition:
        """Delete the video and its files; returns what is delivered instead."""
        job = leased.job
        if isinstance(job.result, VideoResult) and job.result.video_id is not None:
            async with self._files.owner(job.owner_id):
                for key in await self._videos.delete(job.owner_id, job.result.video_id) or ():
                    await self._files.delete(key)
        _log.info("video_withdrawn", job=job.id)
        return transitions.withdrawn(job, leased.now, uncharged=_SAID_NO, maybe_charged=_SAID_NO)
