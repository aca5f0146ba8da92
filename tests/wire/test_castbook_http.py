"""`castbook run --role http` as a process: conversations without a gateway, and what only its cache knew before."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.store.database import database_at
from bot.store.pseudonyms import Pseudonyms
from bot.store.servers import ServerStore
from bot.values.clock import utc_now
from bot.values.job import JobKind
from tests.loopback_discord.driving import User
from tests.loopback_discord.server import LoopbackDiscord
from tests.wire.bot_process import castbook, environment, running
from tests.wire.scene import PATIENCE, Scene, migrated, scene
from tests.wire.test_castbook_conversation import Show
from tests.wire.test_castbook_conversation import (
    test_a_cast_is_listed_shown_renamed_and_deleted as test_a_cast_is_listed_shown_renamed_and_deleted,
)
from tests.wire.test_castbook_conversation import (
    test_from_the_slash_command_to_the_delivered_card as test_from_the_slash_command_to_the_delivered_card,
)
from tests.wire.test_castbook_conversation import (
    test_one_form_with_the_clip_in_it_becomes_a_character as test_one_form_with_the_clip_in_it_becomes_a_character,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

MAKERS, OTHERS, CATEGORY = 1_001, 1_002, 2_001


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def show(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Show]:
    """One process for all tests of this module. A second server has rules: one role makes, one category is closed."""
    folder = migrated(tmp_path_factory.mktemp("castbook"))
    async with scene() as world:
        world.discord.endpoint.clock = utc_now
        ruled = world.discord.add_guild("ruled")
        await _rules(folder, ruled.id)
        async with running(world.discord, world.provider, folder, over_http=True, LOG__LEVEL="DEBUG") as bot:
            yield Show(world.discord, world.provider, world.guild, world.channel, bot)
            assert world.discord.gateway.identifies == [], "and the gateway was never dialled"
            assert set(world.discord.endpoint.statuses) == {202}


async def _rules(folder: Path, guild_id: int) -> None:
    database = database_at(f"sqlite+aiosqlite:///{folder}/castbook.db")
    await database.open()
    try:
        people = Pseudonyms(database)
        await people.load()
        servers = ServerStore(database, people)
        await servers.load()
        await servers.set_makers(guild_id, JobKind.CHARACTER, [MAKERS])
        await servers.close_channel(guild_id, CATEGORY)
    finally:
        await database.close()


async def test_it_is_ready_without_a_gateway(show: Show) -> None:
    probes = {"interactions": True, "database": True, "jobs": True}
    assert await show.bot.healthy() == {"status": "ok", "probes": probes}
    assert {"character", "Make a character"} < {command["name"] for command in show.discord.commands}
    assert "interaction endpoint URL" not in show.bot.stderr, "the library's alarm, which is false here"


async def test_the_roles_that_discord_names_count(show: Show) -> None:
    [ruled] = [guild for guild in show.discord.guilds if guild.name == "ruled"]
    channel = ruled.add_channel()
    mia, ned = show.discord.add_user("mia", ruled), show.discord.add_user("ned", ruled)
    ruled.roles_of |= {mia.id: [OTHERS, MAKERS], ned.id: [OTHERS]}
    refused = await show.create(ned, channel)
    assert "only certain roles can make characters" in (await refused.replied(PATIENCE)).text
    await show.create(mia, channel, name="Mina")
    await show.reads(mia, "Yes, I have permission", channel)


async def test_a_thread_below_a_closed_category_is_closed(show: Show) -> None:
    [ruled] = [guild for guild in show.discord.guilds if guild.name == "ruled"]
    closed, open_to_all = ruled.add_channel("closed"), ruled.add_channel("open")
    closed.category = CATEGORY
    oda = show.discord.add_user("oda", ruled)
    for parent in (closed, ruled.add_channel("aside", thread_of=closed)):
        refused = await (await oda.slash(parent, "tasks")).replied(PATIENCE)
        assert "switched off in this channel" in refused.text
    welcome = ruled.add_channel("aside", thread_of=open_to_all)
    assert "You haven't made anything yet" in (await (await oda.slash(welcome, "tasks")).replied(PATIENCE)).text


async def test_servers_are_called_by_their_names(show: Show) -> None:
    pia = show.person("pia")
    await show.made(pia, name="Pina")
    lent = await pia.slash(show.channel, "character lend", {"name": "Pina", "server": True})
    assert "studio" in (await lent.replied(PATIENCE)).text


async def test_in_direct_messages_it_answers_as_well(show: Show) -> None:
    quin = show.person("quin")
    answer = await quin.slash(show.discord.dm(quin), "character list")
    assert "/character create" in (await answer.replied(PATIENCE)).text


async def test_what_is_delivered_twice_is_answered_once(show: Show) -> None:
    discord, ria = show.discord, show.person("ria")
    discord.endpoint.times = 2
    asked = await ria.slash(show.channel, "tasks")
    discord.endpoint.times = 1
    await asked.replied(PATIENCE)
    # One more comes and goes: what the second had set off would be seen by then.
    await (await ria.slash(show.channel, "tasks")).replied(PATIENCE)
    assert len(discord.calls("POST", f"/interactions/{asked.id}/")) == 1


async def test_what_somebody_else_signed_is_not_answered(show: Show) -> None:
    stranger, calls = LoopbackDiscord(), len(show.discord.calls("POST", "/interactions/"))
    stranger.endpoint.clock = utc_now
    body = json.dumps({"type": 2, "id": "1", "token": "t", "data": {"name": "tasks"}}).encode()
    try:
        assert (await stranger.endpoint.post(show.bot.address("/interactions"), body))[0] == 401
    finally:
        await stranger.endpoint.close()
    assert len(show.discord.calls("POST", "/interactions/")) == calls


@pytest.mark.parametrize(
    ("key", "said"),
    [("", "discord.public_key is needed"), ("0a" * 32, "discord.public_key is not the key of the application")],
)
async def test_without_the_right_key_it_does_not_start(tmp_path: Path, key: str, said: str) -> None:
    async with scene() as world:
        environ = environment(world.discord, world.provider, migrated(tmp_path), DISCORD__PUBLIC_KEY=key)
        ended = await castbook("run", environ, tmp_path, "--role", "http")
    assert (ended.code, said in ended.sentence) == (78, True)
    assert not re.search(r"0a0a0a", ended.err)


async def test_as_a_command_it_serves_over_http(tmp_path: Path) -> None:
    async with scene() as world:
        world.discord.endpoint.clock = utc_now
        folder = migrated(tmp_path)
        async with running(world.discord, world.provider, folder, as_command=True, over_http=True):
            await _asks(world, world.person("tom"))
        assert world.discord.gateway.identifies == []


async def test_one_on_the_gateway_can_be_moved_without_a_gap(tmp_path: Path) -> None:
    async with scene() as world:
        world.discord.endpoint.clock = utc_now
        key = world.discord.endpoint.public_key
        async with running(world.discord, world.provider, migrated(tmp_path), DISCORD__PUBLIC_KEY=key) as bot:
            await bot.healthy()
            sol = world.person("sol")
            await _asks(world, sol)
            await world.discord.endpoint.set(bot.address("/interactions"))
            await _asks(world, sol)
    assert world.discord.endpoint.statuses == [202]


async def _asks(world: Scene, person: User) -> None:
    answer = await (await person.slash(world.channel, "tasks")).replied(PATIENCE)
    assert "You haven't made anything yet" in answer.text
