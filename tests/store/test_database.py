from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from bot import limits
from bot.concurrency import work_in_background
from bot.errors import BadConfiguration, BadStart
from bot.store.cast_search import CastSearch
from bot.store.database import Database, database_at
from bot.store.provider_tables import closed_models
from bot.store.sqlite import WRITER, SteadyConnection
from bot.store.sqlite_database import SQLiteDatabase
from bot.store.tables import consents, jobs
from tests.patience import PATIENCE


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def agreed(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.scalar(select(func.count()).select_from(consents))) or 0


def test_a_first_start_makes_a_database_that_nobody_else_may_read(first_start: Any) -> None:
    assert first_start.writable
    folder = first_start.database.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {"castbook.db": 0o600, "castbook.db.lock": 0o600}


def test_the_migration_leaves_nothing_in_the_bots_own_process(first_start: Any) -> None:
    assert "bot.store.characters" in first_start.imported
    unwanted = {"alembic", "mako", "av", "numpy", "PIL", "discord", "sqlalchemy.dialects.postgresql"}
    assert first_start.imported.isdisjoint(unwanted)


async def test_the_writer_is_durable_and_forgets_what_is_deleted(database: SQLiteDatabase) -> None:
    async with database.write() as connection:
        found = {
            pragma: (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 1,  # the rest is done after the commit (test_log_sync)
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10_000,
    }


async def test_a_second_castbook_in_this_process_is_refused(database: SQLiteDatabase, database_path: Path) -> None:
    link = database_path.with_name("other-name.db")
    link.symlink_to(database_path)
    for path in (database_path, link):
        with pytest.raises(BadStart, match="Another Castbook is already using this database") as refused:
            await database_at(url_of(path)).open()
        assert refused.value.exit_code == 69
    assert await database.writable()


async def test_a_second_process_is_refused_until_the_first_is_gone(database_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from bot.store.database import database_at\n"
        "async def hold():\n"
        f"    database = database_at({url_of(database_path)!r})\n"
        "    await database.open()\n"
        "    print('held', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(hold())\n"
    )
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert await holder.stdout.readline() == b"held\n"
        second = database_at(url_of(database_path))
        with pytest.raises(BadStart, match="Another Castbook"):
            await second.open()
    finally:
        holder.kill()
        await holder.wait()
    await second.open()  # the system let go of the dead process's lock
    await second.close()


async def test_the_lock_is_given_back_when_opening_fails_half_way(database_path: Path) -> None:
    good = await asyncio.to_thread(database_path.rename, database_path.with_suffix(".good"))
    await asyncio.to_thread(database_path.write_bytes, b"this is no database " * 500)
    database = database_at(url_of(database_path))
    with pytest.raises(BadStart, match="is damaged, or not a database") as refused:
        await database.open()
    assert refused.value.exit_code == 69
    assert "\n" not in str(refused.value)
    await asyncio.to_thread(good.rename, database_path)
    again = database_at(url_of(database_path))
    await again.open()
    await again.close()
    await again.close()  # more than once is fine


@pytest.mark.parametrize("made", ["a file where the folder should be", "a folder where the file should be"])
async def test_a_place_that_cannot_hold_a_database_is_one_sentence(tmp_path: Path, made: str) -> None:
    path = tmp_path / "data" / "castbook.db"
    if made.startswith("a file"):
        path.parent.write_text("not a folder")
    else:
        path.mkdir(parents=True)
    with pytest.raises(BadStart, match="cannot be opened for writing") as refused:
        await database_at(url_of(path)).open()
    assert str(path) not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:", "postgresql://somewhere/x", "sqlite:///x.db", "%"]
)
async def test_an_address_that_is_no_database_file_is_a_bad_setting(url: str) -> None:
    with pytest.raises(BadConfiguration, match=r"store\.url") as refused:
        await database_at(url).open()
    assert refused.value.exit_code == 78


