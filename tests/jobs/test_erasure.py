"""Everything of one person's goes: what is searched afterwards are the raw bytes on the disk, and on PostgreSQL, whose
files are not ours, every row."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, inspect

from bot.errors import QuotaReached
from bot.jobs.collect import Collect
from bot.jobs.collect_video import CollectVideo
from bot.jobs.erasure import Erasure
from bot.jobs.leased_job import LeasedJob
from bot.store.consents import ConsentStore
from bot.store.drafts import Draft, DraftStore
from bot.store.file_folder import FileFolder
from bot.store.privacy import PrivacyStore
from bot.store.sent_messages import SentMessageStore
from bot.store.tables import character_files, files
from bot.values.job import (
    CastRole,
    CharacterRequest,
    Job,
    JobChanges,
    Lane,
    Outcome,
    Question,
    Step,
    Transition,
    VideoRequest,
)
from bot.values.source import Attachment, Link, Source
from tests.jobs.harness import RANGE, JobHarness, maintenance_of, sweep_after_a_kill
from tests.patience import PATIENCE

ANN, BEA = 812_345_678_901_234_567, 923_456_789_012_345_678  # as long as Discord's are
SHORTEST = 7  # characters; what is shorter is found anywhere


@dataclass
class Registry:
    """The app, and the parts that erase a person."""

    harness: JobHarness

    def __post_init__(self) -> None:
        harness = self.harness
        self.store = PrivacyStore(harness.database, harness.people)
        self.messages = SentMessageStore(harness.database)
        self.erasure = Erasure(
            store=self.store,
            lending=harness.app.cast.lending,
            files=harness.files,
            workers=harness.runner,
            courier=harness.courier,
            messages=self,
            clock=harness.clock,
        )
        self.drafts = DraftStore(harness.database)
        self.maintenance = maintenance_of(harness, drafts=self.drafts, privacy=self.store)
        self.folder = Path(harness.settings.store.files)
        self.database = self.folder.with_name("castbook.db")

    woken: int = 0
    begun: int = 0

    def wake(self) -> None:
        """Called when messages are to be changed."""
        self.woken += 1

    # -- a life -------------------------------------------------------------------------------------------------

    async def begin(self, owner: int, who: str, **request: Any) -> Job:
        """A job made of a finished video of theirs, so that no video has to be looked at."""
        video = self.harness.simulated.add_video_task(self._video())
        origin = self.harness.origin(token=f"interaction-token-of-{who}")
        self.begun += 1
        name = f"{who}-wanted-it-so {self.begun}"
        wanted = self.request(self.harness.task(video), name=name, another=True, **request)
        return await self.harness.job_starter.start(owner_id=owner, origin=origin, request=wanted)

    def request(self, source: Source, **more: Any) -> CharacterRequest:
        return CharacterRequest(source=source, range=RANGE, model="sora-2", **more)

    def _video(self) -> Path:
        path = self.folder.with_name("clip.mp4")
        path.write_bytes(self.harness.host.files["clip.mp4"])
        return path

    async def live(self, owner: int, who: str) -> dict[str, Job]:
        """One of everything that may be kept about somebody."""
        harness = self.harness
        made = await self.begin(owner, who)
        await harness.run()
        await self._with_clip(owner, who)
        harness.courier.reachable = False
        undelivered = await self.begin(owner, who)
        await harness.run()
        harness.courier.reachable = True
        harness.simulated.fail_next("POST", "/v1/videos/generations", 422)
        failed = await self.begin(owner, who)
        await harness.run()
        harness.simulated.hold_at(50)
        harness.simulated.drop_next("after_taken")
        unclear = await self.begin(owner, who)
        await harness.run_to(Step.SUBMIT, unclear)
        await self.step(unclear)
        watched = await self.begin(owner, who)
        watched = await harness.run_to(Step.WATCH, watched)
        prepared = await self._fresh(owner, who)
        attached = Attachment(url=f"https://cdn.example/{who}-drafted", filename=f"{who}-drafted.mp4", size=9)
        await self.drafts.add(Draft(id=f"draft-{who}", owner_id=owner, content=attached, created_at=harness.clock()))
        event = {"task_id": watched.task_id, "business_id": watched.id, "now": harness.clock()}
        await harness.events.receive(f"event-of-{who}", **event)  # type: ignore[arg-type]  # as the keys say
        harness.simulated.hold_at(None)
        return {
            "made": await harness.job(made),
            "undelivered": await harness.job(undelivered),
            "failed": await harness.job(failed),
            "unclear": await harness.job(unclear),
            "watched": watched,
            "prepared": prepared,
        }

    async def _fresh(self, owner: int, who: str) -> Job:
        """Not begun, with its video half-way here, and with a yes that was given once."""
        harness = self.harness
        origin = harness.origin(token=f"interaction-token-of-{who}")
        request = self.request(Link(url=f"https://example.org/{who}-private-clip.mp4"), name=f"{who}-hopes-for-it")
        job = await harness.job_starter.start(owner_id=owner, origin=origin, request=request)
        (await harness.files.work_folder(job.id) / "source").write_bytes(f"the private video of {who}".encode() * 99)
        [leased] = await harness.jobs.claim(
            "by hand",
            now=harness.clock(),
            most=dict.fromkeys(Lane, 1),
            but={row.id for row in await self._others(job)},
        )
        question = JobChanges(step=Step.CHOOSE, question=Question.CONSENT, next_attempt_at=None)
        job = await harness.jobs.release(leased.id, leased.lease, Transition("test", question), now=harness.clock())
        assert await ConsentStore(harness.database).record(owner, job.id, now=harness.clock())
        return job

    async def _with_clip(self, owner: int, who: str) -> None:
        """The character that was made keeps its clip."""
        [character] = await self.harness.cast(owner)
        clip = await self.harness.files.put_bytes(owner, f"the clip of {who}".encode() * 99, "video/mp4")
        kept = {"key": clip.key, "sha256": clip.sha256, "size": clip.size, "mime": clip.mime}
        async with self.harness.database.write() as connection:
            at = self.harness.clock()
            await connection.execute(insert(files).values(owner_id=owner, created_at=at, **kept))
            its = {"character_id": character.id, "position": 0, "key": clip.key}
            await connection.execute(insert(character_files).values(its))

    async def _others(self, job: Job) -> list[Job]:
        overview = await self.harness.owned_jobs.overview(job.owner_id, now=self.harness.clock())
        return [row for row in overview.unfinished if row.id != job.id]

    async def step(self, job: Job) -> None:
        """One step of ``job`` alone."""
        harness = self.harness
        others = {row.id for row in await self._others(job)}
        for claimed in await harness.jobs.claim(
            harness.runner._engine.holder, now=harness.clock(), most=dict.fromkeys(Lane, 1), but=others
        ):
            await harness.runner._begin(claimed)

    # -- what is on the disk ------------------------------------------------------------------------------------

    async def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Every table, as it stands."""
        async with self.harness.database.read() as raw:
            names = await raw.run_sync(lambda connection: inspect(connection).get_table_names())
            found = {name: await raw.exec_driver_sql(f"SELECT * FROM {name}") for name in names}
            return {name: [dict(row) for row in rows.mappings()] for name, rows in found.items()}

    async def rows_of(self, owner: int) -> dict[str, list[dict[str, Any]]]:
        """The rows that name the person, and those that belong to such rows."""
        tables = await self.rows()
        theirs = {name: [row for row in rows if row.get("owner_id") == owner] for name, rows in tables.items()}
        cast = {row["id"] for row in theirs["characters"]}
        jobs = {row["id"] for row in theirs["jobs"]}
        theirs["character_files"] = [row for row in tables["character_files"] if row["character_id"] in cast]
        theirs["webhook_events"] = [row for row in tables["webhook_events"] if row["business_id"] in jobs]
        return {name: rows for name, rows in theirs.items() if rows}

    async def bytes_kept(self) -> dict[str, bytes]:
        """The database with its journals, or all rows of one that is not ours; each name and content of a file."""
        if self.harness.database.shared:
            found = {name: str(rows).encode() for name, rows in (await self.rows()).items()}
        else:
            found = {path.name: path.read_bytes() for path in self.database.parent.glob("castbook.db*")}
        for path in self.folder.rglob("*"):
            found[f"name of {path}"] = str(path.relative_to(self.folder)).encode()
            if path.is_file():
                found[str(path)] = path.read_bytes()
        return found

    async def files_of(self, owner: int) -> dict[str, bytes]:
        return {name: content for name, content in (await self.bytes_kept()).items() if str(owner) in name}

    async def found(self, needles: set[bytes]) -> set[bytes]:
        everything = (await self.bytes_kept()).values()
        return {needle for needle in needles if any(needle in content for content in everything)}


