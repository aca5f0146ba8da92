"""A provider on the loopback for each test, and a client for it."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.provider.loopback import RANGE, Provider, client_for


@pytest.fixture
async def provider():
    scripted = Provider()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{rest:.*}", scripted.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    scripted.base_url = f"http://{host}:{port}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
async def client(provider):
    async with client_for(provider.base_url) as made:
        yield made


@pytest.fixture
def submit(client):
    async def create(**changes):
        values = {
            "model": "sora-2",
            "range": RANGE,
            "business_id": "0123456789abcdef",
            "url": "https://f.example/c.mp4",
        }
        return await client.create_character(**(values | changes))

    return create
