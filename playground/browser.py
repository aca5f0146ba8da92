"""Castbook in a browser, without accounts: the real bot on a simulated Discord, with a simulated provider."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcord import SetupError

from bot import log
from bot.config import LogSettings
from bot.errors import BadStart
from playground.clip import render_clip
from playground.live_preview import LivePreview
from playground.stage import Stage

OUT = Path("demo-out")


@dataclass(frozen=True, slots=True)
class Clips:
    """Two files to upload: a figure that talks, and one without a sound track, which the provider refuses."""

    talking: Path
    silent: Path

    @classmethod
    def rendered(cls, folder: Path) -> Clips:
        """Render those that are not in ``folder`` yet; the same code gives the same clips."""
        folder.mkdir(parents=True, exist_ok=True)
        clips = cls(folder / "clip.mp4", folder / "silent.mp4")
        for path, seconds, sound in ((clips.talking, 6.0, True), (clips.silent, 3.0, False)):
            if not path.exists():
                half_done = path.with_suffix(".part")
                render_clip(half_done, seconds=seconds, sound=sound)
                half_done.replace(path)
        return clips


def main(port: int) -> int:
    """Serve on loopback (0 takes a free port) until Ctrl-C, SIGTERM or the page's own end. Returns the exit code.

    Every start is a new world: the simulated Discord keeps nothing, so the bot's database is kept no longer either.
    """
    log.configure(LogSettings(level="WARNING"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    _tell("Castbook, the real bot. Discord and the provider ToAPIs are simulated here; nothing leaves this machine.")
    _tell("One moment: two clips to try it with are being rendered …")
    try:
        with tempfile.TemporaryDirectory(prefix="castbook-playground-") as folder:
            asyncio.run(_serve(Path(folder), port))
    except BadStart as error:
        print(f"castbook: {error}", file=sys.stderr)
        return error.exit_code
    return 0


async def _serve(folder: Path, port: int) -> None:
    ended = _ended_by_signal()
    async with Stage(folder) as stage, AsyncExitStack() as opened:
        page = LivePreview(stage.env, stage.channel, [stage.mia, stage.sam], port=port)
        try:
            await opened.enter_async_context(page)
        except SetupError as error:
            raise BadStart(f"the page cannot be served: {error}. Give another --port, or 0 for a free one.") from None
        await _until_one_ends(ended.wait(), page.wait_closed(), _play(stage, page))
    _tell("\nThe playground is closed; what was made in it is gone.")


def _ended_by_signal() -> asyncio.Event:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end(number: signal.Signals) -> None:
        ended.set()
        loop.remove_signal_handler(number)  # from now on the default: the second one kills

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    return ended


async def _play(stage: Stage, page: LivePreview) -> None:
    """Fill the channel, say where the page is, and keep it fresh until cancelled."""
    clips, posted = await asyncio.to_thread(lambda: (Clips.rendered(OUT), _small_clip()))
    await _earlier_messages(stage, posted)
    _tell(_guide(page.url, clips))
    await page.follow()


def _small_clip() -> bytes:
    """For the page, which converts a posted video before it shows any picture: a large one would take it a minute."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        render_clip(path, seconds=4.0, size=(480, 270), fps=12)
        return path.read_bytes()


async def _earlier_messages(stage: Stage, clip: bytes) -> None:
    """What the channel holds before anybody comes."""
    posted = await stage.mia.send(
        stage.channel, "Here is Rosie! She is seen best from second 1 to second 3.", attachments=[("rosie.mp4", clip)]
    )
    await stage.sam.send(
        stage.channel,
        "Make a character of her, and she can be in any video: type `/`, choose **character create** and attach it.",
        reply_to=posted,
    )


def _guide(url: str, clips: Clips) -> str:
    return f"""
Open this address in a browser (whoever has it may do everything in there):

    {url}

You are mia; "Viewing as" makes you sam. Type / into the line at the bottom and try

    /character create   video: {clips.talking.resolve()}
                        (a figure drawn by our own code: nobody real; give a range such as 1-3, or pick the seconds)
    /character create   video: {clips.silent.resolve()}
                        (no sound, which the provider needs: refused before anything is sent)
    /character preview  the same look, and nothing more
    /character list     your cast; show, rename and delete look after one of them
    /tasks  /help  /about

The page cannot open the menu of a message (Apps, "Make a character"); in Discord it is there as well.
Ctrl-C ends the playground.
"""


async def _until_one_ends(*works: Coroutine[Any, Any, object]) -> None:
    """Run them side by side until the first one ends, then stop the others; its error is ours."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell(words: str) -> None:
    print(words, flush=True)
