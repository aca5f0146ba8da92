"""Videos of sites: yt-dlp in its real child, behind the real proxy, at a site on loopback."""

import asyncio
import errno
import gc
import json
import os
import shutil
import socket
import ssl
import sys
from asyncio.subprocess import DEVNULL
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web

from bot import limits
from bot.errors import BadFile, BadLink, BadRange, CastbookError, DownloadFailed
from bot.jobs.video_inspection import check_inside
from bot.media.address_guard import AddressGuard
from bot.media.site_proxy import SiteProxy
from bot.media.site_videos import SiteVideos
from bot.media.worker import MediaWorker
from bot.values.time_range import TimeRange
from tests.media.child.numbered import RATE, evenly, read_numbered, write_numbered
from tests.media.conftest import Names, Site
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
SECONDS = 200
RANGE = TimeRange(Decimal(120), Decimal(122))


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def read(film: Path) -> bytes:
    return film.read_bytes()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 19 MB, one picture a second, and a click at 121 s."""
    sound = np.zeros(SECONDS * RATE)
    sound[121 * RATE :][: RATE // 1000] = 0.9
    path = tmp_path_factory.mktemp("film") / "film.mov"
    return write_numbered(
        path, evenly(1, SECONDS), ends=Fraction(SECONDS), sound=sound, options={"g": "5", "preset": "ultrafast"}
    )


@pytest.fixture
def served(site: Site, film: Path) -> Site:
    """A page with a player in it, and the film, which can be had in parts."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.startswith("/film"):
            return web.FileResponse(film)
        return web.Response(text='<html><title>A film</title><video src="/film.mov"></video>', content_type="text/html")

    site.handler = answer
    return site


@pytest.fixture
def sites(site: Site) -> SiteVideos:
    return SiteVideos(AddressGuard([site.origin]), MediaWorker(), sites=["127.0.0.1"], timeout=PATIENCE)


async def test_only_what_lies_about_the_asked_seconds_is_fetched(
    served: Site, sites: SiteVideos, film: Path, tmp_path: Path
) -> None:
    got = await sites.fetch(
        f"{served.origin}/watch/1", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=RANGE
    )
    assert got.size < 2_000_000  # of 19 MB
    assert got.section
    assert names_in(tmp_path) == ["source"]
    facts = await MediaWorker().probe(tmp_path / "source")
    assert 110 <= facts.begins <= 114
    assert 127 <= facts.seconds <= 130
    made = tmp_path / "made"
    made.mkdir()
    with pytest.raises(BadRange, match=r"I fetched only the seconds from 11\d to 12\d of that video\. For others, use"):
        check_inside(TimeRange(Decimal(90), Decimal(92)), replace(facts, section=True))
    cut = await MediaWorker().cut(tmp_path / "source", RANGE, made)
    seen = read_numbered(made / cut.name)
    assert seen.numbers == [120, 121]
    assert seen.sound is not None
    assert np.abs(seen.sound[0]).argmax() / RATE == pytest.approx(1, abs=0.01)


async def test_a_whole_film_has_to_fit_and_a_server_need_not_know_ranges(
    site: Site, served: Site, sites: SiteVideos, film: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadFile, match="Please say which seconds"):
        await sites.fetch(f"{served.origin}/watch/1", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=None)
    ranged, content = site.handler, read(film)

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(body=content) if request.path.startswith("/film") else await ranged(request)

    site.handler = answer
    got = await sites.fetch(
        f"{served.origin}/watch/1", tmp_path / "source", owner_id=1, max_bytes=25_000_000, range=None
    )
    assert got.size > 19_000_000
    assert not got.section
    assert (await MediaWorker().probe(tmp_path / "source")).seconds == SECONDS


async def test_a_page_leads_to_no_private_address(
    site: Site, other_site: Site, sites: SiteVideos, tmp_path: Path
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            text=f'<html><title>x</title><video src="{other_site.origin}/film.mp4"></video>', content_type="text/html"
        )

    site.handler = answer
    with pytest.raises(CastbookError):
        await sites.fetch(f"{site.origin}/watch", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=RANGE)
    assert site.hits
    assert not other_site.hits
    assert names_in(tmp_path) == []


