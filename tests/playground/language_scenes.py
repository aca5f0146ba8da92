"""What :mod:`tests.playground.languages` takes pictures of: what a member comes to see, from the first command on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bot import limits
from bot.values.job import JobKind
from playground.trouble import Trouble, order
from tests.playground.visitor import Visitor
from tests.playground.walk.walking import Walk

NAME = "Wolfeschlegelsteinhausenbergerdorff"[: limits.NAME_LENGTH]
WIDE = "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処"[: limits.NAME_LENGTH]
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


async def trouble(walk: Walk, me: Visitor, say: Say) -> None:
    """What is asked before a video begins, one that cannot be made, and a task by itself."""
    await me.type("video create", {"prompt": PROMPT, "model": "wan2.6"})
    await me.choose("wan2.6")
    await me.option("duration", "7")
    await me.send()
    await me.see(say("Use {seconds} s").format(seconds=5))
    await me.picture("a length that the model does not make")
    order(Trouble.FACES, walk.stage.provider)
    try:
        await me.type("video create", {"prompt": PROMPT, "model": "seedance-2"})
        await me.choose("seedance-2")
        await me.send()
        await me.see(say("They're all made up"))
        await me.picture("a real face")
    finally:
        walk.stage.provider.videos.real_faces = False
    await me.command("tasks")
    await me.see(say("Your tasks"))
    await me.pick(say("Open one…"), PROMPT[:10])
    await me.see(say("Back to the list"))
    await me.picture("a task")


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
        name = f"{(NAME, WIDE)[number % 2][: limits.NAME_LENGTH - 2]} {number}"
        await me.command("character create", {"video": walk.clip, "range": seconds, "name": name})
        await me.see(say("Use in a video"))
    await me.command("character list")
    await me.see(name)
    await me.rest(2.0)
    await me.picture("grid of faces")


async def lending(walk: Walk, me: Visitor, say: Say) -> None:
    """A character is lent, borrowed and taken back, and somebody is asked whether they may be shown.

    simcord keeps a form that was left unsent, and offers no people while it is there. Looking as somebody else ends it.
    """
    await me.view_as("sam")
    await me.view_as("mia")
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
    await me.press(say("What others made"))
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
    await me.view_as("sam")
    await me.press(say("See the question"))
    await me.see(say("Yes, that's fine"))
    await me.picture("may this be used")
    await me.press(say("Yes, that's fine"))
    await me.rest(1.0)
    await me.picture("said yes")
    await me.view_as("mia")


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
    await me.see(say("Daily limits…"))
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
    await me.press(say("Daily limits…"))
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
    beginning, forms, character, cast, video, trouble, refusals, groups, lending, export_and_import, own_data, server,
)  # fmt: skip