async def test_a_database_of_a_newer_castbook_is_left_alone(database_path: Path) -> None:
    with sqlite3.connect(database_path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(BadStart, match="made by a newer Castbook"):
        await database_at(url_of(database_path)).open()
    with sqlite3.connect(database_path) as raw:
        assert raw.execute("SELECT version_num FROM alembic_version").fetchone() == ("9999",)
    raw.close()


async def test_a_migration_that_breaks_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "castbook.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE command_sync (surprise TEXT)")  # the last table that the first revision makes
    raw.close()
    with pytest.raises(BadStart, match="could not be brought to this version's schema"):
        await database_at(url_of(path)).open()
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT name FROM sqlite_master").fetchall() == [("command_sync",)]
    raw.close()


async def test_a_cancelled_start_stops_its_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[asyncio.subprocess.Process] = []
    begun = asyncio.Event()
    really = asyncio.create_subprocess_exec

    async def sleeper(*_: str, **options: object) -> asyncio.subprocess.Process:
        started.append(await really(sys.executable, "-c", "import time; time.sleep(60)", **options))  # type: ignore[arg-type]  # passed on as they came
        begun.set()
        return started[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", sleeper)
    database = database_at(url_of(tmp_path / "castbook.db"))
    opening = asyncio.create_task(database.open())
    await begun.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert started[0].returncode == -signal.SIGKILL
    monkeypatch.undo()
    await database.open()  # the lock is free, and the next start does it
    await database.close()


async def test_a_write_has_the_lock_from_its_first_statement_and_a_read_never(
    database: SQLiteDatabase, database_path: Path
) -> None:
    other = sqlite3.connect(database_path, timeout=0, isolation_level=None)
    async with database.write() as connection:
        await connection.scalar(select(func.count()).select_from(consents))  # it need not write anything
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    async with database.read() as connection:
        await connection.scalar(select(func.count()).select_from(consents))
        other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_a_single_read_needs_no_transaction_on_a_server(database: Database) -> None:
    for way, with_a_transaction in ((database.read, True), (database.read_at_once, not database.shared)):
        async with way() as connection:
            assert await connection.scalar(select(func.count()).select_from(consents)) == 0
            driver: Any = (await connection.get_raw_connection()).driver_connection
            inside = driver.is_in_transaction() if isinstance(driver, asyncpg.Connection) else driver.in_transaction
            assert inside is with_a_transaction


@pytest.mark.parametrize("kind_of_transaction", ["read", "read_at_once", "write"])
async def test_a_job_begins_no_transaction_while_somebody_waits_for_an_answer(
    database: Database, kind_of_transaction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "ANSWERS_GO_FIRST", PATIENCE)
    order = []

    async def transaction(who: str) -> None:
        if who == "job":
            work_in_background()
        async with getattr(database, kind_of_transaction)() as connection:
            order.append(who)
            await connection.execute(select(func.count()).select_from(consents))

    with database.foreground.waits():
        job = asyncio.create_task(transaction("job"))
        await asyncio.sleep(0)
        await asyncio.create_task(transaction("command"))
    await job
    assert order == ["command", "job"]


async def test_many_rows_are_one_statement_and_one_transaction(database: Database, now: datetime) -> None:
    rows = [{"owner_id": owner, "given_at": now} for owner in (1, 2, 3, 2)]
    with pytest.raises(IntegrityError):
        async with database.write() as connection:
            await connection.execute(insert(consents), rows)
    assert await agreed(database) == 0
    async with database.write() as connection:
        await connection.execute(insert(consents), rows[:3])
    assert await agreed(database) == 3


async def test_an_exception_takes_the_transaction_back(database: Database, now: datetime) -> None:
    async def break_off() -> None:
        async with database.write() as connection:
            await connection.execute(insert(consents).values(owner_id=1, given_at=now))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert await agreed(database) == 0


@pytest.mark.parametrize("way", ["read", "read_at_once"])
async def test_a_reader_cannot_write(database: Database, now: datetime, way: str) -> None:
    with pytest.raises((DBAPIError, RuntimeError), match=r"read-?only"):
        async with getattr(database, way)() as connection:
            await connection.execute(insert(consents).values(owner_id=1, given_at=now))
    assert await agreed(database) == 0


async def test_a_reader_sees_one_snapshot_and_waits_for_no_writer(database: Database, now: datetime) -> None:
    counted = select(func.count()).select_from(consents)
    async with database.read() as reading:
        assert await reading.scalar(counted) == 0
        async with database.write() as writing:
            await writing.execute(insert(consents).values(owner_id=1, given_at=now))
            assert await agreed(database) == 0
        assert await reading.scalar(counted) == 0
    assert await agreed(database) == 1


async def test_a_statement_is_one_visit_to_the_connections_thread(
    database: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await agreed(database) == 0  # the connection is made
    visits, execute = [], SteadyConnection._execute

    async def counted(self: SteadyConnection, fn: Callable[..., Any], *args: Any) -> Any:
        visits.append(fn.__name__)
        return await execute(self, fn, *args)

    monkeypatch.setattr(SteadyConnection, "_execute", counted)
    async with database.read() as connection:
        found = await connection.execute(text("SELECT 1 UNION SELECT 2 UNION SELECT 3"))
        assert found.all() == [(1,), (2,), (3,)]
    assert len(visits) == 1, "the statement, which begins the transaction; to end it takes no time"
    visits.clear()
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
    assert len(visits) == 2, "the statement, which begins the transaction, and the commit"


async def test_giving_a_connection_back_lets_nobody_go_first(database: SQLiteDatabase) -> None:
    others: list[str] = []
    async with database.read() as connection:
        await connection.execute(select(consents))
        asyncio.get_running_loop().call_soon(others.append, "other work")
    assert not others


async def test_a_cancelled_statement_ends_before_its_task(database: SQLiteDatabase) -> None:
    released, ended = threading.Event(), []

    def wait() -> None:
        released.wait(PATIENCE)
        ended.append("statement")

    async def ask(asked: asyncio.Event) -> None:
        async with database.read() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, SteadyConnection)
            await driver.create_function("wait", 0, wait)
            asked.set()
            await connection.execute(text("SELECT wait()"))

    asked = asyncio.Event()
    task = asyncio.create_task(ask(asked))
    await asked.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    released.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["statement"]


async def test_a_connection_that_was_stopped_is_closed_at_once(tmp_path: Path) -> None:
    """SQLAlchemy stops one whose closing was cancelled; nothing would ever answer what is asked of it afterwards."""
    connection = await SteadyConnection(tmp_path / "some.db", WRITER)
    stopped = connection.stop()
    assert stopped is not None
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ValueError, match=r"closed|no active connection"):
            await connection.execute("SELECT 1")
        await connection.close()
        await stopped


