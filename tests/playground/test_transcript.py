"""What the demo prints of a conversation: messages, edits, and deletions."""

from __future__ import annotations

from pathlib import Path

import discord

from playground.simulated_server import SimulatedServer
from playground.transcript import Transcript


async def test_it_tells_what_is_new_what_is_edited_and_what_is_gone(tmp_path: Path) -> None:
    async with SimulatedServer(tmp_path) as server:
        transcript = Transcript(lambda _: None)

        def look() -> list[str]:
            """The lines since the last look of both, one after the other."""
            before = len(transcript.lines)
            for member in (server.mia, server.sam):
                transcript.look(server.channel.history(viewer=member), member.id)
            return transcript.lines[before:]

        said = await server.act(lambda: server.sam.send(server.channel, "Hello"))
        assert look() == ["  sam answers:", "    │ Hello"]
        await server.act(lambda: server.sam.edit(said, "Hello there"))
        assert look() == ["  sam edits its message:", "    │ Hello there"]
        await server.act(lambda: server.mia.slash(server.channel, "about"))
        assert look()[0] == "  Castbook answers (seen by one person only):"
        assert look() == []
        await server.act(lambda: server.sam.delete(said))
        assert look() == ["  sam deletes “Hello there”."]
        assert look() == []


async def test_a_message_is_named_by_its_title(tmp_path: Path) -> None:
    async with SimulatedServer(tmp_path) as server:
        channel = server.app.client.get_channel(server.channel.id)
        assert isinstance(channel, discord.TextChannel)
        transcript = Transcript(lambda _: None)
        card = await channel.send(embed=discord.Embed(title="Making a character"))
        transcript.look(server.channel.history(viewer=server.mia), server.mia.id)
        await card.delete()
        transcript.look(server.channel.history(viewer=server.mia), server.mia.id)
        assert transcript.lines[-1] == "  Castbook deletes “Making a character”."
