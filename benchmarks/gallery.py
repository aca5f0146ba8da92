"""A page of the gallery: 12 characters from the database, with a picture of their faces for each row."""

from __future__ import annotations

import asyncio
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image
from sqlalchemy import insert

from benchmarks.figures import Figure, below, percentile
from bot import limits
from bot.app.build import App
from bot.chat.render_cast import CastPage
from bot.config import load
from bot.store.cast_search import Sort
from bot.store.character_rows import described_columns, keep_file, named_columns
from bot.store.tables import characters
from cogs.character.lookup import CastLookup
from playground.clip import render_clip

MOST_COLD = 300.0  # milliseconds
MOST_CACHED = 50.0
NOW = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_OWNER = 5001


async def measure(folder: Path, *, rounds: int = 20, size: tuple[int, int] = (1280, 720)) -> list[Figure]:
    """The median and the slowest of ``rounds`` pages, each of a different person; then of each page once more."""
    environ = {
        "CASTBOOK__DISCORD__TOKEN": "none",
        "CASTBOOK__TOAPIS__API_KEY": "none",
        "CASTBOOK__STORE__URL": f"sqlite+aiosqlite:///{folder}/castbook.db",
        "CASTBOOK__STORE__FILES": str(folder / "files"),
    }
    app = App(load(None, environ))
    await app.open()
    try:
        owners = range(_FIRST_OWNER, _FIRST_OWNER + rounds)
        face = await asyncio.to_thread(_face, folder, size)
        for owner in owners:
            await _fill(app, owner, folder, face)
        stores = app.stores
        lookup = CastLookup(stores.characters, stores.cast, stores.groups, stores.files, app.face_rows)
        cold: list[float] = []
        cached: list[float] = []
        before = _cpu_of_children()
        for owner in owners:  # only so many rows are kept, so each page is requested again at once
            cold.append(await _shown(lookup, owner))
            cached.append(await _shown(lookup, owner))
        cpu = (_cpu_of_children() - before) / rounds
    finally:
        await app.close()
    return [
        below(f"gallery page of {limits.CAST_PER_PAGE} faces, cold, median", percentile(cold, 50), MOST_COLD, "ms"),
        below("cold, slowest", max(cold), MOST_COLD, "ms"),
        Figure("cold, CPU time of the media child, mean", f"{cpu:.2f} ms"),
        below("cached, median", percentile(cached, 50), MOST_CACHED, "ms"),
        below("cached, slowest", max(cached), MOST_CACHED, "ms"),
    ]


def _cpu_of_children() -> float:
    """CPU time of the children that have ended, in milliseconds: other work on the machine hardly changes it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


def _face(folder: Path, size: tuple[int, int]) -> Path:
    """A frame of the playground's clip, in the size of stills."""
    import av  # imported here, as in the child: the bot's process cannot open videos

    clip, still = folder / "clip.mp4", folder / "still.png"
    render_clip(clip, seconds=1.0, size=size, fps=24)
    with av.open(str(clip)) as opened:
        next(opened.decode(video=0)).to_image().save(still)
    return still


async def _fill(app: App, owner: int, folder: Path, face: Path) -> None:
    """A cast of exactly one page. No two characters share a picture."""
    for number in range(limits.CAST_PER_PAGE):
        picture = folder / f"{owner}-{number}.jpg"
        await asyncio.to_thread(_marked, face, picture, (owner % 256, number * 20, 128))
        stored = await app.stores.files.put_path(owner, picture, "image/jpeg")
        row = {"owner_id": owner, "username": "", "provider_id": "", "task_id": "", "model": "", "created_at": NOW}
        row |= {"range_start": "1", "range_end": "3", "picture_key": stored.key, "picture_is_still": True}
        row |= named_columns(f"Somebody {number}") | described_columns("Somebody", "", ())
        async with app.stores.database.write() as connection:
            await keep_file(connection, owner, stored, NOW)
            await connection.execute(insert(characters).values(row))


def _marked(face: Path, into: Path, colour: tuple[int, int, int]) -> None:
    with Image.open(face) as picture:
        picture.paste(colour, (0, 0, 32, 32))
        picture.convert("RGB").save(into, quality=90)


async def _shown(lookup: CastLookup, owner: int) -> float:
    """How long /character list waits for its page, in milliseconds."""
    begun = time.perf_counter()
    _, found, total = await lookup.page(owner, CastPage(0, Sort.RECENT, ""))
    faces = await lookup.faces(owner, found)
    took = (time.perf_counter() - begun) * 1000
    rows = -(-limits.CAST_PER_PAGE // limits.FACES_IN_ROW)
    if (total, len(faces)) != (limits.CAST_PER_PAGE, rows):
        raise AssertionError(f"{len(faces)} rows of faces for {total} characters")
    return took