def spellings(owner: int) -> set[bytes]:
    """A user id as anybody would write it: SQLite takes the fewest bytes that hold it, the most significant first."""
    fewest = -(-(owner.bit_length() + 1) // 8)
    return {str(owner).encode(), owner.to_bytes(8, "big"), owner.to_bytes(fewest, "big"), owner.to_bytes(8, "little")}


def values(node: Any) -> Iterator[str]:
    """Every text in rows, those inside of JSON too."""
    if isinstance(node, dict):
        for value in node.values():
            yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)
    elif isinstance(node, str):
        yield node
        with contextlib.suppress(ValueError):  # only texts
            inner = json.loads(node)
            yield from values(inner) if isinstance(inner, dict | list) else ()


def distinctive(mine: Any, others: Any) -> set[bytes]:
    """The texts that only ``mine`` has."""
    theirs = set(values(others))
    return {text.encode() for text in values(mine) if len(text) >= SHORTEST and text not in theirs}


@pytest.fixture
async def registry(harness: JobHarness) -> Registry:
    limits = harness.settings.limits.model_copy(update={"running_per_user": 0, "per_user_per_day": 50})
    harness.settings = harness.settings.model_copy(update={"limits": limits})
    await harness.restart()
    return Registry(harness)


# -- all of it ------------------------------------------------------------------------------------------------------


