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
