"""A loopback Discord, a few people in it, and a bare bot that speaks to it without any library."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import pytest

from tests.loopback_discord.driving import User
from tests.loopback_discord.interactions import Interaction
from tests.loopback_discord.places import Channel, Guild
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE

FORM = {
    "title": "Name",
    "custom_id": "cbf:name",
    "components": [{"type": 1, "components": [{"type": 4, "style": 1, "label": "New name", "custom_id": "name"}]}],
}


@dataclass(frozen=True)
class Answer:
    """What Discord answered."""

    status: int
    body: Any
    headers: Any

    @property
    def refusal(self) -> tuple[int, int]:
        """Status and Discord's code."""
        return self.status, self.body["code"]

    def complaint(self, *path: str | int) -> str:
        """The code of the first complaint of a 50035 at that place of the body."""
        assert self.refusal == (400, 50035), self.body
        node = self.body["errors"]
        for key in path:
            assert str(key) in node, self.body
            node = node[str(key)]
        return node["_errors"][0]["code"]


class RawBot:
    """A gateway connection and requests by hand."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        self.discord = discord
        self.http = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        self.ws = await self.http.ws_connect(self.discord.gateway_url + "?v=10&encoding=json")
        await self.send(2, {"token": self.discord.token, "intents": 1, "properties": {}})
        await self.discord.wait_for(lambda: self.discord.gateway.connected)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.ws.close()
        await self.http.close()

    async def send(self, op: int, data: Any) -> None:
        await self.ws.send_json({"op": op, "d": data})

    async def event(self, name: str) -> dict[str, Any]:
        """The data of the next event of that name; those before it are thrown away."""
        while True:
            frame = await self.ws.receive_json(timeout=PATIENCE)
            if frame.get("t") == name:
                return frame["d"]

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        files: dict[str, bytes] | None = None,
        token: str | None = None,
    ) -> Answer:
        headers = {"Authorization": f"Bot {token or self.discord.token}"}
        data: Any = None
        if files:
            data = aiohttp.FormData(quote_fields=False)
            data.add_field("payload_json", json.dumps(body), content_type="application/json")
            for index, (name, content) in enumerate(files.items()):
                data.add_field(f"files[{index}]", content, filename=name, content_type="application/octet-stream")
        elif body is not None:
            data = json.dumps(body)
            headers["Content-Type"] = "application/json"
        async with self.http.request(method, self.discord.api_url + path, data=data, headers=headers) as response:
            content = await response.read()
            return Answer(response.status, json.loads(content) if content else None, response.headers)

    async def answer(self, interaction: Interaction, kind: int, data: Any = None, *, files: Any = None) -> Answer:
        path = f"/interactions/{interaction.id}/{interaction.token}/callback?with_response=true"
        return await self.call("POST", path, {"type": kind, "data": data or {}}, files=files)

    def hook(self, interaction: Interaction) -> str:
        return f"/webhooks/{self.discord.bot.id}/{interaction.token}"

    def original(self, interaction: Interaction) -> str:
        return self.hook(interaction) + "/messages/@original"


@dataclass(frozen=True)
class World:
    """The usual scene."""

    discord: LoopbackDiscord
    bot: RawBot
    guild: Guild
    channel: Channel
    ann: User
    bob: User

    @property
    def messages(self) -> str:
        return f"/channels/{self.channel.id}/messages"

    async def post(self, body: Any, **more: Any) -> Answer:
        return await self.bot.call("POST", self.messages, body, **more)

    async def cast(self, user: User | None = None, channel: Channel | None = None, **more: Any) -> Interaction:
        return await (user or self.ann).slash(channel or self.channel, "cast", **more)


def command(name: str = "cast", **more: Any) -> dict[str, Any]:
    """A slash command that works everywhere."""
    everywhere = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
    return {"name": name, "description": "Does it", "type": 1, **everywhere, **more}


def option(name: str = "video", kind: int = 3, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "Which", "type": kind, **more}


@pytest.fixture
async def discord_server() -> AsyncIterator[LoopbackDiscord]:
    async with LoopbackDiscord() as server:
        yield server


@pytest.fixture
async def world(discord_server: LoopbackDiscord) -> AsyncIterator[World]:
    guild = discord_server.add_guild()
    channel = guild.add_channel("casting")
    ann = discord_server.add_user("ann", guild)
    bob = discord_server.add_user("bob", guild)
    async with RawBot(discord_server) as bot:
        menu = {"name": "Make a character", "type": 3, "integration_types": [0, 1], "contexts": [0, 1, 2]}
        await bot.call("PUT", f"/applications/{discord_server.bot.id}/commands", [command(), menu])
        yield World(discord_server, bot, guild, channel, ann, bob)
