"""Supplies the runner with jobs from the jobs table, for one process or many.

The row is authoritative, and its lease (holder, epoch) is the right to write it. docs/decisions/job-engine.md explains
why this is not a library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Protocol, TypeAlias

from bot import limits
from bot.store.jobs import JobStore
from bot.store.notifications import Notifications, Topic
from bot.store.owned_jobs import HeldLeases
from bot.values.clock import Clock
from bot.values.job import Job, Lane

Look: TypeAlias = Callable[[str | None], None]
"""Called for a notification from another process: ``None``: there may be work; a job id: its step must stop."""


class Engine(Protocol):
    """``holder``: whose leases are ours. ``alone``: no other process works on these jobs.

    ``renewal``: how often leases are renewed. ``longest_nap``: seconds after which the runner looks for work even if
    nothing has woken it.
    """

    holder: str
    alone: bool
    renewal: timedelta
    longest_nap: float

    async def start(self, look: Look) -> None:
        """Called before anything is claimed; ``look`` is called from then on."""

    def wake(self) -> None:
        """Tell the other processes that there may be work."""

    def interrupt(self, job_id: str) -> None:
        """Tell the other processes to stop the step that one of them may be running for this job."""

    def hold(self, job_id: str) -> None:
        """Let nobody else claim what is written for this job until :meth:`let_go`, or until this process is gone."""

    def let_go(self, job_id: str) -> None:
        """End :meth:`hold`."""

    async def claim(self, *, most: Mapping[Lane, int], but: Collection[str]) -> list[Job]:
        """Lease what is due: at most so many jobs in each lane, and none of ``but``."""

    async def next_due(self, *, lanes: Iterable[Lane], but: Collection[str]) -> datetime | None:
        """When the next job becomes claimable."""

    async def renew(self, epochs: Mapping[str, int]) -> set[str]:
        """Extend these leases (epochs by job id); returns the jobs whose lease is still ours."""

    async def release(self) -> None:
        """Give back every lease."""


class _OnTheTable:
    """What both engines share. Each start uses a new holder, so leases from an earlier start are not ours."""

    def __init__(self, jobs: JobStore, clock: Clock, random: Random, lease: timedelta) -> None:
        self._jobs = jobs
        self._clock = clock
        self._lease = lease
        self.holder = f"{random.getrandbits(64):016x}"

    async def claim(self, *, most: Mapping[Lane, int], but: Collection[str]) -> list[Job]:
        return await self._jobs.claim(self.holder, now=self._clock(), most=most, but=but, lease=self._lease)

    async def next_due(self, *, lanes: Iterable[Lane], but: Collection[str]) -> datetime | None:
        return await self._jobs.next_due(self.holder, lanes=lanes, but=but)

    async def renew(self, epochs: Mapping[str, int]) -> set[str]:
        return await self._jobs.renew(self.holder, epochs, now=self._clock(), lease=self._lease)

    async def release(self) -> None:
        await self._jobs.release_all(self.holder)


class SingleProcessEngine(_OnTheTable):
    """SQLite: the database belongs to this process alone, so there is nobody to tell."""

    alone = True

    def __init__(self, jobs: JobStore, clock: Clock, random: Random) -> None:
        super().__init__(jobs, clock, random, limits.LEASE)
        self.renewal, self.longest_nap = limits.LEASE_RENEWAL, limits.LONGEST_NAP

    async def start(self, look: Look) -> None:
        """Clear all leases: any that exist belong to a dead process."""
        await self._jobs.clear_leases()

    def wake(self) -> None:
        """No-op: the runner wakes itself."""

    def interrupt(self, job_id: str) -> None:
        """No-op: there is no other process."""

    def hold(self, job_id: str) -> None:
        """No-op: the runner tracks holds itself."""

    def let_go(self, job_id: str) -> None:
        """No-op: the runner tracks holds itself."""


class MultiProcessEngine(_OnTheTable):
    """PostgreSQL: workers claim concurrently, and take over jobs whose lease another one has not renewed.

    A process that answers an owner writes the job's row leased to itself (:class:`~bot.store.owned_jobs.HeldLeases`).
    """

    alone = False

    def __init__(
        self, jobs: JobStore, held_leases: HeldLeases, notifications: Notifications, clock: Clock, random: Random
    ) -> None:
        super().__init__(jobs, clock, random, limits.SHARED_LEASE)
        self.renewal, self.longest_nap = limits.SHARED_LEASE_RENEWAL, limits.SHARED_NAP
        self._held_leases = held_leases
        self._notifications = notifications
        self._letting_go: set[asyncio.Task[None]] = set()

    async def start(self, look: Look) -> None:
        """Listen for other processes. Existing leases are kept, because those processes hold them."""

        async def woken(_: str) -> None:
            look(None)

        async def interrupted(job_id: str) -> None:
            if job_id:
                look(job_id)

        self._notifications.on(Topic.JOBS, woken)
        self._notifications.on(Topic.INTERRUPT, interrupted)

    def wake(self) -> None:
        """Notify all processes."""
        self._notifications.send(Topic.JOBS)

    def interrupt(self, job_id: str) -> None:
        """Notify all processes; one that misses it finds its lease gone within 5 s."""
        self._notifications.send(Topic.INTERRUPT, job_id)

    def hold(self, job_id: str) -> None:
        """Lease to this process whatever it writes for the job."""
        self._held_leases.jobs.add(job_id)

    def let_go(self, job_id: str) -> None:
        """Give that lease back, and wake the workers."""
        self._held_leases.jobs.discard(job_id)
        task = asyncio.create_task(self._released(job_id), name=f"let-go-{job_id}")
        self._letting_go.add(task)
        task.add_done_callback(self._letting_go.discard)

    async def _released(self, job_id: str) -> None:
        try:
            await self._jobs.release_held(job_id, self._held_leases.holder)
        except Exception as error:  # noqa: BLE001 - the lease expires by itself after 20 s
            self._jobs.outage.failed("hold_not_released", error, job=job_id)
        self.wake()

    async def release(self) -> None:
        """Give back the leases of running steps and of held jobs."""
        await asyncio.gather(*self._letting_go)
        await super().release()
