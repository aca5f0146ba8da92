"""The step ``prepare`` of a video: checks that it can still be made as requested. Nothing is fetched or asked."""

from __future__ import annotations

from bot.jobs import transitions
from bot.jobs.leased_job import LeasedJob
from bot.jobs.source_fetcher import no_room
from bot.jobs.video_planner import VideoPlanner
from bot.store.disk import DiskUse
from bot.values.job import Transition


class PrepareVideo:
    """A video may have been queued for long: a character may have left the cast, or the model may be closed.

    ``room`` is how many bytes of files a person may have; 0: no limit. Without room left, no video is started, because
    one that was paid for is kept whatever its size.
    """

    def __init__(self, *, planner: VideoPlanner, disk: DiskUse, room: int) -> None:
        self._planner = planner
        self._disk = disk
        self._room = room

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Raises Refusal, ModelClosed and QuotaReached, all uncharged."""
        owner_id = leased.job.owner_id
        await self._planner.check(owner_id, leased.job.video)
        if self._room and await self._disk.of(owner_id, now=leased.now) >= self._room:
            raise no_room(self._room)
        return transitions.prepared(leased.job, leased.now)
