"""The durable runner: claims due rows, does one step of each, writes the row, and survives whatever a step does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from random import Random

import structlog

from bot import limits, metrics
from bot.errors import CastbookError, troubled, unexpected_uncharged
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.backoff import backoff
from bot.jobs.leased_job import LeasedJob, Steps
from bot.log import unexpected as log_unexpected
from bot.store.database_errors import database_fault_of
from bot.store.jobs import JobChanges, JobStore, LeaseLost
from bot.texts import text
from bot.values.clock import Clock
from bot.values.job import Job, JobKind, Step
from bot.values.uninterrupted import uninterrupted

SET_BACK = timedelta(minutes=1)  # by which the clock has to go backwards for the jobs to be told
LONGEST_NAP = 30.0  # seconds; after a jump of the clock forwards, the most that what is due has to wait
MOST_DEFECTS = 5  # in a row, of one job, before it is given up
MOST_DEFECTS_PAID = 60  # of a job whose task is at the provider: the better part of a day
MOST_ASIDE = 100  # steps in line for something; each is a task with a lease
_LAST_WRITES = 8  # attempts, over about a minute

_log = structlog.get_logger(__name__)


class Runner:
    """Works through the jobs table. Woken by :meth:`wake`, otherwise by the earliest ``next_attempt_at``.

    A job waits in the table, not in a task: only a step that is being done takes one of ``concurrency`` places,
    unless it stands in line for something else meanwhile (:attr:`LeasedJob.aside`).
    ``run`` is the service; ``run_due`` does all that is due now and returns (tests and the playground drive by it).
    """

    def __init__(
        self,
        store: JobStore,
        kinds: Mapping[JobKind, Steps],
        *,
        clock: Clock,
        random: Random,
        concurrency: int,
        line: AdmissionQueue | None = None,
    ) -> None:
        self._store = store
        self._kinds = kinds
        self._clock = clock
        self._random = random
        self._concurrency = concurrency
        self._line = line
        self._holder = f"{random.getrandbits(64):016x}"
        self._working: dict[str, asyncio.Task[None]] = {}
        self._aside: set[str] = set()
        self._defects: dict[str, int] = {}
        self._latest: datetime | None = None
        self._woken = asyncio.Event()
        self._stopping = False
        self._loops: tuple[asyncio.Task[None], ...] = ()

    def wake(self) -> None:
        """There may be something to do now."""
        self._woken.set()

    @property
    def alive(self) -> bool:
        """Whether the loops run (readiness)."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    async def start(self) -> None:
        """Begin to work. The database belongs to this process alone, so whatever lease it holds is a dead one."""
        await self._store.clear_leases()
        now = self._clock()
        await self._store.ask_anew(now=now, asked_since=now - limits.TOKEN_USABLE)
        self._stopping = False
        self._loops = (
            asyncio.create_task(self._serve(), name="job-runner"),
            asyncio.create_task(self._keep_leases(), name="job-leases"),
        )

    async def stop(self, grace: timedelta = limits.SHUTDOWN_GRACE) -> None:
        """Take nothing new, let running steps finish for ``grace``, cancel the rest, give the leases back."""
        self._stopping = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops = ()
        running = set(self._working.values())
        if running:
            _, late = await asyncio.wait(running, timeout=grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._line is not None:
            await self._line.close()
        try:
            await self._store.release_all(self._holder)
        except Exception as error:  # noqa: BLE001 - the next start clears every lease; nothing else may stop this one's end
            log_unexpected("leases_not_given_back", error)

    async def interrupt(self, job_id: str) -> None:
        """Stop the step that is being done for ``job_id``, if one is; its row was taken from it already."""
        task = self._working.get(job_id)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def run_due(self) -> int:
        """Do everything that is due now, also what becomes due by doing it; returns how many steps were done."""
        done = 0
        while jobs := await self._claim():
            await asyncio.gather(*[self._begin(job) for job in jobs])
            done += len(jobs)
        return done

    async def _serve(self) -> None:
        failures = 0
        while not self._stopping:
            self._woken.clear()
            try:
                for job in await self._claim():
                    self._begin(job)
                nap = await self._nap()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the loop must outlive any fault of the database
                failures += 1
                log_unexpected("runner_fault", error)
                nap = backoff(failures, self._random, first=0.5, most=LONGEST_NAP).total_seconds()
            try:
                await asyncio.wait_for(self._woken.wait(), nap)
            except TimeoutError:
                continue

    async def _claim(self) -> list[Job]:
        await self._follow_the_clock()
        if self._line is not None:
            await self._line.move()
        free = self._free()
        if free <= 0:
            return []
        # A row that was taken from a step of ours (its owner answered, its lease ran out) waits for that step to end.
        return await self._store.claim(self._holder, now=self._clock(), limit=free, but=set(self._working))

    async def _follow_the_clock(self) -> None:
        """After a jump of the clock backwards, what would be due hours later only is due when it was meant to be."""
        now = self._clock()
        back = self._latest - now if self._latest is not None else timedelta()
        if back > SET_BACK:
            _log.warning("clock_set_back", by=str(back))
            await self._store.bring_forward(back)
        self._latest = now

    def _free(self) -> int:
        active = len(self._working) - len(self._aside)
        return min(self._concurrency - active, self._concurrency + MOST_ASIDE - len(self._working))

    @contextlib.contextmanager
    def _step_aside(self, job_id: str) -> Iterator[None]:
        self._aside.add(job_id)
        self.wake()
        try:
            yield
        finally:
            self._aside.discard(job_id)

    async def _nap(self) -> float:
        if self._free() <= 0:
            return LONGEST_NAP  # a step that ends wakes us
        due = await self._store.next_due(self._holder, but=set(self._working))
        if due is None:
            return LONGEST_NAP
        return min(LONGEST_NAP, max(0.0, (due - self._clock()).total_seconds()))

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(limits.LEASE_RENEWAL.total_seconds())
            try:
                await self.renew()
            except Exception as error:  # noqa: BLE001 - tried again in 20 s, while a lease lasts 60
                log_unexpected("lease_renewal", error)

    async def renew(self) -> None:
        """Renew the leases of all steps being done, and cancel the steps whose lease is gone."""
        working = dict(self._working)
        if not working:
            return
        leased = await self._store.renew(self._holder, working, now=self._clock())
        for job_id in working.keys() - leased:
            _log.warning("lease_lost", job=job_id)
            working[job_id].cancel()

    def _begin(self, job: Job) -> asyncio.Task[None]:
        task = asyncio.create_task(self._work(job), name=f"job-{job.id}")
        self._working[job.id] = task
        task.add_done_callback(lambda _: self._ended(job.id))
        return task

    def _ended(self, job_id: str) -> None:
        self._working.pop(job_id, None)
        self.wake()

    async def _work(self, job: Job) -> None:
        if job.next_attempt_at is not None:
            late = self._clock() - job.next_attempt_at
            metrics.STEP_LAG.labels(job.step).observe(max(0.0, late.total_seconds()))
        # Whatever is logged in a step, by whomever, says which job's it is.
        with structlog.contextvars.bound_contextvars(job=job.id, step=job.step.value):
            await self._one_step(job)

    async def _one_step(self, job: Job) -> None:
        leased = LeasedJob(job, self._holder, self._store, self._clock, aside=partial(self._step_aside, job.id))
        try:
            changes = await self._step(leased)
        except LeaseLost:
            _log.info("step_dropped")
        except asyncio.CancelledError:
            _log.info("step_cancelled")
            # Whoever cancelled it has taken the row; where that was another claim of it, it goes on at once.
            with contextlib.suppress(asyncio.CancelledError):
                await uninterrupted(self._give_back(leased))
        else:
            with contextlib.suppress(asyncio.CancelledError):  # it has had its way: the step is over
                await uninterrupted(self._write_down(leased, changes, job))

    async def _step(self, leased: LeasedJob) -> JobChanges:
        job = leased.job
        try:
            changes = await self._kinds[job.kind][job.step](leased)
        except LeaseLost:
            raise
        except CastbookError as error:
            _log.info("job_failed", reason=error.text.msgid)
            changes = leased.fail(error.text)
        except Exception as error:  # noqa: BLE001 - any defect of a step is this job's trouble alone
            return self._after_defect(leased, error)
        self._defects.pop(job.id, None)
        return changes

    async def _give_back(self, leased: LeasedJob) -> None:
        try:
            await leased.release({})
        except LeaseLost:
            return
        except Exception as error:  # noqa: BLE001 - a lease that is not given back ends by itself, within a minute
            log_unexpected("lease_not_given_back", error)

    async def _write_down(self, leased: LeasedJob, changes: JobChanges, before: Job) -> None:
        """Write the end of a step, again and again: what it did (a task that is paid for) may be known only here."""
        for attempt in range(1, _LAST_WRITES + 1):
            try:
                after = await leased.release(changes)
            except LeaseLost:
                _log.info("step_dropped")
                return
            except Exception as error:  # noqa: BLE001 - a row that cannot be written must not stop the loop
                log_unexpected("step_not_written", error, attempt=attempt)
                if self._stopping and "task_id" not in changes:
                    return  # the next start does the step again; only a new task would be unknown to it
                await asyncio.sleep(backoff(attempt, self._random, first=0.5, most=20.0).total_seconds())
            else:
                if after.outcome is not None and before.outcome is None:
                    metrics.JOBS_ENDED.labels(after.outcome).inc()
                _log.info("step_done", next=after.step.value, attempt=before.attempts)
                return

    def _after_defect(self, leased: LeasedJob, error: Exception) -> JobChanges:
        job = leased.job
        error_id = log_unexpected("step_defect", error)
        defects = self._defects[job.id] = self._defects.get(job.id, 0) + 1
        trouble = database_fault_of(error)
        # A database that cannot be written is no job's fault; and as long as it cannot, no end could be written either.
        patient = job.task_id is not None or (trouble is not None and not isinstance(error, OSError))
        if defects < (MOST_DEFECTS_PAID if patient else MOST_DEFECTS):
            return leased.again(backoff(defects, self._random, first=5.0, most=1200.0))
        del self._defects[job.id]
        if job.step is Step.DELIVER:
            return {"step": Step.DONE, "next_attempt_at": None}
        if job.submit_started_at is None:
            return leased.fail(unexpected_uncharged(error_id) if trouble is None else troubled(trouble, error_id))
        return leased.unknown(
            text(
                "Something went wrong on our side (ID {id}) after this was sent to ToAPIs, so it may have been "
                "charged. See the buttons here or in /tasks, and give this ID to whoever runs the bot.",
                id=error_id,
            )
        )
