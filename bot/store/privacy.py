"""Reads or deletes everything that is stored about one person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.cast_tables import character_groups, default_characters, group_members
from bot.store.consent_denials import keep_borrowed_tasks
from bot.store.database import Database
from bot.store.job_rows import readable
from bot.store.loan_reach import settle_uses
from bot.store.loan_tables import loan_uses, loans, person_consents
from bot.store.personal_data import PersonalData, personal_data_of
from bot.store.provider_tables import webhook_events
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import add_to_day, day_of
from bot.store.row_locks import free
from bot.store.sent_messages import let_go
from bot.store.tables import (
    UNFINISHED,
    character_files,
    characters,
    consents,
    day_counters,
    drafts,
    files,
    jobs,
    ownerless_tasks,
    videos,
)
from bot.store.write_locks import NO_LOCK
from bot.values.job import BEFORE_SUBMISSION, Job, JobKind, Step

_AT_THE_PROVIDER = frozenset({Step.SUBMIT, Step.WATCH})
_OF_THEIRS = (default_characters, character_groups, characters, videos, files, drafts, consents, jobs)
# The columns that are needed of each deleted job, which usually has many more.
_OF_A_JOB = (
    *(jobs.c.id, jobs.c.kind, jobs.c.owner_id, jobs.c.guild_id, jobs.c.step, jobs.c.outcome, jobs.c.task_id),
    *(jobs.c.submit_started_at, jobs.c.maybe_charged, jobs.c.counted, jobs.c.created_at, jobs.c.credits),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was deleted from the database. ``unfinished``: jobs that were not done; the ids are those of all jobs.

    ``draft_ids``: those of half-filled forms, and of imports that waited for an answer. ``left_running``: how many of
    them continue at the provider. ``messages``: how many will be emptied or removed.
    """

    characters: int
    videos: int
    files: int
    messages: int
    job_ids: tuple[str, ...]
    draft_ids: tuple[str, ...]
    unfinished: tuple[Job, ...]
    left_running: int


@dataclass(frozen=True, slots=True)
class OwnerlessTask:
    """A task that was running when its owner had everything deleted, by the provider's id or ours; since when."""

    id: str
    since: datetime


class PrivacyStore:
    """Reads and deletes across all tables that contain personal data."""

    def __init__(self, database: Database, people: Pseudonyms) -> None:
        self._database = database
        self._people = people

    async def data(self, owner_id: int, *, now: datetime) -> PersonalData:
        """A snapshot of everything."""
        async with self._database.read() as connection:
            return await personal_data_of(connection, owner_id, self._people, now=now)

    async def erase(self, owner_id: int, *, now: datetime, remove_messages: bool = False) -> Erased:
        """Delete every row of theirs, in one transaction. Messages that show something of them are emptied.

        ``remove_messages``: they are deleted completely. Until that is done, only their location is kept.

        What stays: the blocks, under the keyed hash as before; under the same hash their used quota of the day, and of
        their servers' days; a bare id for each task that the provider is working on; and what must not be made again
        (:mod:`bot.store.consent_denials`). Running steps of their jobs find no row any more. A second call finds
        nothing.
        """
        theirs = select(*_OF_A_JOB).where(jobs.c.owner_id == owner_id).order_by(jobs.c.created_at)
        unfinished = select(jobs).where(jobs.c.owner_id == owner_id, UNFINISHED).order_by(jobs.c.created_at)
        async with self._database.write() as connection:
            rows = (await connection.execute(theirs)).mappings().all()
            whole = (await connection.execute(unfinished)).mappings().all()
            await self._keep_use(connection, rows, day_of(now))
            left = await _leave_ownerless(connection, rows)
            await _delete_events(connection, owner_id)
            await keep_borrowed_tasks(connection, select(jobs.c.id).where(jobs.c.owner_id == owner_id), now)
            ended = await _end_loans(connection, owner_id, [row["id"] for row in rows if _begun(row)])
            forms = await connection.scalars(select(drafts.c.id).where(drafts.c.owner_id == owner_id))
            its = select(characters.c.id).where(characters.c.owner_id == owner_id)
            await connection.execute(delete(character_files).where(character_files.c.character_id.in_(its)))
            grouped = select(character_groups.c.id).where(character_groups.c.owner_id == owner_id)
            await connection.execute(delete(group_members).where(group_members.c.group_id.in_(grouped)))
            gone = {
                table: (await connection.execute(delete(table).where(table.c.owner_id == owner_id))).rowcount
                for table in _OF_THEIRS
            }
            messages = await let_go(connection, owner_id, remove=remove_messages)
            if messages or ended or any(gone.values()):
                await self._database.leave_no_trace(connection)
        return Erased(
            characters=gone[characters],
            videos=gone[videos],
            files=gone[files],
            messages=messages,
            job_ids=tuple([row["id"] for row in rows]),
            draft_ids=tuple(forms.all()),
            unfinished=tuple(readable(whole)),
            left_running=left,
        )

    async def _keep_use(self, connection: AsyncConnection, rows: Sequence[RowMapping], day: datetime) -> None:
        """Add the deleted rows to the day's counters: deleting everything must not reset the day's limit."""
        used: Counter[str] = Counter()
        for row in rows:
            if row["counted"] and row["created_at"] >= day and _begun(row):
                keys = [self._people.of(row["owner_id"])]
                if row["guild_id"] is not None:
                    keys.append(self._people.of_server(row["guild_id"]))
                video = row["kind"] == JobKind.VIDEO
                spenders = [*keys, self._people.in_server(*keys)] if len(keys) > 1 else keys
                used.update(self._people.for_videos(key) if video else key for key in spenders)
                used.update({self._people.for_credits(key): row["credits"] or 0 for key in spenders})
        await add_to_day(connection, {key: number for key, number in used.items() if number}, day)

    async def ownerless(self) -> list[OwnerlessTask]:
        """The tasks that have not been forgotten yet."""
        async with self._database.read_at_once() as connection:
            rows = await connection.execute(select(ownerless_tasks).order_by(ownerless_tasks.c.since))
            return [OwnerlessTask(row.id, row.since) for row in rows]

    async def forget_task(self, task_id: str) -> None:
        """The task has ended: delete it, and what webhooks said about it."""
        about_it = or_(webhook_events.c.task_id == task_id, webhook_events.c.business_id == task_id)
        async with self._database.write() as connection:
            await connection.execute(delete(ownerless_tasks).where(ownerless_tasks.c.id == task_id))
            await connection.execute(delete(webhook_events).where(about_it))

    async def forget_days(self, before: datetime) -> int:
        """Delete the counters of days before ``before``; returns how many there were."""
        async with self._database.write(locks=NO_LOCK) as connection:
            past = await free(connection, day_counters, day_counters.c.day < before)
            return (await connection.execute(delete(day_counters).where(past))).rowcount

    async def scrub(self) -> bool:
        """Remove deleted data from every byte of the database; returns whether that is done (Database.scrub)."""
        return await self._database.scrub()


