"""The durable runner: claims due rows, runs one step of each, writes the row, and survives whatever a step does."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Final

import structlog

from bot import limits
from bot.concurrency import until_the_loop_keeps_up, work_in_background
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.backoff import backoff
from bot.jobs.engine import Engine, SingleProcessEngine
from bot.jobs.leased_job import Steps
from bot.jobs.ports import ServerLog
from bot.jobs.step_execution import StepExecution
from bot.store.jobs import JobStore
from bot.values.clock import Clock
from bot.values.job import Job, JobKind, Lane

_log = structlog.get_logger(__name__)

# Steps that one round begins, in each lane
_ALL: Final = dict.fromkeys(Lane, limits.TASKS_PER_LANE)
_AT_ONCE: Final = dict.fromkeys(Lane, limits.BEGUN_AT_ONCE)
_BESIDE_ANSWERS: Final = {
    Lane.UNSUBMITTED: limits.NEW_BESIDE_ANSWERS,
    Lane.SUBMITTED: limits.PAID_BESIDE_ANSWERS,
}


class Runner:
    """Works through the jobs that its engine supplies. Woken by :meth:`wake`, otherwise by the earliest
    ``next_attempt_at``.

    A job waits in the table; a running step is an asyncio task with a lease. What a step uses (a download, a child
    process, a message to Discord) has its own limit (:class:`~bot.concurrency.Places`), so a task costs little.
    ``tasks`` only bounds their number, separately for each lane: what was submitted never waits for what was not.
    ``start`` starts the service; ``run_due`` does everything that is due now and returns, for tests and the playground.
    """

    def __init__(
        self,
        store: JobStore,
        kinds: Mapping[JobKind, Steps],
        *,
        clock: Clock,
        random: Random,
        engine: Engine | None = None,
        queue: AdmissionQueue | None = None,
        server_log: ServerLog | None = None,
        tasks: int = limits.TASKS_PER_LANE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._queue = queue
        self._tasks = tasks
        self._engine = engine or SingleProcessEngine(store, clock, random)
        self._steps = StepExecution(store, kinds, clock=clock, random=random, server_log=server_log)
        self._working: dict[str, asyncio.Task[None]] = {}
        self._leased: dict[str, Job] = {}  # jobs that are being worked on, as they were claimed
        self._held: Counter[str] = Counter()
        self._latest: datetime | None = None
        self._woken = asyncio.Event()
        self._loops: tuple[asyncio.Task[None], ...] = ()

    def wake(self) -> None:
        """There may be something to do now, here or in another process."""
        self._woken.set()
        self._engine.wake()

    @property
    def alive(self) -> bool:
        """Whether the loops are running (readiness)."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    async def start(self) -> None:
        """Start working."""
        await self._engine.start(self._look)
        self._steps.stopping = False
        self._loops = (
            asyncio.create_task(self._serve(), name="job-runner"),
            asyncio.create_task(self._keep_leases(), name="job-leases"),
        )

    async def stop(self, grace: timedelta = limits.SHUTDOWN_GRACE) -> None:
        """Take nothing new, give running steps ``grace`` to finish, cancel the rest, release the leases."""
        self._steps.stopping = True
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
        if self._queue is not None:
            await self._queue.close()
        try:
            await self._engine.release()
        except Exception as error:  # noqa: BLE001 - leases expire anyway; stopping must go on
            self._store.outage.failed("leases_not_given_back", error)

    @contextlib.contextmanager
    def hold(self, job_id: str) -> Iterator[None]:
        """Start no step of this job meanwhile: its owner is being answered. A new process does not know about holds."""
        self._held[job_id] += 1
        self._engine.hold(job_id)
        try:
            yield
        finally:
            self._held -= Counter((job_id,))
            if job_id not in self._held:
                self._engine.let_go(job_id)
            self.wake()

    async def interrupt(self, job_id: str) -> None:
        """Stop the running step of ``job_id``, if there is one; its row was taken away already.

        If it runs in this process, returns once it has stopped.
        """
        task = self._working.get(job_id)
        if task is None:
            self._engine.interrupt(job_id)
            return
        task.cancel()
        await asyncio.wait({task})

    def _look(self, job_id: str | None) -> None:
        """Another process says that there may be work, or that this job was taken from us."""
        if job_id is not None:
            if job_id in self._working:
                self._working[job_id].cancel()
            return
        if self._queue is not None:
            self._queue.joined()
        self._woken.set()

    async def run_due(self) -> int:
        """Do everything that is due now, and everything that becomes due by that; returns how many steps were done."""
        done = 0
        while jobs := await self._claim():
            await asyncio.gather(*[self._begin(job) for job in jobs])
            done += len(jobs)
        return done

    async def _serve(self) -> None:
        work_in_background()
        failures = 0
        while not self._steps.stopping:
            # Start nothing more while there is enough to compute: commands need the event loop as well.
            await until_the_loop_keeps_up(busy=limits.LOOP_BUSY, at_most=limits.LOOP_KEEPS_UP_WITHIN)
            quiet = await self._store.foreground.quiet(limits.QUIET, at_most=limits.ROUND_BESIDE_ANSWERS)
            self._woken.clear()
            try:
                claimed = await self._claim(_AT_ONCE if quiet else _BESIDE_ANSWERS)  # other work has turns in between
                for job in claimed:
                    self._begin(job)
                nap = 0.0 if len(claimed) >= limits.BEGUN_AT_ONCE else await self._nap()
                failures = 0
            except Exception as error:  # noqa: BLE001 - the loop must survive any fault of the database
                failures += 1
                self._store.outage.failed("runner_fault", error)
                nap = backoff(failures, self._random, first=0.5, most=limits.LONGEST_NAP).total_seconds()
            try:
                await asyncio.wait_for(self._woken.wait(), nap)
            except TimeoutError:
                continue

    async def _claim(self, at_once: Mapping[Lane, int] = _ALL) -> list[Job]:
        if self._engine.alone:  # with several processes, one whose clock jumps would move everybody's jobs
            await self._follow_the_clock()
        if self._queue is not None:
            await self._queue.move(but=self._held)
        free = {lane: min(room, at_once[lane]) for lane, room in self._free().items()}
        if not free:
            return []
        # A row that was taken from a step of ours (its owner answered, its lease expired) waits until that step has
        # ended.
        return await self._engine.claim(most=free, but=self._not_now())

    def _not_now(self) -> set[str]:
        return {*self._working, *self._held}

    async def _follow_the_clock(self) -> None:
        """If the clock has jumped backwards, move jobs that would now be due hours later back to when they were due."""
        now = self._clock()
        back = self._latest - now if self._latest is not None else timedelta()
        if back > limits.CLOCK_SET_BACK:
            _log.warning("clock_set_back", by=str(back))
            await self._store.bring_forward(back)
        self._latest = now

    def _free(self) -> dict[Lane, int]:
        """How many more tasks each lane may have; lanes without room are left out."""
        used = Counter(job.lane for job in self._leased.values())
        return {lane: self._tasks - used[lane] for lane in Lane if used[lane] < self._tasks}

    async def _nap(self) -> float:
        """Seconds until something is due in a lane with room; in the others, a step that ends wakes us."""
        free = self._free()
        due = await self._engine.next_due(lanes=free, but=self._not_now()) if free else None
        if due is None:
            return self._engine.longest_nap
        return min(self._engine.longest_nap, max(0.0, (due - self._clock()).total_seconds()))

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(self._engine.renewal.total_seconds())
            try:
                await self.renew()
            except Exception as error:  # noqa: BLE001 - tried again while the lease lasts, which is three renewals
                self._store.outage.failed("lease_renewal", error)

    async def renew(self) -> None:
        """Renew the leases of all running steps, and cancel the steps whose lease is gone."""
        working = dict(self._working)
        if not working:
            return
        leased = await self._engine.renew({job_id: self._leased[job_id].epoch for job_id in working})
        for job_id in working.keys() - leased:
            # A finished step releases its own lease, and may not have committed that yet.
            if self._working.get(job_id) is working[job_id] and job_id not in self._steps.being_written:
                _log.warning("lease_lost", job=job_id)
                working[job_id].cancel()

    def _begin(self, job: Job) -> asyncio.Task[None]:
        task = asyncio.create_task(self._steps.run(job), name=f"job-{job.id}")
        self._working[job.id], self._leased[job.id] = task, job
        task.add_done_callback(lambda _: self._ended(job.id))
        return task

    def _ended(self, job_id: str) -> None:
        self._working.pop(job_id, None)
        self._leased.pop(job_id, None)
        self._steps.being_written.discard(job_id)
        self._woken.set()