async def test_what_a_statement_found_can_be_read_in_pieces(database: Database) -> None:
    numbers = text("WITH RECURSIVE n(i) AS (SELECT 0 UNION SELECT i + 1 FROM n WHERE i < 999) SELECT i FROM n")
    async with database.read() as connection:
        pieces = [piece async for piece in (await connection.stream(numbers)).scalars().partitions(300)]
        one_by_one = [number async for number in (await connection.stream(numbers)).scalars()]
    assert [len(piece) for piece in pieces] == [300, 300, 300, 100]
    assert [number for piece in pieces for number in piece] == one_by_one == list(range(1000))


async def test_a_cancelled_transaction_leaves_the_writer_usable(database: Database, now: datetime) -> None:
    async def write(owner_id: int, inside: asyncio.Event) -> None:
        async with database.write() as connection:
            await connection.execute(insert(consents).values(owner_id=owner_id, given_at=now))
            inside.set()
            await asyncio.Event().wait()

    for owner_id in range(20):
        inside = asyncio.Event()
        task = asyncio.create_task(write(owner_id, inside))
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await agreed(database) == 0
    assert await database.writable()


async def test_a_naive_instant_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(StatementError, match="without a time zone"):
        async with database.write() as connection:
            await connection.execute(insert(consents).values(owner_id=1, given_at=now.replace(tzinfo=None)))


async def test_an_error_of_the_database_does_not_quote_what_was_written(database: Database, now: datetime) -> None:
    with pytest.raises(IntegrityError) as error:
        async with database.write() as connection:
            await connection.execute(insert(jobs).values(id="0" * 16, token="interaction-token", token_at=now))
    assert "interaction-token" not in str(error.value)


