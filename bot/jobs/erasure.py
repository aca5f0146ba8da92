"""Deletes all of a person's rows and files, and stops the work that is running for them."""

from __future__ import annotations

import asyncio

import structlog

from bot import metrics
from bot.jobs.lending import Lending
from bot.jobs.ports import Courier, SentMessages, Workers
from bot.store.files import FileStore
from bot.store.privacy import Erased, PrivacyStore
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import Job, Outcome

# What is left afterwards, and why.
STAYS = (
    text(
        "Blocks: if a server's managers have blocked you there, your user ID stays on that server's block list, which "
        "they see. If the people who run this bot have blocked you, a keyed hash stands in for it."
    ),
    text(
        "Today's count (UTC): how many jobs you started today and what they were expected to cost, under the same "
        "hash, until the day is over. Otherwise deleting would reset your limit."
    ),
    text(
        "Running tasks: the bare ID of each task that ToAPIs is working on, until it ends. Nothing says "
        "whose it was. It may still be charged, and its result won't come here."
    ),
    text(
        "What ToAPIs has: the clips it was sent and the characters it made. It offers no way to delete "
        "them, and anyone who knows one of your task IDs or usernames can go on using it there."
    ),
    text(
        "Messages in Discord that I can't reach: those that only you see, and old ones. The cards of your characters "
        "lose their name and picture. Until that is done, I keep where those messages are, and nothing that says whose."
    ),
    text(
        "Backups and logs that the people who run this bot keep. The logs name jobs and tasks by their IDs, never you."
    ),
)

_log = structlog.get_logger(__name__)


class Erasure:
    """Deletes the rows first, in one transaction; then stops the steps that had rows; then deletes the files.

    If it is interrupted, it leaves files that no row refers to, which the sweep at the next start deletes. Run once
    more, it finds no rows and deletes the remaining files.
    """

    def __init__(
        self,
        *,
        store: PrivacyStore,
        lending: Lending,
        files: FileStore,
        workers: Workers,
        courier: Courier,
        messages: SentMessages,
        clock: Clock,
    ) -> None:
        self._store = store
        self._lending = lending
        self._files = files
        self._workers = workers
        self._courier = courier
        self._messages = messages
        self._clock = clock

    async def erase(self, owner_id: int, *, remove_messages: bool = False) -> Erased:
        """Delete everything the person has. Data that they create meanwhile may survive, as new data.

        ``remove_messages``: also delete or clear the messages about them, one by one in the background.
        """
        await self._lending.take_back(owner_id)  # first: borrowers may be using what they were lent
        async with self._files.owner(owner_id):
            erased = await self._store.erase(owner_id, now=self._clock(), remove_messages=remove_messages)
            # A step without its row can write nothing, but it may be about to store a file, so it is stopped and
            # awaited.
            await asyncio.gather(*[self._workers.interrupt(job_id) for job_id in erased.job_ids])
            for job_id in (await self._files.work_jobs()).intersection((*erased.job_ids, *erased.draft_ids)):
                await self._files.drop_work(job_id)
            await self._files.drop_owner(owner_id)
        if not await self._store.scrub():
            _log.info("scrubbed_later")  # Maintenance does it within a minute
        for job in erased.unfinished:
            if job.may_be_cancelled:
                metrics.JOBS_ENDED.labels(Outcome.CANCELLED).inc()
        await asyncio.gather(*[self._withdraw(job) for job in erased.unfinished])
        self._messages.wake()
        self._workers.wake()  # a queued job may have a place now
        _log.info("erased", jobs=len(erased.job_ids), characters=erased.characters, left=erased.left_running)
        return erased

    async def _withdraw(self, job: Job) -> None:
        """Others may read the message, so it does not say whose job it was."""
        await self._courier.withdraw(job, text("This was deleted."))
