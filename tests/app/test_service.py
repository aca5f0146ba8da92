"""The service in this process: starts, is ready, stops on a signal, and says plainly why it cannot start."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from bot.app import service
from bot.app.build import App
from bot.errors import BadStart
from bot.web.health import HealthServer
from tests.app.conftest import MakeSettings
from tests.loopback_discord.server import LoopbackDiscord
from tests.patience import PATIENCE


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports on which health is served, as they become known."""
    bound: list[int] = []
    start = HealthServer.start

    async def start_and_tell(self: HealthServer) -> None:
        await start(self)
        bound.append(self.port)

    monkeypatch.setattr(HealthServer, "start", start_and_tell)
    return bound


async def readiness(port: int) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/readyz") as answer,
    ):
        return answer.status


async def test_it_serves_until_sigterm(make_settings: MakeSettings, discord: LoopbackDiscord, ports: list[int]) -> None:
    running = asyncio.create_task(service.run(make_settings()))
    async with asyncio.timeout(PATIENCE):
        while not ports or await readiness(ports[0]) != 200:
            await asyncio.sleep(0.05)
        assert gc.get_freeze_count() > 0  # a full collection would block the event loop for long
        os.kill(os.getpid(), signal.SIGTERM)
        assert await running == 0
    assert gc.get_freeze_count() == 0
    assert {command["name"] for command in discord.commands} >= {"character", "tasks", "help", "about"}


async def test_commands_are_synced_once_and_not_at_every_start(
    make_settings: MakeSettings, discord: LoopbackDiscord
) -> None:
    for _ in range(2):
        app = App(make_settings())
        await app.open()
        serving = asyncio.create_task(app.serve_discord())
        async with asyncio.timeout(PATIENCE):
            while not app.client.is_ready():
                await asyncio.sleep(0.05)
            await app.close()
            await asyncio.gather(serving, return_exceptions=True)
    assert len(discord.calls("PUT", "/commands$")) == 1


async def test_a_token_that_discord_refuses_is_one_sentence(make_settings: MakeSettings) -> None:
    with pytest.raises(BadStart, match=r"refuses discord\.token") as bad:
        await service.run(make_settings(DISCORD__TOKEN="wrong"))
    assert bad.value.exit_code == 69


async def test_a_port_that_is_taken_is_one_sentence_and_everything_is_closed(make_settings: MakeSettings) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(BadStart):
            await service.run(make_settings(WEB__PORT=str(port)))
    again = App(make_settings())  # the lock of the database was given back
    await again.open()
    await again.close()


async def test_a_bucket_that_is_away_at_a_start_leaves_nothing_here(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    app = App(
        make_settings(
            STORE__FILES="s3://castbook/files",
            STORE__ENDPOINT="http://127.0.0.1:9",
            STORE__REGION="us-east-1",
            STORE__ACCESS_KEY_ID="anybody",
            STORE__SECRET_ACCESS_KEY="secret",
            STORE__COPIES=str(tmp_path / "copies"),
        )
    )
    with pytest.raises(BadStart, match="the bucket did not take the request"):
        await app.open()
    assert list((tmp_path / "copies").iterdir()) == []


async def test_a_client_that_ends_by_itself_ends_the_process_with_1(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: App) -> None:
        raise RuntimeError("a parser of the gateway")

    monkeypatch.setattr(App, "serve_discord", broken)
    assert await service.run(make_settings()) == 1
