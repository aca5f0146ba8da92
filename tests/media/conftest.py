"""A loopback web server that records who came, and sockets and names that are bent towards it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
from aiohttp import AddrInfoType, web

from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader
from tests.patience import PATIENCE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PUBLIC = "93.184.215.14"  # nobody is asked there: see Sockets


class Site:
    """Answers every path with ``handler`` and remembers each request."""

    def __init__(self) -> None:
        self.handler: Handler = self._clip
        self.hits: list[web.Request] = []
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> list[str]:
        return [request.headers["Host"] for request in self.hits]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.hits.append(request)
        return await self.handler(request)

    async def _clip(self, _: web.Request) -> web.StreamResponse:
        return web.Response(body=b"clip", content_type="video/mp4")


class Sockets:
    """Where the guard's connector gets its sockets: whatever it connects to, it reaches the site, and it is noted."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.addresses: list[str] = []

    def __call__(self, info: AddrInfoType) -> socket.socket:
        self.addresses.append(str(info[4][0]))
        bent = BentSocket(socket.AF_INET, socket.SOCK_STREAM)
        bent.towards = ("127.0.0.1", self._site.port)
        return bent


class BentSocket(socket.socket):
    """Connects ``towards`` one place, whatever it is asked for."""

    towards = ("", 0)

    def connect(self, _address: object) -> None:
        super().connect(self.towards)


class Names:
    """Answers each look-up with the next of ``answers``, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Sequence[str]] = [[PUBLIC]]
        self.origin: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.origin.append((host, port))
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return list(answer)


async def serve(site: Site) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    runner = await serve(site)
    yield site
    await runner.cleanup()


@pytest.fixture
async def other_site() -> AsyncIterator[Site]:
    site = Site()
    runner = await serve(site)
    yield site
    await runner.cleanup()


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def sockets(site: Site) -> Sockets:
    return Sockets(site)


@pytest.fixture
def guard(site: Site, names: Names, sockets: Sockets) -> AddressGuard:
    """Only the site is exempt, by its loopback address; everything else that gets through reaches it all the same."""
    return AddressGuard([site.origin], resolve=names, open_socket=sockets)


@pytest.fixture
async def downloader(guard: AddressGuard) -> AsyncIterator[Downloader]:
    downloader = Downloader(guard, timeout=PATIENCE)
    await downloader.open()
    yield downloader
    await downloader.close()