async def test_nothing_of_theirs_is_left_in_any_byte_but_what_the_text_says(registry: Registry) -> None:
    harness = registry.harness
    bea = await registry.live(BEA, "bea")
    ann = await registry.live(ANN, "ann")
    steps = {name: (job.step, job.outcome) for name, job in ann.items()}
    assert steps == {
        "made": (Step.DONE, Outcome.SUCCEEDED),
        "undelivered": (Step.DONE, Outcome.SUCCEEDED),
        "failed": (Step.DONE, Outcome.FAILED),
        "unclear": (Step.SUBMIT, None),
        "watched": (Step.WATCH, None),
        "prepared": (Step.CHOOSE, None),
    }
    assert ann["undelivered"].undelivered
    assert ann["unclear"].submit_started_at is not None
    before, hers = await registry.rows_of(ANN), await registry.rows_of(BEA)
    whole = {"jobs", "files", "characters", "character_files", "drafts", "consents", "webhook_events"}
    assert set(before) == whole
    files_of_bea = await registry.files_of(BEA)
    needles = distinctive(before, [hers, (await registry.rows())["keys"]]) | spellings(ANN)
    needles |= {b"ann-private-clip", b"ann-wanted-it-so", b"interaction-token-of-ann", b"the private video of ann"}
    needles |= {b"the clip of ann"}
    unwritten = {ANN.to_bytes(8, "little")}  # nobody writes it like that: searched for all the same
    if harness.database.shared:
        unwritten = spellings(ANN) - {str(ANN).encode()}
    assert await registry.found(needles) == needles - unwritten, "whoever searches finds it, as long as it is there"
    assert len(needles) > 50

    erased = await registry.erasure.erase(ANN)

    assert (erased.characters, len(erased.job_ids), erased.left_running) == (2, 6, 2)
    watched, unclear = ann["watched"].task_id, ann["unclear"].id
    assert watched is not None
    assert await registry.found(needles) == {watched.encode(), unclear.encode()}
    assert {row["id"] for row in (await registry.rows())["ownerless_tasks"]} == {watched, unclear}
    assert await registry.rows_of(ANN) == {}
    assert await registry.rows_of(BEA) == hers
    assert {
        name: content for name, content in (await registry.bytes_kept()).items() if str(BEA) in name
    } == files_of_bea
    assert harness.work(bea["prepared"]).exists()
    said = {job.id for job, message in harness.courier.withdrawn if message == "This was deleted."}
    assert said == {ann["unclear"].id, ann["watched"].id, ann["prepared"].id}

    delivered = len(harness.courier.delivered)
    await harness.run()
    await registry.maintenance.forget()
    assert {job.owner_id for job, _ in harness.courier.delivered[delivered:]} <= {BEA}
    assert await registry.found(needles) == set(), "the tasks have ended"
    assert (await registry.rows())["ownerless_tasks"] == []


async def test_the_second_time_there_is_nothing(registry: Registry) -> None:
    await registry.live(ANN, "ann")
    await registry.erasure.erase(ANN)
    rows = await registry.rows()
    again = await registry.erasure.erase(ANN)
    assert (again.characters, again.files, again.job_ids, again.unfinished) == (0, 0, (), ())
    assert await registry.rows() == rows


