"""Every spelling of a place inside our own network, tried over real sockets against servers that remember who came.

The port of those servers counts as one of the web's here, so that nothing but the address stands in the way of a link;
a public address is refused by the test itself, so that nobody is asked out there.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import AddrInfoType, web
from yarl import URL

from bot.errors import BadLink, CastbookError
from bot.media import address_guard as guarding
from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader
from tests.patience import PATIENCE

PUBLIC, PUBLIC_6 = "93.184.215.14", "2606:4700:4700::1111"

HOSTS = [
    # 127.0.0.1 in decimal, octal, hexadecimal and short forms, and mixtures of them
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0X7F.1",
    "0177.0.0.1",
    "017700000001",
    "00000177.1",
    "127.0.0.2",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x0",
    # the same in letters that only look like digits and dots
    "①②⑦.⓪.⓪.①",
    "１２７.0.0.1",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    # IPv6, and IPv4 carried in it: mapped, compatible, NAT64, 6to4, Teredo (server, client), ISATAP
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:1::7f00:1]",
    "[2001:0:7f00:1:8000:63bf:f7f7:f7f7]",
    "[2001:0:808:808:8000:63bf:80ff:fffe]",
    "[fe80::5efe:127.0.0.1]",
    # link-local, unique local and site-local, with zones and without
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1%25lo]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fec0::1]",
    "[ff02::1]",
    # other networks of our own, and a cloud's metadata
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    # names for here
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ｌocalhost",
    "ⓛocalhost",
    "foo.localhost",
    "localhost.localdomain",
    "ip6-localhost",
    "router",
    "printer.local",
    "metadata.google.internal",
    # public names whose addresses are here, in each family and hidden among public ones
    "loop.example.org",
    "LOOP.example.org.",
    "loop6.example.org",
    "mapped.example.org",
    "nat64.example.org",
    "6to4.example.org",
    "zone.example.org",
    "metadata.example.org",
    "mixed.example.org",
    "mixed-last.example.org",
    "127.0.0.1.example.org",
    "0x7f000001.example.org",
    # and homographs of a name that one would trust: with Cyrillic letters, and in punycode
    "cdn.dіscordapp.com",
    "xn--cdn-lqa.example.org",
]
ANSWERS = {
    "loop.example.org": ["127.0.0.1"],
    "loop6.example.org": ["::1"],
    "mapped.example.org": ["::ffff:127.0.0.1"],
    "nat64.example.org": ["64:ff9b::7f00:1"],
    "6to4.example.org": ["2002:7f00:1::1"],
    "zone.example.org": ["fe80::1%lo"],
    "metadata.example.org": ["169.254.169.254"],
    "mixed.example.org": ["127.0.0.1", PUBLIC],
    "mixed-last.example.org": [PUBLIC, PUBLIC_6, "127.0.0.1"],
    "public.example.org": [PUBLIC],
}
HERE = ["127.0.0.1"]  # what every other name is answered with

LINKS = [
    *(f"http://{host}:{{port}}/{{name}}" for host in HOSTS),
    # credentials, and hosts that are none
    "http://user@127.0.0.1:{port}/",
    "http://user:password@127.0.0.1:{port}/",
    "http://:password@loop.example.org:{port}/",
    "http://user:password@public.example.org:{port}/",
    "http://public.example.org@127.0.0.1:{port}/",
    "http://public.example.org%40127.0.0.1:{port}/",
    "http://public.example.org:80@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@public.example.org/",
    "http://127.0.0.1:{port}#@public.example.org/",
    "http://127.0.0.1:{port}?@public.example.org/",
    "http://public.example.org\\.127.0.0.1:{port}/",
    "http://127.0.0.1%00.public.example.org:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    # other ports, on a name that is public otherwise
    *(f"http://public.example.org:{port}/" for port in (0, 1, 21, 22, 25, 3306, 6379, 8000, 8080, 8443, 9200, 65535)),
    "http://public.example.org:080808/",
    "http://public.example.org:99999/",
    "http://public.example.org:{port}{port}/",
    # other schemes
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET",
    "ws://127.0.0.1:{port}/",
    "file:///etc/hostname",
    "file://127.0.0.1/etc/hostname",
    "data:video/mp4;base64,AAAA",
    "unix:///run/docker.sock",
]


@dataclass
class Inner:
    """A server inside our own network, on both of its loopback addresses; nobody is to come."""

    port: int = 0
    hits: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.hits.append(f"{request.host}{request.path}")
        return web.Response(body=b"secret", content_type="video/mp4")


@dataclass
class Front:
    """A place that one trusts, which leads on to wherever ``location`` says."""

    origin: str = ""
    location: str = ""

    async def answer(self, _: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": self.location})


@dataclass
class Names:
    """Our resolver: a list of answers, one for each look-up, the last one for ever; else as in ``ANSWERS``."""

    changing: dict[str, list[list[str]]] = field(default_factory=dict)
    origin: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> list[str]:
        self.origin.append(host)
        if later := self.changing.get(host):
            return later.pop(0) if len(later) > 1 else later[0]
        return ANSWERS.get(host.lower().removesuffix("."), HERE)


@dataclass
class Sockets:
    """Real ones for loopback addresses; for every other, a refusal. Remembers which were asked for."""

    addresses: list[str] = field(default_factory=list)

    def __call__(self, info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = info
        self.addresses.append(str(address[0]))
        if not _is_here(str(address[0])):
            raise ConnectionRefusedError("nobody is asked out there")
        return socket.socket(family, kind, protocol)


def _is_here(address: str) -> bool:
    """Whether the kernel takes it for a loopback address, however short it is."""
    if ":" in address:
        return address in {"::1", "::", "::ffff:127.0.0.1"}
    return socket.inet_aton(address)[0] in {0, 127}


@dataclass
class Range:
    """Where the links are shot at."""

    inner: Inner
    front: Front
    names: Names
    sockets: Sockets
    downloader: Downloader
    into: Path
    tried: int = 0
    escaped: list[str] = field(default_factory=list)

    def spelt(self, link: str) -> str:
        return link.replace("{port}", str(self.inner.port)).replace("{name}", "clip.mp4")

    async def shoot(self, link: str) -> CastbookError | None:
        """An escape is a request that arrived inside, or a socket for an address that is not public."""
        self.tried += 1
        self.inner.hits.clear()
        self.sockets.addresses.clear()
        failure: CastbookError | None = None
        try:
            await self.downloader.fetch(link, self.into, max_bytes=1000)
        except CastbookError as error:
            failure = error
        if self.inner.hits or set(self.sockets.addresses) - {PUBLIC, PUBLIC_6} or self.into.exists():
            self.escaped.append(f"{link}: {self.inner.hits} {self.sockets.addresses}")
            self.into.unlink(missing_ok=True)
        return failure


@pytest.fixture
async def inner() -> AsyncIterator[Inner]:
    inner = Inner()
    async with _served(inner.answer) as runner:
        inner.port = runner.addresses[0][1]
        with contextlib.suppress(OSError):  # a machine without IPv6
            await web.TCPSite(runner, "::1", inner.port).start()
        yield inner


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    front = Front()
    async with _served(front.answer) as runner:
        front.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield front


@contextlib.asynccontextmanager
async def _served(answer: object) -> AsyncIterator[web.AppRunner]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)  # type: ignore[arg-type]  # a handler
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def inner_port_is_the_webs(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "_PORTS", guarding._PORTS | {inner.port})


@pytest.fixture
async def field_of_fire(
    inner: Inner, front: Front, inner_port_is_the_webs: None, tmp_path: Path
) -> AsyncIterator[Range]:
    names, sockets = Names(), Sockets()
    downloader = Downloader(AddressGuard([front.origin], resolve=names, open_socket=sockets), timeout=PATIENCE)
    await downloader.open()
    yield Range(inner, front, names, sockets, downloader, tmp_path / "clip.mp4")
    await downloader.close()


async def test_no_hostile_link_reaches_anything_inside(
    field_of_fire: Range, record_testsuite_property: Callable[[str, object], None]
) -> None:
    there = field_of_fire
    for link in map(there.spelt, LINKS):
        assert isinstance(await there.shoot(link), BadLink), link
        assert there.sockets.addresses == [], link  # not even a public address, for the sake of its name
        # A Location is Latin-1 on the wire, and comes as it is written.
        there.front.location = link if link.isascii() and link.isprintable() else str(URL(link.replace("\t", "")))
        assert await there.shoot(there.front.origin) is not None, f"redirected to {link}"
    for changing in CHANGES:
        await _changing(there, changing)
    record_testsuite_property("hostile links tried / requests that escaped", f"{there.tried} / {len(there.escaped)}")
    assert there.escaped == []
    assert there.tried > 200


# What a name is answered with, look-up by look-up: public when it is checked, ours when somebody connects.
CHANGES = [
    [[PUBLIC], ["127.0.0.1"]],
    [[PUBLIC], ["::1"]],
    [[PUBLIC], [PUBLIC, "127.0.0.1"]],
    [[PUBLIC, PUBLIC_6], ["::ffff:127.0.0.1"]],
    [[PUBLIC], [PUBLIC], ["169.254.169.254"], ["127.0.0.1"]],
    [["127.0.0.1"], [PUBLIC]],
]


async def _changing(there: Range, answers: list[list[str]]) -> None:
    there.names.changing["rebind.example.org"] = [list(answer) for answer in answers]
    link = there.spelt("http://rebind.example.org:{port}/{name}")
    for _ in answers:
        there.names.origin.clear()
        assert await there.shoot(link) is not None
        assert there.names.origin == ["rebind.example.org"]  # once: what was checked is what is connected to
    there.names.changing["rebind.example.org"] = [list(answer) for answer in answers]
    there.front.location = link
    for _ in answers:
        assert await there.shoot(there.front.origin) is not None


async def test_without_the_guards_eyes_the_same_links_do_reach_it(
    field_of_fire: Range, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the proof above would prove nothing."""
    monkeypatch.setattr(guarding, "is_public", lambda address: True)
    monkeypatch.setattr(guarding, "_may_be_public", lambda host: True)
    there, reached = field_of_fire, set()
    for link in LINKS:
        await there.shoot(there.spelt(link))
        if there.inner.hits:
            reached.add(link)
    for needed in ("127.0.0.1", "0X7F.1", "0x7f000001", "%31%32%37.0.0.1", "localhost", "loop.example.org", "router"):
        assert f"http://{needed}:{{port}}/{{name}}" in reached
    assert len(reached) > 25, sorted(reached)


async def test_a_public_link_is_not_hostile(field_of_fire: Range) -> None:
    """It is refused by this test's own sockets, and not before."""
    there = field_of_fire
    await there.shoot(there.spelt("http://public.example.org:{port}/{name}"))
    assert there.sockets.addresses == [PUBLIC]
    assert there.escaped == []
