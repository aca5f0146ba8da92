"""What the demo prints of a conversation: messages, edits, and deletions."""

from __future__ import annotations

from pathlib import Path

import discord

from playground.stage import Stage
from playground.transcript import Transcript


async def test_it_tells_what_is_new_what_is_edited_and_what_is_gone(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        transcript = Transcript(lambda _: None)

        def look() -> list[str]:
            """The lines since the last look of both, one after the other."""
            before = len(transcript.lines)
            for member in (stage.mia, stage.sam):
                transcript.look(stage.channel.history(viewer=member), member.id)
            return transcript.lines[before:]

        said = await stage.act(lambda: stage.sam.send(stage.channel, "Hello"))
        assert look() == ["  sam answers:", "    │ Hello"]
        await stage.act(lambda: stage.sam.edit(said, "Hello there"))
        assert look() == ["  sam edits its message:", "    │ Hello there"]
        await stage.act(lambda: stage.mia.slash(stage.channel, "about"))
        assert look()[0] == "  Castbook answers (seen by one person only):"
        assert look() == []
        await stage.act(lambda: stage.sam.delete(said))
        assert look() == ["  sam deletes “Hello there”."]
        assert look() == []


async def test_a_message_is_named_by_its_title(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        channel = stage.app.client.get_channel(stage.channel.id)
        assert isinstance(channel, discord.TextChannel)
        transcript = Transcript(lambda _: None)
        card = await channel.send(embed=discord.Embed(title="Making a character"))
        transcript.look(stage.channel.history(viewer=stage.mia), stage.mia.id)
        await card.delete()
        transcript.look(stage.channel.history(viewer=stage.mia), stage.mia.id)
        assert transcript.lines[-1] == "  Castbook deletes “Making a character”."