async def test_a_page_without_a_video_is_told(site: Site, sites: SiteVideos, tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html><title>x</title><p>Nothing here.", content_type="text/html")

    site.handler = answer
    with pytest.raises(BadFile, match="no video at that link"):
        await sites.fetch(f"{site.origin}/watch", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=None)


async def test_a_site_that_does_not_answer_takes_its_time_and_no_more(site: Site, tmp_path: Path) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        try:
            await asyncio.sleep(60)
        finally:
            over.set()
        return web.Response()

    site.handler = answer
    slow = SiteVideos(AddressGuard([site.origin]), MediaWorker(), sites=["127.0.0.1"], timeout=0.1)
    with pytest.raises(DownloadFailed, match="too slow") as failed:
        await slow.fetch(f"{site.origin}/watch", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=None)
    assert failed.value.permanent
    if asked.is_set():
        await asyncio.wait_for(over.wait(), PATIENCE)


async def test_a_server_that_sends_more_than_was_asked_for_is_not_read_to_its_end(
    served: Site, sites: SiteVideos, film: Path, tmp_path: Path
) -> None:
    page, content = served.handler, read(film)

    async def answer(request: web.Request) -> web.StreamResponse:
        if not request.path.startswith("/film"):
            return await page(request)
        start = request.http_range.start or 0
        asked = min(request.http_range.stop or len(content), len(content))
        more = web.StreamResponse(status=206, headers={"Content-Range": f"bytes {start}-{asked - 1}/{len(content)}"})
        await more.prepare(request)
        with suppress(OSError):  # it hangs up
            await more.write(content[start:] * 5)
        return more

    served.handler = answer
    got = await sites.fetch(
        f"{served.origin}/watch/1", tmp_path / "source", owner_id=1, max_bytes=5_000_000, range=RANGE
    )
    assert got.size < 2_000_000


async def test_who_waits_too_long_for_a_place_is_told_and_may_try_again(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, go_on = asyncio.Event(), asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        if len(site.hits) == limits.SITE_VISITS:
            full.set()
        await go_on.wait()
        return web.Response(text="<html><title>x</title><p>Nothing here.", content_type="text/html")

    site.handler = answer
    sites = SiteVideos(AddressGuard([site.origin]), MediaWorker(), sites=["127.0.0.1"], timeout=PATIENCE)

    async def fetch(owner_id: int) -> None:
        into = tmp_path / str(owner_id)
        into.mkdir(exist_ok=True)
        await sites.fetch(f"{site.origin}/watch", into / "source", owner_id=owner_id, max_bytes=5_000_000, range=None)

    visits = [asyncio.create_task(fetch(owner_id)) for owner_id in range(limits.SITE_VISITS)]
    await full.wait()
    monkeypatch.setattr(limits, "SITE_WAIT", timedelta(seconds=0.1))
    with pytest.raises(DownloadFailed, match="I'm fetching too many videos right now") as refused:
        await fetch(9)
    assert not refused.value.permanent
    go_on.set()
    assert all(isinstance(each, BadFile) for each in await asyncio.gather(*visits, return_exceptions=True))
    with pytest.raises(BadFile, match="no video at that link"):
        await fetch(9)


# -- What is switched on, and what is told of the others --------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("https://www.youtube.com/watch?v=abc", "YouTube links are switched off here. Download the video and attach"),
        ("https://youtu.be/abc", "YouTube links are switched off here"),
        ("https://vm.tiktok.com/abc", "TikTok links are switched off here"),
    ],
)
async def test_a_site_that_is_switched_off_says_what_to_do(url: str, sentence: str, tmp_path: Path) -> None:
    off = SiteVideos(AddressGuard([]), MediaWorker(), sites=["vimeo.com"], timeout=5)
    assert off.is_for(url)
    with pytest.raises(BadLink, match=sentence):
        await off.fetch(url, tmp_path / "source", owner_id=1, max_bytes=1, range=None)


def test_which_links_are_for_sites() -> None:
    on = SiteVideos(AddressGuard([]), MediaWorker(), sites=["youtube.com", "reddit.com"], timeout=5)
    off = SiteVideos(AddressGuard([]), MediaWorker(), sites=[], timeout=5)
    assert on.is_for("https://youtu.be/abc")
    assert on.is_for("https://old.reddit.com/r/x")
    assert not off.is_for("https://old.reddit.com/r/x")  # whose page names a file at times
    assert not on.is_for("https://example.org/youtube.com")
    assert not on.is_for("https://notyoutube.com/x")


# -- The proxy, and what a child can reach -----------------------------------------------------------------------------


async def asked_for_a_socket(network: int) -> socket.socket:
    asker = socket.socket(fileno=os.dup(network))
    with asker:
        asker.send(b"+")
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, asker, 1, 1)
    return socket.socket(fileno=descriptors[0])


async def answer_to(network: int, request: bytes) -> bytes:
    """What comes back until the proxy closes."""
    reader, writer = await asyncio.open_unix_connection(sock=await asked_for_a_socket(network))
    writer.write(request)
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "request_line",
    [
        "GET http://10.0.0.1/ HTTP/1.1",
        "GET http://169.254.169.254/latest HTTP/1.1",
        "GET http://[::1]/ HTTP/1.1",
        "GET http://inside.example/ HTTP/1.1",  # which the names below lead inside
        "GET http://93.184.215.14:22/ HTTP/1.1",
        "GET https://93.184.215.14/ HTTP/1.1",
        "GET /film HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "CONNECT 127.0.0.1:443 HTTP/1.1",
        "CONNECT inside.example:443 HTTP/1.1",
        "CONNECT 93.184.215.14:25 HTTP/1.1",
        "nonsense",
    ],
)
async def test_the_proxy_refuses_what_the_guard_refuses(request_line: str, guard: AddressGuard, names: Names) -> None:
    names.answers = [["10.0.0.1"]]
    async with SiteProxy(guard, most_bytes=1000).open() as network:
        answer = await answer_to(network, f"{request_line}\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")


