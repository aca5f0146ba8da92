"""The main job without accounts: a clip becomes a character, a restart loses nothing, and a cast outlives its maker."""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import discord
from PIL import Image
from simcord import InteractionResult, MemberActor
from sqlalchemy import delete, update

from bot import log
from bot.config import LogSettings
from bot.errors import CastbookError
from bot.store.tables import character_files, characters
from bot.values.character import FileKind
from bot.values.job import Job, JobKind, Outcome, Question, Step
from bot.values.time_range import TimeRange
from playground.clip import render_clip
from playground.prices import SIMULATED_PRICES
from playground.simulated_server import SimulatedServer
from playground.transcript import Transcript, texts_of, with_button

OUT = Path("demo-out")
SECONDS_PER_TASK = 5.0
PROMPT = "@Rosie and @Ruby watch the sun go down"
_SPRING = datetime(2026, 4, 1, 12, tzinfo=UTC)
PATIENCE = 45.0  # seconds that the demo waits for any one thing


def main(video: Path | None, range_text: str | None) -> int:
    """Run it; without a range it uses the bot's own first suggestion. Returns the exit code."""
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    try:
        chosen = TimeRange.parse(range_text) if range_text else None
    except CastbookError as error:
        print(error)
        return 2
    if video is not None and not video.is_file():
        print(f"There is no file {video}.")
        return 2
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="castbook-demo-") as folder:
        return asyncio.run(_Demo(Path(folder), video, chosen).play())


