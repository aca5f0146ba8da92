"""Everything that a person can have here, what of it nobody else may see, and what it looks like at one moment."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import insert

from bot.config import Settings
from bot.store.drafts import Draft, UnsentImport, UnsentVideo
from bot.store.loan_tables import loan_uses
from bot.store.tables import metadata
from bot.texts import text
from bot.values.cast_import import ImportPlan, IncomingCharacter, IncomingFile, IncomingReference
from bot.values.character import Character, CharacterGroup, FileKind
from bot.values.job import (
    CastRole,
    Job,
    JobChanges,
    Outcome,
    PreviewRequest,
    Question,
    Seen,
    Step,
    VideoRejection,
    VideoRequest,
)
from bot.values.loan import Loan, LoanRecipient, PersonConsent
from bot.values.made_video import MadeVideo
from bot.values.source import Attachment, Link
from bot.values.time_range import TimeRange
from tests.cogs.bot_harness import AppHarness
from tests.cogs.test_picking import DOUBTING, FACTS, PICKING, REQUEST

FILENAME = "owners-holiday.mp4"
USERNAME = "owners.secret.handle"
TASK = "task_owners_secret"
SERVER = 5
NOTE, TAG, GROUP = "noted in secret", "tagged-secretly", "the secret circle"
PROMPT = "what the owner secretly wished"
FILE = Attachment(url=f"https://cdn.example/{FILENAME}", filename=FILENAME, size=10)
OF_PEOPLE = ("owner_id", "borrower_id")  # whose a row is
CAROL = 10**17 + 3  # whom the owner lends to and borrows from
STILL = IncomingFile(path="still.jpg", sha256="0" * 64, mime="image/jpeg", size=5)
ARRIVING = IncomingCharacter(
    name=PROMPT[:32],
    username=USERNAME,
    task_id=f"{TASK}_arriving",
    model="sora-2",
    range=TimeRange.parse("1-3"),
    reference_set=(IncomingReference(kind=FileKind.STILL, file=STILL),),
    made_at=datetime(2026, 1, 1, tzinfo=UTC),
)
# What the managers of a server may change there, whether they are blocked or not.
OF_SERVERS = frozenset({"server_settings", "server_closed_channels", "server_blocks", "server_roles"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """One person's: a character, a draft, and a job in each state in which there is something to press.

    The character is lent to :data:`CAROL`, who has made ``used`` with it, has lent them ``borrowing``, and has asked
    them for their consent.
    """

    owner_id: int
    character: Character
    group: CharacterGroup
    draft: Draft
    wish: Draft
    offered: Draft
    consenting: Job
    doubled: Job
    misnamed: Job
    picking: Job
    doubting: Job
    watched: Job
    unclear: Job
    late: Job
    undelivered: Job
    preview: Job
    failed: Job
    film: MadeVideo
    refused: Job
    loan: Loan
    used: MadeVideo
    borrowing: Loan
    asked: PersonConsent

    @property
    def tasks(self) -> tuple[str, ...]:
        """Their ids at the provider, which work like keys."""
        return self.character.task_id, f"{TASK}_watched", f"{TASK}_late"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody else may be told."""
        return FILENAME, USERNAME, TASK, PROMPT, NOTE, TAG, GROUP, *self.tasks, "owners-secret-token"


