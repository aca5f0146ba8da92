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

from simcord import MemberActor, SetupError

from bot import log
from bot.config import LogSettings
from bot.errors import BadStart
from bot.texts import translated
from playground.clip import render_clip
from playground.live_preview import LivePreview
from playground.prices import SIMULATED_PRICES
from playground.simulated_server import PULSE, SimulatedServer
from playground.transcript import with_button
from playground.trouble import SMALL_FILES, Trouble, order

OUT = Path("demo-out")
POSTED = "rosie.mp4"
PATIENCE = 60.0  # seconds for each step of the prepared character


@dataclass(frozen=True, slots=True)
class Clips:
    """Two files to upload: a talking figure, and one without a sound track, which the provider refuses."""

    talking: Path
    silent: Path

    @classmethod
    def rendered(cls, folder: Path) -> Clips:
        """Render those that are not in ``folder`` yet; the same code renders the same clips."""
        folder.mkdir(parents=True, exist_ok=True)
        clips = cls(folder / "clip.mp4", folder / "silent.mp4")
        for path, seconds, sound in ((clips.talking, 6.0, True), (clips.silent, 3.0, False)):
            if not path.exists():
                half_done = path.with_suffix(".part")
                render_clip(half_done, seconds=seconds, sound=sound)
                half_done.replace(path)
        return clips


