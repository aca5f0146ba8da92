"""What becomes of a job whose step failed by a defect or a fault of the database: tried again, or given up."""

from __future__ import annotations

from random import Random

from bot import limits
from bot.errors import DatabaseFault, not_saved, unexpected_uncharged
from bot.jobs import transitions
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob
from bot.log import passing
from bot.log import unexpected as log_unexpected
from bot.store.database_errors import database_fault_of
from bot.texts import text
from bot.values.job import Step, Transition


class Defects:
    """Counts the consecutive failed steps of each job; a restart resets the count."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._times: dict[str, int] = {}

    def forget(self, job_id: str) -> None:
        """Reset the count after a successful step."""
        self._times.pop(job_id, None)

    def after(self, leased: LeasedJob, error: Exception) -> Transition:
        """Log ``error`` with an id; the job is tried again, later each time, or ends with a sentence that has the id.

        What may be paid for is tried more often, and a result that cannot be delivered stays in ``/tasks``.
        """
        job, now = leased.job, leased.now
        fault = database_fault_of(error)
        error_id = (passing if fault is DatabaseFault.BUSY else log_unexpected)("step_defect", error)
        times = self._times[job.id] = self._times.get(job.id, 0) + 1
        # A database that cannot be written is no job's fault; and as long as it cannot, no end could be written either.
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
