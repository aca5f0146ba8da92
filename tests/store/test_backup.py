"""A copy of the database, made while others write: one moment, settled, and with nothing in it that was wiped."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from bot.errors import BadStart
from bot.jobs import transitions
from bot.store.backup import contents, copy_database, copy_files
from bot.store.database import Database, database_at
from bot.store.drafts import Draft, DraftStore
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.tables import consents
from bot.values.files import StoredFile
from bot.values.job import Job, Outcome, PreviewRequest, Question, Seen, Step
from bot.values.source import Attachment, Link
from bot.values.video import Cut, Reference, Still

LATER = timedelta(hours=3)
TOKEN = "interaction-token"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def spoil(database: Path) -> None:
    """Overwrite a page in its middle."""
    raw = bytearray(database.read_bytes())
    middle = len(raw) // 2 // 4096 * 4096
    raw[middle : middle + 4096] = bytes(4096)
    database.write_bytes(raw)


async def copied(database_path: Path, into: Path, now: datetime) -> JobStore:
    """The jobs of a copy that is made now, opened as a bot would open it."""
    await asyncio.to_thread(copy_database, database_path, into, transitions.restored(now))
    copy = database_at(f"sqlite+aiosqlite:///{into}")
    await copy.open()
    return JobStore(copy)


async def rows(store: JobStore, jobs: Mapping[str, Job]) -> dict[str, Job | None]:
    found = {name: await store.get(job.id) for name, job in jobs.items()}
    await store._database.close()
    return found


async def test_what_may_have_been_sent_since_is_unclear_and_nothing_else_changes(
    jobs: JobStore, database_path: Path, add: Any, now: datetime, tmp_path: Path
) -> None:
    before: dict[str, Job] = {
        "fetching": await add(step=Step.PREPARE, lease_owner="runner", lease_until=now + LATER),
        "origin": await add(step=Step.CHOOSE, question=Question.CONSENT, next_attempt_at=now + LATER),
        "sending": await add(step=Step.SUBMIT, attempts=3),
        "looked for": await add(step=Step.SUBMIT, submit_started_at=now, lookups=2),
        "preview": await add(
            step=Step.CHOOSE,
            request=PreviewRequest(source=Link(url="https://example.org/clip.mp4")),
            question=Question.SECONDS,
        ),
        "running": await add(step=Step.WATCH, task_id="task_1", submit_started_at=now),
        "ended": await add(step=Step.DELIVER, outcome=Outcome.SUCCEEDED, task_id="task_2"),
        "failed": await add(step=Step.DELIVER, outcome=Outcome.FAILED, counted=False),
        "done": await add(step=Step.DONE, outcome=Outcome.CANCELLED, next_attempt_at=None),
    }
    after = await rows(await copied(database_path, tmp_path / "copy.db", now + LATER), before)
    assert after.pop("preview") is None, "it cost nothing, and nobody waits for it any more"
    for name in ("fetching", "origin", "sending", "looked for"):
        job = after.pop(name)
        assert job is not None
        assert (job.step, job.outcome, job.question) == (Step.DELIVER, Outcome.UNKNOWN, None)
        assert (job.finished_at, job.next_attempt_at, job.counted) == (now + LATER, now + LATER, True)
        assert "This job comes from a backup" in str(job.failure)
        assert "may have been sent to ToAPIs since then, and charged" in str(job.failure)
    for name, kept in after.items():
        original = before[name]
        assert kept == replace(original, origin=replace(original.origin, token=None))
    assert (await jobs.get(before["sending"].id)) == before["sending"], "the original goes on as it was"


async def test_tokens_forms_and_what_was_deleted_are_nowhere_in_the_copy(
    database: Database, database_path: Path, add: Any, now: datetime, tmp_path: Path
) -> None:
    await add(step=Step.WATCH, task_id="task_1")
    drafts = DraftStore(database)
    video = Attachment(url="https://cdn.example/signed-for-a-day", filename="clip.mp4", size=1)
    await drafts.add(Draft(id="f00d", owner_id=7, content=video, created_at=now))
    await drafts.add(Draft(id="dead", owner_id=7, content=replace(video, filename="gone.mp4"), created_at=now))
    await drafts.take(7, "dead")
    into = tmp_path / "copy.db"
    await asyncio.to_thread(copy_database, database_path, into, transitions.restored(now))
    raw = into.read_bytes()
    assert b"task_1" in raw
    assert [word for word in (TOKEN, "signed-for-a-day", "gone.mp4", "f00d") if word.encode() in raw] == []
    assert raw[18:20] == b"\x01\x01", "a database that is one file, without a log"
    assert [name for name in names(tmp_path) if name.startswith("copy")] == ["copy.db"]
    assert stat.S_IMODE(into.stat().st_mode) == 0o600


async def test_a_copy_is_one_moment_while_others_write(
    database: Database, database_path: Path, now: datetime, tmp_path: Path
) -> None:
    """Each transaction writes two rows: a copy with an odd number would be none of the database at any moment."""
    written, stop = 0, False

    async def write() -> None:
        nonlocal written
        while not stop:
            async with database.write() as connection:
                for _ in range(2):
                    written += 1
                    await connection.execute(insert(consents).values(owner_id=written, given_at=now))

    writing = asyncio.create_task(write())
    try:
        for number in range(5):
            into = tmp_path / f"copy{number}.db"
            while written < 20 * (number + 1):  # the writer goes on meanwhile
                await asyncio.sleep(0.001)
            await asyncio.to_thread(copy_database, database_path, into, transitions.restored(now))
            with closing(sqlite3.connect(into)) as copy:
                ((rows,),) = copy.execute("SELECT count(*) FROM consents")
            assert rows >= 20 * (number + 1) - 2
            assert rows % 2 == 0
    finally:
        stop = True
        await writing


async def test_a_copy_of_a_database_whose_process_was_killed_has_what_was_committed(
    database: Database, database_path: Path, add: Any, now: datetime, tmp_path: Path
) -> None:
    job = await add(step=Step.WATCH, task_id="task_1")
    killed = tmp_path / "killed"
    killed.mkdir()
    for beside in ("", "-wal"):  # as a snapshot of the disk would have them
        (killed / f"castbook.db{beside}").write_bytes(
            database_path.with_name(f"{database_path.name}{beside}").read_bytes()
        )
    store = await copied(killed / "castbook.db", tmp_path / "copy.db", now)
    assert (await rows(store, {"job": job}))["job"] is not None


def test_what_is_no_database_is_one_sentence_and_leaves_nothing(tmp_path: Path, now: datetime) -> None:
    for content, complaint in ((None, "check that it is there"), (b"no database " * 500, "damaged")):
        source = tmp_path / "source.db"
        if content is not None:
            source.write_bytes(content)
        with pytest.raises(BadStart, match=complaint):
            copy_database(source, tmp_path / "copy.db", transitions.restored(now))
    assert names(tmp_path) == ["source.db"]


async def test_a_damaged_database_is_not_taken_for_a_backup(
    database: Database, database_path: Path, add: Any, now: datetime, tmp_path: Path
) -> None:
    for _ in range(200):
        await add()
    await database.close()
    spoil(database_path)
    with pytest.raises(BadStart, match="damaged"):
        copy_database(database_path, tmp_path / "copy.db", transitions.restored(now))
    assert not (tmp_path / "copy.db").exists()


async def test_the_files_of_the_cast_and_the_clips_of_paid_jobs_belong_to_it(
    database_path: Path, files: FileStore, cast: Any, add: Any, now: datetime, tmp_path: Path
) -> None:
    picture = await files.put_bytes(7, b"a picture", "image/png")
    gone = StoredFile(key=f"7/{'f' * 64}", sha256="f" * 64, size=1, mime="image/png")
    await cast("Ann", picture=picture)
    await cast("Bob", picture=gone)
    still = Still(name="still-1.jpg", instant=1.0, width=16, height=9, face=True)
    pose = replace(still, name="pose-1.jpg")
    reference = Reference(
        clip="reference.mp4", seconds=3.0, filled=0.0, width=16, height=9, voice="voice.wav", voice_seconds=3.0,
        stills=(pose,),
    )  # fmt: skip
    cut = Cut(name="clip.mp4", seconds=2.0, width=16, height=9, stills=(still,))
    seen = Seen(cut=cut, reference=reference)
    kept = ("clip.mp4", "still-1.jpg", "reference.mp4", "voice.wav", "pose-1.jpg")
    paid = await add(step=Step.WATCH, task_id="task_3", seen=seen)
    unpaid = await add(step=Step.SUBMIT, seen=seen)
    for job in (paid, unpaid):
        folder = await files.work_folder(job.id)
        for name in (*kept, "source"):
            (folder / name).write_bytes(name.encode())
    await asyncio.to_thread(copy_database, database_path, tmp_path / "copy.db", transitions.restored(now))
    found = contents(tmp_path / "copy.db")
    assert (found.characters, found.jobs) == (2, 4)
    work = {f"work/{paid.id}/{name}" for name in kept}
    assert found.keys == {picture.key, gone.key, *work}
    into = tmp_path / "copy"
    assert copy_files(tmp_path / "files", found.keys, into) == 1
    copies = {str(path.relative_to(into)): path for path in into.rglob("*") if path.is_file()}
    assert set(copies) == {picture.key, *work}
    assert copies[picture.key].read_bytes() == b"a picture"
    assert {stat.S_IMODE(path.stat().st_mode) for path in copies.values()} == {0o600}


async def test_a_database_of_another_version_is_one_sentence(database: Database, database_path: Path) -> None:
    await database.close()
    with closing(sqlite3.connect(database_path)) as raw, raw:
        raw.execute("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(BadStart, match="of another version"):
        contents(database_path)