def main(port: int, *, without_sora: bool = False, locale: str = "en-US", trouble: Trouble | None = None) -> int:
    """Serve on loopback (0 takes a free port) until Ctrl-C, SIGTERM or the page's own end. Returns the exit code.

    ``without_sora``: the provider has closed every model that makes characters, once sam has his.
    ``locale``: the language of everybody's Discord. ``trouble``: what goes wrong, once sam has his.

    Every start is a new world: the simulated Discord keeps nothing, so the bot's database is kept no longer either.
    """
    log.configure(LogSettings(level="WARNING"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    _tell("Castbook, the real bot. Discord and the provider ToAPIs are simulated here; nothing leaves this machine.")
    _tell("One moment: two clips to try it with are being rendered, and sam makes his first character …")
    try:
        with tempfile.TemporaryDirectory(prefix="castbook-playground-") as folder:
            asyncio.run(_serve(Path(folder), port, without_sora=without_sora, locale=locale, trouble=trouble))
    except BadStart as error:
        print(f"castbook: {error}", file=sys.stderr)
        return error.exit_code
    return 0


async def _serve(
    folder: Path, port: int, *, without_sora: bool = False, locale: str = "en-US", trouble: Trouble | None = None
) -> None:
    ended = _ended_by_signal()
    most_bytes = SMALL_FILES if trouble is Trouble.LARGE else None
    async with (
        SimulatedServer(folder, locale=locale, environ=SIMULATED_PRICES, most_bytes=most_bytes) as server,
        AsyncExitStack() as opened,
    ):
        people = [server.mia, server.sam, server.max, server.kim]
        page = LivePreview(server.env, server.channel, people, port=port, places={server.kim.id: server.quiet})
        try:
            await opened.enter_async_context(page)
        except SetupError as error:
            raise BadStart(f"the page cannot be served: {error}. Give another --port, or 0 for a free one.") from None
        await _until_one_ends(ended.wait(), page.wait_closed(), _play(server, page, without_sora, trouble))
    _tell("\nThe playground is closed; what was made in it is gone.")


def _ended_by_signal() -> asyncio.Event:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def end(number: signal.Signals) -> None:
        ended.set()
        loop.remove_signal_handler(number)  # from now on the default: the second one kills

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)
    return ended


async def _play(server: SimulatedServer, page: LivePreview, without_sora: bool, trouble: Trouble | None) -> None:
    """Fill the channels, say where the page is, and keep it fresh until cancelled."""
    clips, posted = await asyncio.to_thread(lambda: (Clips.rendered(OUT), _small_clip()))
    await prepare(server, posted)
    if without_sora:
        server.provider.close_character_models()
        await server.app.availability.refresh()
        for model in server.app.availability.models:  # sam's was accepted just now, so its model counts as alive
            await server.app.availability.refused(model)
    order(trouble, server.provider)
    _tell(guide(page.url, page.phone_url, clips))
    await page.follow()


def _small_clip() -> bytes:
    """For the page, which converts a posted video before it shows any picture; for a large one this takes a minute."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        render_clip(path, seconds=4.0, size=(480, 270), fps=12)
        return path.read_bytes()


async def prepare(server: SimulatedServer, clip: bytes) -> None:
    """What is there before anybody comes: a posted clip, a character of sam's, and a channel without the bot."""
    await server.app.stores.servers.close_channel(server.guild.id, server.quiet.id)
    switched_off = "The bot is switched off here. /help still answers, /character create does not."
    await server.act(lambda: server.kim.send(server.quiet, switched_off))
    posted = "Here is Rosie! She is seen best from 0:01 to 0:03."
    await server.act(lambda: server.sam.send(server.channel, posted, attachments=[(POSTED, clip)]))
    usual, server.provider.seconds_per_task = server.provider.seconds_per_task, 0.5
    asked = {"video": (POSTED, clip), "range": "1-3", "name": "Rosie"}
    await server.act(lambda: server.sam.slash(server.channel, "character create", **asked))
    for label in ("Yes, I have permission", "Use anyway"):
        await _press_if_asked(server, server.sam, label)
    server.provider.seconds_per_task = usual
    invited = "Now she can be in any video. Type `/` and choose **character create**."
    await server.act(lambda: server.sam.send(server.channel, invited))


async def _press_if_asked(server: SimulatedServer, member: MemberActor, label: str) -> None:
    """Press the button once it is there; do nothing if the job ends without it."""
    label = translated(label, server.locale) or label
    async with asyncio.timeout(PATIENCE):
        while (asked := with_button(server.channel.history(viewer=member), label)) is None:
            overview = await server.app.job_service.overview(member.id)
            if not overview.unfinished:
                return
            await asyncio.sleep(PULSE)
        await server.act(lambda: member.click(asked, label=label))


def guide(url: str, phone_url: str, clips: Clips) -> str:
    """What the terminal prints once the page is served: its addresses, who is who, and every command."""
    return f"""
Open this address in a browser (anyone who has it may do everything there):

    {url}
    {phone_url}
                        (the same, as wide as a phone)

"Viewing as" says who you are:

    mia                 a new member
    sam                 a member with one character in his cast
    max (manager)       may manage the server, so only he sees /server settings
    kim (in #quiet)     reads a channel in which max has switched the bot off

None of them takes direct messages, which this page could not show: what the bot would say in one, it says in the
channel, or at the next command.

Type / into the line at the bottom and try

    /character create   video: {clips.talking.resolve()}
                        (a figure drawn by our own code: nobody real; give a range such as 1-3, or pick the seconds)
    /character create   video: {clips.silent.resolve()}
                        (no sound, which the provider needs: refused before anything is sent)
    /character new      one form with the clip in it
    /character preview  the same look, and nothing more
    /character list  /character show  /character edit  /character rename  /character delete
                        look after your cast
    /character default  who plays when you name nobody
    /character export  /character import
                        take your cast along as a zip, and bring one in
    /character lend  /character borrowed  /character take-back  /character ask-consent
                        let somebody else use a character (sam, say), and ask who is in the clip
    /group create  /group add  /group remove  /group show  /group rename  /group delete
                        sort it into groups
    /video create  /video new  /video list
                        videos with your cast; make playground WITHOUT_SORA=1 to see them outlive Sora
    /tasks              what runs, and what waits for your answer
    /server settings    for max: the server's limits, its switched-off channels, its blocked members
    /privacy export  /privacy delete
                        what the bot keeps about you, as a file; and all of it gone
    /help  /about
    /apps               stands for Apps in the menu of a message, which this page cannot open: choose
                        "Make a character", and sam's message with the clip

make playground LOCALE=ja (or zh-CN, zh-TW, ko, ru, es-ES, es-419, pt-BR) speaks another language.

make playground TROUBLE=faces    seedance takes everybody for a real person (choose its model for a video)
                TROUBLE=sound    the provider refuses the sound of every video
                TROUBLE=large    Discord takes only small files, so that a video has to be made smaller
                TROUBLE=late     each task takes 16 minutes, longer than Discord lets an answer be edited

Simulated: Discord (this page), the provider ToAPIs, its prices, the budgets and the money. Real: the bot, its database,
its look at the videos.
/operator is for people who run a real bot, in a server of their own, and is not here. Ctrl-C ends the playground.
"""


async def _until_one_ends(*works: Coroutine[Any, Any, object]) -> None:
    """Run them concurrently until the first one ends, then stop the others. Raises its error."""
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
