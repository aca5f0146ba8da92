"""What is true of files in a folder alone: one name more instead of a copy, and everything on disk."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadStart
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore

JOB = "0123456789abcdef"
OTHER_JOB = "f" * 16


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.fixture
def root(tmp_path: Path, files: FileStore) -> Path:
    return tmp_path / "files"


async def test_nobody_else_may_look_into_the_folder(files: FileStore, root: Path) -> None:
    await files.put_bytes(7, b"a picture", "image/png")
    assert stat.S_IMODE(os.stat(root).st_mode) == 0o700


async def test_a_folder_that_takes_nothing_is_told(files: FileStore, root: Path) -> None:
    await files.check()
    assert names(root) == set()
    await asyncio.to_thread(root.rmdir)
    with pytest.raises(BadStart, match=r"store\.files.*No such file or directory") as told:
        await files.check()
    assert told.value.exit_code == 69


async def test_the_same_content_is_one_file_and_not_written_anew(files: FileStore, root: Path, tmp_path: Path) -> None:
    first = await files.put_bytes(7, b"same", "image/png")
    before = os.stat(root / first.key)
    (path := tmp_path / "same").write_bytes(b"same")
    again = await asyncio.gather(
        *[files.put_bytes(7, b"same", "image/png") for _ in range(30)], files.put_path(7, path, "image/png")
    )
    assert set(again) == {first}
    assert names(root) == {first.key}
    assert os.stat(root / first.key).st_ino == before.st_ino
    other = await files.put_bytes(8, b"same", "image/png")  # another person's is another file
    assert names(root) == {first.key, other.key}


async def test_a_file_in_a_work_folder_is_kept_without_copying_it(
    files: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"as it came"
    came = await files.work_folder(JOB) / "came.mp4"
    came.write_bytes(content)
    stored = await files.put_work(7, came, hashlib.sha256(content).hexdigest(), len(content), "video/mp4")
    assert (stored.key, stored.size) == (f"7/{stored.sha256}", len(content))
    assert os.stat(root / stored.key).st_ino == os.stat(came).st_ino
    await files.drop_work(JOB)
    assert await files.read(stored.key) == content


async def test_where_there_are_no_links_it_is_copied(
    files: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    came = await files.work_folder(JOB) / "came.mp4"
    came.write_bytes(b"as it came")
    stored = await files.put_work(7, came, hashlib.sha256(b"as it came").hexdigest(), 10, "video/mp4")
    assert await files.read(stored.key) == b"as it came"
    assert os.stat(root / stored.key).st_ino != os.stat(came).st_ino


async def test_a_file_and_its_folders_are_on_disk_when_put_returns(
    files: FileStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    stored = await files.put_bytes(7, b"x", "image/png")
    assert flushed == [str(root / stored.key), str(root / "7"), str(root)]
    await files.put_bytes(7, b"x", "image/png")  # whoever put it first may not have come that far yet
    assert len(flushed) == 6


@pytest.mark.parametrize("links", [True, False])
async def test_a_work_folder_is_shared_and_each_goes_alone(
    files: FileStore, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr("os.link", refused)
    other = JOB[::-1]
    assert other != JOB
    source = await files.work_folder(JOB)
    (source / "source").write_bytes(b"clip")
    await files.share_work(JOB, other)
    await files.drop_work(JOB)
    assert (source.with_name(other) / "source").read_bytes() == b"clip"
    await files.share_work(JOB, other)  # there is nothing any more: what is there stays
    assert (source.with_name(other) / "source").read_bytes() == b"clip"


async def test_a_sweep_takes_what_nothing_refers_to_and_nothing_else(files: FileStore, root: Path) -> None:
    kept = await files.put_bytes(7, b"kept", "image/png")
    orphan = await files.put_bytes(7, b"orphan", "image/png")
    lonely = await files.put_bytes(8, b"lonely", "image/png")
    (root / f"{kept.key}#3").write_bytes(b"torn")
    (root / "7" / "notes.txt").write_text("the operator's own")
    (root / "lost+found").mkdir()
    for job_id in (JOB, OTHER_JOB):
        (await files.work_folder(job_id) / "source").write_bytes(b"clip")
    removed = await files.sweep(keep_keys={kept.key}, keep_work={JOB})
    assert removed == 4
    assert names(root) == {kept.key, "7/notes.txt", f"work/{JOB}/source"}
    assert not (root / "8").exists(), lonely
    assert (root / "lost+found").exists()
    assert not (root / orphan.key).exists()
    assert await files.sweep(keep_keys={kept.key}, keep_work={JOB}) == 0


async def test_a_crash_between_file_and_row_leaves_nothing_for_good(
    files: FileStore, root: Path, cast: Any, database: Any, jobs: JobStore, now: datetime
) -> None:
    picture = await files.put_bytes(7, b"has a row", "image/png")
    await cast("Ann", picture=picture)
    program = (
        "import asyncio, os, signal\n"
        "from pathlib import Path\n"
        "from bot.store.files import FileStore\n"
        "async def crash():\n"
        f"    await FileStore(Path({str(root)!r})).put_bytes(7, b'has no row', 'image/png')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(crash())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    await process.wait()
    assert len(names(root)) == 2
    swept = await files.sweep(keep_keys=await DiskUse(database).keys(), keep_work=await jobs.wanted_work(now))
    assert swept == 1
    assert names(root) == {picture.key}


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(BadStart, match=r"store\.files") as refused:
        FileStore(tmp_path / "data" / "files")
    assert refused.value.exit_code == 69


async def test_what_was_torn_goes_with_the_rest_of_its_owner(files: FileStore, root: Path) -> None:
    await files.put_bytes(7, b"whole", "image/png")
    (root / "7" / f"{'0' * 64}#3").write_bytes(b"torn")
    await files.drop_owner(7)
    assert not (root / "7").exists()
