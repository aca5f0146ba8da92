"""Who walks through the playground, in a window and on a phone, and what only the stage's hands can see."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from simcord import MemberActor

from playground.browser import prepare
from playground.clip import render_clip
from playground.live_preview import LivePreview
from playground.simulated_server import SimulatedServer
from tests.cards import said
from tests.playground.chromium import PATIENCE, NotShown, Tab
from tests.playground.conftest import flat, write_video
from tests.playground.visitor import Visitor

CLIP = "clip.mp4"
SILENT = "silent.mp4"
EMPTY = "empty.mp4"
PORTRAIT = "portrait.mp4"
BLACK = "black.mp4"
PRICES = '{"sora-2": 60, "sora-2-pro": 120}'  # credits
SECONDS = {
    "Quick": "1.5-3.5",
    "Otto": "0.2-2.2",
    "Slow": "0.4-2.4",
    "Three": "0.6-2.6",
    "Phoney": "0.8-2.8",
    "Five": "1.2-3.2",
}  # of those who make the cast large enough
VIDEO_PRICES = '{"sora-2": 10, "wan2.6": 12}'  # for a second


@dataclass(frozen=True, slots=True)
class Walk:
    """Who walks, and behind the scene what they cannot see: the bot, and the provider's bills."""

    visitor: Visitor
    phone: Visitor
    url: str
    stage: SimulatedServer
    clips: Path

    @property
    def clip(self) -> Path:
        """Six seconds of a figure that talks."""
        return self.clips / CLIP

    @property
    def silent(self) -> Path:
        """The same without a sound track."""
        return self.clips / SILENT

    @property
    def empty(self) -> Path:
        """Scenery with a voice, and nobody in it."""
        return self.clips / EMPTY

    @property
    def portrait(self) -> Path:
        """The figure as a phone held upright records it."""
        return self.clips / PORTRAIT

    @property
    def black(self) -> Path:
        """Black pictures with a sound track."""
        return self.clips / BLACK

    def submissions(self) -> int:
        """How many characters the provider was asked for."""
        return len(self.stage.provider.submissions)

    async def public(self) -> int:
        """How many messages of the bot's everybody sees."""
        async with self.stage.turn:
            return sum(1 for each in self.stage.channel.history() if each.author.bot and not each.flags.ephemeral)

    async def cards(self) -> int:
        """How many cards of mia's characters everybody sees."""
        async with self.stage.turn:
            shown = [each for each in self.stage.channel.history() if each.author.bot and not each.flags.ephemeral]
            hers = f"<@{self.stage.mia.id}>'s cast"
            return sum(any(hers in words for words in said(each)) for each in shown)

    async def private(self) -> int:
        """How many messages of the bot's only mia sees."""
        async with self.stage.turn:
            return sum(1 for each in self.stage.channel.history(viewer=self.stage.mia) if each.flags.ephemeral)

    async def sent(self, filename: str, *, to: MemberActor | None = None) -> bytes:
        """The newest file of that name that mia sees, or whom it was sent ``to``."""
        async with self.stage.turn:
            seen = self.stage.channel.history(viewer=to or self.stage.mia)
            files = [each for message in seen for each in message.attachments if each.filename == filename]
        return await files[-1].read()

    async def notifications(self) -> int:
        """How many messages call mia: an edit would call nobody."""
        async with self.stage.turn:
            her = f"<@{self.stage.mia.id}>"
            first = [next(iter(said(each)), "") for each in self.stage.channel.history() if each.author.bot]
            return sum(words.startswith(her) for words in first)

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait for something that is not seen in the page. Raises NotShown where it stays away."""
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                raise NotShown(f"{what} did not come")
            await asyncio.sleep(0.1)


async def several(walk: Walk, *names: str) -> None:
    """Give mia those characters that earlier points have not left her: as many as make a grid."""
    me, stage = walk.visitor, walk.stage
    await me.view_as("mia")
    asked = await stage.app.stores.consents.given(stage.mia.id)
    for name in names:
        if await stage.app.stores.characters.by_name(stage.mia.id, name) is not None:
            continue
        await me.command("character create", {"video": walk.clip, "range": SECONDS[name], "name": name})
        if not asked:
            await me.press("Yes, I have permission")
            asked = True
        await me.see(f"{name}\n\nSaved to @mia's cast")


@asynccontextmanager
async def walking(
    folder: Path, window: tuple[int, int] = (1280, 1000), *, quiet: bool = False, locale: str = "en-US"
) -> AsyncIterator[Walk]:
    """A playground as somebody finds it, open in a window and in one as wide as a phone.

    ``quiet``: with nothing posted and no cast. Everybody has their Discord in ``locale``.
    """
    async with AsyncExitStack() as opened:
        clips = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="castbook-walk-")))
        (clips / "state").mkdir()
        await asyncio.to_thread(render_clip, clips / CLIP, seconds=6.0, size=(640, 360), fps=12)
        await asyncio.to_thread(render_clip, clips / SILENT, seconds=3.0, size=(320, 180), fps=12, sound=False)
        await asyncio.to_thread(render_clip, clips / EMPTY, seconds=4.0, size=(1280, 720), fps=12, somebody=False)
        await asyncio.to_thread(render_clip, clips / PORTRAIT, seconds=6.0, size=(360, 640), fps=12)
        black = flat((0, 0, 0), (320, 180))
        await asyncio.to_thread(write_video, clips / BLACK, lambda _: black, seconds=5.0)
        environ = {"CASTBOOK__TOAPIS__PRICES": PRICES, "CASTBOOK__TOAPIS__VIDEO_PRICES": VIDEO_PRICES}
        environ |= _public_server()
        stage = await opened.enter_async_context(
            SimulatedServer(clips / "state", seconds_per_task=2.0, environ=environ, locale=locale)
        )
        await stage.app.start_web()
        people = [stage.mia, stage.sam, stage.max, stage.kim]
        page = LivePreview(stage.env, stage.channel, people, port=0, places={stage.kim.id: stage.quiet})
        await opened.enter_async_context(page)
        if not quiet:
            await prepare(stage, await asyncio.to_thread((clips / CLIP).read_bytes))
        following = asyncio.create_task(page.follow())
        opened.push_async_callback(_cancelled, following)
        visitor = Visitor(await opened.enter_async_context(Tab(window)), folder)
        phone = Visitor(await opened.enter_async_context(Tab((390, 844))), folder)
        await visitor.arrive(page.url)
        await phone.leave_page(page.url)
        yield Walk(visitor, phone, page.url, stage, clips)


def _public_server() -> dict[str, str]:
    """The settings of a web server that whoever looks at the page can reach."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {
        "CASTBOOK__WEB__PORT": str(port),
        "CASTBOOK__WEB__METRICS_PORT": "0",
        "CASTBOOK__WEB__PUBLIC_URL": f"http://127.0.0.1:{port}",
    }


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
