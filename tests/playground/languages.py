"""Pictures of the cards in each language, in Chromium: python -m tests.playground.languages [FOLDER] [--locale ja]

They are for people who read the language: nothing is asserted but that each card comes. The names are the longest that
there can be. Where Chromium has no font for a language, install one for looking (fonts-noto-cjk or the like).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from bot import limits, log
from bot.catalogues import LOCALES
from bot.config import LogSettings
from bot.texts import translated
from tests.playground.chromium import NotShown
from tests.playground.visitor import Visitor
from tests.playground.walk.walking import Walk, walking

NAME = "Wolfeschlegelsteinhausenbergerdorff"[: limits.NAME_LENGTH]
PROMPT = f"@{NAME} waves at the camera by the sea, and the wind is in the trees behind"
Say: TypeAlias = Callable[[str], str]
Scene: TypeAlias = Callable[[Walk, Visitor, Say], Awaitable[None]]


async def beginning(walk: Walk, me: Visitor, say: Say) -> None:
    """Where nothing is there yet."""
    for command in ("help", "about", "character list", "video list", "tasks"):
        await me.command(command)
        await me.picture(command)


async def forms(walk: Walk, me: Visitor, say: Say) -> None:
    """The form of a character; that of a video needs a cast."""
    await me.command("character new")
    await me.see(say("Make a character"))
    await me.picture("character new")
    await me.leave_form()


async def character(walk: Walk, me: Visitor, say: Say) -> None:
    """From the clip to the character."""
    await me.command("character create", {"video": walk.clip, "name": NAME})
    await me.see(say("Yes, I have permission"))
    await me.picture("consent")
    await me.press(say("Yes, I have permission"))
    watch = say("Watch {number}").format(number=1)
    await me.see(watch)
    await me.picture("picker")
    await me.press(watch)
    await me.see(say("Use these"))
    await me.rest(1.0)
    await me.picture("closer look")
    await me.press(say("Use these"))
    await me.see(say("Use in a video"))
    await me.rest(2.0)
    await me.picture("character made")


async def cast(walk: Walk, me: Visitor, say: Say) -> None:
    """What can be done with it."""
    await me.command("character list")
    await me.see(say("Open"))
    await me.picture("cast")
    await me.press(say("Open"))
    await me.see(say("Edit…"))
    await me.picture("character shown")
    await me.press(say("Edit…"))
    await me.see(say("Note"))
    await me.picture("edit")
    await me.leave_form()
    await me.press(say("Delete"))
    await me.see(say("Keep it"))
    await me.picture("delete")
    await me.press(say("Keep it"))


async def video(walk: Walk, me: Visitor, say: Say) -> None:
    """A video, the form for one, and the lists."""
    await me.command("video new")
    await me.see(say("Make a video"))
    await me.picture("video new")
    await me.leave_form()
    await me.type("video create", {"prompt": PROMPT})
    await me.option("character", NAME[:6])
    await me.choose(NAME)
    await me.send()
    await me.picture("video asked for")
    await me.see(say("Another take…"))
    await me.rest(2.0)
    await me.picture("video made")
    await me.command("tasks")
    await me.see(say("Your tasks"))
    await me.picture("tasks with something in them")
    await me.command("video list")
    await me.see(say("Watch"))
    await me.picture("videos")


async def refusals(walk: Walk, me: Visitor, say: Say) -> None:
    """What cannot be done."""
    await me.command("character create", {"video": walk.silent, "range": "0-2"})
    await me.rest(4.0)
    await me.picture("no sound")
    await me.command("character create", {"video": walk.clip, "range": "1-9"})
    await me.rest(4.0)
    await me.picture("too long a range")


async def own_data(walk: Walk, me: Visitor, say: Say) -> None:
    """What is kept, and the settings of a server."""
    await me.command("privacy delete")
    await me.see(say("Delete everything"))
    await me.picture("privacy delete")
    await me.press(say("Keep it"))
    await me.view_as("max")
    await me.command("server settings")
    await me.see(say("Limits per day…"))
    await me.picture("server settings")
    await me.press(say("Limits per day…"))
    await me.picture("limits per day")


SCENES: tuple[Scene, ...] = (beginning, forms, character, cast, video, refusals, own_data)


async def look(folder: Path, locale: str) -> list[str]:
    """Write the pictures for one language. Returns what did not come, a line each."""
    missing = []
    async with walking(folder, locale=locale) as walk:
        for scene in SCENES:
            try:
                await scene(walk, walk.visitor, lambda msgid: translated(msgid, locale) or msgid)
            except NotShown as error:
                missing.append(f"{locale}, {scene.__name__}: {error}")
                try:
                    await walk.visitor.start_anew(f"NOT THERE {scene.__name__}")
                except NotShown:  # the other languages are still worth looking at
                    return [*missing, f"{locale}: given up after {scene.__name__}"]
    return missing


def main() -> int:
    """The exit code says whether every card came."""
    parser = argparse.ArgumentParser(prog="python -m tests.playground.languages")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo-out/languages"), help="for the pictures")
    parser.add_argument("--locale", choices=LOCALES, action="append", help="only these languages")
    chosen = parser.parse_args()
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    missing: list[str] = []
    for locale in chosen.locale or LOCALES:
        (chosen.folder / locale).mkdir(parents=True, exist_ok=True)
        missing += asyncio.run(look(chosen.folder / locale, locale))
    print(*missing, f"Pictures are in {chosen.folder}.", sep="\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