async def belongings(harness: AppHarness, owner_id: int) -> Belongings:
    """Give ``owner_id`` one of each."""
    request = replace(REQUEST, source=FILE)
    now = harness.now

    async def job(**changes: object) -> Job:
        return await harness.job(owner_id, JobChanges(request=request) | JobChanges(**changes))  # type: ignore[typeddict-item]  # whatever a test changes

    portable = tuple([await harness.files.put_bytes(owner_id, part, "image/jpeg") for part in (b"clip", b"still")])
    character = await harness.character(owner_id, "Aurora", username=USERNAME, portable=portable)
    await harness.characters.describe(owner_id, character.id, note=NOTE, tags=(TAG,))
    group = await harness.groups.create(owner_id, GROUP, now=now)
    await harness.groups.add(owner_id, group.id, character.id)
    await harness.defaults.choose(owner_id, SERVER, character.id)
    draft = Draft(id="d" * 16, owner_id=owner_id, content=FILE, created_at=now)
    await harness.drafts.add(draft)
    role = CastRole(character_id=character.id, name=character.name)
    unsent = UnsentVideo(request=VideoRequest(prompt=PROMPT, cast=(role,), model="sora-2", duration=7))
    wish = Draft(id="e" * 16, owner_id=owner_id, content=unsent, created_at=now)
    await harness.drafts.add(wish)
    offered = Draft(id="f" * 16, owner_id=owner_id, content=UnsentImport(characters=1, size=5), created_at=now)
    await harness.drafts.add(offered)
    plan = ImportPlan(own=True, asks_consent=False, characters=(ARRIVING,), left_out=(), beyond=0, size=5)
    folder = await harness.files.work_folder(offered.id)
    (folder / "plan.json").write_bytes(TypeAdapter(ImportPlan).dump_json(plan))
    (folder / "still.jpg").write_bytes(b"still")
    group = await harness.app.stores.groups.create(owner_id, "Owners' group", now=now)
    await harness.app.stores.groups.add(owner_id, group.id, character.id)
    over = {"step": Step.DONE, "finished_at": now}
    loan = await lend(harness, owner_id, character, CAROL)
    carols = await harness.character(CAROL, "Aurora of Carol", username="carols.handle")
    borrowing = await lend(harness, CAROL, carols, owner_id)
    asked = await harness.app.stores.person_consents.ask(CAROL, carols.id, owner_id, now=now)
    assert asked is not None
    used = await harness.video(CAROL, f"{PROMPT}, with what was lent", player=replace(role, loan_id=loan.id))
    use = {"job_id": used.job_id, "character_id": character.id, "loan_id": loan.id, "owner_id": owner_id}
    async with harness.database.write() as connection:
        await connection.execute(insert(loan_uses).values(use))
    mine = Belongings(
        owner_id=owner_id,
        loan=loan,
        used=used,
        borrowing=borrowing,
        asked=asked,
        character=character,
        group=group,
        draft=draft,
        wish=wish,
        offered=offered,
        consenting=await job(step=Step.CHOOSE, question=Question.CONSENT),
        doubled=await job(step=Step.CHOOSE, question=Question.SAME_AGAIN),
        misnamed=await job(
            step=Step.CHOOSE,
            question=Question.NAME,
            request=replace(request, name=character.name, offered=f"{character.name} 2"),
        ),
        picking=await job(**PICKING | {"request": replace(request, range=None)}),
        doubting=await job(**DOUBTING | {"request": request}),
        watched=await job(step=Step.WATCH, submit_started_at=now, task_id=f"{TASK}_watched", progress=40),
        unclear=await job(**over, outcome=Outcome.UNKNOWN, submit_started_at=now, delivered_at=now),
        late=await job(**over, outcome=Outcome.UNKNOWN, submit_started_at=now, task_id=f"{TASK}_late"),
        undelivered=await job(**over, outcome=Outcome.FAILED, failure=text("No sound in {file}.", file=FILENAME)),
        preview=await job(
            step=Step.CHOOSE,
            question=Question.SECONDS,
            seen=Seen(facts=FACTS),
            request=PreviewRequest(source=Link(url="https://example.org/clip.mp4")),
        ),
        failed=await job(
            **over,
            outcome=Outcome.FAILED,
            delivered_at=now,
            request=replace(request, source=Link(url="https://example.org/a")),
        ),
        film=await harness.video(owner_id, PROMPT, task=f"{TASK}_filmed", player=role),
        refused=await job(
            **over,
            outcome=Outcome.FAILED,
            delivered_at=now,
            request=replace(unsent.request, duration=5, model="seedance-2", refused=VideoRejection.REAL_FACE),
        ),
    )
    for each in (mine.picking, mine.unclear):
        (await harness.files.work_folder(each.id) / "source").write_bytes(b"the owner's video")
    return mine


class KeptBelongings:
    """Everything of one person's, made once: making it takes longer than most of what is tried with it."""

    def __init__(self, folder: Path, settings: Settings, owner_id: int) -> None:
        self._folder = folder
        self.mine, self.now = asyncio.run(self._make(settings, owner_id))

    async def _make(self, settings: Settings, owner_id: int) -> tuple[Belongings, datetime]:
        harness = AppHarness(self._folder, settings)
        await harness.open()
        try:
            return await belongings(harness, owner_id), harness.now
        finally:
            await harness.close()

    def copy_to(self, folder: Path) -> None:
        """The database and the files, instead of what is there."""
        shutil.copy(self._folder / "castbook.db", folder)
        shutil.copytree(self._folder / "files", folder / "files", dirs_exist_ok=True)


async def lend(harness: AppHarness, owner_id: int, character: Character, borrower_id: int) -> Loan:
    """For good, and for any number of videos."""
    loan = await harness.app.cast.lending.lend(
        owner_id, character.id, LoanRecipient(person=borrower_id), guild_id=None, uses=None, until=None
    )
    assert loan is not None
    return loan


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows by table, and all files by path, but those of ``others`` and what a server's managers may change."""

    rows: dict[str, list[tuple[object, ...]]]
    files: dict[str, str]


class OnDisk:
    """What lies on the disk, read over one connection: to open one for each look takes longer than to look."""

    def __init__(self, harness: AppHarness) -> None:
        self._files = harness.folder / "files"
        self._database = sqlite3.connect(harness.folder / "castbook.db")

    def close(self) -> None:
        self._database.close()

    def snapshot(
        self, *, but_of: tuple[int, ...] = (), with_servers: bool = True, without: Collection[str] = ()
    ) -> Snapshot:
        """As everything is just now; ``without`` those tables."""
        rows: dict[str, list[tuple[object, ...]]] = {}
        for name, table in metadata.tables.items():
            if name in without or (name in OF_SERVERS and not with_servers):
                continue
            of_them = [f"{column} IN ({','.join(map(str, but_of))})" for column in OF_PEOPLE if column in table.c]
            where = f" WHERE NOT coalesce({' OR '.join(of_them)}, false)" if of_them and but_of else ""
            rows[name] = sorted(self._database.execute(f"SELECT * FROM {name}{where}"), key=repr)
        return Snapshot(rows, dict(_files(self._files, {str(each) for each in but_of})))


def _files(root: Path, theirs: set[str]) -> list[tuple[str, str]]:
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    mine = [path for path in paths if path.relative_to(root).parts[0] not in theirs]
    return [(str(path.relative_to(root)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in mine]
