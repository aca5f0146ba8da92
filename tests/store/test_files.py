from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import sys
import tracemalloc
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BadStart
from bot.store.disk import DiskUse
from bot.store.files import FileStore
from bot.store.jobs import JobStore
from bot.values.files import StoredFile

JOB = "0123456789abcdef"
OTHER_JOB = "f" * 16


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


@pytest.fixture
def root(tmp_path: Path, files: FileStore) -> Path:
    return tmp_path / "files"


async def test_bytes_come_back_by_what_they_are(files: FileStore, root: Path) -> None:
    data = b"a picture"
    sha256 = hashlib.sha256(data).hexdigest()
    stored = await files.put_bytes(7, data, "image/png")
    assert stored == StoredFile(key=f"7/{sha256}", sha256=sha256, size=9, mime="image/png")
    assert await files.read(stored.key) == data
    assert names(root) == {stored.key}
    assert stat.S_IMODE(os.stat(root).st_mode) == 0o700


async def test_a_large_file_is_copied_without_being_in_memory(files: FileStore, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    data = os.urandom(1024 * 1024) * 40
    await asyncio.to_thread(path.write_bytes, data)
    sha256 = hashlib.sha256(data).hexdigest()
    tracemalloc.start()
    stored = await files.put_path(7, path, "video/mp4")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
    assert stored == StoredFile(key=f"7/{sha256}", sha256=sha256, size=len(data), mime="video/mp4")
    assert await files.read(stored.key) == data


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


async def test_many_at_once(files: FileStore, root: Path) -> None:
    stored = await asyncio.gather(*[files.put_bytes(7, b"%d" % number, "image/png") for number in range(60)])
    assert names(root) == {one.key for one in stored}
    assert await asyncio.gather(*[files.read(one.key) for one in stored]) == [b"%d" % number for number in range(60)]


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


async def test_a_deleted_file_is_gone(files: FileStore) -> None:
    stored = await files.put_bytes(7, b"x", "image/png")
    await files.delete(stored.key)
    await files.delete(stored.key)  # nothing to do is no error
    with pytest.raises(FileNotFoundError):
        await files.read(stored.key)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "7/../8", "/etc/passwd", f"work/{JOB}", "7/abc", "", f"7/{'a' * 64}\n"]
)
async def test_only_a_key_becomes_a_path(files: FileStore, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await files.read(key)
    with pytest.raises(ValueError, match="not a key"):
        await files.delete(key)


@pytest.mark.parametrize("job_id", ["..", "../../x", "", "ABCDEF0123456789", JOB + "0", f"{JOB}\n"])
async def test_only_a_job_id_becomes_a_path(files: FileStore, job_id: str) -> None:
    with pytest.raises(ValueError, match="job id"):
        await files.work_folder(job_id)
    with pytest.raises(ValueError, match="job id"):
        await files.drop_work(job_id)


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


async def test_a_work_folder_lives_as_long_as_it_is_wanted(files: FileStore, root: Path) -> None:
    folder = await files.work_folder(JOB)
    assert folder == root / "work" / JOB
    (folder / "source").write_bytes(b"clip")
    assert await files.work_folder(JOB) == folder
    assert (folder / "source").read_bytes() == b"clip"
    await files.drop_work(JOB)
    assert not folder.exists()
    await files.drop_work(JOB)


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


async def test_sweeping_a_new_store_is_nothing(files: FileStore) -> None:
    assert await files.sweep(keep_keys=set(), keep_work=set()) == 0


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


async def test_everything_of_one_owner_goes_with_their_folder(files: FileStore, root: Path) -> None:
    for number in range(3):
        await files.put_bytes(7, bytes([number]), "image/png")
    other = await files.put_bytes(8, b"of somebody else", "image/png")
    (root / "7" / f"{'0' * 64}#3").write_bytes(b"torn")
    await files.drop_owner(7)
    assert names(root) == {other.key}
    assert not (root / "7").exists()
    await files.drop_owner(7)


async def test_a_file_is_read_in_pieces(files: FileStore) -> None:
    kept = await files.put_bytes(7, b"piece by piece", "image/png")
    with files.open(kept.key) as read:
        assert (read.read(5), read.read()) == (b"piece", b" by piece")
    with pytest.raises(FileNotFoundError):
        files.open(f"7/{'0' * 64}")
    with pytest.raises(ValueError, match="not a key"):
        files.open("7/../8")
