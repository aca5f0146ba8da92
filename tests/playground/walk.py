"""A new member's walk through the playground in headless Chromium: python -m tests.playground.walk [FOLDER]

Each numbered point of a first use is gone through as somebody would who has never seen the bot. What should be seen is
asserted; pictures of it are written into FOLDER, to be looked at.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from simcord import SetupError
from sqlalchemy import delete

from bot import log
from bot.config import LogSettings
from bot.store.provider_tables import closed_models
from playground.browser import prepare
from playground.clip import render_clip
from playground.live_preview import LivePreview
from playground.stage import Stage
from tests.cards import said
from tests.playground.chromium import PATIENCE, NotShown, Tab
from tests.playground.visitor import Visitor

CLIP = "clip.mp4"
SILENT = "silent.mp4"
EMPTY = "empty.mp4"
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
    stage: Stage
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


Point: TypeAlias = Callable[[Walk], Awaitable[None]]


async def help_leads(walk: Walk) -> None:
    """16: /help leads through the first character; it also works where the bot is switched off, and says so."""
    me = walk.visitor
    await me.command("help")
    await me.see("Your first character", "/character create")
    await me.picture("16 help")
    await me.view_as("kim")
    await me.command("character list")
    await me.see("off")
    await me.picture("16 refused where the bot is switched off")
    await me.command("help")
    await me.see("Not here", "Your first character")
    await me.picture("16 help where the bot is switched off")
    await me.view_as("max")
    await me.command("server settings")
    await me.see("Settings for this server", "#quiet")
    await me.picture("16 server settings")
    await me.press("Limits per day…")
    await me.fill("Credits, for all members together", "90000")
    await me.fill("Credits, for each member", "30000")
    await me.picture("16 limits of a day")
    await me.submit()
    await me.see("90000 (set for this server)", "30000 (set for this server)")
    await me.picture("16 limits of a day set")
    await me.view_as("mia")


async def range_is_read(walk: Walk) -> None:
    """6: the range is echoed as one types it."""
    me = walk.visitor
    await me.type("character create", {"video": walk.clip, "range": "from 1 to 3"})
    await me.popup_says("0:01–0:03, 2 s ✓")
    await me.picture("06 a range is echoed")
    await me.leave()
    await me.type("character create", {"video": walk.clip, "range": "1-9"})
    await me.popup_says("3")
    await me.picture("06 a range that is too long")
    await me.leave()


async def first_character(walk: Walk) -> None:
    """1, 2: consent and picker are private, one message is public, and it becomes the result."""
    me, before, alone = walk.visitor, await walk.public(), await walk.private()
    await me.command("character create", {"video": walk.clip})
    await me.see("Before your first character")
    assert await walk.public() == before, "consent is asked in private"
    await me.picture("01 consent")
    await me.press("Yes, I have permission")
    await me.see("Which seconds show the character best?", "Use 1", "The expected cost is 60 credits.")
    assert await walk.public() == before, "the picker is private"
    await me.picture("08 picker")
    asked = walk.submissions()
    await me.press("Watch 1")
    await me.see("Use these", "Longer")
    await me.picture("08 the seconds as a moving picture")
    await me.press("0.5 s earlier")
    await me.see_no_more("Suggested:")
    await me.press("Back to all")
    await me.see("Watch 2")
    await me.press("Use 1")
    await me.picture("01 after the pick")
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.see("Saved to @mia's cast", "Reusable task ID", "60 credits", "Name it…")
    await me.picture("09 the finished card")
    assert await walk.public() == before + 1, "one public message for one character"
    assert await walk.private() == alone, "no private box is left behind"
    await me.press("Use in a video")
    await me.see("Make a video", "What happens?", "Who's in it?", "Model")
    await me.picture("09 how it is used")
    await me.leave_form()


async def the_numbers(walk: Walk) -> None:
    """1, 2: with a range no press before the submission, one public message, nothing left behind, one notification."""
    me, asked = walk.visitor, walk.submissions()
    public, private, called = await walk.public(), await walk.private(), await walk.notifications()
    await me.command("character create", {"video": walk.clip, "range": "1.5-3.5", "name": "Quick"})
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.picture("02 at work")
    await me.see("Quick", "Saved to @mia's cast")
    await me.picture("02 ready, and mia is told")
    assert await walk.public() == public + 1
    assert await walk.private() == private
    assert await walk.notifications() == called + 1


async def silent_clip(walk: Walk) -> None:
    """1: a failure is told to the asker alone, and nothing was charged."""
    me, before, charged = walk.visitor, await walk.public(), walk.submissions()
    await me.command("character create", {"video": walk.silent, "range": "1-3", "name": "Ghost"})
    await me.see("no sound", "Nothing was made")
    await me.picture("01 a clip without sound")
    assert await walk.public() == before, "a failure is told to the asker alone"
    assert walk.submissions() == charged


async def bad_range(walk: Walk) -> None:
    """3: seconds that cannot be used lead to the picker, not to typing the command again."""
    me = walk.visitor
    await me.command("character create", {"video": walk.clip, "range": "1-9", "name": "Otto"})
    await me.see("Use 1", "Other seconds…")
    await me.picture("03 a range that cannot be used")
    await me.press("Other seconds…")
    await me.fill("Which", "2-4")
    await me.picture("03 other seconds")
    await me.submit()
    await me.see("Otto", "Saved to @mia's cast")
    await me.picture("03 the character after all")


async def one_form(walk: Walk) -> None:
    """5: clip, seconds, name and consent in one form, as one uses it on a phone."""
    me, asked = walk.phone, walk.submissions()
    await me.view_as("mia")
    await me.command("character new")
    await me.see("Make a character", "Clip")
    await me.fill("Clip", walk.clip)
    await me.fill("Which", "3-5")
    await me.fill("Name", "Phoney")
    await me.tick("I have permission to use the person in this clip")
    await me.picture("05 one form on a phone")
    await me.submit()
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.see("Phoney", "Saved to @mia's cast")
    await me.picture("05 made on a phone")


async def preview_leads_on(walk: Walk) -> None:
    """4: from a preview a character is started without a second upload."""
    me, asked = walk.visitor, walk.submissions()
    await me.command("character preview", {"video": walk.clip})
    await me.see("A look at this video", "Use 1")
    await me.picture("04 preview")
    assert walk.submissions() == asked
    await me.press("Use 2")  # the first seconds were made into a character a moment ago: that would be asked about
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.picture("04 the character of a preview")


async def doubts(walk: Walk) -> None:
    """10: seconds that may not work are asked about, with a picture of them, and the safe button leads."""
    me, asked = walk.visitor, walk.submissions()
    await me.command("character create", {"video": walk.empty, "range": "1-3", "name": "Nobody"})
    await me.see("Use 0:01–0:03 anyway?", "I found no face in these seconds.", "Pick other seconds", "Use anyway")
    await me.show("Use 0:01–0:03 anyway?")
    await me.picture("10 use anyway", at_the_end=False)
    assert walk.submissions() == asked, "nothing is sent before the answer"
    await me.press("Cancel")
    await me.see("Cancelled. Nothing was charged.")
    await me.picture("10 cancelled")


async def taken_name(walk: Walk) -> None:
    """11: a name that is taken is asked about before anything is made, with what was typed still there."""
    me, asked = walk.visitor, walk.submissions()
    await me.command("character create", {"video": walk.clip, "range": "2.5-4.5", "name": "Quick"})
    await me.see("That name is taken", "Use “Quick 2”")
    await me.picture("11 the name is taken")
    assert walk.submissions() == asked, "nothing is sent before the answer"
    await me.press("Another name…")
    await me.fill("Name", "Slow")
    await me.picture("11 another name")
    await me.submit()
    await me.see("Slow", "Saved to @mia's cast")


async def somebody_elses(walk: Walk) -> None:
    """15: a video that somebody else has posted: its consent is asked for again; /apps stands for the menu."""
    me = walk.visitor
    await me.type("apps", {"menu": "Make"})
    await me.choose("Make a character")
    await me.option("message", "rosie")
    await me.choose("rosie.mp4")
    await me.send()
    await me.see("Make a character")
    await me.picture("15 the form of the message menu")
    await me.fill("Which", "1-3")
    await me.fill("Name", "Theirs")
    await me.submit()
    await me.see("Somebody else posted this video")
    await me.picture("15 consent for somebody else's video")
    await me.press("Yes, I have permission")
    await me.see("Theirs")


async def character_as_task(walk: Walk) -> None:
    """14: a character's ID where a video task is asked for is recognised; a link that is not reached says so."""
    me = walk.visitor
    task_id = re.findall(r"task_\w+", " ".join(words for _, words in await me.messages()))[-1]
    await me.command("character create", {"task": task_id, "range": "1-3"})
    await me.see("not a video")
    await me.picture("14 a character's ID as a task")
    await me.command("character create", {"link": "https://castbook.invalid/clip.mp4", "range": "1-3"})
    await me.see("I couldn't reach castbook.invalid")
    await me.picture("14 a link that is not reached")


