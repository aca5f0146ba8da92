"""Making characters: consent, the picker, doubts, names, and what failed."""

from __future__ import annotations

import re

from bot import limits
from tests.playground.walk.walking import Walk, several


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
    assert await walk.private() == alone, "no private reply is left behind"
    await me.press("Use in a video")
    await me.see("Make a video", "What happens?", "Who's in it?", "Model")
    await me.picture("09 how it is used")
    await me.leave_form()


async def the_numbers(walk: Walk) -> None:
    """1, 2: with a range no press before the submission, one public message, nothing left behind, one notification."""
    me, asked = walk.visitor, walk.submissions()
    public, private, called = await walk.public(), await walk.private(), await walk.notifications()
    walk.stage.provider.hold_at(40)  # until mia may have looked elsewhere: a result that comes sooner calls nobody
    await me.command("character create", {"video": walk.clip, "range": "1.5-3.5", "name": "Quick"})
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.picture("02 at work")
    await me.rest(limits.LAST_CLICK.total_seconds())
    walk.stage.provider.hold_at(None)
    await me.see("Quick\n\nSaved to @mia's cast")
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
    await me.see("Otto\n\nSaved to @mia's cast")
    await me.picture("03 the character after all")


async def preview_leads_on(walk: Walk) -> None:
    """4: from a preview a character is started without a second upload."""
    me, asked = walk.visitor, walk.submissions()
    await me.command("character preview", {"video": walk.clip})
    await me.see("A look at this video", "Use 1", "The character is expected to cost 60 credits.")
    await me.picture("04 preview")
    assert walk.submissions() == asked
    await me.press("Use 2")  # the first seconds were made into a character a moment ago: that would be asked about
    await walk.until(lambda: walk.submissions() > asked, "the submission")
    await me.picture("04 the character of a preview")


async def concerns(walk: Walk) -> None:
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
    await me.see("Slow\n\nSaved to @mia's cast")


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
    await me.see("Theirs\n\nSaved to @mia's cast")  # or it would take a place in her line


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
    await several(walk, "Quick")
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


async def cancelled_at_work(walk: Walk) -> None:
    """7: a job is cancelled on its own card as long as nothing was submitted; nobody else's message is left."""
    me, before, asked, provider = walk.visitor, await walk.public(), walk.submissions(), walk.stage.provider
    provider.fail_next("POST", "/v1/uploads/videos", 503, times=50)  # it is at work, and cannot go on
    try:
        await me.command("character create", {"video": walk.clip, "range": "1.1-3.1", "name": "Stopped"})
        await me.see("Making your character “Stopped”", "Sending the video to ToAPIs", "Cancel")
        await me.see("The expected cost is 60 credits.", "smaller than 720p")
        await me.picture("07 at work, and may be cancelled, for what it costs")
        await me.press("Cancel")
        await me.see("Cancelled. Nothing was charged.")
        await me.picture("07 cancelled at work")
    finally:
        provider.mend()
    assert walk.submissions() == asked, "nothing was sent"
    assert await walk.public() <= before + 1


async def odd_clips(walk: Walk) -> None:
    """8: a portrait clip has labels that can be read, a black one has no suggestion and says why."""
    await several(walk, "Quick")
    me, asked = walk.visitor, walk.submissions()
    await me.command("character create", {"video": walk.portrait})
    await me.see("Which seconds show the character best?", "Use 1")
    await me.rest(1.0)
    await me.picture("08 the picker of a portrait clip")
    await walk.phone.view_as("mia")
    await walk.phone.rest(1.0)
    await walk.phone.picture("08 the picker of a portrait clip on a phone")
    await me.press("Cancel")
    await me.command("character create", {"video": walk.black})
    await me.see("I can't suggest any seconds: this video is black.")
    await me.picture("08 a black clip")
    await me.press("Cancel")
    assert walk.submissions() == asked


async def another_members_id(walk: Walk) -> None:
    """9: the task ID on somebody's card is no key: another member who types it is refused as for an unknown one."""
    me, asked = walk.visitor, walk.submissions()
    task_id = re.findall(r"task_\w+", " ".join(words for _, words in await me.messages()))[-1]
    await me.view_as("sam")
    await me.command("character create", {"task": task_id, "range": "1-3"})
    await me.see("You have no task with that ID here.")
    await me.picture("09 the ID of somebody else")
    assert walk.submissions() == asked
    await me.view_as("mia")
