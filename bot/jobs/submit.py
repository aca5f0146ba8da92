"""The step ``submit``: the one request that costs money. Row before request, and never twice (design, rule 2)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

import structlog

from bot import limits
from bot.config import ToapisSettings
from bot.jobs.backoff import backoff, jittered
from bot.jobs.footage import Footage
from bot.jobs.gate import Gate, paused_text
from bot.jobs.held import Held
from bot.jobs.ports import Courier
from bot.provider.client import ToapisClient
from bot.provider.errors import (
    BalanceEmpty,
    KeyRefused,
    ModelClosed,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
)
from bot.provider.task import Task
from bot.store.jobs import JobChanges
from bot.store.webhook_events import WebhookEventStore
from bot.texts import Text, text
from bot.values.job import Job, Step, Upload
from bot.values.source import EarlierTask
from bot.values.time_range import TimeRange

ATTEMPTS = 10  # of an upload or a submission that certainly was not taken; about ten minutes in all
LAST_LOOKS = 5  # failed ones at least, also when the bot was away for longer than anybody waits
PAUSED_LOOK = timedelta(seconds=30)

_log = structlog.get_logger(__name__)


class Submit:
    """Uploads the clip where there is one, then creates the task; after an unclear answer only looks for it.

    ``cut``: only the chosen seconds are uploaded; otherwise the whole video, and the provider is told which.
    """

    def __init__(
        self,
        *,
        provider: ToapisClient,
        gate: Gate,
        footage: Footage,
        courier: Courier,
        events: WebhookEventStore,
        random: Random,
        settings: ToapisSettings,
        cut: bool,
    ) -> None:
        self._provider = provider
        self._gate = gate
        self._footage = footage
        self._events = events
        self._cut = cut
        self._courier = courier
        self._random = random
        self._settings = settings

    async def __call__(self, held: Held) -> JobChanges:
        """One submission, or one look for an unclear one."""
        if held.job.submit_started_at is not None:
            return await self._look(held)
        waiting = await self._stopped(held)
        if waiting is not None:
            return waiting
        try:
            if held.job.maybe_charged and (task := await self._provider.find(held.job.id)) is not None:
                return await self._taken(held, task)  # the submission that was given up as unclear, found after all
            url = await self._upload(held)
        except ProviderError as error:
            return await self._not_taken(held, error)
        return await self._create(held, url)

    async def _stopped(self, held: Held) -> JobChanges | None:
        await self._gate.check_model(held.job.request.model)
        pause = await self._gate.paused()
        if pause is None:
            return None
        if held.now - pause.since > limits.SUBMISSION_PAUSE:
            return held.fail(paused_text(pause))
        await self._courier.progress(held.job, text("Waiting: submissions are paused, nothing was charged"), None)
        return held.wait(PAUSED_LOOK)

    async def _upload(self, held: Held) -> str | None:
        """The URL of the clip at the provider; ``None`` where an earlier task is used instead. Costs nothing."""
        job = held.job
        if isinstance(job.request.source, EarlierTask):
            return None
        if job.upload is not None and held.now - job.upload.at < limits.UPLOAD_FRESH:
            return job.upload.url
        if self._cut and job.seen.cut is None:
            await self._courier.progress(job, text("Cutting the clip out"), None)
            await self._footage.cut(held)
        path = await self._footage.sent(held.job)
        mime = held.job.file.mime if held.job.file else "video/mp4"
        await self._courier.progress(job, text("Sending the video to ToAPIs"), None)
        url = await self._provider.upload_video(path, mime=mime)
        await held.write({"upload": Upload(url=url, at=held.now)})
        return url

    async def _create(self, held: Held, url: str | None) -> JobChanges:
        source = held.job.request.source
        await self._courier.progress(held.job, text("Asking ToAPIs for the character"), None)
        await self._provider.submit_slot()  # before the row says that it is being sent: this may take seconds
        job = await held.write({"submit_started_at": held.now, "lookups": 0})
        try:
            task = await self._provider.create_character(
                model=job.request.model,
                range=_sent_range(job),
                business_id=job.id,
                url=url,
                from_task=source.task_id if isinstance(source, EarlierTask) else None,
            )
        except OutcomeUnknown as error:
            _log.warning("submission_unclear", job=job.id, status=error.status)
            return held.wait(timedelta(seconds=limits.SUBMISSION_LOOKUPS[0]))
        except ProviderError as error:
            await held.write({"submit_started_at": None})  # first of all: that nothing was taken is known only here
            return await self._not_taken(held, error)
        return await self._taken(held, task)

    async def _taken(self, held: Held, task: Task) -> JobChanges:
        poll = jittered(self._settings.poll_first, self._random)
        if self._settings.webhook_secrets and await self._events.waiting_for(held.job.id, task.id):
            poll = timedelta()  # its webhook was quicker than the answer to the submission
        _log.info("submitted", job=held.job.id, task=task.id)
        return held.go(Step.WATCH, after=poll) | JobChanges(task_id=task.id, progress=task.progress)

    async def _not_taken(self, held: Held, error: ProviderError) -> JobChanges:
        """What a failure means that certainly cost nothing: of a submission, or any failure of an upload."""
        job = held.job
        if isinstance(error, KeyRefused | BalanceEmpty):
            if await self._gate.pause(error):
                await self._courier.tell_operators(_operator_text(error))
            # It counts: a balance that is not empty and yet too small would otherwise go round for ever.
            return held.fail(error.text) if job.attempts >= ATTEMPTS else held.again(PAUSED_LOOK)
        if isinstance(error, ModelClosed) and await self._gate.close_model(job.request.model):
            await self._courier.tell_operators(_operator_text(error))
        if isinstance(error, Rejected) or job.attempts >= ATTEMPTS:
            return held.fail(error.text if isinstance(error, Rejected) else _UNREACHABLE)
        asked_for = error.retry_after if isinstance(error, RateLimited | OutcomeUnknown) else None
        if asked_for is not None:
            return held.again(jittered(asked_for, self._random))
        return held.again(backoff(job.attempts, self._random))

    async def _look(self, held: Held) -> JobChanges:
        """Ask both status paths for our own id, after each of :data:`bot.limits.SUBMISSION_LOOKUPS` seconds."""
        job = held.job
        await self._courier.progress(job, text("Checking whether ToAPIs took the request"), None)
        try:
            task = await self._provider.find(job.id) or await self._named_by_event(job.id)
        except ProviderError as error:
            _log.info("lookup_failed", job=job.id, status=error.status)
            if self._outlived(held) and job.attempts >= LAST_LOOKS:
                return await self._unclear(held)
            return held.again(backoff(job.attempts, self._random, first=5.0))
        if task is not None:
            _log.info("submission_found", job=job.id, task=task.id)
            return await self._taken(held, task)
        done = job.lookups + 1
        if done >= len(limits.SUBMISSION_LOOKUPS):
            return await self._unclear(held)
        gap = limits.SUBMISSION_LOOKUPS[done] - limits.SUBMISSION_LOOKUPS[done - 1]
        return held.wait(timedelta(seconds=gap)) | JobChanges(lookups=done)

    async def _named_by_event(self, job_id: str) -> Task | None:
        """The task that a webhook named together with our id (design, rule 2), as far as the provider confirms it."""
        task_id = await self._events.task_of(job_id) if self._settings.webhook_secrets else None
        return None if task_id is None else await self._provider.find(task_id)

    def _outlived(self, held: Held) -> bool:
        started = held.job.submit_started_at
        return started is not None and held.now - started > timedelta(seconds=self._settings.keep_watching_for)

    async def _unclear(self, held: Held) -> JobChanges:
        await self._courier.tell_operators(
            text(
                "The submission of job {job} was never confirmed by ToAPIs; it may have been charged.",
                job=held.job.id,
            )
        )
        return held.unknown(
            text(
                "ToAPIs never said whether it took this request, so it may have been charged. "
                "Nothing more is sent by itself; press “Send again” here or in /tasks if you want it made."
            )
        )


def _sent_range(job: Job) -> TimeRange:
    """The chosen seconds, as they stand in the file that the provider gets."""
    chosen = job.request.chosen
    return chosen if job.seen.cut is None else TimeRange(Decimal(0), chosen.seconds)


_UNREACHABLE = text(
    "ToAPIs could not take this for several minutes, so it was given up. Nothing was charged; try again later."
)


def _operator_text(error: KeyRefused | BalanceEmpty | ModelClosed) -> Text:
    if isinstance(error, BalanceEmpty):
        return text("ToAPIs says that the balance is used up. Submissions are paused until it is topped up.")
    if isinstance(error, KeyRefused):
        return text("ToAPIs refuses the key in toapis.api_key. Submissions are paused until it is accepted again.")
    return text(
        "ToAPIs does not serve the model {model} for this key. It is closed here for an hour.",
        model=error.model,
    )
