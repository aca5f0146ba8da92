"""Runs one step of a claimed job, and writes its result whatever the step does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from random import Random

import structlog

from bot import limits, metrics, tracing
from bot.concurrency import shielded
from bot.errors import CastbookError, DatabaseFault, not_saved, unexpected_uncharged
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob, Steps
from bot.jobs.ports import ServerLog
from bot.log import passing
from bot.log import unexpected as log_unexpected
from bot.store.database_errors import database_fault_of
from bot.store.jobs import JobStore, LeaseLost
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import Job, JobKind, Lane, Step, Transition

_log = structlog.get_logger(__name__)


class StepExecution:
    """Runs the steps of ``kinds`` under their leases.

    ``being_written``: ids of the jobs whose step has ended and whose row is being written; the runner removes them.
    ``stopping``: the process is about to end.
    """

    def __init__(
        self,
        store: JobStore,
        kinds: Mapping[JobKind, Steps],
        *,
        clock: Clock,
        random: Random,
        server_log: ServerLog | None = None,
    ) -> None:
        self.being_written: set[str] = set()
        self.stopping = False
        self._store = store
        self._kinds = kinds
        self._clock = clock
        self._random = random
        self._server_log = server_log
        self._retries = RetryPolicy(random)

    async def run(self, job: Job) -> None:
        """Run the current step of the claimed ``job``. Never raises, whatever happens in the step."""
        if job.next_attempt_at is not None:
            late = self._clock() - job.next_attempt_at
            metrics.STEP_LAG.labels(job.step).observe(max(0.0, late.total_seconds()))
        # Everything logged during a step carries the job's id.
        with (
            structlog.contextvars.bound_contextvars(job=job.id, step=job.step.value),
            tracing.span(f"step {job.step}", job=job.id, kind=job.kind, attempt=job.attempts),
        ):
            await self._one_step(job)

    async def _one_step(self, job: Job) -> None:
        leased = LeasedJob(job, self._store, self._clock)
        try:
            transition = await self._step(leased)
        except LeaseLost:
            _log.info("step_dropped")
        except asyncio.CancelledError:
            _log.info("step_cancelled")
            # Whoever cancelled the step has taken the row; if that was another claim, it continues at once.
            with contextlib.suppress(asyncio.CancelledError):
                await shielded(self._give_back(leased))
        else:
            self.being_written.add(job.id)
            with contextlib.suppress(asyncio.CancelledError):  # the cancellation has done its work: the step is over
                await shielded(self._write_down(leased, transition, job))

    async def _step(self, leased: LeasedJob) -> Transition | None:
        job = leased.job
        try:
            transition = await self._kinds[job.kind][job.step](leased)
        except LeaseLost:
            raise
        except CastbookError as error:
            if leased.job.lane is Lane.SUBMITTED:  # the error says that nothing was charged, which is not known here
                return self._retries.after(leased, error)
            _log.info("job_failed", reason=error.text.msgid)
            transition = transitions.failed(leased.job, leased.now, error.text)
        except Exception as error:  # noqa: BLE001 - a defect in a step must affect this job only
            return self._retries.after(leased, error)
        self._retries.forget(job.id)
        return transition

    async def _give_back(self, leased: LeasedJob) -> None:
        try:
            await leased.release(None)
        except LeaseLost:
            return
        except Exception as error:  # noqa: BLE001 - a lease that is not released expires within a minute
            self._store.outage.failed("lease_not_given_back", error)

    async def _write_down(self, leased: LeasedJob, transition: Transition | None, before: Job) -> None:
        """Write the end of a step, and retry: its outcome (a paid task) may be known only here."""
        for attempt in range(1, limits.LAST_WRITES + 1):
            try:
                after = await leased.release(transition)
            except LeaseLost:
                _log.info("step_dropped")
                return
            except Exception as error:  # noqa: BLE001 - a row that cannot be written must not stop the loop
                self._store.outage.failed("step_not_written", error, attempt=attempt)
                if self.stopping and (transition is None or "task_id" not in transition.changes):
                    return  # the next start repeats the step; only a new task would be lost
                await asyncio.sleep(backoff(attempt, self._random, first=0.5, most=20.0).total_seconds())
            else:
                if after.outcome is not None and before.outcome is None:
                    metrics.JOBS_ENDED.labels(after.outcome).inc()
                    if self._server_log is not None:
                        self._server_log.ended(after)
                elif after.outcome is not before.outcome and self._server_log is not None:
                    self._server_log.withdrawn(after)
                tracing.mark(next=after.step, outcome=after.outcome)
                _log.info("step_done", next=after.step.value, attempt=before.attempts)
                return


class RetryPolicy:
    """Whether a job is retried or given up after its step failed by a defect or a database fault.

    Counts the consecutive failed steps of each job; a restart resets the count.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._times: dict[str, int] = {}

    def forget(self, job_id: str) -> None:
        """Reset the count after a successful step."""
        self._times.pop(job_id, None)

    def after(self, leased: LeasedJob, error: Exception) -> Transition:
        """Log ``error`` with an id; retry the job with growing delays, or end it with a sentence that contains the id.

        What may be paid for is retried more often, and a result that cannot be delivered stays in ``/tasks``.
        """
        job, now = leased.job, leased.now
        fault = database_fault_of(error)
        error_id = (passing if fault is DatabaseFault.BUSY else log_unexpected)("step_defect", error)
        times = self._times[job.id] = self._times.get(job.id, 0) + 1
        # A database that cannot be written is no job's fault, and no end could be written either meanwhile.
        patient = job.task_id is not None or (fault is not None and not isinstance(error, OSError))
        if times < (limits.MOST_DEFECTS_PAID if patient else limits.MOST_DEFECTS):
            return transitions.retried(job, now, backoff(times, self._random, first=5.0, most=1200.0))
        self.forget(job.id)
        if job.step is Step.DELIVER:
            return transitions.kept(job, now)
        return transitions.given_up(
            job,
            now,
            uncharged=unexpected_uncharged(error_id)
            if fault is None
            else text("{problem} Nothing was charged.", problem=not_saved(fault, error_id)),
            maybe_charged=text(
                "Something went wrong on our side (ID {id}) after this was sent to ToAPIs, so it may have been "
                "charged. Use the buttons here or in /tasks, and give this ID to the people who run this bot.",
                id=error_id,
            ),
        )
