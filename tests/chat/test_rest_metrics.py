"""Discord's REST interface as it is measured: by what a request is about, and never by an address."""

from __future__ import annotations

import aiohttp
import discord
import pytest
from discord.http import Route
from yarl import URL

from bot.chat.rest_metrics import route_of, traced
from bot.metrics import REGISTRY, DiscordRoute
from tests.chat.one_channel import CHANNEL, DM, OneChannel
from tests.chat.samples import CHANNEL_ID


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v10/interactions/123/aW50ZXI/callback", DiscordRoute.FIRST_ANSWER),
        ("/api/v10/webhooks/123/aW50ZXI", DiscordRoute.REPLY),
        ("/api/v10/webhooks/123/aW50ZXI/messages/@original", DiscordRoute.REPLY),
        ("/api/v10/channels/77/messages", DiscordRoute.MESSAGE),
        ("/api/v10/channels/77/messages/78", DiscordRoute.MESSAGE),
        ("/api/v10/users/@me/channels", DiscordRoute.OTHER),
        ("/api/v10/applications/1/commands", DiscordRoute.OTHER),
        ("/ephemeral-attachments/1/2/messages.mp4", DiscordRoute.OTHER),
    ],
)
def test_what_a_request_is_about(path: str, route: DiscordRoute) -> None:
    assert route_of(URL(f"https://discord.com{path}")) is route


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"castbook_discord_{name}", labels) or 0.0


async def test_real_requests_are_timed_and_their_faults_counted(loopback: OneChannel) -> None:
    async with discord.Client(intents=discord.Intents.none(), http_trace=traced()) as client:
        logins = sample("seconds_count", route="other")
        await client.login(loopback.discord.token)
        assert sample("seconds_count", route="other") == logins + 2  # who am I, and which application
        channel = client.get_partial_messageable(CHANNEL_ID)
        before = sample("seconds_count", route="message")
        refused = sample("faults_total", route="message", fault="refused")
        trouble = sample("faults_total", route="message", fault="trouble")
        await channel.send("hello")
        loopback.fail(CHANNEL, 403, 50013)
        with pytest.raises(discord.Forbidden):
            await channel.send("hello")
        loopback.fail(CHANNEL, 502)
        await channel.send("hello")  # which discord.py repeats by itself
        assert sample("seconds_count", route="message") == before + 4, "each repetition is one of its own"
        assert sample("seconds_sum", route="message") > 0
        assert sample("faults_total", route="message", fault="refused") == refused + 1
        assert sample("faults_total", route="message", fault="trouble") == trouble + 1


async def test_a_connection_that_is_cut_or_never_made(loopback: OneChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    async with discord.Client(intents=discord.Intents.none(), http_trace=traced()) as client:
        await client.login(loopback.discord.token)
        channel = client.get_partial_messageable(loopback.dm.id)
        silent = sample("faults_total", route="message", fault="silent")
        unreachable = sample("faults_total", route="message", fault="unreachable")
        loopback.fail(DM, reset=True)
        with pytest.raises(aiohttp.ClientConnectionError):
            await channel.send("hello")
        assert sample("faults_total", route="message", fault="silent") == silent + 1
        monkeypatch.setattr(Route, "BASE", "http://127.0.0.1:9")
        with pytest.raises(OSError, match="Cannot connect"):
            await channel.send("hello")
        assert sample("faults_total", route="message", fault="unreachable") == unreachable + 1
