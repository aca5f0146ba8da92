"""What has to be tidied: leftovers of a kill at the start; dead tokens, drafts and videos while running."""

from __future__ import annotations

import asyncio

import structlog

from bot import limits
from bot.log import unexpected
from bot.store.disk import DiskUse
from bot.store.drafts import DraftStore
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.webhook_events import WebhookEventStore
from bot.values.clock import Clock

EVERY = 300.0  # seconds

_log = structlog.get_logger(__name__)


class Upkeep:
    """Sweeps kept files only at the start: later one may lie there a moment before the row that refers to it."""

    def __init__(
        self,
        *,
        jobs: JobStore,
        drafts: DraftStore,
        events: WebhookEventStore,
        files: FileStore,
        disk: DiskUse,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._events = events
        self._drafts = drafts
        self._files = files
        self._disk = disk
        self._clock = clock

    async def at_start(self) -> None:
        """Remove what no row refers to. Nothing else may be writing files yet."""
        swept = await self._files.sweep(
            keep_keys=await self._disk.keys(), keep_work=await self._jobs.wanted_work(self._clock())
        )
        if swept:
            _log.info("files_swept", count=swept)
        await self.tidy()

    async def tidy(self) -> None:
        """Wipe interaction tokens, drafts and videos that are past their life (design, rule 13)."""
        now = self._clock()
        there = await self._files.work_jobs()  # first: whatever appears later has its row by then
        for job_id in there - await self._jobs.wanted_work(now):
            await self._files.drop_work(job_id)
        await self._jobs.wipe_tokens(now - limits.TOKEN_LIFE)
        await self._drafts.sweep(now - limits.DRAFT_LIFE)
        await self._events.sweep(now - limits.EVENT_LIFE)

    async def run(self) -> None:
        """Tidy every five minutes, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.tidy()
            except Exception as error:  # noqa: BLE001 - tried again in five minutes
                unexpected("upkeep_fault", error)
