"""Queries of the jobs table for the workers: add, claim, write, clean up. For owners: ``owned_jobs``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    and_,
    delete,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import limits
from bot.store.admission import AdmissionLimits, AdmissionState, Waiting, admission_state, anybody_queued, has_place
from bot.store.character_rows import note_uses
from bot.store.consent_denials import keep_borrowed_tasks
from bot.store.database import Database
from bot.store.job_rows import (
    UnreadableRow,
    job_columns,
    log_unreadable,
    readable_one,
    to_columns,
    to_job,
)
from bot.store.job_statements import ADD, CLAIM, CLAIM_BESIDE_OTHERS, next_due, update_leased
from bot.store.loan_reach import lenders_of, settle_uses, use_loans
from bot.store.loan_tables import loan_uses
from bot.store.owned_jobs import FREE, HeldLeases, video_is_kept
from bot.store.quotas import Quota, check
from bot.store.row_locks import free, in_order
from bot.store.tables import QUEUED, UNFINISHED, characters, jobs
from bot.store.write_locks import NO_LOCK, PLACES, Lock, owner_lock, server_lock
from bot.values.job import Job, JobKind, JobNotes, Lane, Lease, Outcome, Step, Transition, VideoRequest


class LeaseLost(Exception):
    """The row is leased to somebody else, or its owner took it back: nothing was written."""


class JobStore:
    """The jobs table. Every write to a leased row checks holder and epoch, and changes nothing else (rule 3)."""

    def __init__(self, database: Database, held_leases: HeldLeases | None = None) -> None:
        self._database = database
        self._held_leases = held_leases or HeldLeases()
        self.outage = database.outage
        self.foreground = database.foreground

    async def add(self, job: Job, quota: Quota) -> Job:
        """Check the quota and insert this job, in one transaction (rule 8).

        If no place is free, it is queued and not due. Raises :class:`~bot.errors.QuotaReached`, and
        :class:`~bot.errors.Refusal` if a character in it is not lent to its owner (any more).
        """
        async with self._database.write(urgent=True, locks=await self._locks(job, quota)) as connection:
            await check(connection, job, quota, now=job.created_at)
            if await has_place(connection, job.owner_id, quota.places):
                job = replace(job, admitted_at=job.created_at)
            else:
                job = replace(job, next_attempt_at=None)
            held = self._held_leases.lease(job.id, job.created_at) if job.id in self._held_leases.jobs else {}
            await connection.execute(ADD, job_columns(job) | held | {"guild_id": job.origin.guild_id})
            if isinstance(job.request, VideoRequest):
                await note_uses(
                    connection, job.owner_id, [role.character_id for role in job.request.cast], job.created_at
                )
            await use_loans(connection, job)
            return job

    async def _locks(self, job: Job, quota: Quota) -> set[Lock]:
        """What :meth:`add` counts, and who has lent what the job needs."""
        locks = {owner_lock(job.owner_id)}
        if quota.in_all:
            locks.add(PLACES)
        if job.origin.guild_id is not None and (quota.server_day or quota.server_credits):
            locks.add(server_lock(job.origin.guild_id))
        cast = job.request.cast if isinstance(job.request, VideoRequest) else ()
        borrowed = {role.loan_id for role in cast if role.loan_id is not None}
        return locks | {owner_lock(each) for each in await lenders_of(self._database, borrowed)}

    async def let_in(self, places: AdmissionLimits, *, now: datetime) -> tuple[Waiting, ...]:
        """Admit queued jobs for which there is a place, and make them due; returns those that still wait."""
        while (found := await self._admission_state(places)).admitted:  # usually nobody can be, and nothing is written
            owners = set(list(found.admitted.values())[: limits.ADMITTED_AT_ONCE])
            async with self._database.write(locks={PLACES, *map(owner_lock, owners)}) as connection:
                found = await admission_state(connection, places)
                # Others can be admitted by now: with locks of their owners, in the next round.
                admitted = [job_id for job_id, owner in found.admitted.items() if owner in owners]
                let_in_now = update(jobs).where(in_order(jobs, jobs.c.id.in_(admitted), QUEUED))
                await connection.execute(let_in_now.values(admitted_at=now, next_attempt_at=now))
            if len(admitted) == len(found.admitted):
                break
        return found.waiting

    async def waiting(self, places: AdmissionLimits) -> tuple[Waiting, ...]:
        """The jobs that are queued now."""
        return (await self._admission_state(places)).waiting

    async def _admission_state(self, places: AdmissionLimits) -> AdmissionState:
        async with self._database.read_at_once() as connection:  # usually nobody is queued, and each step asks
            if not await anybody_queued(connection):
                return AdmissionState(admitted={}, waiting=())
        async with self._database.read() as connection:
            return await admission_state(connection, places)

    async def shows_places(self) -> bool:
        """Whether this process is the one on this database that shows people their number in the queue."""
        return await self._database.first("shows places")

    async def get(self, job_id: str) -> Job | None:
        """The job, of any owner: for the runner only."""
        async with self._database.read_at_once() as connection:
            rows = await connection.execute(select(jobs).where(jobs.c.id == job_id))
            return readable_one(rows.mappings().one_or_none())

    async def claim(
        self,
        holder: str,
        *,
        now: datetime,
        most: Mapping[Lane, int],
        but: Collection[str] = (),
        lease: timedelta = limits.LEASE,
    ) -> list[Job]:
        """Lease due rows to ``holder`` for ``lease``: at most so many per lane, owners in turn.

        ``but`` names jobs that the holder is still working on: they wait until it is done with them. Each claim counts
        one more attempt. A row that cannot be read is postponed by an hour and does not block the others.
        """
        asked = {"holder": holder, "now": now, "until": now + lease, "but": list(but)}
        claims = CLAIM_BESIDE_OTHERS if self._database.shared else CLAIM
        claimed = []
        async with self._database.write(locks=NO_LOCK) as connection:
            for lane, limit in most.items():
                if limit <= 0:
                    continue
                for row in (await connection.execute(claims[lane], asked | {"most": limit})).mappings().all():
                    try:
                        claimed.append(to_job(row))
                    except UnreadableRow as unreadable:
                        await _put_off(connection, unreadable, now)
        return sorted(claimed, key=lambda job: (job.next_attempt_at or now, job.id))

    async def next_due(self, holder: str, *, lanes: Iterable[Lane], but: Collection[str] = ()) -> datetime | None:
        """The earliest instant at which something in ``lanes`` can be claimed.

        ``but`` and what ``holder`` has leased do not count.
        """
        async with self._database.read_at_once() as connection:
            asked = {"holder": holder, "but": list(but)}
            due: datetime | None = await connection.scalar(next_due(frozenset(lanes)), asked)
            return due

    async def bring_forward(self, by: timedelta) -> None:
        """Make everything that waits for its instant due earlier by ``by``."""
        earlier = type_coerce(jobs.c.next_attempt_at, BigInteger) - by // timedelta(microseconds=1)
        waits = and_(UNFINISHED, jobs.c.next_attempt_at.is_not(None))
        async with self._database.write() as connection:
            await connection.execute(update(jobs).where(waits).values(next_attempt_at=earlier))

    async def renew(
        self, holder: str, epochs: Mapping[str, int], *, now: datetime, lease: timedelta = limits.LEASE
    ) -> set[str]:
        """Extend those of ``holder``'s leases that still exist; returns their jobs.

        It goes first: of a lease that ends meanwhile, another process would begin the work again.
        """
        renewed = (
            update(jobs)
            .where(in_order(jobs, jobs.c.lease_owner == holder, jobs.c.id.in_(list(epochs))))
            .values(lease_until=now + lease)
            .returning(jobs.c.id, jobs.c.epoch)
        )
        async with self._database.write(urgent=True, locks=NO_LOCK) as connection:
            rows = (await connection.execute(renewed)).all()
        return {job_id for job_id, epoch in rows if epochs[job_id] == epoch}

    async def note(self, job_id: str, lease: Lease, notes: JobNotes, *, now: datetime) -> Job:
        """Write ``notes`` to a row under that lease. Raises :class:`LeaseLost`."""
        async with self._database.write(locks=NO_LOCK) as connection:
            return await write_leased(connection, job_id, lease, notes, now=now)

    async def apply(self, job_id: str, lease: Lease, transition: Transition, *, now: datetime) -> Job:
        """Write ``transition`` to a row under that lease, and keep the lease. Raises :class:`LeaseLost`."""
        async with self._database.write(locks=NO_LOCK) as connection:
            return await write_leased(connection, job_id, lease, transition.changes, now=now)

    async def release(self, job_id: str, lease: Lease, transition: Transition | None, *, now: datetime) -> Job:
        """Write ``transition``, if there is one, and release the lease in the same write. Raises :class:`LeaseLost`."""
        changes = transition.changes if transition else JobNotes()
        async with self._database.write(locks=NO_LOCK) as connection:
            return await write_leased(connection, job_id, lease, changes, now=now, release=True)

    async def release_all(self, holder: str) -> None:
        """Release everything that ``holder`` has leased."""
        async with self._database.write(locks=NO_LOCK) as connection:
            await connection.execute(update(jobs).where(in_order(jobs, jobs.c.lease_owner == holder)).values(FREE))

    async def release_held(self, job_id: str, holder: str) -> None:
        """Release a row that ``holder`` wrote leased to itself."""
        async with self._database.write(locks=NO_LOCK) as connection:
            held = (jobs.c.id == job_id, jobs.c.lease_owner == holder)
            await connection.execute(update(jobs).where(*held).values(FREE))

    async def clear_leases(self) -> None:
        """Clear every lease: at a start, the lock file proves that they belong to a dead process.

        On a shared database others may be working, so none is cleared: those of dead processes expire.
        """
        if self._database.shared:
            return
        async with self._database.write() as connection:
            await connection.execute(update(jobs).where(jobs.c.lease_owner.is_not(None)).values(FREE))

    async def wipe_tokens(self, before: datetime) -> int:
        """Wipe the interaction tokens received before ``before`` (rule 13); returns how many there were."""
        async with self._database.write(locks=NO_LOCK) as connection:
            dead = await free(connection, jobs, jobs.c.token.is_not(None), jobs.c.token_at < before)
            return (await connection.execute(update(jobs).where(dead).values(token=None))).rowcount

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Delete up to ``limit`` jobs that finished before ``before``; returns how many there were.

        A result that has not reached its owner stays. Characters need nothing from their jobs, and stay too.
        """
        told = or_(
            jobs.c.delivered_at.is_not(None),
            jobs.c.outcome == Outcome.CANCELLED,
            jobs.c.kind == JobKind.PREVIEW,
        )
        old = select(jobs.c.id).where(jobs.c.finished_at < before, jobs.c.step == Step.DONE, told).limit(limit)
        async with self._database.read_at_once() as connection:
            found = (await connection.scalars(old)).all()
        if not found:
            return 0
        lenders = select(loan_uses.c.owner_id).where(loan_uses.c.job_id.in_(found)).distinct()
        async with self._database.read_at_once() as connection:
            locks = {owner_lock(each) for each in (await connection.scalars(lenders)).all()}
        # Its owner may be sending one of them again: that is then no longer old, or it is left for the next time.
        still = old.where(jobs.c.id.in_(found)).with_for_update(skip_locked=True)
        async with self._database.write(locks=locks) as connection:
            gone = (await connection.scalars(still)).all()
            await settle_uses(connection, gone)
            await keep_borrowed_tasks(connection, gone, before)
            return (await connection.execute(delete(jobs).where(jobs.c.id.in_(gone)))).rowcount

    async def wanted_work(self, now: datetime) -> set[str]:
        """The jobs whose work folder must stay: unfinished, or finished so recently that it is still kept."""
        async with self._database.read() as connection:
            # Two queries, each with its own index: with OR, SQLite would scan every job that was ever done.
            wanted = (await connection.scalars(select(jobs.c.id).where(UNFINISHED))).all()
            again = (await connection.scalars(select(jobs.c.id).where(video_is_kept(now)))).all()
            return {*wanted, *again}

    async def task_owner(self, task_id: str) -> int | None:
        """The owner of a provider task, according to our jobs and characters; ``None`` if unknown.

        A job's own id counts as well: the provider knows the task by it, and public cards show it.
        """
        owners = union_all(
            select(jobs.c.owner_id).where(or_(jobs.c.task_id == task_id, jobs.c.id == task_id)),
            select(characters.c.owner_id).where(characters.c.task_id == task_id),
        )
        async with self._database.read_at_once() as connection:
            owner: int | None = await connection.scalar(owners.limit(1))
            return owner


async def write_leased(
    connection: AsyncConnection,
    job_id: str,
    lease: Lease,
    changes: JobNotes,
    *,
    now: datetime,
    release: bool = False,
) -> Job:
    """Write to a leased row within the caller's transaction. Raises :class:`LeaseLost`."""
    columns = to_columns(changes) | {"updated_at": now}
    if release:
        columns |= FREE
    values = {f"new_{name}": value for name, value in columns.items()}
    changed = await connection.execute(
        update_leased(frozenset(columns)), {"job": job_id, "holder": lease.holder, "leased_epoch": lease.epoch} | values
    )
    row = changed.mappings().one_or_none()
    if row is None:
        raise LeaseLost(job_id)
    return to_job(row)


async def _put_off(connection: AsyncConnection, unreadable: UnreadableRow, now: datetime) -> None:
    """Not ended: a newer version may be able to read it (after a roll-back, say), and its task may be paid for."""
    log_unreadable(unreadable)
    later = FREE | {"next_attempt_at": now + limits.UNREADABLE_AGAIN}
    await connection.execute(update(jobs).where(jobs.c.id == unreadable.job_id).values(later))
