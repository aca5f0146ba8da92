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
from tests.jobs.shop import OWNER, RANGE, FakeClock, FileHost, Shop, maintenance_of
from tests.s3_server import S3Server, keys

BOTH = {FileKind.CLIP, FileKind.STILL, FileKind.REFERENCE, FileKind.VOICE}


class Machines:
    """The shop on one machine after the other, with its files in a bucket."""

    def __init__(self, shop: Shop, server: S3Server, folder: Path) -> None:
        self.shop, self._server, self._folder = shop, server, folder
        self._numbers = itertools.count(1)
        self.store = server.settings(folder / "0")
        self._on("0")

    def _on(self, name: str) -> None:
        files = self.store.model_dump(exclude={"url", "copies"})
        store = self.shop.settings.store.model_copy(update=files | {"copies": self._folder / name})
        self.shop.settings = self.shop.settings.model_copy(update={"store": store})

    async def another(self) -> None:
        """What was done so far was done elsewhere."""
        self._on(str(next(self._numbers)))
        await self.shop.restart()
        assert [each.name for each in self._folder.iterdir() if any(each.iterdir())] == [
            Path(self.shop.settings.store.copies).name
        ]

    async def run(self, seconds: float = 3600) -> list[Step]:
        """Do all that becomes due within ``seconds``, each step on another machine; which steps those were."""
        until = self.shop.clock() + timedelta(seconds=seconds)
        done = []
        while (due := await self.shop.jobs.next_due("nobody", lanes=Lane)) is not None and due <= until:
            await self.another()
            self.shop.clock.instant = max(self.shop.clock(), due)
            claimed = await self.shop.jobs.claim(
                self.shop.runner._engine.holder, now=self.shop.clock(), most=dict.fromkeys(Lane, 1)
            )
            for job in claimed:
                await self.shop.runner._begin(job)
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
    machines = Machines(Shop(settings, clock, simulated, host), s3_server, tmp_path / "machines")
    await machines.shop.open()
    yield machines
    await machines.shop.close()


@pytest.fixture
def shop(machines: Machines) -> Shop:
    return machines.shop


async def portable(machines: Machines, name: str) -> CastRole:
    shop = machines.shop
    shop.simulated.close_character_models()
    await shop.availability.refresh()
    wanted = CharacterRequest(source=shop.link(), range=RANGE, name=name, anyway=True)
    await shop.job_starter.start(owner_id=OWNER, origin=shop.origin(), request=wanted)
    await machines.run()
    (made,) = [each for each in await shop.cast() if each.name == name]
    return CastRole(character_id=made.id, name=name)


async def test_a_character_is_made_on_as_many_machines_as_it_has_steps(shop: Shop, machines: Machines) -> None:
    job = await shop.ask(range=None, name="Ann", anyway=True)
    assert await machines.run() == [Step.PREPARE, Step.CHOOSE]
    assert shop.courier.questions[-1] == (job.id, Question.SECONDS)
    assert len(shop.courier.pictures[-1] or b"") > 1000, "the filmstrip, made of a video that another machine fetched"
    assert machines.keys() == {f"work/{job.id}/source"}
    await shop.job_service.choose(OWNER, job.id, RANGE, shop.origin(), anyway=True)
    steps = await machines.run()
    assert steps[0] is Step.PREPARE
    assert set(steps) == {Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER}
    done = await shop.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    (made,) = await shop.cast()
    assert made.picture is not None
    kept = await shop.characters.reference_set(OWNER, made.id)
    assert {each.kind for each in kept} == BOTH
    for file in [made.picture, *(each.file for each in kept)]:
        assert hashlib.sha256(await shop.files.read(file.key)).hexdigest() == file.sha256
    assert machines.keys() == {made.picture.key, *(each.file.key for each in kept)}, "nothing is left in work folders"
    assert shop.host.asked == ["clip.mp4"], "it was fetched once"