async def waiting_in_line(walk: Walk) -> None:
    """7, 12: a third job waits in its owner's own line, a fourth is cancelled there; /tasks shows what runs."""
    me = walk.visitor
    walk.stage.provider.hold_at(40)
    try:
        for name, seconds in (("One", "0-1"), ("Two", "0-2"), ("Three", "1-2.5")):
            await me.command("character create", {"video": walk.clip, "range": seconds, "name": name})
        await me.command("character create", {"video": walk.clip, "range": "2-3.5", "name": "Four"})
        await me.see("Waiting for your other tasks: number 2 in your line", "Cancel")
        await me.picture("07 waiting in my own line")
        await me.press("Cancel")
        await me.see("Cancelled. Nothing was charged.")
        await me.command("tasks")
        await me.see("Your tasks", "Three · Waiting for your other tasks: number 1 in your line")
        await me.picture("07 three at once")
        await walk.phone.view_as("mia")
        await walk.phone.picture("12 tasks on a phone")
    finally:
        walk.stage.provider.hold_at(None)
    await me.see("Three (0:01–0:02.5)")  # the list has followed
    await me.picture("12 tasks has followed")
    await me.command("tasks")
    await me.picture("12 tasks")


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
        await me.see(name, "Saved to @mia's cast")


async def cast(walk: Walk) -> None:
    """13, 11: the list, one of it in full, a rename, a deletion."""
    me = walk.visitor
    await several(walk, "Quick", "Otto", "Slow", "Three", "Phoney")
    await me.command("character list")
    await me.see("in your cast", "Otto", "Quick")
    await me.rest(2.0)
    await me.picture("13 list")
    await me.press("Quick")
    await me.see("Username", "Edit")
    await me.picture("13 one of the grid")
    await me.type_own("character show", "Ot", "Otto")
    await me.send()
    await me.see("Username")
    await me.picture("13 show")
    await me.type_own("character rename", "Ot", "Otto")
    await me.option("new_name", "Quick")
    await me.send()
    await me.see("You already have a character called “Quick”.", "Use “Quick 2”")
    await me.picture("11 renamed to a name that is taken")
    await me.press("Another name…")
    await me.fill("New name", "Otto the Great")
    await me.submit()
    await me.see("“Otto” is now called “Otto the Great”.")
    await me.see_in_all("Otto the Great\n\nSaved to @mia's cast")
    await me.picture("11 renamed")
    await me.type_own("character delete", "Ot", "Otto the Great")
    await me.send()
    await me.see("Delete it")
    await me.picture("11 delete")
    await me.press("Delete it")
    await me.see("I deleted")
    await me.see_in_all("This character was deleted by its owner.")
    await me.picture("11 deleted")
    await me.show("This character was deleted by its owner.")
    await me.picture("11 the old card", at_the_end=False)


