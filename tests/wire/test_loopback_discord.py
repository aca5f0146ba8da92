"""The loopback Discord as discord.py sees it: its client logs in, gets commands, answers, and meets every refusal."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import yarl
from discord import app_commands

from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.places import Channel
from tests.loopback_discord.plain_bot import Buttons, Client, Handler, defer, running
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE


@pytest.fixture
async def server(discord_server: LoopbackDiscord, monkeypatch: pytest.MonkeyPatch) -> LoopbackDiscord:
    monkeypatch.setattr(discord.http.Route, "BASE", discord_server.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(discord_server.gateway_url))
    monkeypatch.setattr(discord.asset.Asset, "BASE", discord_server.cdn_origin)
    return discord_server


@pytest.fixture
def channel(server: LoopbackDiscord) -> Channel:
    return server.add_guild("studio").add_channel("casting")


@pytest.fixture
def ann(server: LoopbackDiscord, channel: Channel) -> User:
    assert channel.guild is not None
    return server.add_user("ann", channel.guild, installed_app=True)


@pytest.fixture
async def client(server: LoopbackDiscord, channel: Channel) -> AsyncIterator[Client]:
    async with running(server) as client:
        yield client


async def ask(client: Client, user: User, channel: Channel, handler: Handler, **more: Any) -> Interaction:
    """Let the client answer one /character create with `handler`, to the end."""
    client.handler, client.failed = handler, None
    client.finished.clear()
    interaction = await user.slash(channel, "character create", **more)
    async with asyncio.timeout(PATIENCE):
        await client.finished.wait()
    return interaction


async def test_from_a_slash_command_to_a_card_with_its_picture(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    async def make(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        data = await client.heard["video"].read()
        card = discord.Embed(title="Zoe").set_image(url="attachment://zoe.png")
        file = discord.File(io.BytesIO(data[::-1]), "zoe.png")
        await interaction.edit_original_response(embed=card, attachments=[file], view=Buttons(defer))

    options = {"video": server.file("clip.mp4", b"film", width=960), "range": "2,4"}
    interaction = await ask(client, ann, channel, make, options=options)
    assert client.failed is None
    card = await interaction.replied()
    assert channel.visible_to(ann) == [card]
    assert (card.picture(), card.labels) == (b"mlif", ["Rename"])
    assert (client.heard["video"].content_type, client.heard["video"].width) == ("video/mp4", 960)
    assert client.heard["range"] == "2,4"
    assert [call.status for call in server.calls("*", "^/(interactions|webhooks)")] == [200, 200]
    command = await client.tree.fetch_commands()
    assert {each.name for each in command} == {"character", "Make a character"}


async def test_a_button_opens_a_form_and_the_form_is_answered(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    class Rename(discord.ui.Modal, title="Rename"):
        name: discord.ui.Label[Any] = discord.ui.Label(text="New name", component=discord.ui.TextInput())

        async def on_submit(self, interaction: discord.Interaction) -> None:
            typed = self.name.component
            assert isinstance(typed, discord.ui.TextInput)
            await interaction.response.edit_message(content=f"now {typed.value}", view=None)

    async def open_form(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(Rename(timeout=60))

    async def reply(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Zoe", view=Buttons(open_form))

    interaction = await ask(client, ann, channel, reply)
    card = await interaction.replied()
    pressed = await card.press(ann, "Rename")
    submitted = await ann.submit(await pressed.opened(), {"New name": "Zoë"})
    await submitted.answered()
    assert (card.text, card.labels) == ("now Zoë", [])


async def test_autocompletion_and_the_message_menu(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    choices = await ann.autocomplete(channel, "character show", {"name": "an"}, "name")
    assert [choice["name"] for choice in choices] == ["anna", "anton"]
    await (await ann.slash(channel, "character show", {"name": "anna"})).answered()
    assert client.heard == {"name": "anna"}
    post = await ann.say(channel, "look", server.file("clip.mp4", b"film"))
    await (await ann.menu(post, "Make a character")).answered()
    target = client.heard["message"]
    assert (target.content, await target.attachments[0].read()) == ("look", b"film")


async def test_the_three_contexts_as_the_library_reads_them(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    seen: list[tuple[bool, bool, Any, bool]] = []

    async def look(interaction: discord.Interaction) -> None:
        context = (interaction.context.guild, interaction.context.dm_channel, interaction.context.private_channel)
        seen.append((*context, interaction.is_guild_integration()))
        await interaction.response.send_message("seen")

    elsewhere = server.add_guild("elsewhere", bot_is_member=False)
    elsewhere.members.append(ann)
    friend = server.add_user("bob")
    places = [channel, elsewhere.add_channel(), server.dm(ann), server.private_channel(ann, friend)]
    for place in places:
        await ask(client, ann, place, look)
        assert client.failed is None
    assert seen == [
        (True, False, False, True),
        (True, False, False, False),
        (False, True, False, False),
        (False, False, True, False),
    ]
    assert all(place.visible_to(ann)[-1].text == "seen" for place in places)


async def refused(client: Client, user: User, channel: Channel, handler: Handler, **more: Any) -> tuple[int, int]:
    """Status and code of what the library raised in `handler`."""
    await ask(client, user, channel, handler, **more)
    assert isinstance(client.failed, discord.HTTPException)
    return client.failed.status, client.failed.code


async def test_the_refusals_of_interactions_as_the_library_raises_them(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    async def answer_twice(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        interaction.response._response_type = None  # as another process that has the same interaction
        await interaction.response.send_message("again")

    async def edit_too_late(interaction: discord.Interaction) -> None:
        await interaction.response.defer()
        server.advance(15 * 60 + 1)
        await interaction.edit_original_response(content="late")

    async def follow_up_unanswered(interaction: discord.Interaction) -> None:
        await interaction.followup.send("early")

    async def edit_deleted(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("x")
        await interaction.delete_original_response()
        await interaction.edit_original_response(content="y")

    async def say_too_much(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("x" * 2001)

    assert await refused(client, ann, channel, defer, late=4) == (404, 10062)
    assert await refused(client, ann, channel, answer_twice) == (400, 40060)
    assert await refused(client, ann, channel, edit_too_late) == (401, 50027)
    assert await refused(client, ann, channel, follow_up_unanswered) == (404, 10015)
    assert await refused(client, ann, channel, edit_deleted) == (404, 10008)
    assert await refused(client, ann, channel, say_too_much) == (400, 50035)


async def test_the_refusals_of_channels_as_the_library_raises_them(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    async def code(place: Channel) -> int:
        with pytest.raises(discord.Forbidden) as caught:
            await client.get_partial_messageable(place.id).send("x")
        return caught.value.code

    foreign = server.add_guild("foreign", bot_is_member=False).add_channel()
    assert channel.guild is not None
    muted = channel.guild.add_channel("muted")
    muted.deny("send_messages")
    assert await code(foreign) == 50001
    assert await code(muted) == 50013
    ann.blocks_bot = True
    assert await code(server.dm(ann)) == 50007
    ann.blocks_bot, ann.takes_dms = False, False
    assert await code(server.dm(ann)) == 50278
    server.old_edit_retry_after = 0
    message = await client.get_partial_messageable(channel.id).send("x")
    server.advance(3601)
    for number in range(server.edits_of_old_messages):
        await message.edit(content=str(number))
    with pytest.raises(discord.HTTPException) as caught:
        await message.edit(content="more")
    assert (caught.value.status, caught.value.code) == (429, 30046)


async def test_a_nonce_survives_a_lost_answer(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    room = client.get_partial_messageable(channel.id)
    server.inject("POST", "/messages$", drop=True, processed=True)
    with pytest.raises(OSError, match="104"):
        await room.send("card", nonce="job")
    sent = await room.send("card", nonce="job")
    assert [message.id for message in channel.visible_to(ann)] == [sent.id]
    assert [message.content async for message in room.history(limit=5)] == ["card"]


async def test_what_the_library_waits_for(server: LoopbackDiscord, client: Client, channel: Channel) -> None:
    room = client.get_partial_messageable(channel.id)
    server.inject("POST", "/messages$", status=429, headers={"Retry-After": "0", "Via": "1.1 google"})
    await room.send("after a while")
    server.inject("POST", "/messages$", status=429, headers={"Retry-After": "0"})
    with pytest.raises(discord.HTTPException, match="429"):
        await room.send("at once")
    server.inject("POST", "/messages$", status=503, body="<html>")
    with pytest.raises(discord.DiscordServerError):
        await room.send("down")


async def test_the_gateway_is_resumed_and_identified_anew(
    server: LoopbackDiscord, client: Client, channel: Channel, ann: User
) -> None:
    server.gateway.ask_to_reconnect()
    async with asyncio.timeout(PATIENCE):
        await client.resumed.wait()
    assert (server.gateway.resumes, len(server.gateway.identifies)) == (1, 1)
    await (await ann.slash(channel, "character create")).answered()
    assert server.gateway.heartbeats >= 2


async def test_a_wrong_token_does_not_log_in(server: LoopbackDiscord) -> None:
    client = Client()
    with pytest.raises(discord.LoginFailure):
        await client.start("wrong")
    await client.close()


async def test_commands_that_discord_would_not_take(server: LoopbackDiscord, client: Client) -> None:
    @app_commands.command(name="odd", description="Odd")
    @app_commands.choices(first=[app_commands.Choice(name="x" * 101, value="x")])
    async def odd(interaction: discord.Interaction, first: str) -> None:
        await interaction.response.defer()

    client.tree.add_command(odd)
    with pytest.raises(app_commands.CommandSyncFailure, match="between 1 and 100"):
        await client.tree.sync()
