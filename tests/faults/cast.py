"""The cast of people who ask for videos: two characters each, in the database before the bot first starts."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from sqlalchemy import insert

from bot.store.character_rows import keep_file
from bot.store.database import Database, database_at
from bot.store.files import FileStore
from bot.store.tables import character_files, characters
from bot.values.character import FileKind, name_key
from bot.values.clock import utc_now
from playground.clip import still
from tests.wire.scene import clip

NAMES = ("Ada", "Bo")
# With clips, with pictures as elements and as subjects, and with the names of its own characters. Only the last one
# knows a task by our id.
WAN, KLING, VIDU, SORA = "wan2.6", "kling-v3-omni", "viduq3", "sora-2"
SECONDS = {WAN: 5, KLING: 3, VIDU: 3, SORA: 10}  # of a video
PER_SECOND = {WAN: 2, KLING: 3, VIDU: 1, SORA: 4}  # credits
PRICES = {model: Decimal(SECONDS[model] * price) for model, price in PER_SECOND.items()}


@functools.cache
def picture(instant: float) -> bytes:
    """A JPEG of whom they show."""
    into = io.BytesIO()
    still(instant).save(into, "JPEG")
    return into.getvalue()


async def add_cast(
    folder: Path,
    owners: Iterable[int],
    known_as: Sequence[str],
    names: Sequence[str] = NAMES,
    *,
    url: str | None = None,
) -> None:
    """Characters called ``names`` for each of ``owners``, with a clip and a still; ``known_as``: at the provider.

    ``folder`` has the files, and the database, unless that is at ``url``.
    """
    database = database_at(url or f"sqlite+aiosqlite:///{folder}/castbook.db")
    files = FileStore(folder / "files")
    await database.open()
    try:
        for owner in owners:
            for number, (name, username) in enumerate(zip(names, known_as, strict=True)):
                await _add(database, files, owner, name, username, instant=1.0 + number)
    finally:
        await database.close()


async def _add(database: Database, files: FileStore, owner: int, name: str, username: str, *, instant: float) -> None:
    shown = await files.put_bytes(owner, picture(instant), "image/jpeg")
    # No clip is another's: bytes behind the last box are none that a player reads.
    film = await files.put_bytes(owner, clip() + b"\0\0\0\x0cfree" + name.ljust(4).encode(), "video/mp4")
    now = utc_now()
    row = insert(characters).values(
        owner_id=owner,
        name=name,
        name_key=name_key(name),
        display_name=name,
        display_key=name_key(name),
        username=username,
        provider_id=f"ch_{username}",
        task_id=f"task_{owner}_{name}",
        model=SORA,
        range_start="1",
        range_end="3",
        picture_key=shown.key,
        created_at=now,
    )
    async with database.write() as connection:
        for file in (shown, film):
            await keep_file(connection, owner, file, now)
        made = (await connection.scalars(row.returning(characters.c.id))).one()
        for position, (kind, file) in enumerate(((FileKind.CLIP, film), (FileKind.STILL, shown))):
            more = insert(character_files).values(character_id=made, position=position, kind=kind, key=file.key)
            await connection.execute(more)