async def editing(walk: Walk) -> None:
    """A name, a note, tags and a picture in one form, which changes only what was changed in it."""
    me, phone = walk.visitor, walk.phone
    await several(walk, "Quick", "Slow", "Three", "Phoney", "Five")
    await me.type_own("character edit", "Qu", "Quick")
    await me.send()
    await me.see("Edit this character", "Picture")
    await me.fill("Note", "The fast one of the two. She talks with her hands.")
    await me.fill("Tags", "hero, cartoon")
    await me.picture("23 the form of a character")
    await me.submit()
    await me.see("I saved what you changed about “Quick”.")
    await me.type_own("character show", "Qu", "Quick")
    await me.send()
    await me.see("She talks with her hands.", "hero")
    await me.rest(1.0)
    await me.picture("23 its card")
    await phone.view_as("mia")
    await phone.press("Edit…")
    await phone.see("Edit this character")
    await phone.picture("23 the form of a character on a phone")
    await phone.leave_form()
    await phone.picture("23 its card on a phone")


async def groups(walk: Walk) -> None:
    """A group is made, filled and looked at, on a phone too."""
    me, phone = walk.visitor, walk.phone
    await several(walk, "Quick", "Slow", "Three", "Phoney", "Five")
    await me.type("group create", {"name": "Heroes", "character": "Qu"})
    await me.choose("Quick")
    await me.send()
    await me.see("I made the group “Heroes” with “Quick” in it.")
    for name in ("Slow", "Three", "Phoney", "Five"):
        await me.type("group add", {"group": "He"})
        await me.choose("Heroes")
        await me.option("character", name[:3])
        await me.choose(name)
        await me.send()
        await me.see(f"“{name}” is now in “Heroes”.")
    await me.command("group show")
    await me.see("Your groups", "5 characters")
    await me.picture("24 groups")
    await me.type("group show", {"group": "He"})
    await me.choose("Heroes")
    await me.send()
    await me.see("Characters in this group: 5.", "Phoney")
    await me.rest(2.0)
    await me.picture("24 a group")
    await phone.view_as("mia")
    await phone.rest(2.0)
    await phone.picture("24 a group on a phone")