async def test_writable_says_whether_a_commit_works(database: SQLiteDatabase, database_path: Path) -> None:
    assert await database.writable()
    with sqlite3.connect(database_path) as raw:
        raw.execute("DROP TABLE alembic_version")
    raw.close()
    assert not await database.writable()


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    with pytest.raises(RuntimeError, match="not open"):
        async with database.read():
            pass


async def test_kill_9_in_mid_transaction_loses_nothing_that_was_committed(database_path: Path) -> None:
    program = (
        "import asyncio\n"
        "from datetime import UTC, datetime\n"
        "from sqlalchemy import insert\n"
        "from bot.store.database import database_at\n"
        "from bot.store.tables import consents\n"
        "async def work():\n"
        f"    database = database_at({url_of(database_path)!r})\n"
        "    await database.open()\n"
        "    for owner in range(20):\n"
        "        async with database.write() as connection:\n"
        "            await connection.execute(insert(consents).values(owner_id=owner, given_at=datetime.now(UTC)))\n"
        "    async with database.write() as connection:\n"
        "        for owner in range(20, 400):\n"
        "            await connection.execute(insert(consents).values(owner_id=owner, given_at=datetime.now(UTC)))\n"
        "            if owner == 300:\n"
        "                print('in the middle', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(work())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"in the middle\n"
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    database = database_at(url_of(database_path))
    await database.open()
    async with database.read() as connection:
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar() == "ok"
    assert await agreed(database) == 20
    await database.close()


# -- nothing of what was deleted -------------------------------------------------------------------------------------


def on_disk(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))


async def keep_and_delete(database: SQLiteDatabase, secret: str) -> None:
    async with database.write() as connection:
        await connection.execute(insert(closed_models).values(model=secret, since=datetime(2026, 1, 1, tzinfo=UTC)))
    async with database.write() as connection:
        await connection.execute(delete(closed_models))


async def test_scrubbed_the_log_is_empty_too(database: SQLiteDatabase, database_path: Path) -> None:
    await keep_and_delete(database, "what-was-secret")
    assert b"what-was-secret" in on_disk(database_path), "in the write-ahead log"
    assert await database.scrub()
    assert b"what-was-secret" not in on_disk(database_path)
    assert database_path.with_name("castbook.db-wal").stat().st_size == 0


async def test_while_somebody_reads_an_older_state_it_cannot_be_scrubbed(
    database: SQLiteDatabase, database_path: Path
) -> None:
    async with database.read() as connection:
        await connection.execute(select(closed_models))
        await keep_and_delete(database, "what-was-secret")
        assert not await database.scrub()
    assert await database.scrub()
    assert b"what-was-secret" not in on_disk(database_path)
    async with database.write() as connection:
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 10_000, "as patient as before"


async def test_what_was_deleted_right_before_a_kill_is_scrubbed_at_the_next_start(
    database: SQLiteDatabase, database_path: Path, tmp_path: Path
) -> None:
    await keep_and_delete(database, "what-was-secret")
    killed = tmp_path / "killed"
    killed.mkdir()
    for part in ("castbook.db", "castbook.db-wal"):  # as they lie there when nobody has closed them
        shutil.copy(database_path.with_name(part), killed / part)
    assert b"what-was-secret" in on_disk(killed / "castbook.db")
    next_start = database_at(url_of(killed / "castbook.db"))
    await next_start.open()
    try:
        assert b"what-was-secret" not in on_disk(killed / "castbook.db")
    finally:
        await next_start.close()


async def delete_without_a_trace(database: SQLiteDatabase) -> None:
    rows = [{"model": f"model-{number}" * 9, "since": datetime(2026, 1, 1, tzinfo=UTC)} for number in range(1000)]
    async with database.write() as connection:
        await connection.execute(insert(closed_models), rows)
    async with database.write() as connection:
        await connection.execute(delete(closed_models))
        await database.leave_no_trace(connection)


def free_pages(path: Path) -> int:
    with sqlite3.connect(path) as raw:
        (pages,) = raw.execute("PRAGMA freelist_count").fetchone()
    raw.close()
    return int(pages)


