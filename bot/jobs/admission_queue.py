"""The admission queue: lets jobs in as places become free, and shows the others their number in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from bot.config import LimitSettings
from bot.jobs.ports import Courier
from bot.log import unexpected
from bot.store.admission import Places, Waiting
from bot.store.jobs import JobStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Job


class AdmissionQueue:
    """Limits how many jobs are worked on at once, by ``settings``; the others wait, owners in turn.

    The queue itself is in the jobs table. In memory are only the numbers that people were shown last.
    """

    def __init__(self, *, jobs: JobStore, courier: Courier, clock: Clock, settings: LimitSettings) -> None:
        self._jobs = jobs
        self._courier = courier
        self._clock = clock
        self._places = Places(each=settings.running_per_user, in_all=settings.running_in_all)
        self._maybe_waiting = True  # as long as nobody has looked
        self._queued: dict[str, Waiting] = {}
        self._told: dict[str, Waiting] = {}
        self._telling: asyncio.Task[None] | None = None

    def joined(self) -> None:
        """Note that a job has begun to wait."""
        self._maybe_waiting = True

    def place_of(self, job: Job) -> Text:
        """What the queued ``job`` waits for, with its number in the queue if that is known already."""
        place = self._queued.get(job.id)
        return text("Waiting for a free place") if place is None else _sentence(place)

    async def move(self, *, but: Collection[str] = ()) -> None:
        """Let in as many as there are places for; the others, except ``but``, are shown their number."""
        if not self._maybe_waiting:
            return
        self._maybe_waiting = False  # first: somebody may join meanwhile
        try:
            waiting = await self._jobs.let_in(self._places, now=self._clock())
        except BaseException:
            self._maybe_waiting = True
            raise
        self._maybe_waiting = self._maybe_waiting or bool(waiting)
        self._queued = {each.job_id: each for each in waiting}
        self._tell(but)

    def _tell(self, but: Collection[str]) -> None:
        places = {job_id: place for job_id, place in self._queued.items() if job_id not in but}
        news = [job_id for job_id in places if self._told.get(job_id) != places[job_id]]
        if not news or (self._telling is not None and not self._telling.done()):
            return
        self._told = places
        self._telling = asyncio.create_task(self._show(news, places), name="waiting-line")

    async def _show(self, news: Sequence[str], places: Mapping[str, Waiting]) -> None:
        try:
            for job_id in news:
                job = await self._jobs.get(job_id)
                if job is None or not job.is_queued:
                    continue  # its turn has come meanwhile, or it has left
                await self._courier.progress(job, _sentence(places[job_id]), None)
        except Exception as error:  # noqa: BLE001 - a number that is not shown changes nothing
            unexpected("line_not_shown", error)

    async def close(self) -> None:
        """Stop sending queue updates."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)


def _sentence(place: Waiting) -> Text:
    if place.own:
        return text("Waiting for your other tasks: number {number} in your line", number=place.number)
    return text("Waiting for a free place: number {number} in line", number=place.number)