async def export_and_import(walk: Walk) -> None:
    """A character leaves as a zip, and comes into somebody else's cast, who sees first what would come in."""
    me, phone, stage = walk.visitor, walk.phone, walk.stage
    await several(walk, "Quick")
    await me.type_own("character export", "Qu", "Quick")
    await me.send()
    await me.see("Here is 1 character with its files.", "castbook.zip")
    await me.picture("25 an export")
    async with stage.turn:
        sent = [each for message in stage.channel.history(viewer=stage.mia) for each in message.attachments]
    taken = walk.clips / "taken along.zip"
    taken.write_bytes(await next(each for each in reversed(sent) if each.filename == "castbook.zip").read())
    await me.view_as("sam")
    await me.command("character import", {"file": taken})
    await me.see("Import these characters?", "Quick", "Cancel")
    await me.rest(1.0)
    await me.picture("25 what would come in")
    await phone.view_as("sam")
    await phone.rest(1.0)
    await phone.picture("25 what would come in on a phone")
    await me.press("Yes, I have permission")
    await me.see("Imported", "1 character is in your cast now.")
    await me.picture("25 imported")
    await me.command("character list")
    await me.see("in your cast", "Quick", "Rosie")
    await me.rest(1.0)
    await me.picture("25 the list with it")
    await me.view_as("mia")


async def lending(walk: Walk) -> None:
    """A character is lent to somebody, who finds it, and is taken back."""
    me, phone = walk.visitor, walk.phone
    await several(walk, "Quick")
    await me.type_own("character lend", "Qu", "Quick")
    await me.option("to", "sam")
    await me.choose("sam")
    await me.option("uses", "3")
    await me.option("until", "7d")
    await me.popup_says("7d: until")
    await me.picture("26 lending is typed")
    await me.send()
    await me.see("Lending “Quick”", "0 of 3 videos", "Take back")
    await me.picture("26 lent")
    await phone.view_as("mia")
    await phone.picture("26 lent on a phone")
    await me.view_as("sam")
    await me.command("character borrowed")
    await me.see("Borrowed characters", "Lent by @mia", "videos left: 3", "Give back")
    await me.rest(1.0)
    await me.picture("26 borrowed")
    await phone.view_as("sam")
    await phone.rest(1.0)
    await phone.picture("26 borrowed on a phone")
    await me.view_as("mia")
    await me.type_own("character take-back", "Qu", "Quick")
    await me.send()
    await me.see("back")
    await me.picture("26 taken back")
    await me.view_as("sam")
    await me.command("character borrowed")
    await me.see("Nobody has lent you a character here.")
    await me.picture("26 nothing borrowed")
    await me.view_as("mia")


async def roles_and_log(walk: Walk) -> None:
    """Which roles may make what, and where jobs are logged."""
    me, phone = walk.visitor, walk.phone
    await me.view_as("max")
    await me.command("server settings")
    await me.see("Settings for this server")
    await me.press("Roles and log…")
    await me.see("Roles and log of this server", "everybody", "nowhere")
    await me.picture("27 roles and log")
    await phone.view_as("max")
    await phone.picture("27 roles and log on a phone")
    await me.view_as("mia")


