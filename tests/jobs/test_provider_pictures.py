"""The picture in a provider's answer is a link and a file of somebody else's: guarded, capped, and encoded anew.

Whatever it turns out to be, the character is made, and a still of its clip stands in for what is refused.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from PIL import Image

from bot.values.character import Character
from bot.values.job import Outcome
from tests.jobs.harness import JobHarness, with_limits

MARK = b"<script>alert('castbook')</script>"


class Gallery:
    """A loopback server of pictures, each with the type it claims; remembers who came."""

    def __init__(self) -> None:
        self.pictures: dict[str, tuple[str, bytes]] = {}
        self.elsewhere = ""
        self.hits: list[str] = []
        app = web.Application()
        app.router.add_get("/{name:.*}", self._get)
        self._runner = web.AppRunner(app, access_log=None)
        self.origin = ""

    async def _get(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.hits.append(name)
        if name == "moved":
            raise web.HTTPFound(self.elsewhere)
        kind, data = self.pictures[name]
        return web.Response(body=data, headers={"Content-Type": kind})

    async def start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()


@pytest.fixture
async def gallery(harness: JobHarness) -> AsyncIterator[Gallery]:
    """One whose address is trusted, so that what it serves arrives."""
    gallery = Gallery()
    await gallery.start()
    trusted = [*harness.settings.links.trusted_origins, gallery.origin]
    harness.settings = with_limits(harness.settings, links={"trusted_origins": trusted})
    await harness.restart()
    yield gallery
    await gallery.stop()


@pytest.fixture
async def inner() -> AsyncIterator[Gallery]:
    """One inside our own network, whose address is not."""
    inner = Gallery()
    await inner.start()
    inner.pictures = {"secret.png": ("image/png", picture("PNG"))}
    yield inner
    await inner.stop()


async def made_with(harness: JobHarness, url: str) -> Character:
    """A whole job whose provider says that the picture is at ``url``."""
    media = harness.simulated._generated_media()
    truly = type(media)._character
    media._character = lambda jpeg: truly(media, jpeg) | {"profile_picture_url": url}  # type: ignore[method-assign]  # of this one studio
    job = await harness.ask(another=True, anyway=True)
    await harness.run()
    assert (await harness.job(job)).outcome is Outcome.SUCCEEDED, url
    delivered, character = harness.courier.delivered[-1]
    assert delivered.id == job.id
    assert character in await harness.cast()
    assert character is not None
    assert not harness.work(job).exists()
    return character


async def stored(harness: JobHarness, character: Character) -> bytes:
    assert character.picture is not None
    return await harness.files.read(character.picture.key)


def picture(kind: str, size: tuple[int, int] = (64, 48), **more: object) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", size, (200, 40, 90)).save(into, kind, **more)
    return into.getvalue()


def bomb() -> bytes:
    """64 million black pixels in some kilobytes."""
    side = 8000
    rows = zlib.compress((b"\0" * (side // 8 + 1)) * side, 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def gif() -> bytes:
    into = io.BytesIO()
    frames = [Image.new("P", (40, 30), colour) for colour in (3, 90, 200)]
    frames[0].save(into, "GIF", save_all=True, append_images=frames[1:], comment=MARK)
    return into.getvalue()


def described() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()  # ImageDescription
    return exif


REFUSED = {
    "bomb.png": ("image/png", bomb()),
    "drawing.svg": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg">' + MARK + b"</svg>"),
    "page.png": ("image/png", b"<!doctype html>" + MARK * 20),
    "noise.png": ("image/png", b"\x89PNG\r\n\x1a\n" + MARK + Random(7).randbytes(9 << 20)),
    "little-noise.jpg": ("image/jpeg", b"\xff\xd8\xff\xe0" + MARK + Random(7).randbytes(100_000)),
}
TAKEN = {
    "moving.gif": ("image/gif", gif()),
    "with-more-in-it.jpg": ("image/jpeg", picture("JPEG", comment=MARK, exif=described()) + MARK * 9),
    "wide.webp": ("image/webp", picture("WEBP", (4000, 400))),
}


INSIDE = [
    "{inner}/secret.png",
    "http://localhost:{port}/secret.png",
    "http://[::ffff:127.0.0.1]:{port}/secret.png",
    "http://169.254.169.254/latest/meta-data/",
    "file://{path}",
    "http://xn--a.example.org/secret.png",  # punycode that stands for nothing
]


async def test_what_is_no_picture_is_replaced_by_a_still(harness: JobHarness, gallery: Gallery) -> None:
    gallery.pictures = REFUSED
    for name in REFUSED:
        character = await made_with(harness, f"{gallery.origin}/{name}")
        assert name in gallery.hits
        assert character.picture_is_still, name
        assert (await stored(harness, character)).startswith(b"\xff\xd8\xff"), name
        assert not any(MARK in each for each in everything_kept(harness)), name


async def test_a_picture_is_encoded_anew_before_it_is_kept(harness: JobHarness, gallery: Gallery) -> None:
    gallery.pictures = TAKEN
    for name, (_, sent) in TAKEN.items():
        character = await made_with(harness, f"{gallery.origin}/{name}")
        assert not character.picture_is_still, name
        assert character.picture is not None
        assert character.picture.mime in {"image/jpeg", "image/png"}
        kept = await stored(harness, character)
        assert kept != sent
        with Image.open(io.BytesIO(kept)) as image:
            assert image.get_format_mimetype() == character.picture.mime
            assert max(image.size) <= 1536, name
            assert getattr(image, "n_frames", 1) == 1
            assert not image.getexif()
        assert not any(MARK in each for each in everything_kept(harness)), name
    assert gallery.hits == list(TAKEN)


async def test_a_picture_inside_our_own_network_is_not_fetched(
    harness: JobHarness, inner: Gallery, tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(picture("PNG"))
    port = inner.origin.rpartition(":")[2]
    for link in INSIDE:
        url = link.format(inner=inner.origin, port=port, path=tmp_path / "secret.png")
        character = await made_with(harness, url)
        assert character.picture_is_still, link
    assert inner.hits == []


async def test_nor_when_a_public_place_leads_there(harness: JobHarness, gallery: Gallery, inner: Gallery) -> None:
    gallery.elsewhere = f"{inner.origin}/secret.png"
    character = await made_with(harness, f"{gallery.origin}/moved")
    assert gallery.hits == ["moved"]
    assert character.picture_is_still
    assert inner.hits == []


def everything_kept(harness: JobHarness) -> list[bytes]:
    return [path.read_bytes() for path in Path(harness.settings.store.files).rglob("*") if path.is_file()]
