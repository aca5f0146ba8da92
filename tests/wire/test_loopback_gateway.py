"""The loopback Discord's gateway: its protocol broken on purpose, and how tests break the connection."""

from __future__ import annotations

import aiohttp
import pytest

from tests.wire.conftest import RawBot, World


async def connect(world: World, query: str = "?v=10&encoding=json") -> aiohttp.ClientWebSocketResponse:
    return await world.bot.http.ws_connect(world.discord.gateway_url + query)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"op": 2, "d": {"token": "wrong", "intents": 1}}, 4004),
        ({"op": 2, "d": {"token": None, "intents": 1 << 15}}, 4014),
        ({"op": 2, "d": {"token": None, "intents": 1, "shard": [2, 2]}}, 4010),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 99, "d": {}}, 4001),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
        ("nonsense", 4002),
    ],
)
async def test_the_gateway_closes_on_whoever_breaks_the_protocol(world: World, frame: object, code: int) -> None:
    ws = await connect(world)
    assert (await ws.receive_json())["op"] == 10
    if isinstance(frame, dict) and frame["d"].get("token", "") is None:
        frame["d"]["token"] = world.discord.token
    await ws.send_json(frame)
    await ws.receive()
    assert ws.close_code == code


async def test_the_gateway_wants_version_10_and_one_identify(world: World) -> None:
    old = await connect(world, "?v=9&encoding=json")
    await old.receive()
    assert old.close_code == 4012
    await world.bot.send(2, {"token": world.discord.token, "intents": 1})
    while not world.bot.ws.closed:
        await world.bot.ws.receive()
    assert world.bot.ws.close_code == 4005


async def test_heartbeats_are_acknowledged_and_resumes_replay(world: World) -> None:
    await world.bot.send(1, None)
    ready = await world.bot.event("READY")
    while (await world.bot.ws.receive_json())["op"] != 11:
        pass
    assert world.discord.gateway.heartbeats == 1
    world.discord.gateway.drop()
    await world.discord.wait_for(lambda: not world.discord.gateway.connected)
    interaction = await world.cast()  # happens while nobody listens
    ws = await connect(world)
    session = {"token": world.discord.token, "session_id": ready["session_id"]}
    await ws.send_json({"op": 6, "d": {**session, "seq": 1}})
    frames = [await ws.receive_json() for _ in range(4)]
    assert [frame["t"] for frame in frames] == [None, "GUILD_CREATE", "INTERACTION_CREATE", "RESUMED"]
    assert frames[2]["d"]["id"] == str(interaction.id)
    beyond = await connect(world)
    await beyond.receive()
    await beyond.send_json({"op": 6, "d": {**session, "seq": 99}})
    await beyond.receive()
    assert beyond.close_code == 4007
    await ws.close()


async def test_a_session_can_be_taken_away(world: World) -> None:
    gateway = world.discord.gateway
    ready = await world.bot.event("READY")
    gateway.ask_to_reconnect()
    gateway.invalidate(resumable=True)
    gateway.invalidate()
    frames = [await world.bot.ws.receive_json() for _ in range(4)]
    assert [(frame["op"], frame["d"]) for frame in frames[1:]] == [(7, None), (9, True), (9, False)]
    ws = await connect(world)
    await ws.receive()
    await ws.send_json({"op": 6, "d": {"token": world.discord.token, "session_id": ready["session_id"], "seq": 1}})
    assert (await ws.receive_json())["op"] == 9
    await ws.close()


async def test_events_go_to_the_shard_of_their_guild(world: World) -> None:
    async with RawBot(world.discord) as second:
        await second.event("READY")
        shards = (await world.bot.call("GET", "/gateway/bot")).body
        assert (shards["url"], shards["shards"]) == (world.discord.gateway_url, 1)
        world.discord.gateway.sessions.clear()
    left, right = [await connect(world) for _ in range(2)]
    for number, ws in enumerate((left, right)):
        await ws.receive()
        await ws.send_json({"op": 2, "d": {"token": world.discord.token, "intents": 1, "shard": [number, 2]}})
        ready = (await ws.receive_json())["d"]
        assert ready["shard"] == [number, 2]
        mine = (world.guild.id >> 22) % 2 == number
        assert bool(ready["guilds"]) is mine
    await left.close()
    await right.close()


async def test_waiting_for_what_never_comes_ends(world: World) -> None:
    with pytest.raises(TimeoutError):
        await world.discord.wait_for(lambda: False, timeout=0.01)
