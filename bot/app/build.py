"""Builds every part, starts them in order and stops them in reverse; the only place that knows them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from random import Random, SystemRandom
from typing import TypeAlias

from bot import limits
from bot.app.cast_library import CastLibrary
from bot.app.discord_commands import cogs_of, operator_cog_of
from bot.app.discord_parts import character_cards_of, client_of, courier_of, message_updates_of
from bot.app.health_probes import probes_of
from bot.app.job_steps import steps_by_kind
from bot.app.login import log_in, serve_on_gateway, serve_over_http
from bot.app.roles import Role, Shards
from bot.app.shared_state import share
from bot.app.stores import Stores, rates_of
from bot.app.web_servers import health_server, metrics_server
from bot.chat.attachment_links import renewed_address
from bot.chat.server_log import DiscordServerLog
from bot.chat.task_list import TaskList
from bot.concurrency import Places
from bot.config import Settings
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.allowance import Allowance
from bot.jobs.circuit_breaker import CircuitBreaker
from bot.jobs.engine import Engine, MultiProcessEngine, SingleProcessEngine
from bot.jobs.erasure import Erasure
from bot.jobs.face_rows import FaceRows
from bot.jobs.fitted_videos import FittedVideos
from bot.jobs.job_service import JobService
from bot.jobs.job_starter import JobStarter
from bot.jobs.leased_job import Steps
from bot.jobs.maintenance import Maintenance
from bot.jobs.model_availability import ModelAvailability
from bot.jobs.ports import ByteSource, Courier
from bot.jobs.runner import Runner
from bot.jobs.source_fetcher import RenewedAttachments
from bot.jobs.video_inspection import VideoInspection
from bot.jobs.video_planner import VideoPlanner
from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader
from bot.media.media_metrics import MeasuredMediaWorker
from bot.media.site_videos import SiteVideos
from bot.media.worker import MediaWorker
from bot.provider.client import ToapisClient
from bot.provider.models.catalogue import cards
from bot.store.database_clock import DatabaseClock
from bot.store.export_archive import ArchiveWriter
from bot.store.notifications import Topic
from bot.values.clock import Clock, utc_now
from bot.values.sent_message import NewMessage

WrapSource: TypeAlias = Callable[[ByteSource], ByteSource]
WrapSteps: TypeAlias = Callable[[Steps], Steps]


def _as_they_are(steps: Steps) -> Steps:
    return steps


class App:
    """One Castbook. ``open`` → ``start_jobs`` / ``start_bot`` / ``start_web`` → ``close``.

    Bot and jobs start separately, because a simulated Discord runs the bot itself. ``clock`` and ``random`` are passed
    to every part; ``wrap_source`` may wrap our download in another source of bytes (a simulated Discord keeps
    attachments in memory); ``shards`` sets the number of shards, or which of them run here. ``courier``, ``media`` and
    ``wrap_steps`` replace the courier, the media worker and the steps: for tests of the jobs without a Discord.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = utc_now,
        random: Random | None = None,
        wrap_source: WrapSource | None = None,
        shards: int | Shards | None = None,
        role: Role = Role.ALL,
        courier: Courier | None = None,
        media: MediaWorker | None = None,
        wrap_steps: WrapSteps = _as_they_are,
    ) -> None:
        self.settings, self.role = settings, role
        self.random = random or SystemRandom()
        self.stores = stores = Stores.of(settings)
        role.check(stores.database)
        self.works = role.works or (role is Role.HTTP and not stores.database.shared)
        self.shared_clock = DatabaseClock() if stores.database.shared and clock is utc_now else None
        self.clock = clock = self.shared_clock or clock
        self.provider = ToapisClient(settings.toapis, clock=clock, rates=rates_of(stores, settings.toapis))
        guard = AddressGuard([*settings.discord.cdn_origins, *settings.links.trusted_origins])
        self.media = media or MeasuredMediaWorker()
        self.downloader = Downloader(
            guard,
            timeout=settings.links.timeout,
            cdn_origins=settings.discord.cdn_origins,
            page_reader=self.media.page_reader,
        )
        self.site_videos = SiteVideos(guard, self.media, sites=settings.links.sites, timeout=settings.links.timeout)
        found: ByteSource = wrap_source(self.downloader) if wrap_source else self.downloader
        source = RenewedAttachments(found, lambda url: renewed_address(self.client, url))
        self.access_policy = AccessPolicy(servers=stores.servers, blocks=stores.blocks)
        jobs = settings.jobs
        self.places = Places.of(
            downloads=jobs.downloads, uploads=jobs.uploads, videos=settings.media.workers, sends=jobs.sends
        )
        self.client = client_of(self, shards)
        self.courier: Courier = courier or courier_of(self)
        self.server_log = DiscordServerLog(self.client, stores.servers, self.client.server_lookup)
        self.breaker = CircuitBreaker(stores.provider_state, self.provider, clock)
        self.availability = ModelAvailability(
            stores.provider_state,
            self.provider,
            clock,
            models=settings.toapis.models,
            default=settings.toapis.default_model,
        )
        self.face_rows = FaceRows(files=stores.files, media=self.media)
        self.character_cards = character_cards_of(self)
        self.message_updates = message_updates_of(self)
        known = [model for model, card in cards(settings.toapis.video_models).items() if card.enabled]
        self.video_availability = self.availability.of(known, default=known[0])
        self.video_planner = VideoPlanner(
            characters=stores.characters,
            availability=self.video_availability,
            extra=settings.toapis.video_models,
            prices=settings.toapis.video_prices,
        )
        self.fitted_videos = FittedVideos(files=stores.files, media=self.media, places=self.places)
        self.inspection = VideoInspection(
            media=self.media, files=stores.files, places=self.places, cuts=settings.media.send == "clip"
        )
        self.queue = AdmissionQueue(jobs=stores.jobs, courier=self.courier, clock=clock, settings=settings.limits)
        self.runner = Runner(
            stores.jobs,
            {kind: wrap_steps(steps) for kind, steps in steps_by_kind(self, source).items()},
            clock=clock,
            random=self.random,
            engine=self._engine(),
            queue=self.queue,
            server_log=self.server_log,
        )
        allowance = Allowance(access_policy=self.access_policy, people=stores.people, settings=settings.limits)
        self.job_service = JobService(
            owned=stores.owned_jobs,
            allowance=allowance,
            people=stores.people,
            queue=self.queue,
            consents=stores.consents,
            files=stores.files,
            disk=stores.disk,
            breaker=self.breaker,
            workers=self.runner,
            courier=self.courier,
            server_log=self.server_log,
            clock=clock,
            settings=settings.limits,
        )
        self.job_starter = JobStarter(
            job_service=self.job_service,
            jobs=stores.jobs,
            owned=stores.owned_jobs,
            allowance=allowance,
            access_policy=self.access_policy,
            breaker=self.breaker,
            availability=self.availability,
            planner=self.video_planner,
            server_log=self.server_log,
            clock=clock,
            random=self.random,
            prices=settings.toapis.prices,
        )
        self.task_list = TaskList(
            job_service=self.job_service,
            jobs=stores.owned_jobs,
            clock=clock,
            tell_others=lambda owner: stores.database.notifications.send(Topic.LIST, str(owner)),
        )
        self.maintenance = Maintenance(
            jobs=stores.jobs,
            drafts=stores.drafts,
            events=stores.events,
            taken_interactions=stores.taken_interactions,
            messages=stores.sent_messages,
            privacy=stores.privacy,
            files=stores.files,
            disk=stores.disk,
            cast=stores.cast,
            provider=self.provider,
            clock=clock,
            keep_days=settings.jobs.keep_days,
            keep_watching_for=settings.toapis.keep_watching_for,
            videos=stores.videos,
            keep_videos_days=settings.video.keep_days,
        )
        self.archive_writer = ArchiveWriter(stores.files)
        self.cast = CastLibrary.of(self, source)
        self.erasure = Erasure(
            store=stores.privacy,
            lending=self.cast.lending,
            files=stores.files,
            workers=self.runner,
            courier=self.courier,
            messages=self.message_updates,
            clock=clock,
        )
        self.probes = probes_of(self)
        self.health = health_server(self)
        self.metrics = metrics_server(self)
        self._opened = AsyncExitStack()

    async def open(self) -> None:
        """Open the database, the files and the sessions, and sweep up after a kill. Raises BadStart."""
        self.site_videos.expect_reader()
        async with AsyncExitStack() as opened:
            await self.stores.database.open()
            opened.push_async_callback(self.stores.database.close)
            if self.shared_clock is not None:
                await self.shared_clock.read(self.stores.database)
            if self.stores.database.shared:
                await share(self, opened)  # before anything is read that others may change
            opened.push_async_callback(self.stores.files.close)  # it has a folder here before it is known to be there
            await self.stores.files.open()
            await self.stores.people.load()
            await self.stores.signatures.load()
            await self.stores.servers.load()
            await self.stores.blocks.load()
            await self.provider.open()
            opened.push_async_callback(self.provider.close)
            await self.downloader.open()
            opened.push_async_callback(self.downloader.close)
            if self.works:  # on a shared database others are writing files now, which must not be swept
                await (self.maintenance.tidy if self.stores.database.shared else self.maintenance.at_start)()
            await self.client.add_parts(cogs_of(self), [operator_cog_of(self)])
            self._opened = opened.pop_all()

    async def start_jobs(self) -> None:
        """Resume every unfinished job, accept new ones, and start the other background tasks of this role."""
        role, parts = self.role, {"model_list": self.availability.run}
        if self.works:
            await self.runner.start()
            self._opened.push_async_callback(self.runner.stop)
            parts |= {"maintenance": self.maintenance.run, "message_updates": self.message_updates.run}
        if role.answers:
            parts["task_list"] = self.task_list.run
        if role.logs_in:
            parts["server_log"] = self.server_log.run
        if self.shared_clock is not None:
            parts["clock"] = partial(self.shared_clock.run, self.stores.database)
        for name, part in parts.items():
            self._opened.push_async_callback(_ended, asyncio.create_task(part(), name=name))

    async def start_web(self) -> None:
        """Serve health, webhooks and metrics. Raises BadStart if a port is taken."""
        for server in (self.health, self.metrics):
            await server.start()
            self._opened.push_async_callback(server.stop)

    async def serve_discord(self) -> None:
        """Handle interactions until the client is closed. Raises BadStart if Discord rejects the token.

        A worker only logs in, because it sends by REST, and then waits.
        """
        if self.role.answers:
            serve = serve_over_http if self.role is Role.HTTP else serve_on_gateway
            await serve(self.client, self.settings.discord)
            return
        if self.role.logs_in:
            await log_in(self.client, self.settings.discord)
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Let running commands and steps finish, then close everything in reverse order."""
        await self.client.drain(limits.COMMAND_GRACE)
        await self._opened.aclose()
        if self.client.logged_in and not self.client.is_closed():
            await self.client.close()

    async def record_sent(self, message: NewMessage) -> None:
        """Record a message that shows something of a person."""
        await self.stores.sent_messages.note(message, now=self.clock())
        self.message_updates.wake()  # its character may have been renamed

    def _engine(self) -> Engine:
        jobs, database = self.stores.jobs, self.stores.database
        if not database.shared:
            return SingleProcessEngine(jobs, self.clock, self.random)
        return MultiProcessEngine(jobs, self.stores.held_leases, database.notifications, self.clock, self.random)


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel the task and wait for its end, so that it finishes writing before the database is closed."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
