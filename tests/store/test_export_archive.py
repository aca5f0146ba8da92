"""A zip of kept files."""

from __future__ import annotations

import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from bot.store.export_archive import ArchiveWriter, Member
from bot.store.files import FileStore


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


async def test_files_are_stored_under_their_names_with_their_instants(files: FileStore, now: datetime) -> None:
    large = bytes(range(256)) * 10_000  # more than is in memory at once
    one = await files.put_bytes(7, large, "video/mp4")
    two = await files.put_bytes(7, b"two", "image/png")
    members = [Member("a/clip.mp4", one.key, now), Member("ä ア.png", two.key, now)]
    made = await ArchiveWriter(files).archive(members, "about.json", lambda _: b"{}" * 500)
    with made, zipfile.ZipFile(made) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == {
            "a/clip.mp4": large,
            "ä ア.png": b"two",
            "about.json": b"{}" * 500,
        }
        clip, _, about = read.infolist()
        assert clip.date_time == (2026, 3, 14, 15, 9, 26)
        assert clip.compress_size == clip.file_size, "a video does not become smaller"
        assert about.compress_size < about.file_size


async def test_what_is_missing_is_told_to_the_document(files: FileStore, now: datetime) -> None:
    there = await files.put_bytes(7, b"there", "image/png")
    gone = f"7/{'0' * 64}"
    members = [Member("gone.png", gone, now), Member("there.png", there.key, now)]
    made = await ArchiveWriter(files).archive(members, "about", lambda missing: str(sorted(missing)).encode())
    with made, zipfile.ZipFile(made) as read:
        assert read.namelist() == ["there.png", "about"]
        assert read.read("about") == str([gone]).encode()


async def test_nothing_of_it_lies_in_the_file_store(files: FileStore, tmp_path: Path, now: datetime) -> None:
    kept = await files.put_bytes(7, b"kept", "image/png")
    before = everything(tmp_path)
    with await ArchiveWriter(files).archive([Member("kept.png", kept.key, now)], "about", lambda _: b""):
        assert everything(tmp_path) == before


async def test_a_document_that_fails_leaves_nothing_open(files: FileStore) -> None:
    def fail(_: frozenset[str]) -> bytes:
        raise ValueError("no document")

    with pytest.raises(ValueError, match="no document"):
        await ArchiveWriter(files).archive([], "about", fail)