class _Demo:
    def __init__(self, folder: Path, video: Path | None, chosen: TimeRange | None) -> None:
        self._folder = folder
        self._video = video
        self._range = chosen
        self._transcript = Transcript()

    async def play(self) -> int:
        say = self._transcript.say
        say("Castbook: the bot, its database, its files and the video work are real.")
        say("Discord, the provider ToAPIs, its prices and the money are simulated; nothing leaves this machine.")
        clip, silent = await asyncio.to_thread(self._clips)
        (self._folder / "state").mkdir()
        async with SimulatedServer(
            self._folder / "state", seconds_per_task=SECONDS_PER_TASK, environ=SIMULATED_PRICES
        ) as server:
            self._server = server
            self._transcript.names = {member.id: member.name for member in (server.mia, server.sam)}
            good = await self._main_job(clip)
            refused = await self._silent_clip(silent)
            late = await self._restart(clip)
            await self._cast()
            played = await self._videos()
            (OUT / "conversation.txt").write_text("\n".join(self._transcript.lines) + "\n", encoding="utf-8")
        say()
        written = [OUT / name for name in ("conversation.txt", "filmstrip.png", "picture.jpg", "video.mp4")]
        there = ", ".join(str(path) for path in written if path.exists())
        say(f"Written: {there}. Next: make playground, the same in a browser.")
        return 0 if good and refused and late and played else 1

    def _clips(self) -> tuple[Path, Path]:
        clip, silent = self._folder / "clip.mp4", self._folder / "silent.mp4"
        if self._video is not None:
            clip = self._video
            self._transcript.say(f"The clip: your own file {clip.name}.")
        else:
            render_clip(clip)
            self._transcript.say(
                "The clip: 6 seconds of a drawn figure with a voice, rendered just now by our own code."
            )
        render_clip(silent, seconds=4, size=(480, 270), fps=12, sound=False)
        return clip, silent

    async def _main_job(self, clip: Path) -> bool:
        self._heading("A clip in, a reusable character out")
        mia = self._server.mia
        await self._create(mia, clip, self._range, name="Rosie")
        await self._press(mia, "Yes, I have permission")
        picked = await self._pick(mia) if self._range is None else True
        await self._through_doubts(mia)
        job = await self._until(mia, lambda job: job.step is Step.DONE)
        card = self._messages(mia)[-1]
        picture = next((file for file in card.attachments), None)
        if picture is not None:
            (OUT / "picture.jpg").write_bytes(await picture.read())
        self._bill()
        return picked and job.delivered_at is not None and picture is not None

    async def _pick(self, member: MemberActor) -> bool:
        """The first suggestion, once they are there; the filmstrip they are marked on is kept."""
        strip = await self._wait(lambda: with_button(self._messages(member), "Use 1"), member)
        shown = next((file for file in strip.attachments), None)
        if shown is not None:
            data = await shown.read()
            await asyncio.to_thread(_write_png, data, OUT / "filmstrip.png")
        await self._press(member, "Use 1")
        return shown is not None

    async def _through_doubts(self, member: MemberActor) -> None:
        """If the bot has concerns about the seconds (your clip may be anything), use them anyway."""
        prepared = {Step.SUBMIT, Step.WATCH, Step.COLLECT, Step.DELIVER, Step.DONE}
        job = await self._until(member, lambda job: job.step in prepared or job.question is Question.CONCERNS)
        if job.question is Question.CONCERNS:
            await self._press(member, "Use anyway")

    async def _silent_clip(self, silent: Path) -> bool:
        self._heading("A clip without sound: the provider takes none, so it is refused before anything is sent")
        sam = self._server.sam
        await self._create(sam, silent, TimeRange.parse("1,3"), name="Ghost")
        job = await self._until(sam, lambda job: job.step is Step.DONE)
        self._bill()
        return job.failure is not None and not job.counted

    async def _restart(self, clip: Path) -> bool:
        self._heading("A restart in the middle: the bot is closed while the task stands at 50%")
        mia, provider = self._server.mia, self._server.provider
        provider.hold_at(50)
        await self._create(mia, clip, TimeRange.parse("0.5-2.5" if self._video is None else "0-1"), name="Ruby")
        await self._through_doubts(mia)
        await self._wait(lambda: next((m for m in self._messages(mia) if _shows(m, "50%")), None), mia)
        self._transcript.say("  … runner, database and sessions are closed; a new bot is built from the files.")
        await self._server.restart()
        provider.hold_at(None)
        job = await self._until(mia, lambda job: job.step is Step.DONE)
        self._bill()
        return job.delivered_at is not None

    async def _cast(self) -> None:
        self._heading("Everyone keeps a cast")
        await self._act(self._server.mia, "character list")

    async def _videos(self) -> bool:
        """Two characters that Sora made, in a video of each kind of other model; the first video is kept."""
        self._heading("Months later Sora closes. Its characters live on, in videos of three other models")
        mia, provider = self._server.mia, self._server.provider
        await self._made_in_spring(mia, "Ruby")
        provider.close_character_models()
        provider.model_gone("sora-2-vvip")  # it makes no characters, and shows those that other models made
        for availability in (self._server.app.availability, self._server.app.video_availability):
            await availability.refresh()  # what the bot does every ten minutes
        self._transcript.say("  … the provider's list of models has no Sora any more; the bot has asked for it again.")
        delivered = []
        for model in (None, "viduq3", "kling-v3-omni"):
            options = {"prompt": PROMPT, "character": "Rosie", "character2": "Ruby"}
            if model is not None:
                options["model"] = model
            await self._act(mia, "video create", **options)
            job = await self._until(mia, lambda job: job.kind is JobKind.VIDEO and job.step is Step.DONE)
            delivered.append(job.outcome is Outcome.SUCCEEDED and job.delivered_at is not None)
            file = next((file for file in self._messages(mia)[-1].attachments), None)
            if model is None and file is not None:
                (OUT / "video.mp4").write_bytes(await file.read())
        return all(delivered) and (OUT / "video.mp4").exists()

    async def _made_in_spring(self, member: MemberActor, name: str) -> None:
        """Make the character one of an earlier version from spring, with only the exact clip and its stills."""
        stores = self._server.app.stores
        made = await stores.characters.by_name(member.id, name)
        if made is None:
            raise AssertionError(f"{name} was made a moment ago")
        files, since_then = character_files.c, [FileKind.REFERENCE.value, FileKind.VOICE.value]
        async with stores.database.write() as connection:
            await connection.execute(update(characters).where(characters.c.id == made.id).values(created_at=_SPRING))
            await connection.execute(
                delete(character_files).where(files.character_id == made.id, files.kind.in_(since_then))
            )
        self._transcript.say(f"  … {name} has what an earlier version kept in spring: the exact clip, and its stills.")
        await self._act(member, "character show", name=name)

    async def _create(self, member: MemberActor, clip: Path, chosen: TimeRange | None, name: str) -> None:
        data = await asyncio.to_thread(clip.read_bytes)
        options = {"video": (clip.name, data), "name": name}
        if chosen is not None:
            options["range"] = chosen.people
        await self._act(member, "character create", **options)

    async def _act(self, member: MemberActor, command: str, **options: object) -> InteractionResult:
        shown = " ".join(f"{key}:{value[0] if isinstance(value, tuple) else value}" for key, value in options.items())
        self._transcript.say(f"{member.name}: /{command} {shown}".rstrip())
        result = await self._server.act(lambda: member.slash(self._server.channel, command, **options))
        self._look(member)
        return result

    async def _press(self, member: MemberActor, label: str) -> None:
        message = await self._wait(lambda: with_button(self._messages(member), label), member)
        self._transcript.say(f"{member.name} presses [ {label} ]")
        await self._server.act(lambda: member.click(message, label=label))
        self._look(member)

    async def _until(self, member: MemberActor, reached: Callable[[Job], bool]) -> Job:
        """Wait until the member's newest job has come that far."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self._look(member)
                overview = await self._server.app.job_service.overview(member.id)
                newest = max((*overview.unfinished, *overview.finished), key=lambda job: job.created_at)
                if reached(newest):
                    self._look(member)
                    return newest
                await asyncio.sleep(0.2)

    async def _wait(self, find: Callable[[], discord.Message | None], member: MemberActor) -> discord.Message:
        async with asyncio.timeout(PATIENCE):
            while (found := find()) is None:
                await asyncio.sleep(0.1)
                self._look(member)
        return found

    def _look(self, member: MemberActor) -> None:
        self._transcript.look(self._messages(member), member.id)

    def _messages(self, member: MemberActor) -> list[discord.Message]:
        return list(self._server.channel.history(viewer=member))

    def _bill(self) -> None:
        provider = self._server.provider
        self._transcript.say(
            f"  (Requests that the simulated provider has taken so far: {len(provider.submissions)}. "
            f"Charged: ${provider.account.used:.2f}.)"
        )

    def _heading(self, words: str) -> None:
        self._transcript.say()
        self._transcript.say(f"── {words} ──")


def _write_png(data: bytes, into: Path) -> None:
    Image.open(io.BytesIO(data)).convert("RGB").save(into)


def _shows(message: discord.Message, words: str) -> bool:
    return any(words in said for said in texts_of(message))
