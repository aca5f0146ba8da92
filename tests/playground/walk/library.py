"""The cast: list, edits, groups, loans, and what leaves and comes in."""

from __future__ import annotations

import asyncio
import time

from tests.playground.chromium import PATIENCE
from tests.playground.walk.walking import Walk, several


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
    me, phone = walk.visitor, walk.phone
    await several(walk, "Quick")
    await me.type_own("character export", "Qu", "Quick")
    await me.send()
    await me.see("Here is 1 character with its files.", "castbook.zip")
    await me.picture("25 an export")
    taken = walk.clips / "taken along.zip"
    taken.write_bytes(await walk.sent("castbook.zip"))
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


async def searching(walk: Walk) -> None:
    """The cast is looked through: a typo, a tag, an order, a group; and who plays when nobody is named."""
    me = walk.visitor
    await several(walk, "Quick", "Slow", "Three", "Phoney", "Five")
    await me.command("character list", {"search": "phnoey"})
    await me.see("Found in your cast: 1.", "Phoney")
    await me.picture("30 found in spite of a typo")
    await me.type("character list")
    await me.option("sort", "")
    await me.choose("by name")
    await me.send()
    await me.see("in your cast", "Five", "Three")
    await me.rest(1.0)
    await me.picture("30 by name")
    await me.type_own("character default", "Fi", "Five")
    await me.send()
    await me.see("“Five” is now in your videos here whenever you don't name anyone.")
    await me.picture("30 the default character")
    await me.command("video create", {"prompt": "A walk along the beach"})
    await me.see("Five")
    await me.see_in_all("walk along the beach")
    await me.see("Again")
    await me.rest(1.0)
    await me.picture("30 a video with the default character")
    await me.command("character default")
    await me.see("“Five” is no longer your default character here.")


async def there_and_back(walk: Walk) -> None:
    """All of a cast leaves, is deleted, comes back, and plays in a video."""
    me = walk.visitor
    await several(walk, "Quick")
    await me.type_own("character export", "Qu", "Quick")
    await me.send()
    await me.see("castbook.zip")
    taken = walk.clips / "back again.zip"
    taken.write_bytes(await walk.sent("castbook.zip"))
    await me.type_own("character delete", "Qu", "Quick")
    await me.send()
    await me.press("Delete it")
    await me.see("I deleted")
    await me.command("character import", {"file": taken})
    await me.see("Import these characters?", "Quick")
    await me.picture("31 what would come back")
    await me.press("Import")
    await me.see("Imported")
    await me.type("video create", {"prompt": "@Quick runs", "character": "Qu"})
    await me.choose("Quick")
    await me.send()
    await me.see_in_all("Quick runs")
    await me.see("Again")
    await me.rest(1.0)
    await me.picture("31 a video with the one that came back")
    await me.command("privacy export")
    await me.see(".zip")
    await me.picture("31 the export of everything")


async def privacy(walk: Walk) -> None:
    """11: everything about a person is offered as a file, and can be deleted, with the bot's messages about them."""
    me = walk.visitor
    await me.command("privacy export")
    await me.see(".zip")
    await me.command("privacy delete")
    await me.see("My messages about you that I can still reach")
    await me.picture("11 privacy delete")
    await me.press("Delete messages too")
    await me.see("Everything is deleted", "I'm removing my messages about you now")
    end = time.monotonic() + PATIENCE
    while await walk.cards():
        assert time.monotonic() < end, "her cards are still there"
        await asyncio.sleep(0.5)
    await me.picture("11 everything is deleted")
