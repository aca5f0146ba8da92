"""New videos with the cast, and characters that Sora did not make."""

from __future__ import annotations

from sqlalchemy import delete

from bot.store.provider_tables import closed_models
from tests.playground.walk.walking import Walk


async def without_sora(walk: Walk) -> None:
    """After every model that makes characters was closed: a portable character, free; and Sora makes it later."""
    me, asked, provider = walk.visitor, walk.submissions(), walk.stage.provider
    await me.view_as("max")
    provider.close_character_models()
    await walk.stage.app.availability.refresh()
    await me.command("character create", {"video": walk.clip, "range": "1-3", "name": "Vox"})
    if not await walk.stage.app.stores.consents.given(walk.stage.max.id):
        await me.press("Yes, I have permission")
    await me.see("Vox", "Portable character", "cast_", "the voice")
    await me.picture("20 a portable character with a voice")
    await me.command("character create", {"video": walk.silent})
    await me.see("Use 1", "This is free")
    await me.picture("20 the picker without Sora")
    await me.press("Use 1")
    await me.see("Portable character", "cast_", "Missing: the voice.", "Name it…")
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
    await me.see("Make with Sora (60 credits)", "cast_")
    await me.picture("20 its card once Sora is back")
    await me.press("Make with Sora (60 credits)")
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
        await me.see(f"{name}\n\nSaved to @mia's cast")
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
    await me.see("Your tasks", "(a video)", "this month")
    await me.picture("21 tasks with a video")
    await me.command("video list")
    await me.see("Star, Echo · wan2.6")
    await me.picture("21 videos")
    await me.press("Watch")
    await me.see("Again", "Delete")
    await me.rest(2.0)
    await me.picture("21 a video again")


async def from_a_video(walk: Walk) -> None:
    """From a finished video to another take of it, and to a new character, without an upload."""
    me = walk.visitor
    await me.command("video list")
    await me.press("Watch")
    await me.see("Another take…", "New character from this")
    await me.press("Another take…")
    await me.see("What happens?")
    await me.fill("What happens?", "@Star laughs with @Echo by the sea")
    await me.picture("22 another take")
    await me.submit()
    await me.see_in_all("laughs with")
    await me.see("Again", patience=60)
    await me.picture("22 the other take is there")
    await me.press("New character from this")
    await me.see("Which seconds show the character best?", "Use 1", patience=60)
    await me.picture("22 a new character from a video")
    await me.press("Cancel")


async def budgets(walk: Walk) -> None:
    """What a day and a month have cost, and a server's budget that is used up."""
    me, stage = walk.visitor, walk.stage
    await me.command("tasks")
    await me.see("Credits (expected)", "this month")
    await me.picture("23 what a month has cost")
    await stage.app.stores.servers.set_credits(stage.guild.id, everybody=None, each=1)
    await me.command("character create", {"video": walk.clip, "range": "2.2-4.2", "name": "Dear"})
    await me.see("credits")
    await me.picture("23 a budget that is used up")
    await stage.app.stores.servers.set_credits(stage.guild.id, everybody=None, each=None)
