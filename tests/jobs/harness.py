"""Runs jobs on a fake clock: real database, files, download and provider client, but no Discord."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from aiohttp import web

from bot import limits
from bot.app.build import App
from bot.config import Settings
from bot.jobs.leased_job import Steps
from bot.jobs.maintenance import Maintenance
from bot.jobs.ports import (
    CharacterMade,
    Content,
    DiscordUnavailable,
    RecordAnnouncement,
    RecordAttempt,
    Undeliverable,
    VideoMade,
)
from bot.jobs.runner import Runner
from bot.store.cast_search import CastQuery, CastSearch, Sort
from bot.store.drafts import DraftStore
from bot.store.file_folder import FileFolder
from bot.store.privacy import PrivacyStore
from bot.store.sent_messages import SentMessageStore
from bot.texts import Text
from bot.values.character import Character
from bot.values.job import (
    Announcement,
    CharacterRequest,
    DeliveryAttempt,
    DeliveryRoute,
    Job,
    JobKind,
    Lane,
    Origin,
    Question,
    Step,
)
from bot.values.made_video import MadeVideo
from bot.values.source import Attachment, EarlierTask, Link, Source
from bot.values.time_range import TimeRange
from playground.provider import SimulatedProvider
from tests.remembered_looks import RememberedMedia

OWNER, STRANGER = 4001, 4002
RANGE = TimeRange(Decimal(1), Decimal(3))


class FakeClock:
    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.instant

    def advance(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


class RecordingCourier:
    """Takes the courier's place where no Discord is wanted; keeps what it was given, and fails on demand."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, int | None]] = []
        self.questions: list[tuple[str, Question]] = []
        self.pictures: list[bytes | None] = []
        self.delivered: list[tuple[Job, Character | None]] = []
        self.films: list[MadeVideo | None] = []
        self.operators: list[str] = []
        self.withdrawn: list[tuple[Job, str]] = []
        self.expired: list[str] = []
        self.reachable = True
        self.trouble = 0
        self.askable = True

    async def progress(self, job: Job, state: Text, percent: int | None) -> None:
        self.shown.append((job.id, str(state), percent))

    async def announce(self, job: Job, state: Text, percent: int | None, record: RecordAnnouncement) -> None:
        if job.announcement is None and job.origin.public_by_right:
            standing = Announcement(channel_id=job.origin.channel_id, at=job.updated_at, message_id=88, box_closed=True)
            await record(standing)

    async def ask(self, job: Job, question: Question, record: RecordAttempt, picture: bytes | None = None) -> Origin:
        if self.trouble:
            self.trouble -= 1
            raise DiscordUnavailable
        if not self.askable:
            raise Undeliverable
        self.questions.append((job.id, question))
        self.pictures.append(picture)
        return dataclasses.replace(job.origin, message_id=77, ephemeral=True)

    async def deliver(self, job: Job, content: Content, record: RecordAttempt) -> bool:
        if self.trouble:
            self.trouble -= 1
            raise DiscordUnavailable(retry_after=3.0)
        attempt = DeliveryAttempt(path=DeliveryRoute.ORIGINAL, channel_id=1, nonce=job.id, at=job.updated_at)
        await record(attempt)
        if self.reachable:
            self.delivered.append((job, content.character if isinstance(content, CharacterMade) else None))
            if isinstance(content, VideoMade):
                self.films.append(content.video)
        return self.reachable

    async def expire(self, job: Job) -> None:
        self.expired.append(job.id)

    async def withdraw(self, job: Job, message: Text) -> None:
        self.withdrawn.append((job, str(message)))

    async def tell_operators(self, message: Text) -> None:
        self.operators.append(str(message))


