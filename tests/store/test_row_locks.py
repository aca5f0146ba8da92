"""Two processes that write on PostgreSQL at once: neither waits for rows that the other one holds while it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Table, func, select, text, update

from bot.errors import DatabaseFault, Refusal
from bot.store.admission import AdmissionLimits
from bot.store.database_errors import database_fault_of
from bot.store.drafts import Draft, DraftStore, UnsentImport
from bot.store.loans import LoanStore
from bot.store.privacy import PrivacyStore
from bot.store.provider_tables import webhook_events
from bot.store.quotas import Quota, add_to_day
from bot.store.sent_messages import SentMessageStore
from bot.store.tables import characters, day_counters, drafts, jobs, sent_messages, taken_interactions
from bot.store.taken_interactions import TakenInteractionStore
from bot.store.webhook_events import WebhookEventStore
from bot.store.write_locks import NO_LOCK, Lock, owner_lock
from bot.values.character import Character
from bot.values.job import JobKind, Outcome, Step
from bot.values.loan import LoanRecipient
from tests.patience import PATIENCE
from tests.store.duel import LENDER, OTHER, OWNER, SERVER, Act, Duel, Process


async def test_locks_are_taken_in_one_order(processes: list[Process]) -> None:
    both = [owner_lock(OWNER), owner_lock(OTHER)]

    async def write(its: Process, locks: Collection[Lock] | None) -> None:
        async with its.database.write(locks=locks) as connection:
            await connection.execute(text("SELECT 1"))

    orders: list[Collection[Lock] | None] = [both, both[::-1], both[:1], None, both[1:]]
    await asyncio.gather(*(write(its, locks) for its in processes for locks in orders * 8))


@pytest.mark.parametrize("changing", ["renew", "release_all", "take_back", "let_in"])
async def test_rows_are_locked_in_one_order(duel: Duel, lent: Character, changing: str) -> None:
    """While the first row is locked by somebody, those after it are free: nobody holds them and waits."""
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER))
    one = await duel.watch.film(lent, loan)
    ids = [f"{number:016x}" for number in (900, 800, 700)]  # stored in the opposite order
    for each in ids:
        await duel.watch.film(lent, loan, id=each, lease_owner="runner")
    await duel.watch.cancel(one)
    if changing == "let_in":
        async with duel.watch.database.write() as connection:
            waiting = {"admitted_at": None, "next_attempt_at": None, "lease_owner": None}
            await connection.execute(update(jobs).where(jobs.c.id.in_(ids)).values(waiting))
    acts: dict[str, Act] = {
        "renew": lambda its: its.jobs.renew("runner", dict.fromkeys(ids, 0), now=its.now + timedelta(seconds=1)),
        "release_all": lambda its: its.jobs.release_all("runner"),
        "take_back": lambda its: its.take_back(),
        "let_in": lambda its: its.jobs.let_in(AdmissionLimits(), now=its.now),
    }

    async def lock_the_first(its: Process) -> None:
        async with its.database.write(locks=()) as connection:
            await connection.execute(select(jobs.c.id).where(jobs.c.id == ids[-1]).with_for_update())

    async def the_rest_is_free(its: Process) -> asyncio.Future[object]:
        acting = asyncio.ensure_future(acts[changing](its))
        async with asyncio.timeout(PATIENCE):
            while not await duel.somebody_waits():
                assert not acting.done()
                await asyncio.sleep(0.01)
        free = select(jobs.c.id).where(jobs.c.id.in_(ids)).with_for_update(skip_locked=True)
        async with duel.watch.database.write(locks=()) as connection:
            found = (await connection.scalars(free)).all()
        assert sorted(found) == sorted(ids[:-1])
        return acting

    held, running = await duel.hold(lock_the_first)
    acting = await the_rest_is_free(duel.other)
    held.go_on.set()
    await asyncio.gather(running, acting)


async def test_a_deadlock_is_a_busy_database(duel: Duel) -> None:
    """Ours cannot have one; here two lock rows in opposite orders on purpose."""
    ids = [(await duel.watch.add()).id for _ in range(2)]
    both_have_one = asyncio.Barrier(2)

    async def lock(its: Process, first: str, second: str) -> None:
        async with its.database.write(locks=NO_LOCK) as connection:
            await connection.execute(select(jobs.c.id).where(jobs.c.id == first).with_for_update())
            await both_have_one.wait()
            await connection.execute(select(jobs.c.id).where(jobs.c.id == second).with_for_update())

    results = await asyncio.gather(
        lock(duel.one, ids[0], ids[1]), lock(duel.other, ids[1], ids[0]), return_exceptions=True
    )
    faults = [database_fault_of(each) for each in results if each is not None]
    assert faults == [DatabaseFault.BUSY]


_LONG_AGO = timedelta(days=400)
_SWEPT: dict[str, tuple[Table, Callable[[Process, datetime], Awaitable[int]]]] = {
    "tokens": (jobs, lambda its, before: its.jobs.wipe_tokens(before)),
    "jobs": (jobs, lambda its, before: its.jobs.prune(before, limit=9)),
    "drafts": (drafts, lambda its, before: DraftStore(its.database).sweep(before)),
    "events": (webhook_events, lambda its, before: WebhookEventStore(its.database).sweep(before)),
    "messages": (
        sent_messages,
        lambda its, before: SentMessageStore(its.database).sweep(sent_before=before, tokens_before=before),
    ),
    "days": (day_counters, lambda its, before: PrivacyStore(its.database, its.people).forget_days(before)),
    "interactions": (taken_interactions, lambda its, before: TakenInteractionStore(its.database).sweep(before)),
}


@pytest.mark.parametrize("what", _SWEPT)
async def test_a_sweep_leaves_out_what_somebody_has_in_hand(duel: Duel, what: str) -> None:
    table, sweep = _SWEPT[what]
    watch = replace(duel.watch, now=duel.watch.now - _LONG_AGO)
    ann = await watch.character()
    at = watch.now
    await watch.add(step=Step.DONE, outcome=Outcome.SUCCEEDED, delivered_at=at, finished_at=at)
    await DraftStore(watch.database).add(
        Draft(id="d", owner_id=OWNER, content=UnsentImport(characters=1, size=1), created_at=watch.now)
    )
    await WebhookEventStore(watch.database).receive("event", task_id=None, business_id=None, now=watch.now)
    await watch.note(ann)
    await TakenInteractionStore(watch.database).take("1", now=watch.now)
    async with watch.database.write() as connection:
        await add_to_day(connection, {"key": 1}, watch.now)

    async def lock_all(its: Process) -> None:
        async with its.database.write(locks=NO_LOCK) as connection:
            await connection.execute(select(table).with_for_update())

    async def sweep_nothing(its: Process) -> None:
        assert await sweep(its, its.now + timedelta(days=1)) == 0

    await duel.passes(lock_all, sweep_nothing)
    assert await sweep(duel.other, duel.other.now + timedelta(days=1)) >= 1


async def test_uses_of_a_loan_are_counted_while_their_jobs_are_deleted(duel: Duel, lent: Character) -> None:
    loan = await duel.watch.lend(lent, LoanRecipient(person=OTHER), uses=1)
    await duel.watch.film(
        lent, loan, step=Step.DONE, outcome=Outcome.SUCCEEDED, delivered_at=duel.watch.now, finished_at=duel.watch.now
    )
    await duel.waits(
        lambda its: its.jobs.prune(its.now + timedelta(days=1), limit=9),
        lambda its: its.lend(lent, LoanRecipient(person=OTHER), uses=1),
    )
    [again] = await LoanStore(duel.watch.database).of_character(LENDER, lent.id)
    assert (again.uses, again.used) == (2, 1), "one more"


async def test_many_at_once_keep_every_limit(processes: list[Process]) -> None:
    """All kinds of writes of three processes, for two borrowers and a lender."""
    watch = processes[2]
    ann = await watch.character(LENDER)
    loan = await watch.lend(ann, LoanRecipient(server=SERVER), uses=5)
    quota = Quota(running=2, waiting=4, server_day=9, in_all=3)

    async def work(its: Process, number: int) -> None:
        owner = (OWNER, OTHER)[number % 2]
        try:
            job = await its.film(ann, loan, quota=quota, owner_id=owner)
        except Refusal:
            job = await its.leased(owner_id=owner, step=Step.COLLECT, counted=False)
            await its.store(job, "Zoe")
        await its.jobs.let_in(AdmissionLimits(each=2, in_all=3), now=its.now)
        await its.jobs.renew("runner", {job.id: 0}, now=its.now)
        await its.note(replace(ann, owner_id=owner), number)

    await asyncio.gather(*(work(its, number) for number in range(8) for its in processes))
    counts = select(func.count()).select_from(jobs).where(jobs.c.kind == JobKind.VIDEO)
    [[films]] = await watch.rows(counts)
    [[admitted]] = await watch.rows(counts.where(jobs.c.admitted_at.is_not(None)))
    names = await watch.rows(select(characters.c.owner_id, characters.c.name_key))
    assert (films, admitted) == (5, 3)
    assert len(set(map(tuple, names))) == len(names) == 24 - 5 + 1
