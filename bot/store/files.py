"""The file store: pictures and clips by content hash, and a work folder per job, in a folder or in a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias
from weakref import WeakValueDictionary

from bot import tracing
from bot.concurrency import shielded
from bot.config import StoreSettings
from bot.store.file_bucket import FileBucket
from bot.store.file_folder import FileFolder
from bot.store.named_locks import LocalLocks, Locks
from bot.values.files import JOB_ID, KEY, OWNER, StoredFile

FilePlace: TypeAlias = FileFolder | FileBucket
"""Where files are stored. The methods raise :class:`OSError`, and FileNotFoundError only for a missing file."""

_MOST_AT_ONCE = 8  # each takes a thread


class FileStore:
    """Stored files: ``<owner id>/<sha256>``, kept for ever; files of a job: ``work/<job id>/``, kept while needed.

    A work folder is a folder on this machine: a step writes into it freely, and shares with :meth:`share_in_work` what
    a later step needs, which may run on another machine. That step asks :meth:`in_work` before it reads.

    ``place``: a folder, or what :meth:`of` makes from the settings. ``locks``: shared by all processes that store files
    there, if there are others. Raises :class:`~bot.errors.BadStart` if the folder cannot be created.
    """

    def __init__(self, place: Path | FilePlace, locks: Locks | None = None) -> None:
        self._place: FilePlace = FileFolder(place) if isinstance(place, Path) else place
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._locks = locks or LocalLocks()
        self._work_in_use: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    def of(cls, settings: StoreSettings, locks: Locks | None = None, *, shared: bool = False) -> Self:
        """The configured store: ``s3://bucket/prefix``, or a folder, which may be ``shared`` by many processes."""
        place = FileBucket(settings) if settings.in_bucket else FileFolder(Path(settings.files), shared=shared)
        return cls(place, locks)

    @property
    def shared(self) -> bool:
        """Whether other processes store files there too."""
        return self._place.shared

    async def open(self) -> None:
        """Check that the store is reachable. Raises BadStart."""
        await self._place.open()

    async def check(self) -> None:
        """Try to write, read and delete. Raises BadStart."""
        await self._place.check()

    async def close(self) -> None:
        """Delete this process's local copies."""
        await self._place.close()

    def owner(self, owner_id: int) -> AbstractAsyncContextManager[object]:
        """The lock of an owner's files. Hold it from a put until the row that refers to the file is written, and from
        the deletion of a row until its file is deleted.

        The same content is one file, however many rows refer to it: without the lock, a file could be deleted as
        unneeded while another row is about to refer to it.
        """
        return self._locks(f"files of {owner_id}")

    @asynccontextmanager
    async def work_of_ended(self, job_id: str) -> AsyncIterator[None]:
        """Exclusive use of the folder of a job that has ended, which maintenance does not delete meanwhile."""
        async with self._work_in_use.setdefault(job_id, asyncio.Lock()):
            yield

    # -- kept files -----------------------------------------------------------------------------------------------

    async def put_bytes(self, owner_id: int, data: bytes, mime: str) -> StoredFile:
        """Store ``data``. When this returns, it is on disk and a row may refer to it (design, rule 6).

        Raises :class:`OSError` if it cannot be written; nothing is left of it then. Once it writes, a cancellation
        waits for its end, so that no file appears later.
        """
        async with self._places:
            sha256 = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
            return await shielded(self._put(owner_id, data, sha256, len(data), mime))

    async def put_path(self, owner_id: int, path: Path, mime: str) -> StoredFile:
        """Store a copy of the file at ``path``, as :meth:`put_bytes`, without loading it into memory."""
        async with self._places:
            sha256, size = await asyncio.to_thread(_measure, path)
            return await shielded(self._put(owner_id, path, sha256, size, mime))

    async def put_work(self, owner_id: int, path: Path, sha256: str, size: int, mime: str) -> StoredFile:
        """Store the file at ``path`` in a work folder, as :meth:`put_path`, without reading or writing it again.

        ``sha256`` (hexadecimal) and ``size`` must be its own, and the file must not change from now on.
        """
        async with self._places:
            return await shielded(self._put(owner_id, path, sha256, size, mime, linked=True))

    async def put_links(self, owner_id: int, files: Sequence[tuple[Path, str, str]]) -> list[StoredFile]:
        """Store files of a work folder, given by paths, SHA-256 and types, without taking their room twice.

        They must not change any more. When this returns, all are on disk; raises :class:`OSError`, and then some may be
        stored. Once it writes, a cancellation waits for its end.
        """
        _check(OWNER, str(owner_id))
        keys = [f"{owner_id}/{sha256}" for _, sha256, _ in files]
        for key in keys:
            _check(KEY, key)
        async with self._places:
            sizes = await asyncio.to_thread(lambda: [path.stat().st_size for path, _, _ in files])
            links = [(path, key) for (path, _, _), key in zip(files, keys, strict=True)]
            with tracing.span("file put", files=len(links), size=sum(sizes)):
                await shielded(self._place.put_links(owner_id, links))
        return [
            StoredFile(key=key, sha256=sha256, size=size, mime=mime)
            for (_, sha256, mime), key, size in zip(files, keys, sizes, strict=True)
        ]

    async def read(self, key: str) -> bytes:
        """The content of a file. Raises FileNotFoundError."""
        _check(KEY, key)
        async with self._places:
            with tracing.span("file get"):
                return await self._place.read(key)

    async def delete(self, key: str) -> None:
        """Delete a file; a missing one is ignored."""
        _check(KEY, key)
        await self._place.delete(key)

    async def drop_owner(self, owner_id: int) -> None:
        """Delete every file of the owner, if there are any.

        Nothing may be stored for them meanwhile. Raises :class:`OSError`; the next sweep deletes what is left then.
        """
        _check(OWNER, str(owner_id))
        await self._place.drop_owner(owner_id)

    def open_file(self, key: str) -> BinaryIO:
        """A file, to be opened and read in pieces in a thread. Raises FileNotFoundError."""
        _check(KEY, key)
        return self._place.open_file(key)

    def scratch(self) -> BufferedRandom:
        """An unnamed temporary file on this machine, which disappears when it is closed, even after a kill."""
        return self._place.scratch()

    # -- files of jobs --------------------------------------------------------------------------------------------

    async def work_folder(self, job_id: str) -> Path:
        """The job's own folder for temporary files on this machine; created if necessary."""
        folder = self._work(job_id)
        # Not cancellable: after a step was stopped and its folder deleted, the folder must not reappear.
        await shielded(asyncio.to_thread(_made, folder))
        return folder

    async def share_in_work(self, *paths: Path) -> None:
        """A later step, on any machine, needs these files of a work folder. Call it before a row mentions them."""
        async with self._places:
            await shielded(self._place.share(paths))

    async def in_work(self, path: Path) -> bool:
        """Whether there is a file at ``path`` in a work folder; afterwards it is on this machine."""
        async with self._places:
            return await self._place.is_here(path)

    async def bring_work(self, job_id: str) -> Path:
        """The job's work folder, with all its shared files."""
        folder = await self.work_folder(job_id)
        async with self._places:
            await self._place.bring_all(job_id)
        return folder

    async def read_work(self, path: Path) -> bytes:
        """The content of a file in a work folder. Raises FileNotFoundError."""
        async with self._places:
            return await asyncio.to_thread(path.read_bytes)

    async def measure_work(self, path: Path, mime: str) -> StoredFile:
        """Size and hash of the file at ``path`` in a work folder, as a row refers to it. Raises FileNotFoundError."""
        async with self._places:
            sha256, size = await asyncio.to_thread(_measure, path)
            return StoredFile(key=self._place.name_in_work(path), sha256=sha256, size=size, mime=mime)

    async def rename_work(self, path: Path, other: Path) -> None:
        """Rename a work file that is not shared, replacing one with the new name."""
        await shielded(asyncio.to_thread(path.replace, other))

    async def drop_from_work(self, path: Path) -> None:
        """Delete one file of a work folder; a missing one is ignored."""
        await self._place.drop_from_work(path)

    async def copy_to_work(self, key: str, path: Path, *, shared: bool = False) -> None:
        """Put a stored file at ``path``, in a work folder, without taking its room twice.

        ``shared``: also for later steps, even if the stored file is deleted meanwhile. Raises FileNotFoundError.
        """
        _check(KEY, key)
        async with self._places:
            with tracing.span("file get"):
                await shielded(self._place.bring(key, path, shared=shared))

    async def share_work(self, job_id: str, other_id: str) -> None:
        """Copy the files of ``job_id``'s work folder into that of ``other_id``; each copy takes its own room.

        If there are none, the other folder is not created. Raises :class:`OSError`.
        """
        self._work(job_id), self._work(other_id)
        await shielded(self._place.copy_work(job_id, other_id))

    async def drop_work(self, job_id: str) -> None:
        """Delete the job's work folder with everything in it, if it exists."""
        self._work(job_id)
        await self._place.drop_work(job_id)

    async def work_jobs(self) -> set[str]:
        """The ids of the jobs that have a work folder, except those in :meth:`work_of_ended`."""
        return await self._place.work_jobs() - set(self._work_in_use)

    async def tidy(self) -> None:
        """Delete local copies that have not been used here for a while."""
        await self._place.tidy()

    async def sweep(
        self, *, keep_keys: set[str], keep_work: set[str], keys_of: Callable[[int], Awaitable[set[str]]] | None = None
    ) -> int:
        """Delete what a crash left behind: files without a row, interrupted puts, folders of jobs that are over.

        ``keys_of`` reads an owner's rows again, under their lock, because a bucket's listing is outdated by its end.

        Call it only at a start, before anything is stored, unless the files are :attr:`shared`: a file stored before
        its row would be deleted. Unknown files are left alone. Returns how many files and folders were deleted.
        """
        if not isinstance(self._place, FileBucket):
            return await self._place.sweep(keep_keys=keep_keys, keep_work=keep_work)

        @asynccontextmanager
        async def removing(owner_id: int) -> AsyncIterator[set[str]]:
            async with self.owner(owner_id):
                yield keep_keys if keys_of is None else await keys_of(owner_id)

        return await self._place.sweep(keep_keys=keep_keys, keep_work=keep_work, removing=removing)

    async def _put(
        self, owner_id: int, content: bytes | Path, sha256: str, size: int, mime: str, *, linked: bool = False
    ) -> StoredFile:
        key = f"{owner_id}/{sha256}"
        with tracing.span("file put", size=size):
            await self._place.put(key, content, linked=linked)
        return StoredFile(key=key, sha256=sha256, size=size, mime=mime)

    def _work(self, job_id: str) -> Path:
        _check(JOB_ID, job_id)
        return self._place.work(job_id)


def _made(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.utime(folder)  # it is in use


def _measure(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(file.fileno()).st_size


def _check(pattern: re.Pattern[str], value: str) -> None:
    if not pattern.fullmatch(value):
        raise ValueError("not a key or job id of ours")  # it would become a path
