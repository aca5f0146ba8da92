"""PostgreSQL as several processes use it: each database here has connections of its own, as each process has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Executable, String, event, exists, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine
from structlog.testing import capture_logs

from bot import limits
from bot.errors import BadConfiguration, BadStart, DatabaseFault, QuotaReached, Refusal
from bot.store import postgres, postgres_pool
from bot.store.cast_search import CastSearch, _asked, _name_queries
from bot.store.database import Database, database_at
from bot.store.database_errors import database_fault_of
from bot.store.dialects import ids_given
from bot.store.disk import DiskUse
from bot.store.groups import GroupStore
from bot.store.job_rows import job_columns
from bot.store.job_statements import CLAIM_BESIDE_OTHERS, next_due
from bot.store.jobs import JobStore
from bot.store.provider_state import ProviderStateStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.servers import ServerStore
from bot.store.tables import HEAD, QUEUED, alembic_version, characters, consents, jobs, metadata
from bot.store.write_locks import NO_LOCK, Lock, owner_lock
from bot.values.job import JobKind, Lane, Step
from tests.patience import PATIENCE
from tests.store.conftest import NewJob
from tests.store.postgres_proxy import proxy_to

Open: TypeAlias = Callable[[str], Awaitable[Database]]
MANY = 4  # processes
KEYS = "ix_characters_search_keys"


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def open_at(url: str) -> Database:
            database = database_at(url)
            await database.open()
            stack.push_async_callback(database.close)
            return database

        yield open_at


@pytest.fixture
async def several(postgres_url: str, opened: Open) -> list[Database]:
    """One database, as so many processes see it."""
    return [await opened(postgres_url) for _ in range(MANY)]


async def agreed(database: Database) -> int:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(consents)) or 0


async def agree(database: Database, owner_id: int, now: datetime, *, locks: Collection[Lock] | None = None) -> None:
    async with database.write(locks=locks) as connection:
        await connection.execute(insert(consents).values(owner_id=owner_id, given_at=now))


# -- the schema --------------------------------------------------------------------------------------------------------


async def test_those_that_start_together_make_one_schema(new_postgres_url: Callable[..., str], opened: Open) -> None:
    url = new_postgres_url(at_head=False)
    for database in await asyncio.gather(opened(url), opened(url)):
        assert await database.writable()
        async with database.read() as connection:
            assert (await connection.scalars(select(alembic_version.c.version_num))).all() == [HEAD]
            assert await connection.run_sync(_differences) == []
            partial = text("SELECT count(*) FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE '% WHERE %'")
            assert await connection.scalar(partial) == 8
            sorted_so = text(
                "SELECT DISTINCT collation_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type = 'text'"
            )
            assert (await connection.scalars(sorted_so)).all() == ["C"]


def _differences(connection: Connection) -> list[Any]:
    opts = {"compare_type": _other_type, "compare_server_default": True, "include_object": _in_the_code}
    return compare_metadata(MigrationContext.configure(connection, opts=opts), metadata)


def _in_the_code(_object: object, name: str | None, *_: object) -> bool:
    """One index is of expressions, which alembic cannot compare."""
    return name != KEYS


def _other_type(_context: object, _column: object, _of: object, found: TypeEngine, wanted: TypeEngine) -> bool | None:
    """Text is as long as it likes (bot.store.postgres_schema); of all else alembic is to judge."""
    return False if isinstance(found, String) and wanted.python_type is str else None


async def test_a_search_needs_no_right_to_add_extensions(
    new_postgres_url: Callable[..., str], opened: Open, new_cast: Any
) -> None:
    url = make_url(new_postgres_url(at_head=False))
    admin = await asyncpg.connect(host=str(url.query["host"]), user=url.username, database=url.database)
    try:
        user = f"plain_{url.database}"  # roles belong to the whole cluster
        await admin.execute(f'CREATE ROLE "{user}" LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO "{user}"')
        database = await opened(url.set(username=user).render_as_string(hide_password=False))
        for name in ("Wilhelmina", "100% Ann_a", "Anna", "1000 Annas"):
            await new_cast(database, name)
        search = CastSearch(database)
        assert await search.names(7, "wilhelmnia") == ["Wilhelmina"]
        assert await search.names(7, "0% a") == ["100% Ann_a"]
        assert await search.names(7, "n_a") == ["100% Ann_a"]
        options = await admin.fetchval("SELECT reloptions FROM pg_class WHERE relname = $1", KEYS)
        assert options == ["fastupdate=off"]
    finally:
        await admin.close()


@pytest.mark.parametrize("way", ["read", "read_at_once", "search", "write"])
async def test_a_statement_starts_no_parallel_workers(postgres_url: str, opened: Open, way: str) -> None:
    """Where the server must guess how many rows a search finds, it guesses some thousands, and would start two."""
    database = await opened(postgres_url)
    async with getattr(database, way)() as connection:
        for free in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
            await connection.execute(text(f"SET {free} = 0"))
        plan = (await connection.scalars(text("EXPLAIN SELECT count(*) FROM characters"))).all()
        assert plan
        assert not any("Gather" in line for line in plan), plan


MORE = (
    "INSERT INTO characters (name_key, owner_id, search_name, {columns})"
    " SELECT md5(n::text), {owner}, '  ' || {name} || '  ', {columns} FROM characters, generate_series(1, 1000) n"
    " WHERE name_key = 'wilhelmina'"
)


@pytest.mark.parametrize("plans", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize("analyzed", [False, True], ids=["without statistics", "with statistics"])
async def test_a_search_reads_the_keys_of_its_owner_alone(
    new_postgres_url: Callable[..., str], opened: Open, new_cast: Any, plans: str, analyzed: bool
) -> None:
    """Whether it looks for words or for what is like them, and whatever the server knows of the table."""
    database = await opened(new_postgres_url())  # without rows of other tests, which an index has until a vacuum
    async with database.write() as connection:  # so that the server knows what this test tells it, and no more
        await connection.execute(text("ALTER TABLE characters SET (autovacuum_enabled = false)"))
    await new_cast(database, "Wilhelmina")
    left_out = {"id", "job_id", "name_key", "owner_id", "search_name"}
    columns = ", ".join(each.name for each in characters.c if each.name not in left_out)
    async with database.write() as connection:
        await connection.execute(text(MORE.format(owner=7, name="md5(n::text)", columns=columns)))
        await connection.execute(text(MORE.format(owner=8, name="'wilhelmina'", columns=columns)))
    if analyzed:
        async with database.write() as connection:
            await connection.execute(text("ANALYZE characters"))
    queries = _name_queries(postgres=True)
    sent: list[tuple[str, Any]] = []
    async with database.read() as connection:
        await connection.execute(text(f"SET LOCAL plan_cache_mode = {plans}"))
        event.listen(connection.sync_connection, "before_cursor_execute", lambda *now: sent.append((now[2], now[3])))
        raw: Any = (await connection.get_raw_connection()).driver_connection
        for typed in ("wil", "wilhelmnia", "willi"):
            for query, scans in ((queries.having, 2), (queries.alike, 10)):
                await connection.execute(query, _asked(7, typed) | {"limit": 25})
                statement, values = sent.pop()
                await raw.execute(f"PREPARE asked AS {statement}")
                given = ", ".join(map(_literal, values))
                plan = [line for (line,) in await raw.fetch(f"EXPLAIN ANALYZE EXECUTE asked ({given})")]
                await raw.execute("DEALLOCATE asked")
                read = [line for line in plan if re.search(r"Scan (on|using) ", line)][1:]
                assert len(read) == scans, plan
                for line in read:
                    found = re.search(rf"Bitmap Index Scan on {KEYS} .* rows=(\d+)", line)
                    assert found, plan
                    assert int(found[1]) < 10, "rows of somebody else, or without what was looked for"


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"ARRAY[{', '.join(map(_literal, value))}]"
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else str(value)


async def test_a_look_for_work_does_not_read_all_that_waits(
    postgres_url: str, opened: Open, new_job: NewJob, now: datetime
) -> None:
    """Each step asks twice: otherwise thousands of running tasks would keep a core of the server busy."""
    database = await opened(postgres_url)
    lanes = frozenset(Lane)
    waiting = [
        new_job(
            owner_id=number,
            step=Step.WATCH,
            next_attempt_at=now + number * timedelta(seconds=1),
            submit_started_at=now,
            admitted_at=now,
        )
        for number in range(3_000)
    ]
    async with database.write() as connection:
        await connection.execute(insert(jobs), [job_columns(job) for job in waiting])
        await connection.execute(text("ANALYZE jobs"))
    assert await JobStore(database).next_due("runner", lanes=lanes) == now
    late = now + timedelta(hours=1)
    asked = {"holder": "runner", "until": late, "but": [], "most": 2}
    claim = CLAIM_BESIDE_OTHERS[Lane.SUBMITTED]
    async with database.write() as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", _analyzed, retval=True)
        assert await _rows_read(connection, next_due(lanes), asked) <= 10
        assert await _rows_read(connection, select(exists().where(QUEUED)), {}) == 0
        new = CLAIM_BESIDE_OTHERS[Lane.UNSUBMITTED]
        assert await _rows_read(connection, new, asked | {"now": late}) == 0
        assert await _rows_read(connection, claim, asked | {"now": now}) <= 10
        assert await _rows_read(connection, claim, asked | {"now": late}) <= 2 * limits.PUT_IN_TURN


def _analyzed(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> tuple[str, Any]:
    return f"EXPLAIN ANALYZE {statement}", parameters


async def _rows_read(connection: AsyncConnection, statement: Executable, asked: dict[str, Any]) -> int:
    """How many rows of the table its scans read, also those that are dropped."""

    def explain(sync: Connection) -> list[str]:
        return [line for (line,) in sync.execute(statement, asked).cursor.fetchall()]  # not read as rows of the table

    read, scan = 0, False
    for line in await connection.run_sync(explain):
        if found := re.search(r"actual time=\S+ rows=(\d+) loops=(\d+)", line):
            scan = "Scan" in line and " on jobs" in line
            read += int(found[1]) * int(found[2]) if scan else 0
        elif scan and (dropped := re.search(r"Rows Removed by Filter: (\d+)", line)):
            read += int(dropped[1])
    return read


async def test_a_newer_database_is_left_alone(new_postgres_url: Callable[..., str], opened: Open) -> None:
    url = new_postgres_url()
    database = await opened(url)
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert await database.writable()  # as an older process among newer ones
    with pytest.raises(BadStart, match="made by a newer Castbook"):
        await database_at(url).open()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("/gw", "/nowhere_gw"), "refuses us"),
        (("castbook@", "castbook:hidden-word@"), None),
        (("host=", "host=%2Fnowhere"), "cannot be reached"),
        (("host=", "sslmode=require&host="), "ssl=require"),
        (("castbook@", "castbook:word@hidden:hidden-word@"), "does not name a database"),
    ],
)
async def test_what_is_wrong_is_one_sentence(
    postgres_url: str, change: tuple[str, str], said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = postgres_url.replace("/master", "/gw").replace(*change)
    if said is None:
        wrong = wrong.replace("/gw", "/nowhere_gw")
        said = "refuses us"
    with pytest.raises((BadStart, BadConfiguration), match=said) as refused:
        await database_at(wrong).open()
    assert "\n" not in str(refused.value)
    assert "hidden-word" not in f"{refused.value}{refused.value.__cause__}{caplog.text}"


async def test_what_cannot_be_foreseen_stands_in_the_log(postgres_url: str) -> None:
    with capture_logs() as logs, pytest.raises(BadStart, match="the log says why"):
        await database_at(f"{postgres_url}&ssl=sometimes").open()
    [line] = logs
    assert line["event"] == "postgres_not_usable"
    assert "sslmode" in line["said"]


# -- many at once ------------------------------------------------------------------------------------------------------


async def test_a_limit_holds_over_all_processes(several: list[Database], new_job: NewJob) -> None:
    async def add(database: Database) -> bool:
        try:
            await JobStore(database).add(new_job(), Quota(running=3, waiting=2))
        except QuotaReached:
            return False
        return True

    added = await asyncio.gather(*(add(database) for database in several * 6))
    assert added.count(True) == 5
    async with several[0].read() as connection:
        assert await connection.scalar(select(func.count()).select_from(jobs)) == 5
        at_once = select(func.count()).select_from(jobs).where(jobs.c.admitted_at.is_not(None))
        assert await connection.scalar(at_once) == 3


async def test_a_job_is_claimed_once(several: list[Database], new_job: NewJob, now: datetime) -> None:
    stores = [JobStore(database) for database in several]
    made = [await stores[0].add(new_job(owner_id=number % 7), Quota()) for number in range(40)]

    async def claim(number: int) -> list[str]:
        lanes = {Lane.UNSUBMITTED: 7}
        return [job.id for job in await stores[number % MANY].claim(f"holder {number}", now=now, most=lanes)]

    claimed: list[str] = []
    while found := [each for some in await asyncio.gather(*(claim(number) for number in range(8))) for each in some]:
        claimed += found  # who comes upon a row that another has in hand leaves it out, and comes again
    assert sorted(claimed) == sorted(job.id for job in made)


async def test_a_name_is_given_once(several: list[Database], new_job: NewJob, now: datetime, new_cast: Any) -> None:
    names = await asyncio.gather(*(new_cast(database, "Ann") for database in several * 3))
    assert sorted(names) == sorted(["Ann", *(f"Ann {number}" for number in range(2, 3 * MANY + 1))])


async def test_a_group_is_made_once(several: list[Database], now: datetime) -> None:
    made = await asyncio.gather(
        *(GroupStore(database).create(7, "Friends", now=now) for database in several), return_exceptions=True
    )
    assert sum(isinstance(each, Refusal) for each in made) == MANY - 1
    assert len(await GroupStore(several[0]).all(7)) == 1


async def test_what_managers_change_at_once_all_holds(several: list[Database]) -> None:
    stores = []
    for database in several:
        people = Pseudonyms(database)
        await people.load()
        stores.append(ServerStore(database, people))
        await stores[-1].load()
    await asyncio.gather(
        stores[0].set_day_limit(1, 5),
        stores[1].set_private_results(1, True),
        stores[2].set_log_channel(1, 77),
        stores[3].set_credits(1, everybody=9, each=3),
        *(
            store.set_role_limits(1, number, characters=number, videos=None, credits=None)
            for number, store in enumerate(stores, start=1)
        ),
        *(store.close_channel(1, 50) for store in stores),
    )
    await stores[1].set_makers(1, JobKind.VIDEO, [2])
    for store in stores:
        await store.reload(1)
        rules = store.rules(1)
        assert (rules.day_limit, rules.private_results, rules.log_channel) == (5, True, 77)
        assert (rules.credits, rules.member_credits) == (9, 3)
        assert {role_id: role.characters for role_id, role in rules.roles.items()} == {1: 1, 2: 2, 3: 3, 4: 4}
        assert [role_id for role_id, role in rules.roles.items() if role.may_film] == [2]
        assert rules.closed_channels == {50}


async def test_a_pause_is_seen_by_the_others(
    several: list[Database], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = ProviderStateStore(several[0]), ProviderStateStore(several[1])
    assert await other.paused() is None
    assert await asyncio.gather(one.pause("no money", now=now), other.pause("no money", now=now)) in (
        [True, False],
        [False, True],
    )
    assert await other.resume()
    assert await other.paused() is None
    await one.pause("no money", now=now)
    assert await other.paused() is None, "as it was a moment ago"
    other.forget()
    assert await other.paused() is not None
    await one.resume()
    monkeypatch.setattr("bot.limits.PROVIDER_STATE_KNOWN_FOR", 0.0)
    assert await other.paused() is None


async def test_who_is_alone_is_alone_and_the_others_are_not(several: list[Database], now: datetime) -> None:
    one, other, *_ = several
    async with one.write(locks=NO_LOCK):
        await asyncio.wait_for(agree(other, 1, now, locks=NO_LOCK), PATIENCE)
        alone = asyncio.create_task(agree(other, 2, now))
        await asyncio.sleep(0.1)
        assert not alone.done()
    await alone
    async with one.write():
        waiting = [
            asyncio.create_task(agree(other, 3, now)),
            asyncio.create_task(agree(several[2], 4, now, locks=NO_LOCK)),
        ]
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in waiting)
        assert await agreed(other) == 2, "a reader waits for nobody"
    await asyncio.gather(*waiting)
    assert await agreed(one) == 4


async def test_waiting_writers_leave_connections_to_readers(several: list[Database], now: datetime) -> None:
    one, other, *_ = several
    async with one.write():
        waiting = [
            asyncio.create_task(agree(other, number, now, locks=None if number % 2 else NO_LOCK))
            for number in range(60)
        ]
        await asyncio.sleep(0.1)
        assert await asyncio.wait_for(agreed(other), PATIENCE) == 0
    await asyncio.gather(*waiting)
    assert await agreed(one) == 60


async def test_an_id_is_never_given_twice(several: list[Database], new_cast: Any, cast_fields: dict[str, Any]) -> None:
    await new_cast(several[0], "Ann")
    async with several[0].write() as connection:
        copied = select(*(column for column in characters.c if column.name not in ("id", "job_id", "name_key")))
        row = dict((await connection.execute(copied)).mappings().one())
        await connection.execute(insert(characters).values(row | {"id": 1000, "name_key": "eva"}))
        await ids_given(connection, characters)
        await ids_given(connection, characters)
    await new_cast(several[1], "Bob")
    async with several[0].read() as connection:
        ids = (await connection.scalars(select(characters.c.id).order_by(characters.c.id))).all()
    assert ids == [1, 1000, 1001]


# -- connections that break --------------------------------------------------------------------------------------------

_CUT_OFF = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def cut_off_others(database: Database) -> None:
    async with database.write(locks=NO_LOCK) as connection:
        await connection.execute(_CUT_OFF)
    await asyncio.sleep(0.1)


async def test_connections_that_broke_meanwhile_are_replaced(several: list[Database], now: datetime) -> None:
    one, other, *_ = several
    await asyncio.gather(*(agree(one, number, now, locks=NO_LOCK) for number in range(5)))
    await cut_off_others(other)
    assert await agreed(one) == 5
    await cut_off_others(other)
    assert await one.writable()


async def test_a_connection_that_breaks_in_the_middle_is_no_defect(several: list[Database], now: datetime) -> None:
    one, other, *_ = several

    async def broken() -> None:
        async with one.write(locks=NO_LOCK) as connection:
            await connection.execute(insert(consents).values(owner_id=1, given_at=now))
            await cut_off_others(other)
            await connection.execute(insert(consents).values(owner_id=2, given_at=now))

    with pytest.raises(DBAPIError) as caught:
        await broken()
    assert database_fault_of(caught.value) is DatabaseFault.BUSY
    assert await agreed(one) == 0
    await agree(one, 3, now)
    assert await agreed(other) == 1


@pytest.mark.parametrize("locks", [None, {owner_lock(1), owner_lock(2)}], ids=["all locks", "some"])
async def test_a_commit_that_nobody_heard_of_counts(
    postgres_url: str, opened: Open, now: datetime, locks: Collection[Lock] | None
) -> None:
    async with proxy_to(postgres_url) as (proxy, url):
        database = await opened(url)
        proxy.cut = "after"
        await agree(database, 1, now, locks=locks)
        assert proxy.cuts == 1
        assert await agreed(database) == 1

        proxy.cut = "before"
        with pytest.raises(DBAPIError) as caught:
            await agree(database, 2, now, locks=locks)
        assert proxy.cuts == 2
        assert database_fault_of(caught.value) is DatabaseFault.BUSY
        assert await agreed(database) == 1
        await database.close()


async def test_a_server_that_falls_silent_is_not_waited_for(
    postgres_url: str, opened: Open, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.limits.POSTGRES_SILENT", 0.5)
    async with proxy_to(postgres_url) as (proxy, url), asyncio.timeout(PATIENCE):
        database = await opened(url)
        for number, locks in enumerate((None, NO_LOCK)):
            await agree(database, number, now)
            proxy.mute()
            with pytest.raises(NoConnection, match="does not answer") as caught:
                await agree(database, 9, now, locks=locks)
            assert database_fault_of(caught.value) is DatabaseFault.BUSY
        assert await agreed(database) == 2
        proxy.mute()
        with pytest.raises(NoConnection):
            await agreed(database)
        async with database.write() as connection:
            await connection.execute(insert(consents).values(owner_id=3, given_at=now))
            proxy.mute()  # nobody hears of the commit
        assert await agreed(database) == 3
        await database.close()


async def test_a_server_that_is_away_comes_back(postgres_url: str, opened: Open, now: datetime) -> None:
    async with proxy_to(postgres_url) as (proxy, url):
        database = await opened(url)
        await proxy.stop()
        assert not await database.writable()
        for _ in range(2):
            with pytest.raises(Exception, match="reached") as caught:
                await agree(database, 1, now)
            assert database_fault_of(caught.value) is DatabaseFault.BUSY
        await proxy.start()
        await agree(database, 1, now)
        assert await database.writable()
        await database.close()


async def test_a_lock_that_is_waited_for_in_vain(
    postgres_url: str, opened: Open, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await opened(postgres_url)
    monkeypatch.setitem(postgres_pool.SESSION, "lock_timeout", "100")
    other = await opened(postgres_url)
    async with one.write():
        with pytest.raises(DBAPIError) as caught:
            await agree(other, 1, now)
    assert database_fault_of(caught.value) is DatabaseFault.BUSY
    await agree(other, 1, now)


async def test_one_that_hangs_loses_the_lock(
    postgres_url: str, opened: Open, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await opened(postgres_url)
    monkeypatch.setitem(postgres_pool.SESSION, "idle_in_transaction_session_timeout", "200")
    one = await opened(postgres_url)

    async def hang() -> None:
        async with one.write() as connection:
            await connection.execute(insert(consents).values(owner_id=1, given_at=now))
            await asyncio.wait_for(agree(other, 2, now), PATIENCE)

    with pytest.raises(DBAPIError) as caught:
        await hang()
    assert database_fault_of(caught.value) is DatabaseFault.BUSY
    assert await agreed(other) == 1


async def test_a_connection_apart_hears_what_is_told(several: list[Database]) -> None:
    one = several[0]
    assert isinstance(one, postgres.PostgresDatabase)
    apart = await one.connect_apart()
    heard: asyncio.Queue[str] = asyncio.Queue()
    await apart.add_listener("news", lambda *said: heard.put_nowait(said[-1]))
    async with several[1].write() as connection:
        await connection.execute(text("SELECT pg_notify('news', 'something')"))
        assert heard.empty()
    assert await asyncio.wait_for(heard.get(), PATIENCE) == "something"
    await apart.close()


# -- locks by name -----------------------------------------------------------------------------------------------------


async def test_a_lock_by_name_is_held_by_one_of_all(several: list[Database]) -> None:
    inside: list[int] = []
    most = 0

    async def hold(number: int) -> None:
        nonlocal most
        async with several[number % MANY].lock("files of 7"):
            inside.append(number)
            most = max(most, len(inside))
            await asyncio.sleep(0.01)
            inside.remove(number)

    await asyncio.gather(*(hold(number) for number in range(3 * MANY)))
    assert most == 1
    async with several[0].lock("files of 7"), several[1].lock("files of 8"):
        pass


async def test_a_lock_is_free_after_a_cancellation_and_with_a_connection(several: list[Database]) -> None:
    one, other, *_ = several
    async with one.lock("a"):
        waiting = asyncio.create_task(_held(other, "a"))
        await asyncio.sleep(0.1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await asyncio.wait_for(_held(other, "a"), PATIENCE)
    await asyncio.wait_for(_held(one, "a"), PATIENCE)
    async with one.lock("a"):
        await cut_off_others(several[2])
        await asyncio.wait_for(_held(other, "a"), PATIENCE)
    await asyncio.wait_for(_held(one, "a"), PATIENCE)


async def _held(database: Database, name: str) -> None:
    async with database.lock(name):
        pass


async def test_a_lock_of_a_server_that_is_away_is_no_defect(postgres_url: str, opened: Open) -> None:
    async with proxy_to(postgres_url) as (proxy, url):
        database = await opened(url)
        await proxy.stop()
        with pytest.raises(Exception, match="reached") as caught:
            await _held(database, "a")
        assert database_fault_of(caught.value) is DatabaseFault.BUSY
        await proxy.start()
        await _held(database, "a")
        await database.close()


async def test_a_lock_of_a_server_that_does_not_answer_is_not_waited_for(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy_to(postgres_url) as (proxy, url):
        database = database_at(url)
        await database.open()
        async with database.lock("one"):
            pass
        monkeypatch.setattr("bot.limits.POSTGRES_ANSWERS_WITHIN", 0.2)
        proxy.mute()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(NoConnection):
                async with database.lock("one"):
                    pass
            proxy.mute(False)
            monkeypatch.undo()
            async with database.lock("one"):
                pass
            await database.close()


async def test_one_of_all_sweeps_the_bucket_and_another_when_that_is_gone(several: list[Database]) -> None:
    one, *others = (DiskUse(database) for database in several)
    assert await one.sweeps_for_all()
    assert [await each.sweeps_for_all() for each in (*others, one)] == [False] * len(others) + [True]
    await several[0].close()
    async with asyncio.timeout(PATIENCE):
        while not await others[0].sweeps_for_all():  # the server may take a moment to end its session
            await asyncio.sleep(0.01)
    assert not await others[1].sweeps_for_all()
