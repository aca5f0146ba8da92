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
from bot.values.job import JobKind
from tests.playground.chromium import NotShown
from tests.playground.visitor import Visitor
from tests.playground.walk.walking import Walk, walking

NAME = "Wolfeschlegelsteinhausenbergerdorff"[: limits.NAME_LENGTH]
GROUP = "Kinder- und Jugendbuchverlagsfig"[: limits.NAME_LENGTH]
EXPORTED = "castbook.zip"
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
    await me.see(say("Nothing was made"))
    await me.picture("no sound")
    await me.command("character create", {"video": walk.clip, "range": "1-9"})
    await me.see(say("Use {number}").format(number=1))
    await me.picture("too long a range")


async def groups(walk: Walk, me: Visitor, say: Say) -> None:
    """A cast in groups, and the grid of faces."""
    await me.type("group create", {"name": GROUP})
    await me.option("character", NAME[:6])
    await me.choose(NAME)
    await me.send()
    await me.see(GROUP)
    await me.picture("group made")
    await me.command("group show")
    await me.see(say("Your groups"))
    await me.picture("groups")
    for number, seconds in enumerate(("2-4", "0.2-2.2", "0.5-2.5", "2.2-4.2"), 2):
        name = f"{NAME[: limits.NAME_LENGTH - 2]} {number}"
        await me.command("character create", {"video": walk.clip, "range": seconds, "name": name})
        await me.see(say("Use in a video"))
    await me.command("character list")
    await me.see(f"{NAME[: limits.NAME_LENGTH - 2]} 5")
    await me.rest(2.0)
    await me.picture("grid of faces")


async def lending(walk: Walk, me: Visitor, say: Say) -> None:
    """A character is lent, borrowed and taken back, and somebody is asked whether they may be shown."""
    await me.type_own("character lend", NAME[:6], NAME)
    await me.option("to", "sam")
    await me.choose("sam")
    await me.option("uses", "3")
    await me.option("until", "7d")
    await me.popup_says("7d")
    await me.picture("until when it is lent")
    await me.send()
    await me.see(say("Take back"))
    await me.picture("lent")
    await me.view_as("sam")
    await me.command("character borrowed")
    await me.see(say("Borrowed characters"))
    await me.rest(1.0)
    await me.picture("borrowed")
    await me.view_as("mia")
    await me.press(say("What others made…"))
    await me.see(say("Back to lending"))
    await me.picture("what others made")
    await me.type_own("character take-back", NAME[:6], NAME)
    await me.send()
    await me.see(NAME)
    await me.picture("taken back")
    await me.type_own("character ask-consent", NAME[:6], NAME)
    await me.option("person", "sam")
    await me.choose("sam")
    await me.send()
    await me.see("@sam")
    await me.picture("asked for consent")


async def export_and_import(walk: Walk, me: Visitor, say: Say) -> None:
    """A cast leaves as a zip, and comes into somebody else's."""
    await me.type_own("character export", NAME[:6], NAME)
    await me.send()
    await me.see(EXPORTED)
    await me.picture("export")
    taken = walk.clips / EXPORTED
    taken.write_bytes(await walk.sent(EXPORTED))
    await me.view_as("sam")
    await me.command("character import", {"file": taken})
    await me.see(say("Import these characters?"))
    await me.rest(1.0)
    await me.picture("what would come in")
    await me.press(say("Yes, I have permission"))
    await me.see(say("Imported"))
    await me.picture("imported")
    await me.view_as("mia")


async def own_data(walk: Walk, me: Visitor, say: Say) -> None:
    """What is kept."""
    await me.command("privacy export")
    await me.see(".zip")
    await me.picture("privacy export")
    await me.command("privacy delete")
    await me.see(say("Delete everything"))
    await me.picture("privacy delete")
    await me.press(say("Keep it"))


async def server(walk: Walk, me: Visitor, say: Say) -> None:
    """The settings of a server: as they are at first, and once something is said in each of them."""
    await me.view_as("max")
    await me.command("server settings")
    await me.see(say("Limits per day…"))
    await me.picture("server settings")
    await me.press(say("Roles and log…"))
    await me.see(say("Roles and log of this server"))
    await me.picture("roles and log")
    servers, guild = walk.stage.app.stores.servers, walk.stage.guild
    roles = [role.id for name, role in guild.roles.items() if name != "@everyone"]
    await servers.set_day_limit(guild.id, 50)
    await servers.set_video_limit(guild.id, 20)
    await servers.set_credits(guild.id, everybody=90_000, each=30_000)
    await servers.set_private_results(guild.id, True)
    await servers.set_makers(guild.id, JobKind.CHARACTER, roles)
    await servers.set_makers(guild.id, JobKind.VIDEO, roles)
    await servers.set_role_limits(guild.id, roles[-1], characters=10, videos=5, credits=6_000)
    await servers.set_log_channel(guild.id, walk.stage.quiet.id)
    await servers.block(guild.id, walk.stage.sam.id)
    await me.command("server settings")
    await me.see(say("Show results to everyone"))
    await me.picture("server settings, changed")
    await me.press(say("Limits per day…"))
    await me.see(say("Characters, whole server"))
    await me.picture("limits per day")
    await me.leave_form()
    await me.press(say("Roles and log…"))
    await me.see(say("Roles and log of this server"))
    await me.picture("roles and log, changed")
    await me.view_as("sam")
    await me.command("character list")
    await me.rest(1.0)
    await me.picture("blocked")


SCENES: tuple[Scene, ...] = (
    beginning, forms, character, cast, video, refusals, groups, lending, export_and_import, own_data, server,
)  # fmt: skip


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
