"""Rows of small faces for the gallery, made in a child process and cached in memory."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import structlog

from bot import limits
from bot.concurrency import FairLimiter
from bot.errors import CastbookError
from bot.media.worker import MediaWorker
from bot.store.files import FileStore
from bot.values.files import StoredFile

_log = structlog.get_logger(__name__)

Row: TypeAlias = tuple[StoredFile | None, ...]
"""Pictures from left to right, at most :data:`bot.limits.FACES_IN_ROW`; ``None``: a grey figure."""


class FaceRows:
    """Makes the rows of a page in one child. The :data:`bot.limits.FACE_ROWS_KEPT` rows shown last are cached."""

    def __init__(self, *, files: FileStore, media: MediaWorker) -> None:
        self._files = files
        self._media = media
        self._places = FairLimiter(1)  # a page takes a moment, and no job waits for it
        self._took = 0.0  # seconds, the last page that was made
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    async def of(self, owner_id: int, rows: Sequence[Row]) -> list[bytes]:
        """A WebP for each row; an empty list if they cannot be made within :data:`bot.limits.FACES_WITHIN` seconds.

        If those who wait already take longer than that, nobody joins them. All pictures are the owner's.
        """
        keys = [_key(row) for row in rows]
        made = {key: self._kept[key] for key in keys if key in self._kept}  # other pages may evict them meanwhile
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in made}
        if missing:
            try:
                if self._places.waiting * self._took > limits.FACES_WITHIN:
                    raise TimeoutError  # now, not after all that time
                async with asyncio.timeout(limits.FACES_WITHIN), self._places.place(owner_id):
                    made |= zip(missing, await self._timed(list(missing.values())), strict=True)
            except (CastbookError, OSError, TimeoutError) as error:
                _log.warning("faces_not_made", rows=len(missing), error=type(error).__name__)
                return []
        for key in keys:
            self._kept[key] = made[key]
            self._kept.move_to_end(key)
        while len(self._kept) > limits.FACE_ROWS_KEPT:
            self._kept.popitem(last=False)
        return [made[key] for key in keys]

    async def _timed(self, rows: Sequence[Row]) -> list[bytes]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            return await self._make(rows)
        finally:
            self._took = loop.time() - began

    async def _make(self, rows: Sequence[Row]) -> list[bytes]:
        work_id = secrets.token_hex(limits.JOB_ID_HEX // 2)
        folder = await self._files.work_folder(work_id)
        try:
            keys = list({file.key for row in rows for file in row if file is not None})
            paths = {key: folder / f"source-{number}" for number, key in enumerate(keys)}
            fetched = await asyncio.gather(
                *(self._files.copy_to_work(key, path) for key, path in paths.items()), return_exceptions=True
            )
            there = {key: paths[key] for key, error in zip(keys, fetched, strict=True) if error is None}
            asked: list[list[Path | None]] = [[there.get(file.key) if file else None for file in row] for row in rows]
            made = await self._media.face_rows(asked, folder)
            return [await self._files.read_work(folder / each.name) for each in made]
        finally:
            await self._files.drop_work(work_id)


def _key(row: Row) -> tuple[str, ...]:
    return tuple("" if file is None else file.key for file in row)
