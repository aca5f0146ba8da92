"""Links that people share, from what they paste to the file: each site is played under its own names, over TLS."""

import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import AddrInfoType, web

from bot.errors import BadLink, DownloadFailed
from bot.media.address_guard import AddressGuard
from bot.media.download import Downloader
from bot.media.worker import MediaWorker
from tests.media.conftest import BentSocket, Names
from tests.media.share_sites import CLOSED, FILE, SITES, ShareSite, Way
from tests.patience import PATIENCE

VIDEO = b"\0" + os.urandom(50_000)
WAYS = [(site, way) for site in SITES for way in site.ways]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing here makes a certificate")


class Played:
    """Whatever name it is asked by, it answers as ``answers`` say, by https alone; ``asked`` are the addresses."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.asked: list[str] = []
        self.port = 0

    def __call__(self, info: AddrInfoType) -> socket.socket:
        bent = BentSocket(socket.AF_INET, socket.SOCK_STREAM)
        bent.towards = ("127.0.0.1", self.port)
        return bent

    async def answer(self, request: web.Request) -> web.Response:
        asked = f"{request.host}{request.raw_path}"
        self.asked.append(asked)
        answer = self.answers.get(asked)
        if answer is None:
            return web.json_response({"error": {"code": "unauthenticated"}}, status=401)
        if answer == FILE:
            return web.Response(body=VIDEO, headers={"Content-Disposition": 'attachment; filename="goal.mp4"'})
        if answer.startswith("<"):
            return web.Response(text=answer, content_type="text/html")
        return web.Response(status=302, headers={"Location": answer})


def _hosts(answers: Mapping[str, str]) -> set[str]:
    return {address.partition("/")[0] for address in answers}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of every site that is played, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    hosts = set[str]().union(*(_hosts(dict(way.visits)) for _, way in WAYS), *map(_hosts, CLOSED.values()))
    names = ",".join(f"DNS:{host}" for host in sorted(hosts))
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sites", "-addext"]
    made = ["openssl", "req", *kind, f"subjectAltName={names}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
    return certificate, key


@pytest.fixture
async def played(certificate: tuple[Path, Path]) -> AsyncIterator[Played]:
    site = Played()
    app = web.Application()
    app.router.add_get("/{path:.*}", site.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    site.port = runner.addresses[0][1]
    yield site
    await runner.cleanup()


@pytest.fixture
async def reader(played: Played, certificate: tuple[Path, Path]) -> AsyncIterator[Downloader]:
    """As in the bot, but that every name leads to what is played, and that its certificate is trusted."""
    trusts = ssl.create_default_context(cafile=certificate[0])
    guard = AddressGuard([], resolve=Names(), open_socket=played, trusts=trusts)
    downloader = Downloader(guard, timeout=PATIENCE, page_reader=MediaWorker().page_reader)
    await downloader.open()
    yield downloader
    await downloader.close()


@pytest.mark.parametrize(("site", "way"), WAYS, ids=[way.pasted for _, way in WAYS])
async def test_a_shared_link_leads_to_its_file(
    site: ShareSite, way: Way, played: Played, reader: Downloader, tmp_path: Path
) -> None:
    played.answers = {**way.instead, **dict(way.visits)}
    got = await reader.fetch(way.pasted, tmp_path / "clip.mp4", max_bytes=len(VIDEO))
    assert got.path.read_bytes() == VIDEO
    assert played.asked == [address for address, _ in way.visits]
    assert os.listdir(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize("pasted", CLOSED)
async def test_a_page_in_the_place_of_the_file_is_told(
    pasted: str, played: Played, reader: Downloader, tmp_path: Path
) -> None:
    played.answers = dict(CLOSED[pasted])
    with pytest.raises(BadLink, match="web page"):
        await reader.fetch(pasted, tmp_path / "clip.mp4", max_bytes=1_000_000)
    assert played.asked == list(CLOSED[pasted])
    assert os.listdir(tmp_path) == []


async def test_a_site_that_wants_an_account_is_told(played: Played, reader: Downloader, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"api\.onedrive\.com doesn't let me download"):
        await reader.fetch("https://1drv.ms/v/c/0a1b/EAbC", tmp_path / "clip.mp4", max_bytes=len(VIDEO))


async def test_a_certificate_that_nobody_vouches_for_is_told(played: Played, tmp_path: Path) -> None:
    downloader = Downloader(AddressGuard([], resolve=Names(), open_socket=played), timeout=PATIENCE)
    await downloader.open()
    with pytest.raises(DownloadFailed, match=r"certificate of streamable\.com"):
        await downloader.fetch("https://streamable.com/abc123", tmp_path / "clip.mp4", max_bytes=len(VIDEO))
    await downloader.close()
    assert played.asked == []