async def test_a_kill_between_rows_and_files_leaves_them_to_the_next_start(registry: Registry) -> None:
    ann = await registry.live(ANN, "ann")
    await registry.live(BEA, "bea")
    await registry.store.erase(ANN, now=registry.harness.clock())  # and the process is gone
    assert (registry.folder / str(ANN)).exists()
    await registry.harness.restart()
    registry = Registry(registry.harness)
    await sweep_after_a_kill(registry.harness, registry.maintenance)
    assert not (registry.folder / str(ANN)).exists()
    assert not registry.harness.work(ann["prepared"]).exists()
    assert (registry.folder / str(BEA)).exists()
    assert await registry.found(spellings(ANN) | {b"ann-wanted-it-so", b"interaction-token-of-ann"}) == set()


# -- at the same moment ---------------------------------------------------------------------------------------------


async def collecting(registry: Registry) -> Job:
    """A job whose character is made, and waits to be brought here."""
    job = await registry.begin(ANN, "ann")
    return await registry.harness.run_to(Step.COLLECT, job)


async def started(registry: Registry, job: Job) -> asyncio.Task[None]:
    harness = registry.harness
    [claimed] = await harness.jobs.claim(
        harness.runner._engine.holder, now=harness.clock() + timedelta(hours=1), most=dict.fromkeys(Lane, 1)
    )
    assert claimed.id == job.id
    return harness.runner._begin(claimed)


