"""Requests a video once more: unchanged, or in the other way that a refusal left open."""

from __future__ import annotations

from dataclasses import replace

from bot.errors import Refusal, UnknownJob
from bot.jobs.job_starter import JobStarter
from bot.jobs.video_planner import VideoPlanner
from bot.store.owned_jobs import OwnedJobStore
from bot.texts import text
from bot.values.job import Job, Origin, VideoRequest


class VideoRetakes:
    """Each is a new job, at the usual price, and as private as the first. Others' jobs count as unknown.

    Every method raises UnknownJob if there is no such job, and what :meth:`JobStarter.start_video` raises.
    """

    def __init__(self, *, owned: OwnedJobStore, planner: VideoPlanner, starter: JobStarter) -> None:
        self._owned = owned
        self._planner = planner
        self._starter = starter

    async def again(self, owner_id: int, earlier_id: str, job_id: str, origin: Origin) -> Job:
        """The same request; with today's best model if none was named then."""
        earlier = await self._earlier(owner_id, earlier_id)
        return await self._started(earlier, earlier.video, job_id, origin)

    async def without_sound(self, owner_id: int, earlier_id: str, job_id: str, origin: Origin) -> Job:
        """The same with the model used then, but silent, because the sound was what was refused."""
        earlier = await self._earlier(owner_id, earlier_id)
        silent = replace(earlier.video, model=earlier.video.chosen_model, model_named=True, sound=False)
        return await self._started(earlier, silent, job_id, origin)

    async def by_other_model(self, owner_id: int, earlier_id: str, job_id: str, origin: Origin) -> Job:
        """The same with the model that was offered, or the best one that accepts people who may be real.

        Raises Refusal if none is available, and ModelClosed if the offered one is closed by now.
        """
        earlier = await self._earlier(owner_id, earlier_id)
        model = earlier.video.instead
        if model is None:
            spec = await self._planner.spec(owner_id, earlier.video)
            best = await self._planner.best_for_real_faces(spec)
            model = best.model if best is not None else None
        if model is None:
            raise Refusal(
                text("No other model that can show this cast works right now. Nothing was charged. Try again later.")
            )
        return await self._started(earlier, replace(earlier.video, model=model, model_named=True), job_id, origin)

    async def of_nobody_real(self, owner_id: int, earlier_id: str, job_id: str, origin: Origin) -> Job:
        """The same with the model used then, which is shown private avatars of people who do not exist.

        Raises Refusal if the model has no private avatars.
        """
        earlier = await self._earlier(owner_id, earlier_id)
        if any(role.loan_id is not None for role in earlier.video.cast):
            raise Refusal(
                text(
                    "Somebody in it is borrowed, and only their owner can say that they don't exist. Nothing was "
                    "charged. Use another model."
                )
            )
        card = self._planner.card(earlier.video.chosen_model)
        if card is None or not card.takes_assets:
            raise Refusal(
                text(
                    "{model} has no way to say that a character is made up. Nothing was charged. Use another model.",
                    model=earlier.video.chosen_model,
                )
            )
        drawn = replace(earlier.video, model=card.model, model_named=True, nobody_real=True)
        return await self._started(earlier, drawn, job_id, origin)

    async def _earlier(self, owner_id: int, earlier_id: str) -> Job:
        earlier = await self._owned.get(owner_id, earlier_id)
        if earlier is None or not isinstance(earlier.request, VideoRequest):
            raise UnknownJob
        return earlier

    async def _started(self, earlier: Job, request: VideoRequest, job_id: str, origin: Origin) -> Job:
        model = request.model if request.model_named else None
        return await self._starter.start_video(
            owner_id=earlier.owner_id,
            origin=replace(origin, private=earlier.origin.private),
            request=replace(request, model=model, refused=None),
            job_id=job_id,
        )
