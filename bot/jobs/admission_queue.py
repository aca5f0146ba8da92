"""The admission queue: which job is let in when there is room, and what those who wait are told."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import structlog

from bot.jobs.ports import Courier
from bot.log import unexpected
from bot.store.jobs import JobStore
from bot.texts import text
from bot.values.clock import Clock

_log = structlog.get_logger(__name__)


class AdmissionQueue:
    """At most ``in_all`` jobs are worked on at once (0: no limit); the others wait, owners in turn."""

    def __init__(self, *, jobs: JobStore, courier: Courier, clock: Clock, in_all: int) -> None:
        self._jobs = jobs
        self._courier = courier
        self._clock = clock
        self._in_all = in_all
        self._somebody = True  # as long as nobody has looked
        self._told: dict[str, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def joined(self) -> None:
        """Somebody has begun to wait."""
        self._somebody = True

    async def move(self, *, but: Collection[str] = ()) -> None:
        """Let in as many as there are places for; the others hear of their place in line, except those in ``but``."""
        if not self._somebody or not self._in_all:
            return
        still_waiting = await self._jobs.let_in(self._in_all, now=self._clock())
        self._somebody = bool(still_waiting)
        self._tell(still_waiting, but)

    def _tell(self, waiting: Sequence[str], but: Collection[str]) -> None:
        places = {job_id: place for place, job_id in enumerate(waiting) if job_id not in but}
        news = [job_id for job_id in places if self._told.get(job_id) != places[job_id]]
        if not news or (self._telling is not None and not self._telling.done()):
            return
        self._told = places
        self._telling = asyncio.create_task(self._show(news, places), name="waiting-line")

    async def _show(self, news: Sequence[str], places: dict[str, int]) -> None:
        try:
            for job_id in news:
                job = await self._jobs.get(job_id)
                if job is None or job.admitted_at is not None or job.outcome is not None:
                    continue  # its turn has come meanwhile, or it has left
                state = text(
                    "Waiting for a free place: {number} before you. Nothing has been charged yet", number=places[job_id]
                )
                await self._courier.progress(job, state, None)
        except Exception as error:  # noqa: BLE001 - a place in line that is not shown changes nothing
            unexpected("line_not_shown", error)

    async def close(self) -> None:
        """Stop telling."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