async def test_a_file_that_is_being_put_at_that_moment_does_not_stay(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread (obstore has its own) goes on after whoever waits for it was cancelled."""
    harness, begun, may_go_on, over = registry.harness, asyncio.Event(), threading.Event(), threading.Event()
    assert isinstance(harness.files._place, FileFolder)
    loop, store = asyncio.get_running_loop(), harness.files._place._objects._store

    def put(key: str, content: Any, **options: Any) -> None:
        loop.call_soon_threadsafe(begun.set)
        may_go_on.wait(PATIENCE)
        store.put(key, content, **options)
        over.set()

    class Slow:
        async def put_async(self, *args: Any, **options: Any) -> None:
            await asyncio.to_thread(put, *args, **options)

    job = await collecting(registry)
    monkeypatch.setattr(harness.files._place._objects, "_store", Slow())
    step = await started(registry, job)
    await asyncio.wait_for(begun.wait(), PATIENCE)
    erasing = asyncio.create_task(registry.erasure.erase(ANN))
    done, _ = await asyncio.wait({erasing}, timeout=0.3)
    may_go_on.set()
    await asyncio.to_thread(over.wait, PATIENCE)
    await erasing
    assert not done, "it waited for the thread"
    assert step.done()
    assert not (registry.folder / str(ANN)).exists()
    assert await registry.rows_of(ANN) == {}
    assert await registry.found(spellings(ANN)) == set()


async def test_a_character_that_is_about_to_enter_the_cast_does_not(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness, about_to, may_go_on = registry.harness, asyncio.Event(), asyncio.Event()
    enter = LeasedJob.add_to_cast

    async def late(self: LeasedJob, *args: Any) -> Any:
        about_to.set()
        await may_go_on.wait()
        return await enter(self, *args)

    job = await collecting(registry)
    monkeypatch.setattr(LeasedJob, "add_to_cast", late)
    monkeypatch.setattr(harness.runner, "interrupt", lambda job_id: asyncio.sleep(0))  # nobody stops it
    step = await started(registry, job)
    await asyncio.wait_for(about_to.wait(), PATIENCE)
    await registry.store.erase(ANN, now=harness.clock())
    may_go_on.set()
    await step
    assert await registry.rows_of(ANN) == {}, "its row is gone, and with that the transaction"


@pytest.mark.parametrize("kind", ["character", "video"])
async def test_another_process_that_hears_of_it_too_late_stores_nothing(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    harness, fetched, may_go_on = registry.harness, asyncio.Event(), asyncio.Event()
    collect = CollectVideo if kind == "video" else Collect
    receive = collect._received

    async def late(self: Any, *args: Any, **more: Any) -> Any:
        received = await receive(self, *args, **more)
        fetched.set()
        await may_go_on.wait()
        return received

    job = await collecting(registry)
    if kind == "video":
        await harness.run()
        [ann] = await harness.cast(ANN)
        role = CastRole(character_id=ann.id, name="Ann")
        asked = VideoRequest(prompt="@Ann waves", cast=(role,), model="sora-2")
        job = await harness.job_starter.start_video(owner_id=ANN, origin=harness.origin(), request=asked)
        await harness.run_to(Step.COLLECT, job)
    monkeypatch.setattr(collect, "_received", late)
    for part, what in ((harness.runner, "interrupt"), (harness.files, "drop_work")):  # it is done on another machine
        monkeypatch.setattr(part, what, lambda job_id: asyncio.sleep(0))
    step = await started(registry, job)
    await asyncio.wait_for(fetched.wait(), PATIENCE)
    await registry.erasure.erase(ANN)
    may_go_on.set()
    await step
    assert not (registry.folder / str(ANN)).exists()
    assert await registry.rows_of(ANN) == {}


async def test_a_submission_that_is_on_its_way_becomes_ownerless_and_is_not_looked_for(registry: Registry) -> None:
    harness = registry.harness
    job = await registry.begin(ANN, "ann")
    await harness.run_to(Step.SUBMIT, job)
    sent, answered = asyncio.Event(), asyncio.Event()
    create = harness.provider.create_character

    async def slow(**request: Any) -> Any:
        task = await create(**request)
        sent.set()
        await answered.wait()
        return task

    harness.provider.create_character = slow  # type: ignore[method-assign]  # of this one client
    step = await started(registry, job)
    await asyncio.wait_for(sent.wait(), PATIENCE)
    erased = await registry.erasure.erase(ANN)
    assert step.done()
    assert erased.left_running == 1
    assert [row["id"] for row in (await registry.rows())["ownerless_tasks"]] == [job.id]
    await harness.run()
    assert len(harness.simulated.submissions) == 1
    assert harness.courier.delivered == []


async def test_a_yes_that_comes_too_late_leaves_no_consent(registry: Registry) -> None:
    job = await registry._fresh(ANN, "ann")
    await registry.erasure.erase(ANN)
    assert not await ConsentStore(registry.harness.database).record(ANN, job.id, now=registry.harness.clock())
    assert (await registry.rows())["consents"] == []


async def test_the_place_of_a_deleted_job_goes_to_whoever_waits(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness = registry.harness
    limits = harness.settings.limits.model_copy(update={"running_in_all": 1})
    harness.settings = harness.settings.model_copy(update={"limits": limits})
    await harness.restart()
    registry = Registry(harness)
    harness.simulated.hold_at(50)
    mine = await registry.begin(ANN, "ann")
    await harness.run_to(Step.WATCH, mine)
    waiting = await registry.begin(BEA, "bea")
    assert waiting.admitted_at is None
    woken: list[None] = []
    monkeypatch.setattr(harness.runner, "wake", lambda: woken.append(None))
    await registry.erasure.erase(ANN)
    assert woken, "it would be seen half a minute later"
    await harness.run(60)
    assert (await harness.job(waiting)).step is Step.WATCH


async def test_what_they_had_used_of_a_servers_day_stays_used(registry: Registry) -> None:
    harness = registry.harness
    limits = harness.settings.limits.model_copy(update={"per_server_per_day": 1})
    harness.settings = harness.settings.model_copy(update={"limits": limits})
    await harness.restart()
    registry = Registry(harness)
    await registry.begin(ANN, "ann")
    await harness.run(600)
    await registry.erasure.erase(ANN)
    with pytest.raises(QuotaReached, match="server has used up its 1"):
        await registry.begin(BEA, "bea")


@pytest.mark.sqlite_only("what was deleted stays in its log until nobody reads an older state any more")
async def test_a_log_that_cannot_be_emptied_at_once_is_emptied_later(registry: Registry) -> None:
    """Somebody reads an older state all the while: a backup, say."""
    await registry.live(ANN, "ann")
    with closing(sqlite3.connect(registry.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM jobs").fetchone()
        await registry.erasure.erase(ANN)
        assert await registry.found({b"interaction-token-of-ann"})
        reader.execute("ROLLBACK")
    await registry.maintenance.forget()
    assert not await registry.found({b"interaction-token-of-ann", b"ann-wanted-it-so"})


def test_the_spellings_are_those_that_sqlite_uses(tmp_path: Path) -> None:
    path = tmp_path / "one.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE people (id INTEGER)")
        raw.execute("INSERT INTO people VALUES (?)", [ANN])
        raw.commit()
    assert any(spelling in path.read_bytes() for spelling in spellings(ANN))