async def privacy(walk: Walk) -> None:
    """11: everything about a person is offered as a file, and can be deleted, with the bot's messages about them."""
    me = walk.visitor
    await me.command("privacy export")
    await me.see(".zip")
    await me.command("privacy delete")
    await me.see("My messages about you that I can still reach")
    await me.picture("11 privacy delete")
    await me.press("Delete it and my messages")
    await me.see("Everything is deleted", "I'm removing my messages about you now")
    end = time.monotonic() + PATIENCE
    while await walk.cards():
        assert time.monotonic() < end, "her cards are still there"
        await asyncio.sleep(0.5)
    await me.picture("11 everything is deleted")


async def on_a_phone(walk: Walk) -> None:
    """8: the picker at the width of a phone, and a closer look at seconds before they are used."""
    me, asked = walk.phone, walk.submissions()
    await me.view_as("sam")
    await me.command("character create", {"video": walk.clip})
    await me.see("Use 1")
    await me.picture("08 picker on a phone")
    await me.press("Watch 2")
    await me.see("Use these", "0.5 s earlier", "Longer")
    await me.picture("08 a closer look on a phone")
    assert walk.submissions() == asked, "nothing is sent by looking"
    await me.press("Cancel")
    await me.picture("08 cancelled on a phone")


async def smaller(walk: Walk) -> None:
    """9, 12, 13: the list, one of it, how it is used, /tasks and one of them, at the width of a phone."""
    me = walk.phone
    await several(walk, "Quick", "Slow", "Three", "Phoney", "Five")
    await me.view_as("mia")
    await me.command("character list")
    await me.see("in your cast", "Three")
    await me.rest(2.0)
    await me.picture("13 list on a phone")
    await me.press("Three")
    await me.see("Username (keep it to yourself)")
    await me.picture("13 one of it on a phone")
    await me.press("Use in a video")
    await me.see("Make a video", "Who's in it?")
    await me.picture("09 how it is used on a phone")
    await me.leave_form()
    await me.command("tasks")
    await me.see("Your tasks")
    await me.picture("12 all done on a phone")
    await me.pick("Open one…", "Three")
    await me.see("Show the character", "Cost")
    await me.picture("12 one task on a phone")


async def retry(walk: Walk) -> None:
    """3: what failed can be tried again from /tasks, without a second upload."""
    me, asked = walk.phone, walk.submissions()
    await me.view_as("sam")
    walk.stage.provider.fail_next("POST", "/v1/videos/generations", 422)
    await me.command("character create", {"video": walk.clip, "range": "3-5", "name": "Again"})
    await me.see("Nothing was made")
    await me.picture("18 a failure on a phone")
    await me.command("tasks")
    await me.see("Again", "Try again")
    await me.picture("12 a task that failed on a phone")
    await me.press("Try again")
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.see("Again", "Reusable task ID")
    await me.picture("12 tried again on a phone")


async def without_sora(walk: Walk) -> None:
    """After every model that makes characters was closed: a portable character, free; and Sora makes it later."""
    me, asked, provider = walk.visitor, walk.submissions(), walk.stage.provider
    await me.view_as("max")
    provider.close_character_models()
    await walk.stage.app.availability.refresh()
    await me.command("character create", {"video": walk.clip, "range": "1-3", "name": "Vox"})
    await me.see("Before your first character")
    await me.press("Yes, I have permission")
    await me.see("Vox", "Portable character", "cast_", "the voice")
    await me.picture("20 a portable character with a voice")
    await me.command("character create", {"video": walk.silent, "name": "Mim"})
    await me.see("Use 1", "This is free")
    await me.picture("20 the picker without Sora")
    await me.press("Use 1")
    await me.see("Portable character", "cast_", "no voice")
    await me.picture("20 a portable character without a voice")
    assert walk.submissions() == asked, "nothing is taken by the provider"
    provider.close_character_models(reopened=True)
    async with (
        walk.stage.app.stores.provider_state._changing() as connection
    ):  # as if the hour of the refusal were over
        await connection.execute(delete(closed_models))
    await walk.stage.app.availability.refresh()
    await me.type_own("character show", "Vo", "Vox")
    await me.send()
    await me.see("Make with Sora", "cast_")
    await me.picture("20 its card once Sora is back")
    await me.press("Make with Sora")
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.see("Reusable task ID")
    await me.picture("20 made with Sora")
    await me.command("character list")
    await me.see("Vox", "Portable")
    await me.picture("20 the list")
    await me.view_as("mia")


