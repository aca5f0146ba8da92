"""Housekeeping: removes what a kill left behind, what has expired, and what outlives a person's deletion."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot import limits
from bot.provider.client import ToapisClient
from bot.provider.errors import ProviderError
from bot.provider.task import TaskState
from bot.store.cast_search import CastSearch
from bot.store.disk import DiskUse
from bot.store.drafts import DraftStore
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.privacy import OwnerlessTask, PrivacyStore
from bot.store.quotas import day_of
from bot.store.sent_messages import SentMessageStore
from bot.store.taken_interactions import TakenInteractionStore
from bot.store.videos import VideoStore
from bot.store.webhook_events import WebhookEventStore
from bot.values.clock import Clock

_FINAL = frozenset({TaskState.COMPLETED, TaskState.FAILED})

_log = structlog.get_logger(__name__)


class Maintenance:
    """Runs once at the start, before anything else writes files, and then every minute.

    ``keep_days`` and ``keep_videos_days``: how long finished jobs and videos are kept; 0: for ever.
    ``keep_watching_for``: seconds after which a task without an owner is forgotten even if it has not ended.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        drafts: DraftStore,
        events: WebhookEventStore,
        taken_interactions: TakenInteractionStore,
        messages: SentMessageStore,
        privacy: PrivacyStore,
        files: FileStore,
        disk: DiskUse,
        cast: CastSearch,
        provider: ToapisClient,
        clock: Clock,
        keep_days: int,
        keep_watching_for: float,
        videos: VideoStore,
        keep_videos_days: int,
    ) -> None:
        self._jobs = jobs
        self._drafts = drafts
        self._events = events
        self._taken_interactions = taken_interactions
        self._messages = messages
        self._privacy = privacy
        self._files = files
        self._disk = disk
        self._cast = cast
        self._provider = provider
        self._clock = clock
        self._keep = timedelta(days=keep_days)
        self._longest = timedelta(seconds=keep_watching_for)
        self._videos = videos
        self._keep_videos = timedelta(days=keep_videos_days)
        self._swept: datetime | None = None
        self._merged: datetime | None = None

    async def at_start(self) -> None:
        """Delete the files that no row refers to. Nothing else may be writing files yet, except others in a bucket."""
        if not self._files.shared:
            await self.sweep()
        await self.tidy()

    async def sweep(self) -> None:
        """Delete the files that no row refers to."""
        self._swept = self._clock()
        offered = await self._drafts.known(await self._files.work_jobs())  # imports that wait for an answer
        swept = await self._files.sweep(
            keep_keys=await self._disk.keys(),
            keep_work=offered | await self._jobs.wanted_work(self._clock()),
            keys_of=self._disk.keys,
        )
        if swept:
            _log.info("files_swept", count=swept)

    async def run(self) -> None:
        """Run every minute, until cancelled. A fault in one part does not stop the others."""
        while True:
            await asyncio.sleep(limits.MAINTENANCE_EVERY)
            for part in (self.tidy, self.prune, self.drop_videos, self.forget, self._sweep_bucket, self.merge_search):
                await self._guarded(part)

    async def _guarded(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except Exception as error:  # noqa: BLE001 - tried again in a minute
            self._jobs.outage.failed("maintenance_fault", error)

    async def _sweep_bucket(self) -> None:
        """A bucket is listed in the background, by one of all processes: ten thousand files take about a second."""
        due = self._swept is None or self._clock() - self._swept > limits.BUCKET_SWEPT_EVERY
        if self._files.shared and due and await self._disk.sweeps_for_all():
            await self.sweep()

    async def merge_search(self) -> None:
        """Keep searches fast: segments of the same size every minute, all of them once a day.

        Of a million characters the latter takes some seconds of writing, in steps of milliseconds.
        """
        now = self._clock()
        whole = self._merged is None or now - self._merged > limits.SEARCH_MERGED_WHOLE_EVERY
        await self._cast.merge(whole=whole)
        if whole:
            self._merged = now

    async def tidy(self) -> None:
        """Delete what has expired: interaction tokens and ids, drafts, events, messages (design, rule 13)."""
        now = self._clock()
        await self._drafts.sweep(now - limits.DRAFT_LIFE)
        await self._jobs.wipe_tokens(now - limits.TOKEN_LIFE)
        await self._events.sweep(now - limits.EVENT_LIFE)
        await self._taken_interactions.sweep(now - limits.INTERACTION_KNOWN_FOR)
        await self._messages.sweep(sent_before=now - limits.MESSAGES_KNOWN_FOR, tokens_before=now - limits.TOKEN_LIFE)
        # Last, since a bucket may be unreachable for hours, and tokens must not wait for it.
        there = await self._files.work_jobs()  # first: whatever appears later has its row by then
        for job_id in there - await self._jobs.wanted_work(now) - await self._drafts.known(there):
            async with self._files.work_of_ended(job_id):
                await self._files.drop_work(job_id)
        await self._files.tidy()

    async def prune(self) -> None:
        """Delete finished jobs that have reached their age limit, a few at a time, so that no command has to wait."""
        if not self._keep:
            return
        before = self._clock() - self._keep
        while pruned := await self._jobs.prune(before, limit=limits.PRUNED_AT_ONCE):
            _log.info("jobs_pruned", count=pruned)

    async def drop_videos(self) -> None:
        """Delete videos that have reached their age limit: first the row, then the files that nothing refers to."""
        if not self._keep_videos:
            return
        before = self._clock() - self._keep_videos
        while old := await self._videos.old(before, limit=limits.PRUNED_AT_ONCE):
            for video in old:
                async with self._files.owner(video.owner_id):
                    for key in await self._videos.delete(video.owner_id, video.id) or ():
                        await self._files.delete(key)
            _log.info("videos_dropped", count=len(old))

    async def forget(self) -> None:
        """Check each task without an owner, forget those that are over, and the counters of past days."""
        for task in await self._privacy.ownerless():
            if await self._over(task):
                await self._privacy.forget_task(task.id)
                _log.info("ownerless_task_forgotten")
        await self._privacy.forget_days(day_of(self._clock()))
        await self._privacy.scrub()  # also for what was deleted elsewhere, such as a token

    async def _over(self, task: OwnerlessTask) -> bool:
        age = self._clock() - task.since
        if age > self._longest:
            return True
        try:
            found = await self._provider.find(task.id)
        except ProviderError as error:
            _log.info("ownerless_task_not_asked", status=error.status)
            return False
        return age > limits.BELIEVED_GONE if found is None else found.state in _FINAL
