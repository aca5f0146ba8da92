"""Builds every part, starts them in order and stops them in reverse; the only place that knows them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from random import Random, SystemRandom
from typing import TypeAlias

from discord.ext import commands

from bot import __version__, limits, metrics
from bot.app.gauges import Gauges
from bot.app.health_report import HealthReport
from bot.app.login import log_in
from bot.app.stores import Stores
from bot.chat.client import CastbookClient
from bot.chat.courier import DiscordCourier
from bot.chat.interaction_handlers import InteractionHandlers
from bot.chat.pending_results import PendingResults
from bot.chat.task_list import TaskList
from bot.concurrency import Places
from bot.config import Settings
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.choose import Choose
from bot.jobs.circuit_breaker import CircuitBreaker
from bot.jobs.collect import Collect
from bot.jobs.deliver import Deliver
from bot.jobs.earlier_videos import EarlierVideos
from bot.jobs.erasure import Erasure
from bot.jobs.job_service import JobService
from bot.jobs.kinds import character_content, character_steps, preview_steps
from bot.jobs.leased_job import Steps
from bot.jobs.maintenance import Maintenance
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.ports import ByteSource, Courier
from bot.jobs.prepare import Prepare, most_bytes
from bot.jobs.runner import Runner
from bot.jobs.submit import Submit
from bot.jobs.task_events import TaskEvents
from bot.jobs.video_inspection import VideoInspection
from bot.jobs.watch import Watch
from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader
from bot.media.media_metrics import MeasuredMediaWorker
from bot.media.worker import MediaWorker
from bot.provider.client import ToapisClient
from bot.store.export_archive import Archivist
from bot.store.gauges import GaugeStore
from bot.values.clock import Clock, utc_now
from bot.values.job import JobKind
from bot.web.health import HealthServer
from bot.web.metrics import MetricsServer
from bot.web.webhooks import webhook_routes
from cogs.about import About
from cogs.character.cog import CharacterCommands
from cogs.closer_look import CloserLook
from cogs.earlier_videos import EarlierVideoButtons
from cogs.message_menu import MessageMenu
from cogs.operator import Operator
from cogs.privacy import Privacy
from cogs.server import Server
from cogs.tasks import Tasks

WrapSource: TypeAlias = Callable[[ByteSource], ByteSource]
WrapSteps: TypeAlias = Callable[[Steps], Steps]


def _as_they_are(steps: Steps) -> Steps:
    return steps


class App:
    """One Castbook. ``open`` → ``start_jobs`` / ``start_bot`` / ``start_web`` → ``close``.

    Bot and jobs start separately: a simulated Discord runs the bot itself. ``clock`` and ``random`` are handed to
    every part; ``wrap_source`` may put another source of bytes before our own download (a simulated Discord keeps
    attachments in memory); ``shards`` fixes the number of shards. ``courier``, ``media`` and ``wrap_steps`` take the
    place of the courier, of the media worker, and of the steps: for tests of the jobs without a Discord.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        random: Random | None = None,
        wrap_source: WrapSource | None = None,
        shards: int | None = None,
        courier: Courier | None = None,
        media: MediaWorker | None = None,
        wrap_steps: WrapSteps = _as_they_are,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self._random = random or SystemRandom()
        self.stores = stores = Stores.of(settings)
        self.provider = ToapisClient(settings.toapis, clock=clock)
        guard = AddressGuard([*settings.discord.cdn_origins, *settings.links.trusted_origins])
        self.downloader = Downloader(guard, timeout=settings.links.timeout, cdn_origins=settings.discord.cdn_origins)
        source: ByteSource = wrap_source(self.downloader) if wrap_source else self.downloader
        self.access_policy = AccessPolicy(servers=stores.servers, blocks=stores.blocks)
        self.media = media or MeasuredMediaWorker()
        self._wrap_steps = wrap_steps
        jobs = settings.jobs
        self.places = Places.of(
            downloads=jobs.downloads, uploads=jobs.uploads, videos=settings.media.workers, sends=jobs.sends
        )
        self.client = CastbookClient(
            clock=clock,
            handlers=InteractionHandlers(self.access_policy),
            pending_results=PendingResults(lambda owner_id: stores.owned_jobs.pending(owner_id, now=clock())),
            commands_store=stores.commands,
            dev_guild=settings.discord.dev_guild,
            shard_count=shards,
        )
        self.courier: Courier = courier or DiscordCourier(
            self.client, stores.files, clock=clock, owners=settings.discord.owners, sends=self.places.sends
        )
        self.breaker = CircuitBreaker(stores.provider_state, self.provider, clock)
        self.availability = ModelAvailability(
            stores.provider_state,
            self.provider,
            clock,
            models=settings.toapis.models,
            default=settings.toapis.default_model,
        )
        self.queue = AdmissionQueue(jobs=stores.jobs, courier=self.courier, clock=clock, settings=settings.limits)
        self.runner = self._build_runner(source)
        self.job_service = JobService(
            jobs=stores.jobs,
            owned=stores.owned_jobs,
            people=stores.people,
            access_policy=self.access_policy,
            queue=self.queue,
            consents=stores.consents,
            files=stores.files,
            disk=stores.disk,
            breaker=self.breaker,
            availability=self.availability,
            workers=self.runner,
            courier=self.courier,
            clock=clock,
            random=self._random,
            settings=settings.limits,
            prices=settings.toapis.prices,
        )
        self.task_list = TaskList(job_service=self.job_service, jobs=stores.owned_jobs, clock=clock)
        self.maintenance = Maintenance(
            jobs=stores.jobs,
            drafts=stores.drafts,
            events=stores.events,
            privacy=stores.privacy,
            files=stores.files,
            disk=stores.disk,
            provider=self.provider,
            clock=clock,
            keep_days=settings.jobs.keep_days,
            keep_watching_for=settings.toapis.keep_watching_for,
        )
        self._erasure = Erasure(
            store=stores.privacy, files=stores.files, workers=self.runner, courier=self.courier, clock=clock
        )
        events = TaskEvents(events=stores.events, workers=self.runner, clock=clock)
        self._probes = {
            "gateway": self._gateway_up,
            "database": stores.database.writable,
            "jobs": self._jobs_up,
        }
        self.health = HealthServer(
            settings.web,
            self._probes,
            routes=webhook_routes(settings.toapis.webhook_secrets, events, clock),
        )
        gauges = Gauges(GaugeStore(stores.database), clock, models=self.availability.table)
        self.metrics = MetricsServer(settings.web.metrics_port, metrics.REGISTRY, gauges.read)
        self._opened = AsyncExitStack()

    def _build_runner(self, source: ByteSource) -> Runner:
        stores, settings, random = self.stores, self.settings, self._random
        places = self.places
        inspection = self.inspection = VideoInspection(media=self.media, files=stores.files, places=places)
        prepare = Prepare(
            jobs=stores.jobs,
            owned=stores.owned_jobs,
            consents=stores.consents,
            files=stores.files,
            disk=stores.disk,
            source=source,
            places=places,
            courier=self.courier,
            inspection=inspection,
            random=random,
            settings=settings,
        )
        choose = Choose(courier=self.courier, files=stores.files, inspection=inspection, random=random)
        submit = Submit(
            provider=self.provider,
            breaker=self.breaker,
            availability=self.availability,
            inspection=inspection,
            places=places,
            courier=self.courier,
            events=stores.events,
            random=random,
            settings=settings.toapis,
            cut=settings.media.send == "clip",
        )
        watch = Watch(
            provider=self.provider,
            courier=self.courier,
            events=stores.events,
            random=random,
            settings=settings.toapis,
        )
        collect = Collect(
            characters=stores.characters,
            files=stores.files,
            source=source,
            media=self.media,
            places=places,
            inspection=inspection,
            random=random,
        )
        deliver = Deliver(
            contents={JobKind.CHARACTER: character_content(stores.characters)},
            files=stores.files,
            courier=self.courier,
            random=random,
        )
        return Runner(
            stores.jobs,
            {
                JobKind.CHARACTER: self._wrap_steps(character_steps(prepare, choose, submit, watch, collect, deliver)),
                JobKind.PREVIEW: self._wrap_steps(preview_steps(prepare, choose, deliver)),
            },
            clock=self.clock,
            random=random,
            queue=self.queue,
        )

    async def open(self) -> None:
        """Open the database, the files and the sessions, and sweep what a kill left. Raises BadStart."""
        async with AsyncExitStack() as opened:
            await self.stores.database.open()
            opened.push_async_callback(self.stores.database.close)
            await self.stores.people.load()
            await self.stores.servers.load()
            await self.stores.blocks.load()
            await self.provider.open()
            opened.push_async_callback(self.provider.close)
            await self.downloader.open()
            opened.push_async_callback(self.downloader.close)
            await self.maintenance.at_start()
            await self.client.add_parts(self._cogs(), [self._operator_cog()])
            self._opened = opened.pop_all()

    def _cogs(self) -> list[commands.Cog]:
        stores = self.stores
        max_bytes = most_bytes(self.settings)
        character = CharacterCommands(
            job_service=self.job_service,
            characters=stores.characters,
            files=stores.files,
            clock=self.clock,
            availability=self.availability,
            max_bytes=max_bytes,
        )
        earlier = EarlierVideoButtons(
            earlier=EarlierVideos(
                job_service=self.job_service, owned=stores.owned_jobs, files=stores.files, clock=self.clock
            ),
            job_service=self.job_service,
            availability=self.availability,
            clock=self.clock,
        )
        menu = MessageMenu(
            tree=self.client.tree,
            job_service=self.job_service,
            drafts=stores.drafts,
            clock=self.clock,
            availability=self.availability,
            max_bytes=max_bytes,
        )
        return [
            character,
            menu,
            earlier,
            CloserLook(jobs=stores.owned_jobs, inspection=self.inspection),
            Tasks(job_service=self.job_service, jobs=stores.owned_jobs, task_list=self.task_list, clock=self.clock),
            Privacy(
                store=stores.privacy,
                archivist=Archivist(stores.files),
                erasure=self._erasure,
                clock=self.clock,
                day_limit=self.settings.limits.per_user_per_day,
            ),
            Server(servers=stores.servers, allowed_per_day=self.settings.limits.per_server_per_day),
            About(version=__version__, availability=self.availability),
        ]

    def _operator_cog(self) -> Operator:
        report = HealthReport(
            probes=self._probes,
            gauges=GaugeStore(self.stores.database),
            availability=self.availability,
            clock=self.clock,
        )
        owners = self.settings.discord.owners
        return Operator(
            blocks=self.stores.blocks,
            owners=owners,
            report=report.lines,
            resume=self.breaker.resume,
            clock=self.clock,
        )

    async def start_jobs(self) -> None:
        """Go on with every unfinished job, and take new ones."""
        await self.runner.start()
        self._opened.push_async_callback(self.runner.stop)
        for name, part in {
            "maintenance": self.maintenance.run,
            "model_list": self.availability.run,
            "task_list": self.task_list.run,
        }.items():
            self._opened.push_async_callback(_ended, asyncio.create_task(part(), name=name))

    async def start_web(self) -> None:
        """Serve health, webhooks and metrics. Raises BadStart where a port is taken."""
        for server in (self.health, self.metrics):
            await server.start()
            self._opened.push_async_callback(server.stop)

    async def serve_discord(self) -> None:
        """Log in and stay connected until the client is closed. Raises BadStart where Discord refuses the token."""
        settings = self.settings.discord
        await log_in(self.client, settings)
        if settings.gateway_url:  # with a fixed number of shards the library dials its default gateway: ours now
            self.client.shard_count, _, _ = await self.client.http.get_bot_gateway()
        await self.client.connect()

    async def close(self) -> None:
        """Let commands answer and steps finish, then close everything in reverse."""
        await self.client.drain(limits.COMMAND_GRACE)
        await self._opened.aclose()
        if self.client.logged_in and not self.client.is_closed():
            await self.client.close()

    async def _gateway_up(self) -> bool:
        return self.client.is_ready() and not self.client.is_closed()

    async def _jobs_up(self) -> bool:
        return self.runner.alive


async def _ended(task: asyncio.Task[None]) -> None:
    """Stop it and wait for its end: what it is writing is written before the database is closed."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