async def test_a_video_is_made_on_as_many_machines_as_it_has_steps(shop: Shop, machines: Machines) -> None:
    role = await portable(machines, "Ann")
    wish = VideoRequest(prompt="@Ann waves", cast=(role,), model="wan2.6", duration=5)
    job = await shop.job_starter.start_video(owner_id=OWNER, origin=shop.origin(), request=wish)
    assert set(await machines.run()) == {Step.PREPARE, Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER}
    done = await shop.job(job)
    assert (done.outcome, done.failure) == (Outcome.SUCCEEDED, None)
    film = await shop.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    assert film.poster is not None
    assert hashlib.sha256(await shop.files.read(film.file.key)).hexdigest() == film.file.sha256
    assert not [key for key in machines.keys() if key.startswith("work/")]  # noqa: SIM118 - no dict


async def test_a_video_is_made_smaller_once_for_all_machines(shop: Shop, machines: Machines) -> None:
    role = await portable(machines, "Ann")
    wish = VideoRequest(prompt="@Ann waves", cast=(role,), model="wan2.6", duration=5)
    job = await shop.job_starter.start_video(owner_id=OWNER, origin=shop.origin(), request=wish)
    await shop.run_to(Step.DELIVER, job)
    film = await shop.app.stores.videos.by_job(OWNER, job.id)
    assert film is not None
    most = film.file.size * 2 // 3
    await machines.another()
    smaller = await shop.app.fitted_videos.within(film, most)
    assert smaller is not None
    assert len(smaller) <= most
    await machines.another()
    shop.app.fitted_videos._media = None  # type: ignore[assignment]  # it was made: nobody makes it again
    assert await shop.app.fitted_videos.within(film, most) == smaller


async def test_what_failed_is_tried_again_elsewhere_without_fetching_it(shop: Shop, machines: Machines) -> None:
    shop.simulated.fail_next("POST", "/v1/videos/generations", 422)
    failed = await shop.ask(name="Ann", anyway=True)
    await machines.run()
    assert (await shop.job(failed)).outcome is Outcome.FAILED
    earlier = EarlierVideos(
        starter=shop.job_starter,
        owned=shop.owned_jobs,
        characters=shop.characters,
        availability=shop.availability,
        files=shop.files,
        clock=shop.clock,
    )
    job = await earlier.retry(OWNER, failed.id, shop.job_starter.new_id(), shop.origin())
    await machines.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    assert shop.host.asked == ["clip.mp4"]


async def test_an_import_is_looked_at_here_and_written_there(shop: Shop, machines: Machines) -> None:
    await portable(machines, "Ann")
    export = await shop.app.cast.exporter.plan(OWNER, Selection(), limit=None, locale="en")
    assert export is not None
    async with shop.app.cast.exporter.part(export, 1) as file:
        shop.host.files["cast.zip"] = await asyncio.to_thread(file.read)
    offer = await shop.app.cast.importer.look(OWNER, Link(url=shop.host.url("cast.zip")))
    await machines.another()
    await maintenance_of(shop).tidy()
    assert await shop.app.cast.importer.bring_in(OWNER, offer.id) == ["Ann 2"]
    await machines.another()
    first, second = await shop.cast()
    assert first.picture == second.picture
    assert not [key for key in machines.keys() if key.startswith("work/")]  # noqa: SIM118 - no dict


async def test_a_bucket_that_is_away_for_a_while_costs_a_character_nothing(
    shop: Shop, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider has made it, so its files are kept once the bucket takes them."""
    job = await shop.ask(name="Ann", anyway=True)
    await shop.run_to(Step.COLLECT, job)
    away = shop.settings.store.model_copy(update={"files": "s3://no-such-bucket/files"})
    shop.files._place._bucket = Bucket(away)  # type: ignore[union-attr]
    await shop.run(600)
    waiting = await shop.job(job)
    assert (waiting.step, waiting.outcome) == (Step.COLLECT, None)
    await machines.another()
    await shop.run()
    assert (await shop.job(job)).outcome is Outcome.SUCCEEDED
    (made,) = await shop.cast()
    assert {each.kind for each in await shop.characters.reference_set(OWNER, made.id)} == BOTH