async def _end_loans(connection: AsyncConnection, user_id: int, begun: Sequence[str]) -> int:
    """Delete what they lent, borrowed, asked or were asked; returns how many rows there were.

    Their uses of a loan to a server still count.
    """
    their_jobs = select(jobs.c.id).where(jobs.c.owner_id == user_id)
    used = set((await connection.scalars(select(loan_uses.c.job_id).where(loan_uses.c.job_id.in_(their_jobs)))).all())
    await settle_uses(connection, sorted(used.intersection(begun)))
    either = {
        loan_uses: (loan_uses.c.owner_id,),
        loans: (loans.c.owner_id, loans.c.borrower_id),
        person_consents: (person_consents.c.owner_id, person_consents.c.person_id),
    }
    gone = [
        (await connection.execute(delete(table).where(column == user_id))).rowcount
        for table, columns in either.items()
        for column in columns
    ]
    return sum(gone)


async def _leave_ownerless(connection: AsyncConnection, rows: Sequence[RowMapping]) -> int:
    """Keep a bare id of each task that runs, or may run, at the provider; returns how many there are."""
    running = {
        row["task_id"] or row["id"]: row["submit_started_at"]
        for row in rows
        if row["outcome"] is None and row["submit_started_at"] is not None and row["step"] in _AT_THE_PROVIDER
    }
    known = await connection.scalars(select(ownerless_tasks.c.id).where(ownerless_tasks.c.id.in_(running)))
    for task_id in running.keys() - set(known.all()):
        await connection.execute(insert(ownerless_tasks).values(id=task_id, since=running[task_id]))
    return len(running)


async def _delete_events(connection: AsyncConnection, owner_id: int) -> None:
    """An event names a job or its task; without the job it would match nothing."""
    # One by one: with both conditions at once PostgreSQL would scan all events.
    of_theirs = jobs.c.owner_id == owner_id
    for column, known_as in ((webhook_events.c.business_id, jobs.c.id), (webhook_events.c.task_id, jobs.c.task_id)):
        await connection.execute(delete(webhook_events).where(column.in_(select(known_as).where(of_theirs))))


def _begun(row: RowMapping) -> bool:
    """Whether it keeps its place in the day: what is stopped before its submission has cost nothing."""
    submitted = row["submit_started_at"] is not None or row["maybe_charged"]
    return submitted or row["outcome"] is not None or row["step"] not in BEFORE_SUBMISSION
