"""What is looked up by REST, over the wire, by a client that never saw the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import discord
import pytest
from discord.http import Route

from bot import limits
from bot.chat.rest_errors import RouteClosed
from bot.chat.server_lookup import ServerLookup
from tests.loopback_discord.places import Guild
from tests.loopback_discord.server import LoopbackDiscord


@dataclass
class Bench:
    server: LoopbackDiscord
    guild: Guild
    client: discord.Client
    ahead: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return self.server.clock.now() + self.ahead

    @property
    def asked(self) -> int:
        return len(self.server.calls("GET", "^/(guilds|channels)/"))


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    async with LoopbackDiscord() as server:
        monkeypatch.setattr(Route, "BASE", server.api_url)
        async with discord.Client(intents=discord.Intents(guilds=True)) as client:
            await client.login(server.token)
            yield Bench(server, server.add_guild("studio"), client)


@pytest.fixture
def lookup(bench: Bench) -> ServerLookup:
    return ServerLookup(bench.client, bench.now)


async def test_names_and_languages_are_asked_for_once_in_ten_minutes(bench: Bench, lookup: ServerLookup) -> None:
    bench.guild.locale = "ja"
    elsewhere = bench.server.add_guild("elsewhere", bot_is_member=False)
    for _ in range(2):
        assert await lookup.names([bench.guild.id, None, elsewhere.id]) == {bench.guild.id: "studio"}
        assert await lookup.locale(bench.guild.id) == "ja"
        assert await lookup.locale(elsewhere.id) == "en"
    assert bench.asked == 2
    bench.guild.name, bench.ahead = "atelier", limits.SERVERS_REMEMBERED_FOR + timedelta(seconds=1)
    assert await lookup.names([bench.guild.id]) == {bench.guild.id: "atelier"}


async def test_while_discord_is_away_nothing_is_known_and_nothing_is_kept(bench: Bench, lookup: ServerLookup) -> None:
    bench.server.inject("GET", "^/guilds/", status=503)
    assert await lookup.names([bench.guild.id]) == {}
    assert await lookup.names([bench.guild.id]) == {bench.guild.id: "studio"}


async def test_what_people_call_themselves_is_kept_and_who_is_gone_has_no_name(
    bench: Bench, lookup: ServerLookup
) -> None:
    ann, gone = bench.server.add_user("ann", bench.guild), bench.server.next_id()
    bench.server.inject("GET", "^/users/", status=503)
    assert await lookup.people([ann.id], 60.0) == {}
    for _ in range(2):
        assert await lookup.people([ann.id, gone], 60.0) == {ann.id: "Ann"}
    assert len(bench.server.calls("GET", rf"^/users/{ann.id}")) == 2, "the first was not answered"
    assert len(bench.server.calls("GET", rf"^/users/{gone}")) == 1


async def test_beyond_a_thousand_the_oldest_is_forgotten(
    bench: Bench, lookup: ServerLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SERVERS_REMEMBERED", 2)
    guilds = [bench.guild, *(bench.server.add_guild(name) for name in ("two", "three"))]
    for guild in (*guilds, guilds[2], guilds[0]):
        await lookup.locale(guild.id)
    assert bench.asked == 4


async def test_permissions_are_those_of_the_channel_at_this_moment(bench: Bench, lookup: ServerLookup) -> None:
    channel = bench.guild.add_channel("casting")
    thread = bench.guild.add_channel("aside", thread_of=channel)
    assert (await lookup.permissions(channel.id)).send_messages
    channel.deny("send_messages", "read_message_history")
    for place in (channel, thread):
        may = await lookup.permissions(place.id)
        assert (may.view_channel, may.send_messages, may.read_message_history) == (True, False, False)
    channel.deny("view_channel")
    with pytest.raises(RouteClosed):
        await lookup.permissions(channel.id)


async def test_in_direct_messages_everything_is_allowed(bench: Bench, lookup: ServerLookup) -> None:
    ann = bench.server.add_user("ann", bench.guild)
    assert (await lookup.permissions(bench.server.dm(ann).id)).read_message_history


async def test_the_category_of_a_channel_is_kept_as_well(bench: Bench, lookup: ServerLookup) -> None:
    inside, outside = bench.guild.add_channel("inside"), bench.guild.add_channel("outside")
    inside.category = bench.server.next_id()
    for _ in range(2):
        assert await lookup.category(inside.id) == inside.category
        assert await lookup.category(outside.id) is None
    assert bench.asked == 2
    with pytest.raises(RouteClosed):
        await lookup.category(bench.server.next_id())