async def test_where_no_trace_may_be_left_the_file_is_written_anew_but_not_all_the_time(
    database: SQLiteDatabase, database_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await delete_without_a_trace(database)
    assert free_pages(database_path) > 0
    assert await database.scrub()
    assert free_pages(database_path) == 0
    await delete_without_a_trace(database)
    assert not await database.scrub(), "a moment later"
    assert free_pages(database_path) > 0
    monkeypatch.setattr("bot.limits.BETWEEN_REWRITES", 0.0)
    assert await database.scrub()
    assert free_pages(database_path) == 0


class SlowRewriting:
    """VACUUM takes as long as in a large database: each hundred steps of SQLite's take a moment."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def of(self, database: SQLiteDatabase) -> None:
        async with database.write() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, SteadyConnection)
            await driver.set_progress_handler(self._wait, 100)

    def _wait(self) -> None:
        self._loop.call_soon_threadsafe(self.begun.set)
        time.sleep(0.01)


async def test_a_command_does_not_wait_for_the_file_to_be_written_anew(
    database: SQLiteDatabase, database_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    await delete_without_a_trace(database)
    async with database.write() as connection:  # so that there is something to copy
        await connection.execute(
            insert(consents), [{"owner_id": number, "given_at": now} for number in range(1, 3_001)]
        )
    slow = SlowRewriting()
    await slow.of(database)
    scrubbing = asyncio.create_task(database.scrub())
    slow.begun.clear()
    await slow.begun.wait()
    await asyncio.sleep(0.2)
    assert database._rewriting is not None
    async with database.write(urgent=True) as connection:
        await connection.execute(insert(consents).values(owner_id=0, given_at=now))
    assert not await scrubbing, "it was stopped, and has to be tried again"
    assert free_pages(database_path) > 0

    monkeypatch.setattr("bot.limits.REWRITTEN_WITHIN", 0.0)  # this was going on for an hour
    scrubbing = asyncio.create_task(database.scrub())
    slow.begun.clear()
    await slow.begun.wait()
    async with database.write(urgent=True) as connection:
        await connection.execute(insert(consents).values(owner_id=-1, given_at=now))
    assert await scrubbing
    assert free_pages(database_path) == 0
    assert await agreed(database) == 3_002


async def test_a_kill_before_that_leaves_it_to_the_next_start(
    database: SQLiteDatabase, database_path: Path, tmp_path: Path
) -> None:
    await delete_without_a_trace(database)
    killed = tmp_path / "killed"
    killed.mkdir()
    for part in ("castbook.db", "castbook.db-wal"):
        shutil.copy(database_path.with_name(part), killed / part)
    next_start = database_at(url_of(killed / "castbook.db"))
    await next_start.open()
    try:
        assert free_pages(killed / "castbook.db") == 0
    finally:
        await next_start.close()


async def test_a_transaction_that_is_taken_back_takes_the_mark_with_it(
    database: SQLiteDatabase, database_path: Path
) -> None:
    await delete_without_a_trace(database)
    await database.scrub()

    async def in_vain() -> None:
        async with database.write() as connection:
            await database.leave_no_trace(connection)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await in_vain()
    assert await database.scrub(), "nothing has to be written anew"


async def segments(database: SQLiteDatabase) -> int:
    async with database.read() as connection:
        return await connection.scalar(text("SELECT count(DISTINCT segid) FROM character_search_idx")) or 0


async def test_a_search_looks_into_few_segments_however_many_characters_were_written(
    database: SQLiteDatabase, cast: Any
) -> None:
    await database.merge_search(whole=True)
    assert await segments(database) == 0
    names = [f"Wilhelmina {number}" for number in range(30)]
    for name in names[:20]:
        await cast(name)
    before = await segments(database)
    await database.merge_search()
    assert before > 2 >= await segments(database)
    await database.merge_search(whole=True)
    assert await segments(database) == 1
    for name in names[20:]:
        await cast(name)
    assert await segments(database) > 2
    await database.merge_search(whole=True)
    assert await segments(database) == 1
    assert set(await CastSearch(database).names(7, "helmi", limit=99)) == set(names)
    async with database.write() as connection:
        await connection.execute(text("INSERT INTO character_search (character_search) VALUES ('integrity-check')"))
