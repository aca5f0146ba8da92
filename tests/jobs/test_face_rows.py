"""Rows of faces are kept for a while, and who is shown them does not depend on what others look at."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot import limits
from bot.jobs.face_rows import FaceRows, Row
from bot.media.worker import MediaWorker
from bot.store.files import FileStore

ONE: Row = (None,)
TWO: Row = (None, None)
THREE: Row = (None, None, None)


async def test_a_row_that_is_pushed_out_meanwhile_is_shown_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FACE_ROWS_KEPT", 1)
    faces = FaceRows(files=FileStore(tmp_path), media=MediaWorker())
    [kept] = await faces.of(7, [ONE])
    [other], both = await asyncio.gather(faces.of(8, [TWO]), faces.of(7, [ONE, THREE]))
    assert other[:4] == b"RIFF"
    assert (len(both), both[0]) == (2, kept)


async def test_a_page_that_would_wait_in_vain_comes_without_faces_at_once(tmp_path: Path) -> None:
    faces = FaceRows(files=FileStore(tmp_path), media=MediaWorker())
    faces._took = limits.FACES_WITHIN + 1  # as on a machine with much other work
    async with faces._places.place(1):
        waiting = asyncio.create_task(faces.of(7, [ONE]))
        while not faces._places.waiting:
            await asyncio.sleep(0)
        assert await faces.of(8, [TWO]) == []
        assert not waiting.done()
    [made] = await waiting
    assert made[:4] == b"RIFF"
    assert faces._took < limits.FACES_WITHIN, "that of the page that was made since"
    assert len(await faces.of(8, [TWO])) == 1
