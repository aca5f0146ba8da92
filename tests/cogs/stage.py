"""A whole bot on a simulated Discord: real discord.py, real cogs, real stores, real intake; nothing runs the jobs."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import discord
import simcord

from bot.app.health_report import HealthReport
from bot.chat.client import CastbookClient
from bot.chat.courier import DiscordCourier
from bot.chat.interaction_handlers import InteractionHandlers
from bot.config import LimitSettings
from bot.jobs.access_policy import AccessPolicy
from bot.jobs.admission_queue import AdmissionQueue
from bot.jobs.circuit_breaker import CircuitBreaker
from bot.jobs.earlier_videos import EarlierVideos
from bot.jobs.erasure import Erasure
from bot.jobs.job_service import JobService
from bot.jobs.model_availability import ModelAvailability
from bot.provider.task import Balance
from bot.store.blocks import BlockStore
from bot.store.characters import CharacterStore, NewCharacter
from bot.store.commands import CommandStore
from bot.store.consents import ConsentStore
from bot.store.database import Database
from bot.store.disk import DiskUse
from bot.store.drafts import DraftStore
from bot.store.export_archive import Archivist
from bot.store.files import FileStore
from bot.store.gauges import GaugeStore
from bot.store.jobs import JobStore
from bot.store.owned_jobs import OwnedJobStore, Pending
from bot.store.privacy import PrivacyStore
from bot.store.provider_state import ProviderStateStore
from bot.store.pseudonyms import Pseudonyms
from bot.store.quotas import Quota
from bot.store.servers import ServerStore
from bot.texts import Text
from bot.values.character import Character, CharacterFile, FileKind, ProviderCharacter
from bot.values.files import StoredFile
from bot.values.job import (
    CharacterRequest,
    CharacterResult,
    Job,
    JobChanges,
    Lane,
    Origin,
    Outcome,
    Step,
    Transition,
)
from bot.values.source import Attachment
from bot.values.time_range import TimeRange
from cogs.about import About
from cogs.character.cog import CharacterCommands
from cogs.earlier_videos import EarlierVideoButtons
from cogs.message_menu import MessageMenu
from cogs.operator import Operator
from cogs.privacy import Privacy
from cogs.server import Server
from cogs.tasks import Tasks

MODELS = ("sora-2", "sora-2-pro")
MAX_BYTES = 1000
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture"


@dataclass
class Idle:
    """Workers that only remember what they were told."""

    woken: int = 0
    interrupted: list[str] = field(default_factory=list)

    def wake(self) -> None:
        self.woken += 1

    def hold(self, job_id: str) -> AbstractContextManager[None]:
        return nullcontext()

    async def interrupt(self, job_id: str) -> None:
        self.interrupted.append(job_id)


class CurrentCourier:
    """The courier of whichever bot was started last; of it the intake needs one thing only."""

    real: DiscordCourier

    async def withdraw(self, job: Job, message: Text) -> None:
        await self.real.withdraw(job, message)


class EmptyPurse:
    """A provider that is only asked for its balance, and has none."""

    async def balance(self) -> Balance:
        return Balance(remaining=Decimal(0), unlimited=False)


class House:
    """The stores of one test, and as many bots over them as it starts. Set ``dev_guild`` before one is."""

    dev_guild = 0
    owners: tuple[int, ...] = ()
    well = True  # what the health report's one probe says

    def __init__(self, folder: Path, limits: LimitSettings) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.limits = limits
        self.database = Database(f"sqlite+aiosqlite:///{folder}/castbook.db")
        self.jobs = JobStore(self.database)
        self.owned_jobs = OwnedJobStore(self.database)
        self.characters = CharacterStore(self.database)
        self.consents = ConsentStore(self.database)
        self.drafts = DraftStore(self.database)
        self.provider_state = ProviderStateStore(self.database)
        self.commands = CommandStore(self.database)
        self.folder = folder
        self.files = FileStore(folder / "files")
        self.workers = Idle()
        self.courier = CurrentCourier()
        disk = DiskUse(self.database)
        self.people = Pseudonyms(self.database)
        self.servers = ServerStore(self.database, self.people)
        self.blocks = BlockStore(self.database, self.people)
        self.privacy = PrivacyStore(self.database, self.people)
        self.erasure = Erasure(
            store=self.privacy, files=self.files, workers=self.workers, courier=self.courier, clock=self.clock
        )
        self.access_policy = AccessPolicy(servers=self.servers, blocks=self.blocks)
        self.queue = AdmissionQueue(jobs=self.jobs, courier=self.courier, clock=self.clock, settings=limits)
        self.breaker = CircuitBreaker(self.provider_state, EmptyPurse(), self.clock)
        self.availability = ModelAvailability(
            self.provider_state, EmptyPurse(), self.clock, models=MODELS, default=MODELS[0]
        )
        self.job_service = JobService(
            jobs=self.jobs,
            owned=self.owned_jobs,
            people=self.people,
            access_policy=self.access_policy,
            queue=self.queue,
            consents=self.consents,
            files=self.files,
            disk=disk,
            breaker=self.breaker,
            availability=self.availability,
            workers=self.workers,
            courier=self.courier,
            clock=self.clock,
            random=Random(7),
            settings=limits,
        )

    async def open(self) -> None:
        await self.database.open()
        await self.people.load()
        await self.servers.load()
        await self.blocks.load()

    def clock(self) -> datetime:
        return self.now

    async def pending(self, owner_id: int) -> Pending:
        return await self.owned_jobs.pending(owner_id, now=self.now)

    async def bot(self) -> CastbookClient:
        handlers = InteractionHandlers(self.access_policy)
        client = CastbookClient(
            clock=self.clock, handlers=handlers, commands_store=self.commands, dev_guild=self.dev_guild
        )
        self.courier.real = DiscordCourier(client, self.files, clock=self.clock, owners=())
        character = CharacterCommands(
            job_service=self.job_service,
            characters=self.characters,
            files=self.files,
            clock=self.clock,
            availability=self.availability,
            max_bytes=MAX_BYTES,
        )
        await client.add_parts(
            [
                character,
                EarlierVideoButtons(
                    earlier=EarlierVideos(
                        job_service=self.job_service, owned=self.owned_jobs, files=self.files, clock=self.clock
                    ),
                    job_service=self.job_service,
                    availability=self.availability,
                    clock=self.clock,
                ),
                Tasks(job_service=self.job_service, jobs=self.owned_jobs, clock=self.clock),
                Privacy(
                    store=self.privacy,
                    archivist=Archivist(self.files),
                    erasure=self.erasure,
                    clock=self.clock,
                    day_limit=self.limits.per_user_per_day,
                ),
                MessageMenu(
                    tree=client.tree,
                    job_service=self.job_service,
                    drafts=self.drafts,
                    clock=self.clock,
                    availability=self.availability,
                    max_bytes=MAX_BYTES,
                ),
                Server(servers=self.servers, allowed_per_day=self.limits.per_server_per_day),
                About(version="1.2.3", availability=self.availability),
            ],
            [
                Operator(
                    blocks=self.blocks,
                    owners=self.owners,
                    report=self._health().lines,
                    resume=self.breaker.resume,
                    clock=self.clock,
                )
            ],
        )
        return client

    def _health(self) -> HealthReport:
        return HealthReport(
            probes={"database": self._probe},
            gauges=GaugeStore(self.database),
            availability=self.availability,
            clock=self.clock,
        )

    async def _probe(self) -> bool:
        return self.well

    async def job(self, owner_id: int, changes: JobChanges | None = None, *, name: str | None = None) -> Job:
        """A job of ``owner_id``'s in the state that ``changes`` say, held by nobody."""
        number = await self._number()
        job = Job(
            id=f"{number:016x}",
            owner_id=owner_id,
            origin=origin(self.now),
            step=Step.PREPARE,
            next_attempt_at=self.now,
            request=CharacterRequest(
                source=Attachment(url="https://cdn.example/clip.mp4", filename="clip.mp4", size=10),
                range=TimeRange.parse("1-3"),
                model=MODELS[0],
                name=name,
            ),
            created_at=self.now,
            updated_at=self.now,
        )
        job = await self.jobs.add(job, Quota())
        if changes is None:
            return job
        await self.jobs.claim("test", now=self.now, most=dict.fromkeys(Lane, 100))
        settled = JobChanges(next_attempt_at=None) | changes
        return await self.jobs.release(job.id, "test", Transition("test", settled), now=self.now)

    async def _number(self) -> int:
        self._made = getattr(self, "_made", 0) + 1
        return self._made

    async def character(
        self,
        owner_id: int,
        name: str,
        *,
        picture: bytes | None = PICTURE,
        username: str = "duck.sings",
        portable: tuple[StoredFile, ...] = (),
    ) -> Character:
        """A member of ``owner_id``'s cast, made a second after the one before."""
        self.now += timedelta(seconds=1)
        job = await self.job(owner_id)
        await self.jobs.claim("test", now=self.now, most=dict.fromkeys(Lane, 100))
        stored = None if picture is None else await self.files.put_bytes(owner_id, picture, "image/png")
        made = ProviderCharacter(id="ch_1", display_name="Singing Duck", username=username)
        new = NewCharacter(
            owner_id=owner_id,
            name=name,
            display_name=made.display_name,
            username=username,
            provider_id=made.id,
            task_id=f"task_{job.id}",
            model=MODELS[0],
            range=TimeRange.parse("1-3"),
            picture=stored,
            reference_set=tuple(
                CharacterFile(FileKind.CLIP if file.mime.startswith("video/") else FileKind.STILL, file)
                for file in portable
            ),
        )

        def collected(character_id: int) -> Transition:
            result = CharacterResult(characters=(made,), character_id=character_id)
            return Transition("test", {"result": result, "outcome": Outcome.SUCCEEDED, "finished_at": self.now})

        _, character = await self.characters.add_for_job(job.id, "test", new, collected, now=self.now)
        done = Transition("test", {"step": Step.DONE, "next_attempt_at": None, "delivered_at": self.now})
        await self.jobs.release(job.id, "test", done, now=self.now)
        return character


