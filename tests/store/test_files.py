"""What is true of the file store wherever its files are: in a folder, and in a bucket of a real S3 server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot.store.file_folder import FileFolder
from bot.store.files import FileStore
from bot.values.files import StoredFile
from tests.s3_server import S3Server, keys

JOB, OTHER_JOB = "0123456789abcdef", "f" * 16


class Kept:
    """What is there for good, looked at past the file store."""

    def __init__(self, root: Path, server: S3Server | None, url: str) -> None:
        self._root, self._server, self._url = root, server, url

    def names(self) -> set[str]:
        if self._server is not None:
            return keys(self._server, self._url)
        return {str(path.relative_to(self._root)) for path in self._root.rglob("*") if not path.is_dir()}


@pytest.fixture(params=["folder", "bucket"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[FileStore, Kept]]:
    if request.param == "folder":
        yield FileStore(tmp_path / "files"), Kept(tmp_path / "files", None, "")
        return
    server: S3Server = request.getfixturevalue("s3_server")
    settings = server.settings(tmp_path / "copies")
    files = FileStore.of(settings)
    await files.open()
    yield files, Kept(tmp_path, server, settings.files)
    await files.close()


@pytest.fixture
def files(place: tuple[FileStore, Kept]) -> FileStore:
    return place[0]


@pytest.fixture
def kept(place: tuple[FileStore, Kept]) -> Kept:
    return place[1]


async def test_bytes_come_back_by_what_they_are(files: FileStore, kept: Kept) -> None:
    data = b"a picture"
    sha256 = hashlib.sha256(data).hexdigest()
    stored = await files.put_bytes(7, data, "image/png")
    assert stored == StoredFile(key=f"7/{sha256}", sha256=sha256, size=9, mime="image/png")
    assert await files.read(stored.key) == data
    assert kept.names() == {stored.key}


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


async def test_the_same_content_is_one_file(files: FileStore, kept: Kept, tmp_path: Path) -> None:
    (path := tmp_path / "same").write_bytes(b"same")
    again = await asyncio.gather(
        *[files.put_bytes(7, b"same", "image/png") for _ in range(30)], files.put_path(7, path, "image/png")
    )
    (first,) = set(again)
    assert kept.names() == {first.key}
    other = await files.put_bytes(8, b"same", "image/png")  # another person's is another file
    assert kept.names() == {first.key, other.key}


async def test_many_at_once(files: FileStore, kept: Kept) -> None:
    stored = await asyncio.gather(*[files.put_bytes(7, b"%d" % number, "image/png") for number in range(60)])
    assert kept.names() == {one.key for one in stored}
    assert await asyncio.gather(*[files.read(one.key) for one in stored]) == [b"%d" % number for number in range(60)]


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


async def test_a_work_folder_lives_as_long_as_it_is_wanted(files: FileStore, kept: Kept) -> None:
    folder = await files.work_folder(JOB)
    assert folder.parts[-2:] == ("work", JOB)
    (folder / "source").write_bytes(b"clip")
    assert await files.work_folder(JOB) == folder
    assert (folder / "source").read_bytes() == b"clip"
    await files.share_in_work(folder / "source")
    assert kept.names() == {f"work/{JOB}/source"}
    assert await files.work_jobs() == {JOB}
    async with files.work_of_ended(JOB):
        assert await files.work_jobs() == set()
    measured = await files.measure_work(folder / "source", "video/mp4")
    assert (measured.key, measured.size) == (f"work/{JOB}/source", 4)
    await files.drop_work(JOB)
    assert not folder.exists()
    assert kept.names() == set()
    await files.drop_work(JOB)


async def test_sweeping_a_new_store_is_nothing(files: FileStore) -> None:
    assert await files.sweep(keep_keys=set(), keep_work=set()) == 0


async def test_files_of_a_work_folder_come_and_go_one_by_one(files: FileStore, kept: Kept) -> None:
    folder = await files.work_folder(JOB)
    assert not await files.in_work(folder / "made")
    (folder / "made").write_bytes(b"made")
    assert await files.in_work(folder / "made"), "for this step it need not be shared"
    await files.rename_work(folder / "made", folder / "kept")
    await files.share_in_work(folder / "kept")
    assert await files.in_work(folder / "kept")
    assert await files.read_work(folder / "kept") == b"made"
    await files.drop_from_work(folder / "kept")
    await files.drop_from_work(folder / "kept")
    assert not await files.in_work(folder / "kept")
    assert kept.names() == set()


async def test_a_work_folder_is_shared_and_each_goes_alone(files: FileStore) -> None:
    folder = await files.work_folder(JOB)
    (folder / "source").write_bytes(b"clip")
    await files.share_in_work(folder / "source")
    await files.share_work(JOB, OTHER_JOB)
    await files.drop_work(JOB)
    other = await files.work_folder(OTHER_JOB)
    assert await files.in_work(other / "source")
    assert await files.read_work(other / "source") == b"clip"
    await files.share_work(JOB, OTHER_JOB)  # there is nothing any more: what is there stays
    assert await files.in_work(other / "source")


async def test_a_kept_file_stands_in_a_work_folder_even_when_it_is_deleted(files: FileStore) -> None:
    stored = await files.put_bytes(7, b"a clip", "video/mp4")
    path = await files.work_folder(JOB) / "source"
    await files.copy_to_work(stored.key, path, shared=True)
    await files.copy_to_work(stored.key, path, shared=True)  # the step is done again
    await files.delete(stored.key)
    assert await files.in_work(path)
    assert await files.read_work(path) == b"a clip"
    with pytest.raises(FileNotFoundError):
        await files.copy_to_work(stored.key, path.with_name("again"))


async def test_files_of_a_work_folder_are_kept_together(files: FileStore, kept: Kept) -> None:
    folder = await files.work_folder(JOB)
    contents = {name: name.encode() * 9 for name in ("a.png", "b.mp4")}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    stored = await files.put_links(7, [(folder / name, hashes[name], "image/png") for name in contents])
    assert [(each.key, each.size) for each in stored] == [(f"7/{hashes['a.png']}", 45), (f"7/{hashes['b.mp4']}", 45)]
    one = await files.put_work(8, folder / "a.png", hashes["a.png"], 45, "image/png")
    await files.drop_work(JOB)
    assert kept.names() == {one.key, *(each.key for each in stored)}
    assert await files.read(stored[1].key) == contents["b.mp4"]


async def test_it_can_be_tried_out(files: FileStore, kept: Kept) -> None:
    await files.check()
    assert kept.names() == set()


async def test_everything_of_one_owner_goes_with_their_folder(files: FileStore, kept: Kept) -> None:
    for number in range(3):
        await files.put_bytes(7, bytes([number]), "image/png")
    other = await files.put_bytes(8, b"of somebody else", "image/png")
    await files.drop_owner(7)
    assert kept.names() == {other.key}
    await files.drop_owner(7)


async def test_a_file_is_read_in_pieces(files: FileStore) -> None:
    stored = await files.put_bytes(7, b"piece by piece", "image/png")
    with await asyncio.to_thread(files.open_file, stored.key) as read:
        assert (read.read(5), read.read()) == (b"piece", b" by piece")
    with pytest.raises(FileNotFoundError):
        await asyncio.to_thread(files.open_file, f"7/{'0' * 64}")
    with pytest.raises(ValueError, match="not a key"):
        files.open_file("7/../8")


async def test_what_another_process_has_just_put_is_not_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = FileStore(FileFolder(tmp_path, shared=True, unneeded_for=timedelta(hours=1)))
    one, two = [await files.put_bytes(7, content, "image/png") for content in (b"one", b"two")]
    assert await files.sweep(keep_keys=set(), keep_work=set()) == 0
    await asyncio.sleep(0.1)
    wanted_again = await files.put_bytes(7, b"two", "image/png")
    assert wanted_again.key == two.key
    first, again = [(tmp_path / each.key).stat().st_ctime for each in (one, two)]
    assert first < again
    an_hour_after = SimpleNamespace(time=lambda: (first + again) / 2 + 3600)
    monkeypatch.setattr("bot.store.file_folder.time", an_hour_after)
    assert await files.sweep(keep_keys=set(), keep_work=set()) == 1
    assert await files.read(wanted_again.key) == b"two"
