"""The step ``prepare`` of a video: whether it can still be made as it was asked for. Nothing is fetched, or asked."""

from __future__ import annotations

from bot.errors import Refusal
from bot.jobs import transitions
from bot.jobs.leased_job import LeasedJob
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.video_planner import VideoPlanner
from bot.texts import text
from bot.values.job import Transition


class PrepareVideo:
    """A video may have waited in line for long: its cast may have left, and its model may be closed.

    ``availability`` is that of the video models.
    """

    def __init__(self, *, planner: VideoPlanner, availability: ModelAvailability) -> None:
        self._planner = planner
        self._availability = availability

    async def __call__(self, leased: LeasedJob) -> Transition:
        """Raises Refusal and ModelClosed, both with nothing charged."""
        request = leased.job.video
        await self._availability.check(request.chosen_model)
        found = await self._planner.problems(leased.job.owner_id, request)
        if found:
            raise Refusal(text("{problem} Nothing was charged.", problem=found[0].text))
        return transitions.prepared(leased.job, leased.now)
