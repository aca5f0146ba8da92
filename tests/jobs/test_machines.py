"""Files in a bucket, and each step of a job on another machine: nothing of it may lie on the one before.

SQLite has one process at a time, so the machines come one after the other; the folder of each is gone with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Settings
from bot.jobs.earlier_videos import EarlierVideos
from bot.store.bucket import Bucket
from bot.store.portable_casts import Selection
from bot.values.character import FileKind
from bot.values.job import CastRole, CharacterRequest, Lane, Outcome, Question, Step, VideoRequest
from bot.values.source import Link
from playground.provider import SimulatedProvider
from tests.jobs.harness import OWNER, RANGE, FakeClock, FileHost, JobHarness, maintenance_of
from tests.s3_server import S3Server, keys

BOTH = {FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE, FileKind.VOICE}


class Machines:
    """The shop on one machine after the other, with its files in a bucket."""

    def __init__(self, harness: JobHarness, server: S3Server, folder: Path) -> None:
        self.harness, self._server, self._folder = harness, server, folder
        self._numbers = itertools.count(1)
        self.store = server.settings(folder / "0")
        self._on("0")

    def _on(self, name: str) -> None:
        files = self.store.model_dump(exclude={"url", "copies"})
        store = self.harness.settings.store.model_copy(update=files | {"copies": self._folder / name})
        self.harness.settings = self.harness.settings.model_copy(update={"store": store})

    async def another(self) -> None:
        """What was done so far was done elsewhere."""
        self._on(str(next(self._numbers)))
        await self.harness.restart()
        assert [each.name for each in self._folder.iterdir() if any(each.iterdir())] == [
            Path(self.harness.settings.store.copies).name
        ]

    async def run(self, seconds: float = 3600) -> list[Step]:
        """Do all that becomes due within ``seconds``, each step on another machine; which steps those were."""
        until = self.harness.clock() + timedelta(seconds=seconds)
        done = []
        while (due := await self.harness.jobs.next_due("nobody", lanes=Lane)) is not None and due <= until:
            await self.another()
            self.harness.clock.instant = max(self.harness.clock(), due)
            claimed = await self.harness.jobs.claim(
                self.harness.runner._engine.holder, now=self.harness.clock(), most=dict.fromkeys(Lane, 1)
            )
            for job in claimed:
                await self.harness.runner._begin(job)
                done.append(job.step)
        await self.another()
        return done

    def keys(self) -> set[str]:
        return keys(self._server, self.store.files)


@pytest.fixture
async def machines(
    settings: Settings,
    clock: FakeClock,
    simulated: SimulatedProvider,
    host: FileHost,
    s3_server: S3Server,
    tmp_path: Path,
) -> AsyncIterator[Machines]:
    machines = Machines(JobHarness(settings, clock, simulated, host), s3_server, tmp_path / "machines")
    await machines.harness.open()
    yield machines
    await machines.harness.close()


@pytest.fixture
def harness(machines: Machines) -> JobHarness:
    return machines.harness


async def portable(machines: Machines, name: str) -> CastRole:
    harness = machines.harness
    harness.simulated.close_character_models()
    await harness.availability.refresh()
    wanted = CharacterRequest(source=harness.link(), range=RANGE, name=name, anyway=True)
    await harness.job_starter.start(owner_id=OWNER, origin=harness.origin(), request=wanted)
    await machines.run()
    (made,) = [each for each in await harness.cast() if each.name == name]
    return CastRole(character_id=made.id, name=name)


async def test_a_character_is_made_on_as_many_machines_as_it_has_steps(harness: JobHarness, machines: Machines) -> None:
    job = await harness.ask(range=None, name="Ann", anyway=True)
    assert await machines.run() == [Step.PREPARE, Step.CHOOSE]
    assert harness.courier.questions[-1] == (job.id, Question.SECONDS)
    assert len(harness.courier.pictures[-1] or b"") > 1000, (
        "the filmstrip, made of a video that another machine fetched"
    )
    assert machines.keys() == {f"work/{job.id}/source"}
    await harness.job_service.choose(OWNER, job.id, RANGE, harness.origin(), anyway=True)
    steps = await machines.run()
    assert steps[0] is Step.PREPARE
    assert set(steps) == {Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER}
    done = await harness.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    (made,) = await harness.cast()
    assert made.picture is not None
    kept = await harness.characters.reference_set(OWNER, made.id)
    assert {each.kind for each in kept} == BOTH
    for file in [made.picture, *(each.file for each in kept)]:
        assert hashlib.sha256(await harness.files.read(file.key)).hexdigest() == file.sha256
    assert machines.keys() == {made.picture.key, *(each.file.key for each in kept)}, "nothing is left in work folders"
    assert harness.host.asked == ["clip.mp4"], "it was fetched once"


async def test_a_video_is_made_on_as_many_machines_as_it_has_steps(harness: JobHarness, machines: Machines) -> None:
    role = await portable(machines, "Ann")
    wish = VideoRequest(prompt="@Ann waves", cast=(role,), model="wan2.6", duration=5)
    job = await harness.job_starter.start_video(owner_id=OWNER, origin=harness.origin(), request=wish)
    assert set(await machines.run()) == {Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER}
    done = await harness.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    film = await harness.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    assert film.poster is not None
    assert hashlib.sha256(await harness.files.read(film.file.key)).hexdigest() == film.file.sha256
    assert not [key for key in machines.keys() if key.startswith("work/")]  # noqa: SIM118 - no dict


async def test_a_video_is_made_smaller_once_for_all_machines(harness: JobHarness, machines: Machines) -> None:
    role = await portable(machines, "Ann")
    wish = VideoRequest(prompt="@Ann waves", cast=(role,), model="wan2.6", duration=5)
    job = await harness.job_starter.start_video(owner_id=OWNER, origin=harness.origin(), request=wish)
    await harness.run_to(Step.DELIVER, job)
    film = await harness.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    most = film.file.size * 2 // 3
    await machines.another()
    smaller = await harness.app.fitted_videos.within(film, most)
    assert smaller is not None
    assert len(smaller) <= most
    await machines.another()
    harness.app.fitted_videos._media = None  # type: ignore[assignment]  # it was made: nobody makes it again
    assert await harness.app.fitted_videos.within(film, most) == smaller


async def test_what_failed_is_tried_again_elsewhere_without_fetching_it(
    harness: JobHarness, machines: Machines
) -> None:
    harness.simulated.fail_next("POST", "/v1/videos/generations", 422)
    failed = await harness.ask(name="Ann", anyway=True)
    await machines.run()
    assert (await harness.job(failed)).outcome is Outcome.FAILED
    earlier = EarlierVideos(
        starter=harness.job_starter,
        owned=harness.owned_jobs,
        characters=harness.characters,
        availability=harness.availability,
        files=harness.files,
        clock=harness.clock,
    )
    job = await earlier.retry(OWNER, failed.id, harness.job_starter.new_id(), harness.origin())
    await machines.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    assert harness.host.asked == ["clip.mp4"]


async def test_an_import_is_looked_at_here_and_written_there(harness: JobHarness, machines: Machines) -> None:
    await portable(machines, "Ann")
    export = await harness.app.cast.exporter.plan(OWNER, Selection(), limit=None, locale="en")
    assert export is not None
    async with harness.app.cast.exporter.part(export, 1) as file:
        harness.host.files["cast.zip"] = await asyncio.to_thread(file.read)
    offer = await harness.app.cast.importer.look(OWNER, Link(url=harness.host.url("cast.zip")))
    await machines.another()
    await maintenance_of(harness).tidy()
    assert await harness.app.cast.importer.bring_in(OWNER, offer.id) == ["Ann 2"]
    await machines.another()
    first, second = await harness.cast()
    assert first.picture == second.picture
    assert not [key for key in machines.keys() if key.startswith("work/")]  # noqa: SIM118 - no dict


async def test_a_bucket_that_is_away_for_a_while_costs_a_character_nothing(
    harness: JobHarness, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider has made it, so its files are kept once the bucket takes them."""
    job = await harness.ask(name="Ann", anyway=True)
    await harness.run_to(Step.COLLECT, job)
    away = harness.settings.store.model_copy(update={"files": "s3://no-such-bucket/files"})
    harness.files._place._bucket = Bucket(away)  # type: ignore[union-attr]
    await harness.run(600)
    waiting = await harness.job(job)
    assert (waiting.step, waiting.outcome) == (Step.COLLECT, None)
    await machines.another()
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED
    (made,) = await harness.cast()
    assert {each.kind for each in await harness.characters.reference_set(OWNER, made.id)} == BOTH
