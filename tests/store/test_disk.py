from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.store.database import Database
from bot.store.disk import DiskUse
from bot.values.files import StoredFile
from bot.values.job import Outcome, Step


def picture(letter: str, size: int, owner_id: int = 7) -> StoredFile:
    return StoredFile(key=f"{owner_id}/{letter * 64}", sha256=letter * 64, size=size, mime="image/png")


async def test_files_and_unfinished_work_are_counted_once_each(
    database: Database, cast: Any, add: Any, now: datetime
) -> None:
    disk = DiskUse(database)
    assert await disk.of(7, now=now) == 0
    await cast("A", picture=picture("a", 10))
    await cast("B", picture=picture("a", 10))  # the same picture is one file
    await cast("C", picture=picture("c", 5_000_000_000))
    await cast("D", picture=picture("d", 77, owner_id=8), owner_id=8)
    clip = StoredFile(key="work/x/source", sha256="e" * 64, size=100, mime="video/mp4")
    await add(file=clip)
    await add(file=clip, step=Step.DELIVER, outcome=Outcome.SUCCEEDED)
    await add(file=clip, step=Step.DONE, outcome=Outcome.SUCCEEDED)
    await add(file=clip, owner_id=9)
    for ago in (timedelta(hours=1), timedelta(hours=30)):  # unclear: kept for a day, to be sent again
        await add(file=clip, owner_id=9, step=Step.DONE, outcome=Outcome.UNKNOWN, finished_at=now - ago)
    assert [await disk.of(owner_id, now=now) for owner_id in (7, 8, 9, 10)] == [5_000_000_210, 77, 200, 0]
    assert await disk.keys() == {f"7/{'a' * 64}", f"7/{'c' * 64}", f"8/{'d' * 64}"}
