"""What goes wrong with videos, and what can be done about it then."""

from __future__ import annotations

from playground.trouble import Trouble, order
from tests.playground.walk.walking import Walk, several


async def real_faces(walk: Walk) -> None:
    """A model takes somebody for a real person: that is told, uncharged, with what would help on buttons."""
    me, phone, videos = walk.visitor, walk.phone, walk.stage.provider.videos
    await several(walk, "Quick")
    made = len(videos.submissions)
    order(Trouble.FACES, walk.stage.provider)
    try:
        await _video(walk, "@Quick waves at the sea", "seedance-2")
        await me.see("Nothing was made", "takes “Quick” for a real person", "They're all made up")
        await me.picture("28 a real face")
        await phone.view_as("mia")
        await phone.show("Nothing was made")
        await phone.picture("28 a real face on a phone", at_the_end=False)
        assert len(videos.submissions) == made, "it was refused before anything was taken"
        await me.press("They're all made up")
        await me.see("Making your video")
        await me.picture("28 nobody in it is real")
        await walk.until(lambda: len(videos.submissions) > made, "the submission")
        await me.see("Another take…")
        await me.rest(2.0)
        await me.picture("28 the video of somebody made up")
        await me.press("Use ", begins=True)
        await me.see("Making your video", "Another take…")
        await me.rest(2.0)
        await me.picture("28 the video by another model")
    finally:
        videos.real_faces = False


async def refused_sound(walk: Walk) -> None:
    """The sound of a video is refused: it is made without, once its owner says so, where its model can be silent."""
    me, videos = walk.visitor, walk.stage.provider.videos
    await several(walk, "Quick")
    order(Trouble.SOUND, walk.stage.provider)
    try:
        await _video(walk, "@Quick sings", "viduq3")
        await me.see("Nothing was made", "without sound", "Make it without sound")
        await me.picture("28 a refused sound")
        await me.press("Make it without sound")
        await me.see("Another take…")
        await me.rest(2.0)
        await me.picture("28 the silent video")
        await _video(walk, "@Quick sings again", "wan2.6")
        await me.see("wan2.6 can't make a video without sound")
        await me.picture("28 a model that is never silent")
        await me.press("Change it…")
        await me.see("What happens?", "wan2.6")
        await me.picture("28 what was asked for, to be changed")
        await me.leave_form()
    finally:
        videos.refuses_sound = ""


async def _video(walk: Walk, prompt: str, model: str) -> None:
    me = walk.visitor
    await me.view_as("mia")
    await me.type("video create", {"prompt": prompt, "model": model})
    await me.choose(f"{model}:")
    await me.send()
