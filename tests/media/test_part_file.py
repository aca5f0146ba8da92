import asyncio
import hashlib
import os
import threading
from pathlib import Path

import pytest

from bot.media.part_file import PartFile, in_thread


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "clip")
    assert list(tmp_path.iterdir()) == []
    part.write(b"a" * 4000)
    part.write(bytearray(b"b" * 4000))
    assert not (tmp_path / "clip").exists()
    part.finish()
    whole = b"a" * 4000 + b"b" * 4000
    assert (tmp_path / "clip").read_bytes() == whole
    assert list(tmp_path.iterdir()) == [tmp_path / "clip"]
    assert (part.size, part.head, part.sha256) == (8000, whole[:4096], hashlib.sha256(whole).hexdigest())


def test_the_bytes_are_durable_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []

    def fsync(what: object) -> None:
        synced.append((type(what).__name__, (tmp_path / "clip").exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    part = PartFile(tmp_path / "clip")
    part.write(b"clip")
    part.finish()
    assert synced == [("FileIO", False), ("int", True)]


def test_a_short_write_of_the_system_is_carried_on(tmp_path: Path) -> None:
    class Stingy:
        def __init__(self) -> None:
            self.got = b""

        def write(self, data: memoryview) -> int:
            self.got += data[:3]
            return len(data[:3])

    part, stingy = PartFile(tmp_path / "clip"), Stingy()
    part._file = stingy  # type: ignore[assignment]  # all of a file that is needed here
    part.write(b"0123456789")
    assert stingy.got == b"0123456789"


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("finished", [False, True])
def test_a_discarded_file_is_gone_at_every_stage(written: bool, finished: bool, tmp_path: Path) -> None:
    part = PartFile(tmp_path / "clip")
    if written:
        part.write(b"clip")
        if finished:
            part.finish()
    part.discard()
    assert list(tmp_path.iterdir()) == []


def test_there_is_no_file_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing was written"):
        PartFile(tmp_path / "clip").finish()


async def test_work_in_a_thread_gives_its_result_and_its_error() -> None:
    assert await in_thread(lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


async def test_work_in_a_thread_is_waited_for_when_cancelled() -> None:
    loop, begun, go_on, ended = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), threading.Event()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)
        ended.set()
        raise OSError("of no interest any more")

    waiting = asyncio.create_task(in_thread(work))
    await begun.wait()
    for _ in range(3):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
