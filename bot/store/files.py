"""The file store: pictures and clips by what they contain, and a work folder per job."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from io import BufferedRandom
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO
from weakref import WeakValueDictionary

from bot.concurrency import shielded
from bot.errors import BadStart
from bot.limits import JOB_ID_HEX
from bot.values.files import StoredFile

if TYPE_CHECKING:
    from bot.store.objects import Objects

_WORK = "work"
_OWNER = re.compile(r"\d{1,20}")
_KEY = re.compile(r"\d{1,20}/[0-9a-f]{64}")
_OURS = re.compile(r"[0-9a-f]{64}(#\d+)?")  # "#N": what a put leaves that was killed half-way
_JOB_ID = re.compile(rf"[0-9a-f]{{{JOB_ID_HEX}}}")
_MOST_AT_ONCE = 8  # each takes a thread


class FileStore:
    """Files under one folder: ``<owner id>/<sha256>`` for ever, ``work/<job id>/`` as long as the job wants it.

    Raises :class:`~bot.errors.BadStart` where the folder cannot be made.
    """

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadStart("The folder for files (store.files) cannot be made: check its path and rights.") from error
        self._root = root
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._owners: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._work_in_use: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def owner(self, owner_id: int) -> asyncio.Lock:
        """The lock of an owner's files, to be held from a put to the row that refers to it, and from the deletion of
        a row to that of its file.

        The same content is one file, however many rows refer to it: without the lock, a file could be deleted as one
        that no row needs while another row is about to need it.
        """
        return self._owners.setdefault(owner_id, asyncio.Lock())

    @asynccontextmanager
    async def work_of_ended(self, job_id: str) -> AsyncIterator[None]:
        """One after the other may work in the folder of a job that has ended, which is not tidied away meanwhile."""
        async with self._work_in_use.setdefault(job_id, asyncio.Lock()):
            yield

    @cached_property
    def _objects(self) -> Objects:
        from bot.store.objects import Objects

        return Objects(self._root)

    async def put_bytes(self, owner_id: int, data: bytes, mime: str) -> StoredFile:
        """Keep ``data``. When this returns, it is on disk and a row may refer to it (design, rule 6).

        Raises :class:`OSError` where it cannot be written; then nothing is left of it. Once it writes, it is not cut
        off by a cancellation: after that, nothing of it appears any more.
        """
        async with self._places:
            sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
            return await shielded(self._put(owner_id, data, sha256, len(data), mime))

    async def put_path(self, owner_id: int, path: Path, mime: str) -> StoredFile:
        """Keep a copy of the file at ``path``, as :meth:`put_bytes` does, without taking it into memory."""
        async with self._places:
            sha256, size = await asyncio.to_thread(_measure, path)
            return await shielded(self._put(owner_id, path, sha256, size, mime))

    async def put_work(self, owner_id: int, path: Path, sha256: str, size: int, mime: str) -> StoredFile:
        """Keep the file at ``path`` in a work folder, as :meth:`put_path` does: neither read nor written once more.

        ``sha256`` (hexadecimal) and ``size`` are its own, and from now on nobody changes it.
        """
        async with self._places:
            return await shielded(self._put(owner_id, path, sha256, size, mime, linked=True))

    async def put_links(self, owner_id: int, files: Sequence[tuple[Path, str, str]]) -> list[StoredFile]:
        """Keep files of a work folder by their paths, SHA-256 and types, without taking their room twice.

        They must not change any more. When this returns, all are on disk; raises :class:`OSError`, and then some may
        be kept. Once it writes, it is not cut off by a cancellation.
        """
        _check(_OWNER, str(owner_id))
        async with self._places:
            return await shielded(asyncio.to_thread(self._link_all, owner_id, files))

    def _link_all(self, owner_id: int, files: Sequence[tuple[Path, str, str]]) -> list[StoredFile]:
        folder = self._root / str(owner_id)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = []
        for path, sha256, mime in files:
            key = f"{owner_id}/{sha256}"
            _check(_KEY, key)
            if not (self._root / key).exists():
                _link(path, self._root / key)
            _sync(self._root / key)
            found.append(StoredFile(key=key, sha256=sha256, size=(self._root / key).stat().st_size, mime=mime))
        _sync(folder)
        _sync(self._root)
        return found

    async def read(self, key: str) -> bytes:
        """The content of a file. Raises FileNotFoundError."""
        _check(_KEY, key)
        async with self._places:
            return await asyncio.to_thread((self._root / key).read_bytes)

    async def delete(self, key: str) -> None:
        """Remove a file; one that is gone already is no error."""
        _check(_KEY, key)
        await asyncio.to_thread((self._root / key).unlink, missing_ok=True)

    async def drop_owner(self, owner_id: int) -> None:
        """Remove the owner's folder with every file in it; one that is gone already is no error.

        Nothing may be put for them meanwhile. Raises :class:`OSError`; what is left then, the next sweep takes.
        """
        _check(_OWNER, str(owner_id))
        await asyncio.to_thread(_remove, self._root / str(owner_id))

    def open(self, key: str) -> BinaryIO:
        """The content of a file, to be read in pieces in a thread. Raises FileNotFoundError."""
        _check(_KEY, key)
        return (self._root / key).open("rb")

    def scratch(self) -> BufferedRandom:
        """A file without a name, on the same disk, that is gone with its last reader, also after a kill."""
        return TemporaryFile(dir=self._root)

    async def work_folder(self, job_id: str) -> Path:
        """The job's own folder for files on their way; made when it is not there."""
        folder = self._work(job_id)
        # To its end, as a put: after a step was stopped and its folder removed, it must not come back.
        await shielded(asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True))
        return folder

    async def in_work(self, path: Path) -> bool:
        """Whether there is a file at ``path``, a place in a work folder."""
        return await asyncio.to_thread(path.is_file)

    async def read_work(self, path: Path) -> bytes:
        """The content of a file in a work folder. Raises FileNotFoundError."""
        async with self._places:
            return await asyncio.to_thread(path.read_bytes)

    async def measure_work(self, path: Path, mime: str) -> StoredFile:
        """What lies at ``path`` in a work folder, as a row refers to it. Raises FileNotFoundError."""
        async with self._places:
            sha256, size = await asyncio.to_thread(_measure, path)
            return StoredFile(key=path.relative_to(self._root).as_posix(), sha256=sha256, size=size, mime=mime)

    async def rename_work(self, path: Path, other: Path) -> None:
        """Give a file of a work folder another name, in the place of what has that name."""
        await shielded(asyncio.to_thread(path.replace, other))

    async def drop_from_work(self, path: Path) -> None:
        """Remove one file of a work folder; one that is gone already is no error."""
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def copy_to_work(self, key: str, path: Path) -> None:
        """Put a kept file at ``path``, a place in a work folder, without taking its room twice.

        Raises FileNotFoundError.
        """
        _check(_KEY, key)
        async with self._places:
            await shielded(asyncio.to_thread(_link, self._root / key, path))

    async def share_work(self, job_id: str, other_id: str) -> None:
        """Put the files of ``job_id``'s work folder into that of ``other_id`` too; each takes its room once.

        Nothing is there afterwards where nothing was. Raises :class:`OSError`.
        """
        source, into = self._work(job_id), self._work(other_id)
        await shielded(asyncio.to_thread(_share, source, into))

    async def drop_work(self, job_id: str) -> None:
        """Remove the job's work folder with all that is in it; one that is gone already is no error."""
        await asyncio.to_thread(_remove, self._work(job_id))

    async def work_jobs(self) -> set[str]:
        """The ids of the jobs that have a work folder, but for those of :meth:`work_of_ended`."""
        folders = await asyncio.to_thread(_folders, self._root / _WORK)
        return {folder.name for folder in folders if _JOB_ID.fullmatch(folder.name)} - set(self._work_in_use)

    async def sweep(self, *, keep_keys: set[str], keep_work: set[str]) -> int:
        """Remove what a crash left behind: files no row refers to, torn puts, folders of jobs that are over.

        Only at a start, before anything is put: a file that is here before its row would be taken. What does not
        look like ours is left alone. Returns how many files and folders went.
        """
        return await asyncio.to_thread(self._sweep, keep_keys, keep_work)

    async def _put(
        self, owner_id: int, content: bytes | Path, sha256: str, size: int, mime: str, *, linked: bool = False
    ) -> StoredFile:
        key = f"{owner_id}/{sha256}"
        path = self._root / key
        if not path.exists():
            # Never over a file that a row may refer to: until the new one is on disk, a power cut would take both.
            is_there = isinstance(content, Path) and linked and await asyncio.to_thread(_linked, content, path)
            if not is_there:
                await self._objects.put(key, content)
        await asyncio.to_thread(self._flush, key)
        return StoredFile(key=key, sha256=sha256, size=size, mime=mime)

    def _flush(self, key: str) -> None:
        path = self._root / key
        for place in (path, path.parent, self._root):  # obstore renames without flushing anything
            _sync(place)

    def _work(self, job_id: str) -> Path:
        _check(_JOB_ID, job_id)
        return self._root / _WORK / job_id

    def _sweep(self, keep_keys: set[str], keep_work: set[str]) -> int:
        removed = 0
        for folder in _folders(self._root / _WORK):
            if folder.name not in keep_work:
                _remove(folder)
                removed += 1
        for owner in _folders(self._root):
            if _OWNER.fullmatch(owner.name):
                removed += _sweep_owner(owner, keep_keys)
        return removed


def _sweep_owner(owner: Path, keep_keys: set[str]) -> int:
    removed = 0
    for file in list(owner.iterdir()):
        if _OURS.fullmatch(file.name) and f"{owner.name}/{file.name}" not in keep_keys:
            file.unlink()
            removed += 1
    if not any(owner.iterdir()):
        owner.rmdir()
    return removed


def _folders(parent: Path) -> Iterable[Path]:
    return [entry for entry in parent.iterdir() if entry.is_dir()] if parent.is_dir() else []


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _share(source: Path, into: Path) -> None:
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in [entry for entry in source.iterdir() if entry.is_file()] if source.is_dir() else []:
        _link(file, into / file.name)


def _link(file: Path, into: Path) -> None:
    try:
        os.link(file, into)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(file, into)


def _linked(file: Path, into: Path) -> bool:
    """Whether the file now has that name too; its folder is made for it. Not everywhere are there links."""
    into.parent.mkdir(exist_ok=True)
    try:
        os.link(file, into)
    except FileExistsError:
        return True
    except FileNotFoundError:
        raise
    except OSError:
        return False
    return True


def _measure(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _check(pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError("not a key or job id of ours")  # it would become a path
