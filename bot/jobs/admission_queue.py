"""The admission queue: admits jobs as places become free, and shows the others their number in the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from bot.config import LimitSettings
from bot.jobs.ports import Courier
from bot.store.admission import AdmissionLimits, Waiting
from bot.store.jobs import JobStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Job


class AdmissionQueue:
    """Limits how many jobs are worked on at once, by ``settings``; the others wait, and owners take turns.

    The queue itself is in the jobs table, so any process can move it. With several processes, one shows people their
    numbers.
    """

    def __init__(self, *, jobs: JobStore, courier: Courier, clock: Clock, settings: LimitSettings) -> None:
        self._jobs = jobs
        self._courier = courier
        self._clock = clock
        self._places = AdmissionLimits(each=settings.running_per_user, in_all=settings.running_in_all)
        self._maybe_waiting = True  # true until the first look at the table
        self._told: dict[str, Waiting] = {}
        self._telling: asyncio.Task[None] | None = None

    def joined(self) -> None:
        """Note that a job has begun to wait."""
        self._maybe_waiting = True

    async def places_of(self, waiting: Collection[Job]) -> dict[str, Text]:
        """What each of these queued jobs waits for, by job id, with its current number from the table."""
        if not waiting:
            return {}
        queue = {each.job_id: each for each in await self._jobs.waiting(self._places)}
        about_to_begin = text("Waiting for a free place")
        return {job.id: _sentence(queue[job.id]) if job.id in queue else about_to_begin for job in waiting}

    async def move(self, *, but: Collection[str] = ()) -> None:
        """Admit as many jobs as there are places, and show the others, except ``but``, their number."""
        if not self._maybe_waiting:
            return
        self._maybe_waiting = False  # first: a job may join in the meantime
        try:
            waiting = await self._jobs.let_in(self._places, now=self._clock())
        except BaseException:
            self._maybe_waiting = True
            raise
        self._maybe_waiting = self._maybe_waiting or bool(waiting)
        self._tell({each.job_id: each for each in waiting if each.job_id not in but})

    def _tell(self, places: dict[str, Waiting]) -> None:
        news = [job_id for job_id in places if self._told.get(job_id) != places[job_id]]
        if not news or (self._telling is not None and not self._telling.done()):
            return
        self._told = places
        self._telling = asyncio.create_task(self._show(news, places), name="waiting-line")

    async def _show(self, news: Sequence[str], places: Mapping[str, Waiting]) -> None:
        try:
            if not await self._jobs.shows_places():
                return
            for job_id in news:
                job = await self._jobs.get(job_id)
                if job is None or not job.is_queued:
                    continue  # it was admitted in the meantime, or has left
                if job.lease_until is not None and job.lease_until > self._clock():
                    self._told.pop(job_id, None)  # another process is answering its owner, so there is no message yet
                    continue
                await self._courier.progress(job, _sentence(places[job_id]), None)
        except Exception as error:  # noqa: BLE001 - a number that is not shown changes nothing
            self._jobs.outage.failed("line_not_shown", error)

    async def close(self) -> None:
        """Stop sending queue updates."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)


def _sentence(place: Waiting) -> Text:
    if place.own:
        return text("Waiting for your other tasks: number {number} in your line", number=place.number)
    return text("Waiting for a free place: number {number} in line", number=place.number)
