"""A large video into a bucket and out of it again, through the file store and through bare obstore, side by side."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median

import obstore

from benchmarks.figures import Figure, against
from bot.store.files import FileStore
from tests.s3_server import S3Server

SIZE = 20 * 1024 * 1024
ROUNDS = 15
MOST = 1.3  # times as long
_JOB = "0123456789abcdef"


async def measure(folder: Path, *, rounds: int = ROUNDS, size: int = SIZE) -> list[Figure]:
    """Medians. Each round copies a new video both ways, and the two take turns at going first."""
    server = S3Server(folder / "server")
    await asyncio.to_thread(server.start)
    try:
        here, there = (FileStore.of(server.settings(folder / name, files="s3://castbook/bench")) for name in "ab")
        await here.open()
        await there.open()
        raw, path, came = server.store("raw"), folder / "video.mp4", folder / "came.mp4"
        work = await there.work_folder(_JOB)
        took: dict[str, list[float]] = {name: [] for name in ("put", "raw put", "get", "raw get")}
        for number in range(rounds):
            await asyncio.to_thread(path.write_bytes, os.urandom(size))
            stored = await here.put_path(1, path, "video/mp4")  # a warm-up; deleted, so that it is stored once more
            await here.delete(stored.key)
            ways: dict[str, Callable[[], Awaitable[object]]] = {
                "put": partial(here.put_path, 1, path, "video/mp4"),
                "raw put": partial(obstore.put_async, raw, "video", path),
                "get": partial(there.copy_to_work, stored.key, work / str(number)),
                "raw get": partial(_fetched, raw, came),
            }
            for name in ("put", "raw put", "get", "raw get") if number % 2 else ("raw put", "put", "raw get", "get"):
                took[name].append(await _seconds(ways[name]()))
            await there.drop_work(_JOB)
            work = await there.work_folder(_JOB)
        await here.close()
        await there.close()
    finally:
        server.kill()
    megabytes = size // (1024 * 1024)
    return [
        against(f"{what} of {megabytes} MB, median of {rounds}", ours * 1000, theirs * 1000, "ms", most=MOST)
        for what, ours, theirs in (
            ("put into a bucket", median(took["put"]), median(took["raw put"])),
            ("get into a work folder", median(took["get"]), median(took["raw get"])),
        )
    ]


async def _fetched(store: obstore.store.S3Store, into: Path) -> None:
    got = await obstore.get_async(store, "video")
    with into.open("wb") as file:
        async for piece in got.stream():
            file.write(piece)


async def _seconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began
