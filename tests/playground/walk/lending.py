"""Characters in other people's hands: lent, borrowed, taken back; and whoever is in them is asked."""

from __future__ import annotations

from tests.playground.walk.walking import Walk, several


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


async def borrowed_in_a_video(walk: Walk) -> None:
    """A character is lent to everyone here, plays in somebody else's video, and its owner sees what was made.

    It is one of whose name sam has none: there may be a Quick in his cast by now.
    """
    me, provider = walk.visitor, walk.stage.provider
    await several(walk, "Five")
    await me.type_own("character lend", "Fi", "Five")
    await me.option("server", "")
    await me.choose("True")
    await me.send()
    await me.see("Lending “Five”", "Everybody in Castbook Playground")
    await me.picture("28 lent to a server")
    await me.view_as("sam")
    await me.command("character borrowed")
    await me.see("Lent to this server by @mia")
    await me.type("video create", {"prompt": "@Five waves by the lake", "character": "Fi"})
    await me.popup_says("Five (borrowed")  # and from whom, where that is found out in time
    await me.choose("Five (borrowed")
    await me.send()
    await me.see_in_all("“Five” is borrowed from @mia.")
    await me.picture("28 a video with a borrowed one")
    provider.hold_at(40)
    try:
        for number in range(3):
            await me.type("video create", {"prompt": f"@Five laughs, number {number}", "character": "Fi"})
            await me.choose("Five")
            await me.send()
            await me.see("video")
        await me.view_as("mia")
        await me.type_own("character lend", "Fi", "Five")
        await me.send()
        await me.press("What others made")
        await me.see("waves by the lake", "@sam in Castbook Playground", "Under way")
        await me.picture("28 what others made")
        await me.press("Watch")
        await me.see("Made by @sam")
        await me.rest(1.0)
        await me.picture("28 the owner watches it")
        await me.type_own("character take-back", "Fi", "Five")
        await me.send()
        await me.see("I took “Five” back. Cancelled for free: 1.", "so the borrower still gets them: 2.")
        await me.picture("28 taken back in the middle of jobs")
        await me.view_as("sam")
        await me.command("tasks")
        await me.see("Your tasks")
        await me.picture("28 the borrower's tasks")
    finally:
        provider.hold_at(None)
    await me.view_as("mia")


async def consent(walk: Walk) -> None:
    """Whoever is in a character is asked, says yes, and changes their mind: it is gone.

    It is sam's, because nobody may make another of the same clip after that.
    """
    me = walk.visitor
    await me.view_as("sam")
    await me.type_own("character ask-consent", "Ro", "Rosie")
    await me.option("person", "mia")
    await me.choose("mia")
    await me.send()
    await me.see("I can't DM @mia, so I've mentioned them here.")
    await me.see_in_all("@sam has a question for you. Only you can see it.")
    await me.picture("29 asked for consent")
    await me.view_as("mia")
    await me.press("See the question")
    await me.see_in_all("May this character of you be used?")
    await me.rest(1.0)
    await me.picture("29 the question")
    await me.press("Yes, that's fine")
    await me.see_in_all("You said yes: @sam may use “Rosie” in videos.")
    await me.picture("29 they agree")
    await me.view_as("sam")
    await me.type_own("character lend", "Ro", "Rosie")
    await me.send()
    await me.see("@mia said yes on")
    await me.picture("29 their answer is kept")
    await me.view_as("mia")
    await me.press("No, delete it")
    await me.see_in_all("You said no, so I deleted the character here")
    await me.picture("29 they change their mind")
    await me.view_as("sam")
    await me.command("character list")
    await me.see_in_all("Somebody said no to being in “Rosie”")
    await me.picture("29 the owner is told")
    await me.view_as("mia")