async def new_video(walk: Walk) -> None:
    """A video with a character: names and models open as one types, what cannot be is asked about, then it is there."""
    me, stage = walk.visitor, walk.stage
    await me.view_as("mia")
    asked = await stage.app.stores.consents.given(stage.mia.id)
    for name, seconds in (("Star", "1-3"), ("Echo", "2-4")):
        await me.command("character create", {"video": walk.clip, "range": seconds, "name": name})
        if not asked:
            await me.press("Yes, I have permission")
            asked = True
        await me.see(name, "Saved to @mia's cast")
    await me.press("Use in a video")
    await me.see("Make a video", "Who's in it?", "The best one for this cast")
    await me.picture("21 the form of a video")
    await me.leave_form()
    await me.type("video create", {"prompt": "@Star waves at @Ecko by the sea", "character": "St"})
    await me.choose("Star")
    await me.option("model", "wan")
    await me.popup_says("wan2.6")
    await me.picture("21 models that suit the cast")
    await me.choose("wan2.6:")
    await me.option("duration", "7")
    await me.send()
    await me.see("Not started yet", "Did you mean “@Echo”?")
    await me.picture("21 a name that nobody has")
    await me.press("Change it…")
    await me.fill("What happens?", "@Star waves at @Echo by the sea")
    await me.picture("21 the form with what was wished")
    await me.submit()
    await me.see("Use 5 s")
    await me.picture("21 a length that the model does not make")
    await me.press("Use 5 s")
    await me.see("Making your video", "Using wan2.6.", "60 credits")
    await me.picture("21 the first answer")
    await me.see_in_all("by the sea")
    await me.see("Again")
    await me.rest(2.0)
    await me.picture("21 the video is there")
    await me.command("tasks")
    await me.see("Your tasks", "(a video)")
    await me.picture("21 tasks with a video")
    await me.command("video list")
    await me.see("Star, Echo · wan2.6")
    await me.picture("21 videos")
    await me.press("Watch")
    await me.see("Again", "Delete")
    await me.rest(2.0)
    await me.picture("21 a video again")


POINTS: tuple[Point, ...] = (
    help_leads,
    range_is_read,
    first_character,
    the_numbers,
    silent_clip,
    bad_range,
    one_form,
    preview_leads_on,
    doubts,
    taken_name,
    somebody_elses,
    character_as_task,
    waiting_in_line,
    cast,
    on_a_phone,
    smaller,
    retry,
    editing,
    groups,
    export_and_import,
    lending,
    roles_and_log,
    without_sora,
    privacy,
    new_video,
)


async def walk(folder: Path, only: str = "") -> list[str]:
    """Go through every point, or those with one of ``only`` in their names. Returns what was wrong, a line each."""
    failures = []
    async with walking(folder) as everything:
        for point in POINTS:
            if not any(each in point.__name__ for each in only.split(",")):
                continue
            began = time.monotonic()
            try:
                await point(everything)
            except (AssertionError, SetupError) as error:
                failures.append(f"{point.__name__}: {error}")
                print(f"FAILED: {failures[-1]}", file=sys.stderr, flush=True)
                await everything.visitor.start_anew(f"FAILED {point.__name__}")
            await everything.phone.leave_page(everything.url)
            print(f"{point.__name__:<20} {time.monotonic() - began:5.1f} s", flush=True)
    return failures


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
        prices = {"CASTBOOK__TOAPIS__PRICES": PRICES, "CASTBOOK__TOAPIS__VIDEO_PRICES": VIDEO_PRICES}
        stage = await opened.enter_async_context(
            Stage(clips / "state", seconds_per_task=2.0, environ=prices, locale=locale)
        )
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


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """The exit code says whether everything was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.playground.walk", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo-out/walk"), help="where the pictures go")
    parser.add_argument("--only", default="", help="only points with one of these in their names: range,cast")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    log.configure(LogSettings(level="ERROR"))
    logging.getLogger("discord").setLevel(logging.ERROR)
    failures = asyncio.run(walk(chosen.folder, chosen.only))
    print(f"Pictures are in {chosen.folder}.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
