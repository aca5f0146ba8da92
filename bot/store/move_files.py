"""Copies the files of a folder into a bucket: existing objects are not sent again, and each one is read back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.config import StoreSettings
from bot.errors import BadStart
from bot.store.bucket import Bucket
from bot.values.files import JOB_ID, KEY

_AT_ONCE: Final = 4  # files
_NAMED_AT_MOST: Final = 5
_WORK: Final = "work"


@dataclass(frozen=True, slots=True)
class FilesMoved:
    """How many files are in the bucket, their bytes, and how many of them had to be sent."""

    files: int
    size: int
    sent: int


class _Damaged(Exception):
    """A stored file's content does not match its name."""


async def copy_files(root: Path, settings: StoreSettings, progress: Callable[[int, int], None]) -> FilesMoved:
    """Copy the files of the file store in the folder ``root`` to the bucket ``settings.files``, under the same keys.

    Stored files are named by their SHA-256, which is compared with the local file and with what the bucket returns.
    ``progress`` is called with the numbers of finished files and of all files. Raises :class:`~bot.errors.BadStart` if
    local files are damaged, after copying all others, and OSError if the bucket or the disk fails.
    """
    bucket = Bucket(settings)
    await bucket.reach()
    there = {key: version.size async for page in bucket.pages() for key, version in page}
    files = await asyncio.to_thread(lambda: [(key, path, path.stat().st_size) for key, path in _files_of(root)])
    waiting, damaged, sent, done = iter(files), list[str](), 0, 0

    async def copy_some() -> None:
        nonlocal sent, done
        for key, path, size in waiting:
            try:
                new = await _copied(bucket, key, path, known=there.get(key) == size)
                sent += new  # not added in one expression: others add to it meanwhile
            except _Damaged:
                damaged.append(key)
            done += 1
            progress(done, len(files))

    copying = [asyncio.create_task(copy_some()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*copying)
    finally:
        for each in copying:
            each.cancel()
    if damaged:
        raise BadStart(
            f"{len(damaged)} of {len(files)} files in {root} are not what their names say; the others are moved. "
            "Put them back from a backup, or delete them, and run this again: "
            f"{', '.join(sorted(damaged)[:_NAMED_AT_MOST])}"
        )
    return FilesMoved(len(files), sum(size for _, _, size in files), sent)


async def _copied(bucket: Bucket, key: str, path: Path, *, known: bool) -> bool:
    """Whether it had to be sent; afterwards the bucket has it. ``known``: there is an object of that size."""
    here = await asyncio.to_thread(_sha256, path)
    if KEY.fullmatch(key) and here != key.rpartition("/")[2]:
        raise _Damaged
    if known and await asyncio.to_thread(_sha256_there, bucket, key) == here:
        return False
    await bucket.put(key, path)
    if await asyncio.to_thread(_sha256_there, bucket, key) != here:
        raise OSError(f"the bucket gives back something else than what was written: {key}")
    return True


def _files_of(root: Path) -> Iterator[tuple[str, Path]]:
    """Stored files and files in work folders, with their keys. Unknown files are skipped."""
    for folder in (root, root / _WORK):
        for file in sorted(each for each in folder.glob("*/*") if each.is_file()):
            key = file.relative_to(root).as_posix()
            if KEY.fullmatch(key) or (folder != root and JOB_ID.fullmatch(file.parent.name)):
                yield key, file


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_there(bucket: Bucket, key: str) -> str:
    digest = hashlib.sha256()
    for piece in bucket.pieces(key):
        digest.update(piece)
    return digest.hexdigest()