def origin(now: datetime, *, private: bool = False) -> Origin:
    return Origin(
        guild_id=1,
        channel_id=2,
        message_id=None,
        token="first-token",
        token_at=now,
        locale="en-GB",
        private=private,
        ephemeral=private,
        bot_is_member=True,
    )


@dataclass
class Stage:
    """One running bot in one channel, with its owner and a stranger before it."""

    house: House
    env: simcord.Env
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor

    @property
    def client(self) -> CastbookClient:
        assert isinstance(self.env.bot, CastbookClient)
        return self.env.bot

    async def restart(self) -> None:
        await self.env.restart_bot(await self.house.bot())

    async def jobs_of(self, actor: simcord.MemberActor) -> tuple[Job, ...]:
        return (await self.house.job_service.overview(actor.id)).unfinished

    async def job_of(self, actor: simcord.MemberActor) -> Job:
        (job,) = await self.jobs_of(actor)
        return job


def words(message: simcord.ResponseMessage | discord.Message) -> str:
    """Everything a message says."""
    said = [message.content]
    for embed in message.embeds:
        said += [embed.title, embed.description, embed.footer.text]
        said += [part for each in embed.fields for part in (each.name, each.value)]
    return "\n".join(part for part in said if part)


def labels(message: simcord.ResponseMessage) -> list[str]:
    """The buttons that can be pressed, in their order."""
    rows = [row["components"] for row in message.components]
    return [each["label"] for row in rows for each in row if not each.get("disabled")]


def refusal(result: simcord.InteractionResult) -> str:
    """What a person was told, for their eyes only; nothing else may be left of the answer."""
    shown = [message for message in (result.response, *result.followups) if message is not None]
    assert len(shown) == 1, shown
    assert shown[0].ephemeral
    return words(shown[0])