async def test_a_tunnel_carries_both_ways_and_no_more_than_is_allowed() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(1000):
            writer.write(said * (5000 if said == b"!" else 1))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy = SiteProxy(AddressGuard([f"https://127.0.0.1:{port}"]), most_bytes=1000)
    async with server, proxy.open() as network:
        reader, writer = await asyncio.open_unix_connection(sock=await asked_for_a_socket(network))
        writer.write(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nhello".encode())
        assert await reader.readuntil(b"hello") == b"HTTP/1.1 200 Connection established\r\n\r\nhello"
        writer.write(b"!")
        assert len(await reader.read()) <= 1000
        assert proxy.overrun
        writer.close()
        with pytest.raises(IndexError):  # then there are no more connections
            await asked_for_a_socket(network)


async def test_no_connection_outlives_the_proxy(guard: AddressGuard) -> None:
    async with SiteProxy(guard, most_bytes=1000).open() as network:
        reader, writer = await asyncio.open_unix_connection(sock=await asked_for_a_socket(network))
        writer.write(b"GET http://")  # and nothing else
        await asyncio.sleep(0)
        gc.disable()  # which would close it as well, at some time
    try:
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    finally:
        gc.enable()
        writer.close()


async def test_a_name_is_connected_to_at_the_address_that_was_checked(
    site: Site, guard: AddressGuard, sockets, names: Names
) -> None:
    async with SiteProxy(guard, most_bytes=10_000).open() as network:
        answer = await answer_to(
            network, b"GET http://films.example/a%20b?c=%2F HTTP/1.1\r\nHost: films.example\r\n\r\n"
        )
    assert answer.endswith(b"clip")
    assert sockets.addresses == ["93.184.215.14"]
    assert len(names.origin) == 1
    assert site.hits[0].raw_path == "/a%20b?c=%2F"


HOSTILE = r"""
import json, os, socket, sys, urllib.request
from bot.media.child.confinement import Limits, confine
from bot.media.child.passed_sockets import receive_sockets
raw = socket.socket
confine(Limits(), parent=os.getppid())
receive_sockets({network})
found = dict()
try:
    raw(socket.AF_INET, socket.SOCK_STREAM)
    found["raw"] = "opened"
except OSError as error:
    found["raw"] = error.errno
with socket.create_connection(("127.0.0.1", {port}), timeout=10) as connection:
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    found["direct"] = connection.recv(100).decode()
try:
    urllib.request.build_opener(urllib.request.ProxyHandler(dict())).open("http://127.0.0.1:{port}/", timeout=10)
    found["url"] = "opened"
except OSError as error:
    found["url"] = str(error)
print(json.dumps(found))
"""


async def test_a_child_that_is_taken_over_reaches_the_proxy_and_nothing_else(site: Site, other_site: Site) -> None:
    proxy = SiteProxy(AddressGuard([site.origin]), most_bytes=10_000)
    async with proxy.open() as network:
        program = HOSTILE.format(network=network, port=other_site.port)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=ROOT, pass_fds=[network], stdout=asyncio.subprocess.PIPE
        )
        said, _ = await process.communicate()
    found = json.loads(said)
    assert found["raw"] in {errno.EPERM, errno.EACCES}
    assert found["direct"].startswith("HTTP/1.1 403 ")
    assert "403" in found["url"]
    assert not other_site.hits


TLS = r"""
import os
from bot.media.child.confinement import Limits, confine
from bot.media.child.passed_sockets import receive_sockets
confine(Limits(), parent=os.getppid())
receive_sockets({network})
import yt_dlp
from yt_dlp.networking import Request
from bot.media.child.site import _PARAMS
for more in (dict(nocheckcertificate=True), dict()):
    with yt_dlp.YoutubeDL(_PARAMS | more) as reader:
        try:
            print(reader.urlopen(Request("https://127.0.0.1:{port}/")).read())
        except Exception as error:
            print(type(error).__name__)
"""


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing here makes a certificate")
async def test_a_site_is_spoken_to_by_https_and_its_certificate_is_checked(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-days", "2"]
    making = await asyncio.create_subprocess_exec(*made, "-keyout", key, "-out", certificate, stderr=DEVNULL)
    assert await making.wait() == 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    proxy = SiteProxy(AddressGuard([f"https://127.0.0.1:{port}"]), most_bytes=100_000)
    async with server, proxy.open() as network:
        program = TLS.format(network=network, port=port)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=ROOT, pass_fds=[network], stdout=asyncio.subprocess.PIPE
        )
        said, _ = await child.communicate()
    assert said.decode().splitlines() == ["b'hello'", "CertificateVerifyError"]
