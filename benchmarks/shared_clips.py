"""What people share in practice: a page instead of its file, and a phone's HDR instead of SDR."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from aiohttp import web
from av.video.reformatter import ColorTrc

from benchmarks.figures import Figure
from bot.media.address_guard import AddressGuard
from bot.media.child.faces import face_detector
from bot.media.child.opening import open_video
from bot.media.child.samples import PictureAnalyzer
from bot.media.child.scan import scan
from bot.media.child.scoring import PRESENT
from bot.media.download import Downloader
from bot.media.worker import MediaWorker
from tests.media.child.generated_clips import FPS, talking, write
from tests.media.child.hdr import write_hdr

ROUND_TRIP = 0.25  # seconds for each answer of the site
_HOP_MOST = 1.5  # round trips more: the second request, and half a one for the child that reads the page
_SIZE = (640, 360)
_FILE = bytes(1_000_000)


async def measure(folder: Path, *, rounds: int = 7, seconds: float = 6.0) -> list[Figure]:
    """The delay of going through a page, and the faces that are found in HDR."""
    return [await _hop(folder, rounds), *await asyncio.to_thread(_faces, folder, seconds)]


async def _hop(folder: Path, rounds: int) -> Figure:
    """From a page to its file, beside the file itself, on a site where each answer takes a round trip."""
    took: dict[str, list[float]] = {"file.mp4": [], "page": []}
    async with _site() as origin:
        downloader = Downloader(AddressGuard([origin]), timeout=60, page_reader=MediaWorker().page_reader)
        await downloader.open()
        for number in range(rounds):
            for what, spent in took.items():
                began = time.perf_counter()
                await downloader.fetch(f"{origin}/{what}", folder / f"{what}-{number}", max_bytes=len(_FILE))
                spent.append(time.perf_counter() - began)
        await downloader.close()
    more = median(took["page"]) - median(took["file.mp4"])
    name = f"share page, beside its file: more, where a round trip takes {ROUND_TRIP * 1000:.0f} ms"
    factor = more / ROUND_TRIP
    reading = "one round trip, and the child that reads the page"
    return Figure(name, f"{more * 1000:.0f} ms", reading, factor, f"at most {_HOP_MOST:g}x", factor <= _HOP_MOST)


@asynccontextmanager
async def _site() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(ROUND_TRIP)
        if request.path == "/file.mp4":
            return web.Response(body=_FILE, content_type="video/mp4")
        return web.Response(text='<html><meta property="og:video" content="/file.mp4">', content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _faces(folder: Path, seconds: float) -> list[Figure]:
    """In how many of the analysed pictures a face is found, beside the same clip in SDR."""
    pictures = talking(seconds, _SIZE)
    in_sdr = _found(write(folder / "sdr.mp4", pictures), seconds)
    figures = []
    for name, transfer in (("HLG", ColorTrc.ARIB_STD_B67), ("PQ", ColorTrc.SMPTE2084)):
        found = _found(write_hdr(folder / f"{name}.mp4", pictures, FPS, transfer), seconds)
        factor = found / in_sdr if in_sdr else None
        met = None if factor is None else factor >= 1
        said = f"{found} pictures", f"{in_sdr} of the same in SDR"
        figures.append(Figure(f"faces found in HDR ({name})", *said, factor, "at least 1x", met))
    return figures


def _found(path: Path, seconds: float) -> int:
    with open_video(path) as video, ThreadPoolExecutor(max_workers=1) as executor:
        analyzer = executor.submit(lambda: PictureAnalyzer(face_detector()))
        stretches = scan(video, [(0.0, seconds)], analyzer, executor)
    samples = [sample for stretch in stretches for sample in stretch.samples]
    return sum(sample.face is not None and sample.face.confidence >= PRESENT for sample in samples)
