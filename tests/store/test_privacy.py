"""The queries across all tables: what is whose, what an erasure leaves, and for how long."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import RowMapping, insert, select, update

from bot.errors import QuotaReached
from bot.store import personal_data, tables
from bot.store.blocks import BlockStore
from bot.store.database import Database
from bot.store.drafts import Draft, DraftStore
from bot.store.files import FileStore
from bot.store.job_rows import job_columns, readable
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore
from bot.store.privacy import PrivacyStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota, day_of
from bot.store.servers import ServerStore
from bot.store.webhook_events import WebhookEventStore
from bot.values.character import CharacterFile, FileKind
from bot.values.job import Job, Origin, Outcome, Step
from bot.values.source import Attachment

Add = Callable[..., Any]


@pytest.fixture
async def people(database: Database) -> Pseudonyms:
    people = Pseudonyms(database)
    await people.load()
    return people


@pytest.fixture
def privacy(database: Database, people: Pseudonyms) -> PrivacyStore:
    return PrivacyStore(database, people)


async def used(jobs: JobStore, people: Pseudonyms, now: datetime, owner: int = 7) -> int:
    return (await OwnedJobStore(jobs._database).overview(owner, now=now, user_key=people.of(owner))).used_today


async def test_personal_data_is_everything_of_one_person(
    privacy: PrivacyStore, database: Database, people: Pseudonyms, files: FileStore, cast: Add, add: Add, now: datetime
) -> None:
    clip = await files.put_bytes(7, b"clip", "video/mp4")
    still = await files.put_bytes(7, b"still", "image/jpeg")
    its = (CharacterFile(FileKind.CLIP, clip), CharacterFile(FileKind.STILL, still))
    ann = await cast("Ann", picture=still, reference_set=its)
    await cast("Zoe", at=now + timedelta(seconds=1))
    await cast("Bea", owner_id=8)
    job = await add(created_at=now + timedelta(hours=1))
    attachment = Attachment(url="https://cdn.example/a", filename="a.mp4", size=1)
    await DraftStore(database).add(Draft(id="d", owner_id=7, content=attachment, created_at=now))
    await BlockStore(database, people).block(7, now=now)
    await ServerStore(database, people).block(55, 7)
    found = await privacy.data(7, now=now)
    assert [each.name for each in found.characters] == ["Ann", "Zoe"]
    assert found.reference_sets == {ann.id: its}
    assert found.jobs[-1].id == job.id
    assert len(found.jobs) == 3
    assert [draft.id for draft in found.drafts] == ["d"]
    assert (found.consent_at, found.used_today, found.unreadable) == (None, 3, 0)
    assert (found.blocked_since, found.blocked_in) == (now, (55,))
    nobody = await privacy.data(9, now=now)
    assert nobody.empty
    assert not nobody.deletable


async def test_what_this_version_cannot_read_is_counted_and_deleted_too(
    privacy: PrivacyStore, database: Database, database_path: Path, add: Add, now: datetime
) -> None:
    await add()
    attachment = Attachment(url="https://cdn.example/a", filename="a.mp4", size=1)
    await DraftStore(database).add(Draft(id="d", owner_id=7, content=attachment, created_at=now))
    with closing(sqlite3.connect(database_path, isolation_level=None)) as raw:
        raw.execute("UPDATE jobs SET request = '{}'")
        raw.execute("UPDATE drafts SET attachment = '{}'")
    found = await privacy.data(7, now=now)
    assert (found.jobs, found.drafts, found.unreadable) == ((), (), 2)
    assert found.deletable
    assert len((await privacy.erase(7, now=now)).job_ids) == 1
    assert (await privacy.data(7, now=now)).unreadable == 0


async def test_the_day_goes_on_for_whoever_was_erased_and_for_their_servers(
    privacy: PrivacyStore,
    people: Pseudonyms,
    jobs: JobStore,
    new_job: Callable[..., Job],
    origin: Origin,
    now: datetime,
) -> None:
    submitted = {"submit_started_at": now, "step": Step.WATCH, "task_id": "task_1"}
    quota = Quota(server_day=5, user_key=people.of(7), server_key=people.of_server(1))
    for fields in (
        submitted,
        {"outcome": Outcome.SUCCEEDED, "step": Step.DONE},
        {"maybe_charged": True, "step": Step.SUBMIT},  # an earlier submission of it may have been charged
        {"step": Step.CHOOSE},  # stopped with the erasure, at no cost
        {"outcome": Outcome.FAILED, "step": Step.DONE, "counted": False},  # gave its place back
        {"outcome": Outcome.SUCCEEDED, "step": Step.DONE, "created_at": now - timedelta(days=1)},
        {"outcome": Outcome.SUCCEEDED, "step": Step.DONE, "origin": replace(origin, guild_id=None)},
    ):
        await jobs.add(new_job(**fields), Quota())
    assert await used(jobs, people, now) == 5
    await privacy.erase(7, now=now)
    assert await used(jobs, people, now) == 4, "all but what was stopped before it cost anything"
    await jobs.add(new_job(outcome=Outcome.SUCCEEDED, step=Step.DONE), quota)
    await privacy.erase(7, now=now)
    assert await used(jobs, people, now) == 5, "once more"
    await jobs.add(new_job(owner_id=8), quota)
    with pytest.raises(QuotaReached, match="server has used up its 5"):
        await jobs.add(new_job(owner_id=8), quota)
    elsewhere = replace(origin, guild_id=2)
    await jobs.add(new_job(owner_id=8, origin=elsewhere), replace(quota, server_key=people.of_server(2)))
    tomorrow = now + timedelta(days=1)
    assert await used(jobs, people, tomorrow) == 0


async def test_past_days_are_forgotten_and_the_present_one_is_not(
    privacy: PrivacyStore, people: Pseudonyms, jobs: JobStore, add: Add, now: datetime
) -> None:
    await add(outcome=Outcome.SUCCEEDED, step=Step.DONE, origin=replace((await add()).origin, guild_id=None))
    await privacy.erase(7, now=now)
    assert await privacy.forget_days(day_of(now)) == 0
    assert await used(jobs, people, now) == 1
    assert await privacy.forget_days(day_of(now + timedelta(days=1))) == 1
    assert await used(jobs, people, now) == 0


async def test_only_what_runs_at_the_provider_leaves_an_id(privacy: PrivacyStore, add: Add, now: datetime) -> None:
    begun = now - timedelta(minutes=3)
    unclear = await add(step=Step.SUBMIT, submit_started_at=begun)
    await add(step=Step.WATCH, submit_started_at=begun, task_id="task_watched")
    await add(step=Step.COLLECT, submit_started_at=begun, task_id="task_made")
    await add(step=Step.DONE, outcome=Outcome.UNKNOWN, submit_started_at=begun, task_id="task_given_up")
    await add(step=Step.SUBMIT)
    await add(owner_id=8, step=Step.WATCH, submit_started_at=begun, task_id="task_of_somebody_else")
    erased = await privacy.erase(7, now=now)
    left = await privacy.ownerless()
    assert {task.id for task in left} == {unclear.id, "task_watched"}
    assert {task.since for task in left} == {begun}
    assert erased.left_running == 2
    assert {job.step for job in erased.unfinished} == {Step.SUBMIT, Step.WATCH, Step.COLLECT}


async def test_two_jobs_with_one_task_leave_one_id(privacy: PrivacyStore, add: Add, now: datetime) -> None:
    """A provider that replays the first task for the same id; and one that a deleted job had before."""
    for _ in range(2):
        await add(step=Step.WATCH, submit_started_at=now, task_id="task_1")
    await privacy.erase(7, now=now)
    await add(step=Step.WATCH, submit_started_at=now, task_id="task_1")
    await privacy.erase(7, now=now)
    assert [task.id for task in await privacy.ownerless()] == ["task_1"]


async def test_what_webhooks_said_goes_with_the_jobs_and_with_the_tasks(
    privacy: PrivacyStore, database: Database, database_path: Path, add: Add, now: datetime
) -> None:
    events = WebhookEventStore(database)
    mine = await add(step=Step.WATCH, submit_started_at=now, task_id="task_mine")
    await events.receive("by-task", task_id="task_mine", business_id=None, now=now)
    await events.receive("by-job", task_id=None, business_id=mine.id, now=now)
    await events.receive("of-another", task_id="task_other", business_id=None, now=now)
    await events.receive("of-nobody", task_id=None, business_id=None, now=now)

    def kept() -> set[str]:
        with closing(sqlite3.connect(database_path)) as raw:
            return {row[0] for row in raw.execute("SELECT id FROM webhook_events")}

    await privacy.erase(7, now=now)
    assert kept() == {"of-another", "of-nobody"}
    await events.receive("late", task_id="task_mine", business_id=mine.id, now=now)
    await privacy.forget_task("task_mine")
    assert kept() == {"of-another", "of-nobody"}
    assert await privacy.ownerless() == []


def found(needles: set[bytes], database: Path) -> set[bytes]:
    content = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))
    return {needle for needle in needles if needle in content}


async def test_among_many_rows_that_have_moved_nothing_of_theirs_is_left_in_the_file(
    privacy: PrivacyStore, database: Database, database_path: Path, new_job: Callable[..., Job], now: datetime
) -> None:
    """Rows that grow are moved from page to page, and the longest of them are spread over several."""
    random = Random(7)
    owners = (812_345_678_901_234_567, 923_456_789_012_345_678, 734_567_890_123_456_789)
    gone = owners[1]

    def text_of(owner: int) -> str:
        return f"owned-by-{owner} " * random.choice([1, 2, 9, 300])

    async with database.write() as connection:
        for number in range(300):
            owner = random.choice(owners)
            columns = job_columns(new_job(owner_id=owner, task_id=f"task-{owner}-{number}"))
            await connection.execute(insert(tables.jobs).values(columns | {"failure": text_of(owner)}))
    for _ in range(4):
        async with database.write() as connection:
            for row in (await connection.execute(select(tables.jobs.c.id, tables.jobs.c.owner_id))).all():
                if random.random() < 0.4:
                    grown = {"failure": text_of(row.owner_id), "token": f"token-{row.owner_id}-{random.random()}"}
                    await connection.execute(update(tables.jobs).where(tables.jobs.c.id == row.id).values(grown))
        await database.scrub()
    needles = {str(gone).encode(), gone.to_bytes(8, "big")}
    assert found(needles, database_path) == needles
    others = {str(owner).encode() for owner in owners if owner != gone}

    await privacy.erase(gone, now=now)
    assert await privacy.scrub()
    assert found(needles | others, database_path) == others


def test_every_table_that_names_a_person_is_known_here() -> None:
    """Whoever adds one has to say what becomes of it: in ``data``, in ``erase``, and in this list."""
    named = {table.name for table in tables.metadata.sorted_tables if {"owner_id", "user_id"} & set(table.c.keys())}
    assert named == {
        *("jobs", "files", "characters", "videos", "drafts", "consents", "sent_messages"),
        *("character_groups", "default_characters", "loans", "loan_uses", "person_consents", "server_blocks"),
    }
    hashed = {table.name for table in tables.metadata.sorted_tables if "user_key" in table.c}
    assert hashed == {"operator_blocks", "server_blocks", "day_counters"}


async def test_thousands_of_jobs_are_read_some_at_a_time_and_not_on_the_loop(
    privacy: PrivacyStore, jobs: JobStore, new_job: Callable[..., Job], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading seven thousand of them at once kept everybody's commands waiting for a third of a second."""
    read, seen = readable, list[tuple[bool, int]]()

    def noted(rows: Sequence[RowMapping]) -> list[Job]:
        seen.append((threading.current_thread() is threading.main_thread(), len(rows)))
        return read(rows)

    monkeypatch.setattr(personal_data, "readable", noted)
    monkeypatch.setattr(personal_data, "_AT_ONCE", 2)
    made = [await jobs.add(new_job(created_at=now + timedelta(seconds=number)), Quota()) for number in range(5)]
    assert (await privacy.data(7, now=now)).jobs == tuple(made)
    assert seen == [(False, 2), (False, 2), (False, 1)]
