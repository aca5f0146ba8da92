"""The whole bot on a simulated Discord: the app as it is, its clock and chance given, and nothing runs the jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import discord
import simcord

from bot.app.build import App
from bot.chat.client import CastbookClient
from bot.config import LimitSettings, Settings, load
from bot.store.new_characters import NewCharacter
from bot.store.owned_jobs import Pending
from bot.store.quotas import Quota
from bot.store.videos import NewVideo
from bot.values.character import Character, CharacterFile, FileKind, ProviderCharacter, portable_id
from bot.values.files import StoredFile
from bot.values.job import (
    CastRole,
    CharacterRequest,
    CharacterResult,
    Job,
    JobChanges,
    Lane,
    Origin,
    Outcome,
    Step,
    Transition,
    VideoRequest,
    VideoResult,
)
from bot.values.made_video import MadeVideo
from bot.values.source import Attachment
from bot.values.time_range import TimeRange
from tests import cards
from tests.jobs.harness import with_limits

MODELS = ("sora-2", "sora-2-pro")
MAX_BYTES = 1000
FILM = b"\x00\x00\x00\x18ftypmp42 the film"
POSTER = b"RIFF\x00\x00\x00\x00WEBP the poster of "
PLAYER = CastRole(character_id=1, name="Aurora")
PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture"


def settings_in(folder: Path, limit_settings: LimitSettings) -> Settings:
    """No provider is there: whoever asks one finds nobody."""
    environ = {
        "CASTBOOK__DISCORD__TOKEN": "token-for-tests",
        "CASTBOOK__TOAPIS__API_KEY": "key-for-tests",
        "CASTBOOK__TOAPIS__BASE_URL": "http://127.0.0.1:9",
        "CASTBOOK__TOAPIS__MODELS": json.dumps(MODELS),
        "CASTBOOK__STORE__URL": f"sqlite+aiosqlite:///{folder}/castbook.db",
        "CASTBOOK__STORE__FILES": str(folder / "files"),
        "CASTBOOK__LINKS__MAX_BYTES": str(MAX_BYTES),
    }
    return load(None, environ).model_copy(update={"limits": limit_settings})


class AppHarness:
    """The app of one test over one folder; each further ``bot`` is that of a new process over the same folder."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        self.folder, self.settings = folder, settings
        self.woken = 0  # how often the runner was told that there may be work
        self.interrupted: list[str] = []  # the jobs whose step it was told to stop
        self._made = 0

    def change(self, **sections: dict[str, Any]) -> None:
        """Change settings, for the bots to come."""
        self.settings = with_limits(self.settings, **sections)

    async def open(self) -> None:
        self.app = app = App(self.settings, clock=self.clock, random=Random(7))
        self._watch_runner()
        await app.open()
        stores = app.stores
        self.database, self.files, self.commands = stores.database, stores.files, stores.commands
        self.jobs, self.owned_jobs, self.characters = stores.jobs, stores.owned_jobs, stores.characters
        self.consents, self.drafts, self.provider_state = stores.consents, stores.drafts, stores.provider_state
        self.cast, self.groups, self.defaults = stores.cast, stores.groups, stores.defaults
        self.servers, self.blocks = stores.servers, stores.blocks
        self.breaker, self.job_service, self.erasure = app.breaker, app.job_service, app.erasure

    def _watch_runner(self) -> None:
        runner = self.app.runner
        wake, interrupt = runner.wake, runner.interrupt

        def counted() -> None:
            self.woken += 1
            wake()

        async def noted(job_id: str) -> None:
            self.interrupted.append(job_id)
            await interrupt(job_id)

        runner.wake, runner.interrupt = counted, noted  # type: ignore[method-assign]  # they do what they did

    async def close(self) -> None:
        await self.app.close()

    def clock(self) -> datetime:
        return self.now

    async def pending(self, owner_id: int) -> Pending:
        return await self.owned_jobs.pending(owner_id, now=self.now)

    async def bot(self) -> CastbookClient:
        """The bot of a new process, over what the one before has left."""
        await self.close()
        await self.open()
        return self.app.client

    async def job(self, owner_id: int, changes: JobChanges | None = None, *, name: str | None = None) -> Job:
        """A job of ``owner_id``'s in the state that ``changes`` say, held by nobody."""
        self._made += 1
        job = Job(
            id=f"{self._made:016x}",
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
        job = await self._claimed(job)
        settled = JobChanges(next_attempt_at=None) | changes
        return await self.jobs.release(job.id, job.lease, Transition("test", settled), now=self.now)

    async def _claimed(self, job: Job) -> Job:
        """With the lease by which it can be written."""
        claimed = await self.jobs.claim("test", now=self.now, most=dict.fromkeys(Lane, 100))
        return next(each for each in claimed if each.id == job.id)

    async def video(
        self, owner_id: int, prompt: str, *, film: bytes = FILM, task: str | None = None, player: CastRole = PLAYER
    ) -> MadeVideo:
        """A video of ``owner_id``'s, made a second after what was made before, and delivered."""
        self.now += timedelta(seconds=1)
        request = VideoRequest(prompt=prompt, cast=(player,), model="wan2.6", duration=5)
        job = await self.job(owner_id)
        job = await self._claimed(job)
        new = NewVideo(
            owner_id=owner_id,
            prompt=prompt,
            model="wan2.6",
            roles=(player,),
            file=await self.files.put_bytes(owner_id, film, "video/mp4"),
        )

        def collected(video_id: int) -> Transition:
            result = VideoResult(url="https://example.org/film.mp4", video_id=video_id)
            made: JobChanges = {"result": result, "request": request, "task_id": task}
            return Transition("test", made | {"outcome": Outcome.SUCCEEDED, "finished_at": self.now})

        _, video = await self.app.stores.videos.add_for_job(job.id, job.lease, new, collected, now=self.now)
        done = Transition("test", {"step": Step.DONE, "next_attempt_at": None, "delivered_at": self.now})
        await self.jobs.release(job.id, job.lease, done, now=self.now)
        poster = await self.files.put_bytes(owner_id, POSTER + prompt.encode(), "image/webp")
        seen: dict[str, Any] = {"poster": poster, "seconds": 5.0, "width": 1280, "height": 720}
        await self.app.stores.videos.looked_into(owner_id, video.id, **seen, now=self.now)
        return replace(video, **seen)

    async def character(
        self,
        owner_id: int,
        name: str,
        *,
        picture: bytes | None = PICTURE,
        username: str = "duck.sings",
        portable: tuple[StoredFile, ...] = (),
        model: str = MODELS[0],
    ) -> Character:
        """A member of ``owner_id``'s cast, made a second after the one before."""
        self.now += timedelta(seconds=1)
        job = await self.job(owner_id)
        job = await self._claimed(job)
        stored = None if picture is None else await self.files.put_bytes(owner_id, picture, "image/png")
        made = ProviderCharacter(id="ch_1", display_name="Singing Duck", username=username)
        new = NewCharacter(
            owner_id=owner_id,
            name=name,
            display_name=made.display_name,
            username=username,
            provider_id=made.id,
            task_id=f"task_{job.id}" if model else portable_id(job.id),
            model=model,
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

        _, character = await self.characters.add_for_job(job.id, job.lease, new, collected, now=self.now)
        done = Transition("test", {"step": Step.DONE, "next_attempt_at": None, "delivered_at": self.now})
        await self.jobs.release(job.id, job.lease, done, now=self.now)
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
class BotHarness:
    """One running bot in one channel, with its owner and a stranger before it."""

    harness: AppHarness
    env: simcord.Env
    channel: simcord.ChannelHandle
    alice: simcord.MemberActor
    bob: simcord.MemberActor

    @property
    def client(self) -> CastbookClient:
        assert isinstance(self.env.bot, CastbookClient)
        return self.env.bot

    async def restart(self) -> None:
        await self.env.restart_bot(await self.harness.bot())

    async def jobs_of(self, actor: simcord.MemberActor) -> tuple[Job, ...]:
        return (await self.harness.job_service.overview(actor.id)).unfinished

    async def job_of(self, actor: simcord.MemberActor) -> Job:
        (job,) = await self.jobs_of(actor)
        return job


def words(message: simcord.ResponseMessage | discord.Message) -> str:
    """Everything a message says."""
    said: list[str | None] = [message.content]
    for embed in message.embeds:
        said += [embed.title, embed.description, embed.footer.text]
        said += [part for each in embed.fields for part in (each.name, each.value)]
    return "\n".join(part for part in (*said, *cards.said(message)) if part)


def labels(message: simcord.ResponseMessage | discord.Message) -> list[str]:
    """The buttons that can be pressed, in their order."""
    return [each["label"] for each in cards.parts(message) if "label" in each and not each.get("disabled")]


def refusal(result: simcord.InteractionResult) -> str:
    """What a person was told, for their eyes only; nothing else may be left of the answer."""
    shown = [message for message in (result.response, *result.followups) if message is not None]
    assert len(shown) == 1, shown
    assert shown[0].ephemeral
    title, _, told = words(shown[0]).partition("\n")
    assert title == "### That didn't work"
    return told
