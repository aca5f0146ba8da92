"""The same at the width of a phone."""

from __future__ import annotations

from tests.playground.walk.walking import Walk, several


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
    await me.see("Phoney\n\nSaved to @mia's cast")
    await me.picture("05 made on a phone")


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
    await me.see("Again")
    await me.pick("Open one…", "Again")
    await me.see("Try again")
    await me.picture("12 a task that failed on a phone")
    await me.press("Try again")
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.see("Again", "Reusable task ID")
    await me.picture("12 tried again on a phone")
