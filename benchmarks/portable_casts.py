"""Exporting and importing a hundred characters, beside ``zip -0`` and ``unzip`` of the same files.

An import is compared with what it cannot do without: ``unzip``, and then the same checks of each file, in one process.
It also measures how late the bot's event loop is meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import time
import wave
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO

from PIL import Image

from benchmarks.figures import Figure, against, below
from benchmarks.lateness import LONGEST_BLOCKED, Lateness, ticking
from bot.app.build import App
from bot.app.service import only_new_objects_collected
from bot.config import load
from bot.media.child.pictures import look_at
from bot.media.child.probing import probe
from bot.media.worker import MediaWorker
from bot.store.portable_casts import Selection
from bot.values.source import Attachment
from bot.values.time_range import TimeRange
from playground.clip import render_clip

OWNER = 4001
MOST = 1.3
_MB = 1024 * 1024


async def measure(
    folder: Path, *, characters: int = 100, rounds: int = 3, size: tuple[int, int] = (1280, 720)
) -> list[Figure]:
    """Medians of ``rounds``, in turn. The files are cut from a rendered clip; no two characters share one."""
    environ = {
        "CASTBOOK__DISCORD__TOKEN": "none",
        "CASTBOOK__TOAPIS__API_KEY": "none",
        "CASTBOOK__STORE__URL": f"sqlite+aiosqlite:///{folder}/castbook.db",
        "CASTBOOK__STORE__FILES": str(folder / "files"),
        "CASTBOOK__LIMITS__FILES_MB_PER_USER": "0",
    }
    app = App(load(None, environ), wrap_source=lambda _: _Disk())
    await app.open()
    try:
        first = folder / "first.zip"
        await asyncio.to_thread(_pack, await _made(folder, size), characters, first)
        with only_new_objects_collected():  # as in a bot that serves
            await _import(app, first)
            return await _raced(app, folder, characters, rounds)
    finally:
        await app.close()


class _Disk:
    """Downloads that take no time worth measuring."""

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Any:  # noqa: ANN401 - whatever the real one answers
        await asyncio.to_thread(into.hardlink_to, url)

    fetch_on = fetch


async def _made(folder: Path, size: tuple[int, int]) -> dict[str, Path]:
    """A reference set as a job makes it, by what each file is."""
    clip, into = folder / "clip.mp4", folder / "made"
    await asyncio.to_thread(render_clip, clip, seconds=6.0, size=size, fps=24)
    into.mkdir()
    media, seconds = MediaWorker(), TimeRange.parse("1-3")
    cut, reference = await media.cut(clip, seconds, into), await media.reference(clip, seconds, into)
    found = {"clip": into / cut.name, "reference": into / reference.clip}
    found |= {f"still {number}": into / still.name for number, still in enumerate(reference.stills)}
    return found | ({"voice": into / reference.voice} if reference.voice is not None else {})


def _pack(made: dict[str, Path], characters: int, into: Path) -> None:
    """An export of another Castbook, in which no two files are the same."""
    said = []
    with zipfile.ZipFile(into, "w") as archive:
        for number in range(characters):
            files = []
            for what, path in made.items():
                name, data = f"{number}/{path.name}", _distinct(path, number)
                archive.writestr(name, data)
                files.append({"is": what.split()[0], "file": name, "sha256": hashlib.sha256(data).hexdigest()})
            said.append({"name": f"C{number}", "range": {"start": "1", "end": "3"}, "reference_set": files})
        archive.writestr("castbook.json", json.dumps({"characters": said}))


def _distinct(path: Path, number: int) -> bytes:
    data, tail = path.read_bytes(), number.to_bytes(4, "big")
    if path.suffix == ".mp4":
        return data + (12).to_bytes(4, "big") + b"free" + tail
    if path.suffix == ".wav":
        return data[:-4] + tail
    changed = path.with_name("changed.jpg")
    with Image.open(path) as picture:
        picture.paste((number % 256, number // 2 % 256, 255 - number % 256), (0, 0, 32, 32))
        picture.save(changed, quality=90)
    return changed.read_bytes()


async def _raced(app: App, folder: Path, characters: int, rounds: int) -> list[Figure]:
    exported: list[float] = []
    zipped: list[float] = []
    imported: list[float] = []
    unzipped: list[float] = []
    archive, again, plain = folder / "exported.zip", folder / "plain.zip", folder / "plain"
    lateness = Lateness()
    for _ in range(rounds):
        async with ticking(lateness):
            exported.append(await _timed(lambda: _export(app)))
        await _export(app, archive)
        await asyncio.to_thread(_unzip, archive, plain)
        zipped.append(await _timed(lambda: asyncio.to_thread(_zip, plain, again)))
        await _forget(app)
        async with ticking(lateness):
            imported.append(await _timed(lambda: _import(app, archive)))
        unzipped.append(await _timed(lambda: asyncio.to_thread(_unzip_and_check, archive, plain)))
    size = archive.stat().st_size / _MB
    return [
        against(f"export of {characters} characters, {size:.0f} MB", _ms(exported), _ms(zipped), "ms", most=MOST),
        against(f"import of {characters} characters", _ms(imported), _ms(unzipped), "ms", most=MOST),
        below("event loop blocked meanwhile, longest", lateness.longest_ms, LONGEST_BLOCKED, "ms"),
    ]


def _ms(seconds: list[float]) -> float:
    return median(seconds) * 1000


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def _export(app: App, into: Path | None = None) -> None:
    export = await app.cast.exporter.plan(OWNER, Selection(), limit=None, locale="en")
    if export is None:
        raise AssertionError("nobody to export")
    async with app.cast.exporter.part(export, 1) as file:
        if into is not None:
            await asyncio.to_thread(_keep, file, into)


def _keep(file: BinaryIO, into: Path) -> None:
    if not into.exists():
        with into.open("wb") as kept:
            shutil.copyfileobj(file, kept, _MB)


async def _import(app: App, archive: Path) -> None:
    offer = await app.cast.importer.look(OWNER, Attachment(url=str(archive), filename=archive.name, size=0))
    await app.cast.importer.bring_in(OWNER, offer.id)


async def _forget(app: App) -> None:
    for each in (await app.stores.portable_casts.selected(OWNER, Selection())).members:
        gone = await app.stores.characters.delete(OWNER, each.character.id)
        for key in gone.orphans if gone is not None else ():
            await app.stores.files.delete(key)


def _zip(folder: Path, into: Path) -> None:
    into.unlink(missing_ok=True)
    subprocess.run(["zip", "-0", "-q", "-r", str(into), "."], cwd=folder, check=True)


def _unzip(archive: Path, into: Path) -> None:
    shutil.rmtree(into, ignore_errors=True)
    subprocess.run(["unzip", "-q", str(archive), "-d", str(into)], check=True)


def _unzip_and_check(archive: Path, into: Path) -> None:
    _unzip(archive, into)
    subprocess.run([sys.executable, "-m", "benchmarks.portable_casts", str(into)], check=True)


def _check(folder: Path) -> None:
    """Check each file as an import checks one of ours, and hash it."""
    for path in folder.rglob("*.*"):
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
        if path.suffix == ".jpg":
            look_at(path)
        elif path.suffix == ".mp4":
            probe(path)
        elif path.suffix == ".wav":
            with wave.open(str(path)) as heard:
                heard.readframes(heard.getnframes())


if __name__ == "__main__":
    _check(Path(sys.argv[1]))