class FileHost:
    """A loopback server of files, for links. What is called slow… is sent a byte a second, and never ends."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.status: list[int] = []
        self.hits = 0
        self.asked: list[str] = []  # for which files, in this order
        self.hanging = 0  # slow answers under way
        app = web.Application()
        app.router.add_get("/{name}", self._get)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        self.origin = ""

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self.hits += 1
        self.asked.append(request.match_info["name"])
        if request.match_info["name"].startswith("slow"):
            return await self._drip(request)
        if self.status:
            return web.Response(status=self.status.pop(0))
        data = self.files.get(request.match_info["name"])
        return web.Response(status=404) if data is None else web.Response(body=data)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        self.hanging += 1
        try:
            while True:
                await response.write(b"\0")
                await asyncio.sleep(1)
        finally:
            self.hanging -= 1

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def url(self, name: str) -> str:
        return f"{self.origin}/{name}"


class JobHarness:
    """The app without Discord: its courier records, and its media worker remembers what it saw."""

    def __init__(self, settings: Settings, clock: FakeClock, provider: SimulatedProvider, host: FileHost) -> None:
        self.settings, self.clock, self.simulated, self.host = settings, clock, provider, host
        self.courier = RecordingCourier()
        self.random = Random(7)
        self.wrap_steps: Callable[[Steps], Steps] = lambda steps: steps

    async def open(self) -> None:
        self.media = RememberedMedia()
        self.app = app = App(
            self.settings,
            clock=self.clock,
            random=self.random,
            courier=self.courier,
            media=self.media,
            wrap_steps=self.wrap_steps,
        )
        await app.open()
        stores = app.stores
        self.database, self.files, self.disk = stores.database, stores.files, stores.disk
        self.jobs, self.owned_jobs, self.characters = stores.jobs, stores.owned_jobs, stores.characters
        self.consents, self.state, self.events = stores.consents, stores.provider_state, stores.events
        self.people, self.servers, self.blocks = stores.people, stores.servers, stores.blocks
        self.provider, self.breaker, self.places, self.queue = app.provider, app.breaker, app.places, app.queue
        self.runner, self.availability = app.runner, app.availability
        self.job_starter, self.job_service = app.job_starter, app.job_service

    def new_runner(self, kinds: dict[JobKind, Steps], tasks: int = 100) -> Runner:
        engine = self.app._engine()
        return Runner(
            self.jobs, kinds, clock=self.clock, random=self.random, engine=engine, queue=self.queue, tasks=tasks
        )

    async def close(self) -> None:
        # As Runner.stop does, which is not called here: else the database closes under their statements.
        await asyncio.gather(*getattr(self.runner._engine, "_letting_go", ()))
        await self.app.close()

    async def restart(self) -> None:
        """A new process: nothing but the files is left."""
        await self.close()
        await self.open()
        await self.jobs.clear_leases()

    async def end_dead_leases(self) -> None:
        """What a process that is dead had leased is free again."""
        if self.database.shared:  # its leases run out
            self.clock.advance(limits.SHARED_LEASE.total_seconds())
        await self.jobs.clear_leases()

    async def ask(
        self, source: Source | None = None, *, owner: int = OWNER, range: TimeRange | None = RANGE, **request: Any
    ) -> Job:
        wanted = CharacterRequest(source=source or self.link(), range=range, model="sora-2", **request)
        return await self.job_starter.start(owner_id=owner, origin=self.origin(), request=wanted)

    def link(self, name: str = "clip.mp4") -> Link:
        return Link(url=self.host.url(name))

    def attachment(self, name: str = "clip.mp4") -> Attachment:
        return Attachment(url=self.host.url(name), filename=name, size=1)

    def earlier_task(self) -> str:
        """A finished video task at the provider, no one's here: its character needs no bytes and no look."""
        path = Path(self.settings.store.files).parent / "earlier.mp4"
        path.write_bytes(self.host.files["clip.mp4"])
        return self.simulated.add_video_task(path)

    def task(self, task_id: str) -> EarlierTask:
        return EarlierTask(task_id=task_id)

    def origin(self, **changes: Any) -> Origin:
        return dataclasses.replace(origin_at(self.clock()), **changes)

    async def run(self, seconds: float = 3600) -> None:
        """Do all that becomes due within ``seconds`` of the fake clock, jumping from one instant to the next."""
        until = self.clock() + timedelta(seconds=seconds)
        while True:
            await self.runner.run_due()
            due = await self.jobs.next_due("nobody", lanes=Lane)
            if due is None or due > until:
                break
            self.clock.instant = max(self.clock(), due)
        self.clock.instant = until

    async def run_to(self, step: Step, job: Job) -> Job:
        """Run until ``job`` stands before ``step``."""
        for _ in range(200):
            row = await self.job(job)
            if row.step is step:
                return row
            due = await self.jobs.next_due("nobody", lanes=Lane)
            assert due is not None, f"stopped at {row.step} before {step}"
            self.clock.instant = max(self.clock(), due)
            for claimed in await self.jobs.claim(
                self.runner._engine.holder, now=self.clock(), most=dict.fromkeys(Lane, 1)
            ):
                await self.runner._begin(claimed)
        raise AssertionError(f"never came to {step}")

    async def job(self, job: Job) -> Job:
        row = await self.jobs.get(job.id)
        assert row is not None
        return row

    async def cast(self, owner: int = OWNER) -> list[Character]:
        newest = CastQuery(sort=Sort.NEWEST)
        page, _ = await CastSearch(self.database).page(owner, newest, offset=0, limit=50)
        return page

    def work(self, job: Job) -> Path:
        return Path(self.settings.store.files) / "work" / job.id


def origin_at(now: datetime) -> Origin:
    """A command in a server, just now."""
    return Origin(
        guild_id=1,
        channel_id=2,
        message_id=None,
        token="interaction-token",
        token_at=now,
        locale="en-US",
        private=False,
        ephemeral=False,
        bot_is_member=True,
    )


def maintenance_of(harness: JobHarness, **parts: Any) -> Maintenance:
    """The housekeeping of ``harness``, as the app builds it."""
    usual: dict[str, Any] = {
        "jobs": harness.jobs,
        "drafts": DraftStore(harness.database),
        "events": harness.events,
        "taken_interactions": harness.app.stores.taken_interactions,
        "messages": SentMessageStore(harness.database),
        "privacy": PrivacyStore(harness.database, harness.people),
        "files": harness.files,
        "disk": harness.disk,
        "cast": CastSearch(harness.database),
        "provider": harness.provider,
        "clock": harness.clock,
        "keep_days": 90,
        "keep_watching_for": 86_400,
        "videos": harness.app.stores.videos,
        "keep_videos_days": 30,
    }
    return Maintenance(**usual | parts)


async def sweep_after_a_kill(harness: JobHarness, maintenance: Maintenance) -> None:
    """As the next start does; with other processes beside it, as each does a day later."""
    await maintenance.at_start()
    if harness.files.shared:
        assert isinstance(harness.files._place, FileFolder)
        harness.files._place._unneeded_for = timedelta()
        await maintenance.sweep()


def with_limits(settings: Settings, **sections: dict[str, Any]) -> Settings:
    """The same settings with some of them replaced."""
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()}
    )
