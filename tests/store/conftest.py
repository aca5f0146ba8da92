"""A real database and file store for each test; the schema is migrated once and copied."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.store.characters import CharacterStore
from bot.store.database import Database, database_at
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.store.new_characters import NewCharacter
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.sqlite_database import SQLiteDatabase
from bot.values.character import Character
from bot.values.job import CharacterRequest, Job, Origin, Outcome, Step, Transition
from bot.values.source import Link
from bot.values.time_range import TimeRange
from tests.store.duel import LENDER, Duel, Process

NewJob: TypeAlias = Callable[..., Job]


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)


@dataclass(frozen=True)
class FirstStart:
    """What a process did that opened a database where none was, and what it had imported then."""

    database: Path
    writable: bool
    imported: frozenset[str]


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    path = tmp_path_factory.mktemp("first") / "new" / "castbook.db"
    program = (
        "import asyncio, sys\n"
        "import bot.store.characters, bot.store.commands, bot.store.consents, bot.store.disk, bot.store.drafts\n"
        "import bot.store.files, bot.store.provider_state\n"
        "from bot.store.database import database_at\n"
        "async def start():\n"
        f"    database = database_at('sqlite+aiosqlite:///{path}')\n"
        "    await database.open()\n"
        "    print(await database.writable())\n"
        "    await database.close()\n"
        "asyncio.run(start())\n"
        "print(*sys.modules)\n"
    )
    # Under a careless umask, so that the rights of what it makes are its own doing.
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, umask=0)
    assert run.returncode == 0, run.stderr
    writable, imported = run.stdout.splitlines()
    return FirstStart(path, writable == "True", frozenset(imported.split()))


@pytest.fixture
def database_path(migrated: Path, tmp_path: Path) -> Path:
    path = tmp_path / "castbook.db"
    shutil.copyfile(migrated, path)
    return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test with a database runs on both kinds, but for those that are about SQLite, or look into its file."""
    about_sqlite = metafunc.function.__annotations__.get("database") == SQLiteDatabase.__name__
    if "database" in metafunc.fixturenames and "database_path" not in metafunc.fixturenames and not about_sqlite:
        metafunc.parametrize("kind", ["sqlite", "postgres"], scope="function")


@pytest.fixture
def kind() -> str:
    """Which database the test runs on."""
    return "sqlite"


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite+aiosqlite:///{request.getfixturevalue('database_path')}"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = database_at(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def jobs(database: Database) -> JobStore:
    return JobStore(database)


@pytest.fixture
def characters(database: Database) -> CharacterStore:
    return CharacterStore(database)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
def origin(now: datetime) -> Origin:
    return Origin(
        guild_id=1,
        channel_id=2,
        message_id=None,
        token="interaction-token",
        token_at=now,
        locale="en-GB",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    )


@pytest.fixture
def new_job(now: datetime, origin: Origin) -> NewJob:
    numbers = itertools.count(1)

    def make(**fields: Any) -> Job:
        job = Job(
            id=f"{next(numbers):016x}",
            owner_id=7,
            origin=origin,
            step=Step.PREPARE,
            next_attempt_at=now,
            request=CharacterRequest(
                source=Link(url="https://example.org/clip.mp4"),
                range=TimeRange(Decimal(1), Decimal(3)),
                model="sora-2",
            ),
            created_at=now,
            updated_at=now,
        )
        return replace(job, **fields)

    return make


@pytest.fixture
def add(jobs: JobStore, new_job: NewJob) -> Callable[..., Any]:
    """Insert a job with these fields, without limits."""

    async def add(**fields: Any) -> Job:
        return await jobs.add(new_job(**fields), Quota())

    return add


@pytest.fixture
def new_cast(new_job: NewJob, now: datetime, cast_fields: dict[str, Any]) -> Callable[..., Any]:
    """Make a character of person 7 with that name, in the given database."""

    async def add(database: Database, name: str) -> str:
        store = JobStore(database)
        job = await store.add(new_job(step=Step.COLLECT, lease_owner="runner"), Quota())
        made = Transition("test", {"outcome": Outcome.SUCCEEDED})
        new = NewCharacter(**cast_fields | {"name": name})
        _, character = await CharacterStore(database).add_for_job(job.id, job.lease, new, lambda _: made, now=now)
        return character.name

    return add


@pytest.fixture(scope="session")
def cast_fields() -> dict[str, Any]:
    """Those of a new character, without its name."""
    return {
        "owner_id": 7,
        "display_name": "Ann of the provider",
        "username": "@ann.secret",
        "provider_id": "char_1",
        "task_id": "task_1",
        "model": "sora-2",
        "range": TimeRange(Decimal("1.5"), Decimal("3.5")),
        "picture": None,
    }


@pytest.fixture
def cast(
    characters: CharacterStore, jobs: JobStore, add: Callable[..., Any], cast_fields: dict[str, Any], now: datetime
) -> Callable[..., Any]:
    """Make a character as the runner does: by a job that it has leased, and that is done then."""

    async def cast(name: str = "Ann", *, at: datetime = now, **fields: Any) -> Any:
        new = NewCharacter(**cast_fields | {"name": name} | fields)
        job = await add(owner_id=new.owner_id, step=Step.COLLECT, lease_owner="runner")
        made = Transition("test", {"outcome": Outcome.SUCCEEDED})
        _, character = await characters.add_for_job(job.id, job.lease, new, lambda _: made, now=at)
        await jobs.release(job.id, job.lease, Transition("test", {"step": Step.DONE}), now=at)
        return character

    return cast


@pytest.fixture
async def processes(
    postgres_url: str, new_job: NewJob, cast_fields: dict[str, Any], now: datetime
) -> AsyncIterator[list[Process]]:
    """Two, and one that looks on."""
    databases = [database_at(postgres_url) for _ in range(3)]
    made = []
    for database in databases:
        await database.open()
        people = Pseudonyms(database)
        await people.load()
        made.append(Process(database, people, new_job, cast_fields, now))
    yield made
    for database in databases:
        await database.close()


@pytest.fixture
def duel(processes: list[Process]) -> Duel:
    return Duel(processes)


@pytest.fixture
async def lent(processes: list[Process]) -> Character:
    return await processes[2].character(LENDER)
