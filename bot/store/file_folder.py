"""Files below one folder: stored files by key, and the work folders of jobs."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from io import BufferedRandom
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from bot import limits
from bot.errors import BadStart
from bot.store.local_copies import link
from bot.values.files import JOB_ID, OWNER

if TYPE_CHECKING:
    from bot.store.objects import Objects

_WORK = "work"
_OURS = re.compile(r"[0-9a-f]{64}(#\d+)?")  # "#N": left by a put that was killed half-way


class FileFolder:
    """Implements what :class:`~bot.store.files.FileStore` needs, in a local folder. Keys and ids were checked there.

    ``shared``: other processes store files there too; then a file without a row may be waiting for one for
    ``unneeded_for``, and is not swept. Raises :class:`~bot.errors.BadStart` if the folder cannot be created.
    """

    def __init__(self, root: Path, *, shared: bool = False, unneeded_for: timedelta = limits.UNNEEDED_FOR) -> None:
        self.shared = shared
        self._unneeded_for = unneeded_for if shared else timedelta()
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadStart("The folder for files (store.files) cannot be made: check its path and rights.") from error
        self._root = root

    @cached_property
    def _objects(self) -> Objects:
        from bot.store.objects import Objects

        return Objects(self._root)

    async def open(self) -> None:
        """No-op: a folder needs no connection."""

    async def check(self) -> None:
        """Write, read and delete a file. Raises BadStart."""
        try:
            await asyncio.to_thread(_try_out, self._root)
        except OSError as error:
            raise BadStart(f"Nothing can be written where files are kept (store.files): {error.strerror}.") from error

    async def close(self) -> None:
        """No-op."""

    async def put(self, key: str, content: bytes | Path, *, linked: bool = False) -> None:
        """Store ``content``, or a file's content, on disk; ``linked``: as a hard link, which takes no extra room."""
        path = self._root / key
        if not _is_there(path):
            # Never overwrite a file that a row may refer to: a power cut before the new one is on disk would take both.
            is_there = isinstance(content, Path) and linked and await asyncio.to_thread(_linked, content, path)
            if not is_there:
                await self._objects.put(key, content)
        await asyncio.to_thread(self._flush, key)

    async def put_links(self, owner_id: int, files: Sequence[tuple[Path, str]]) -> None:
        """Store files of a work folder by their keys; all are on disk then."""
        await asyncio.to_thread(self._link_all, owner_id, files)

    def _link_all(self, owner_id: int, files: Sequence[tuple[Path, str]]) -> None:
        folder = self._root / str(owner_id)
        folder.mkdir(mode=0o700, exist_ok=True)
        for path, key in files:
            if not _is_there(self._root / key):
                link(path, self._root / key)
            _sync(self._root / key)
        _sync(folder)
        _sync(self._root)

    async def read(self, key: str) -> bytes:
        """The content of a stored file."""
        return await asyncio.to_thread((self._root / key).read_bytes)

    def open_file(self, key: str) -> BinaryIO:
        """A stored file, for reading in pieces in a thread."""
        return (self._root / key).open("rb")

    def scratch(self) -> BufferedRandom:
        """An unnamed temporary file on the same disk."""
        return TemporaryFile(dir=self._root)

    async def delete(self, key: str) -> None:
        """Delete a stored file, if it exists."""
        await asyncio.to_thread((self._root / key).unlink, missing_ok=True)

    async def drop_owner(self, owner_id: int) -> None:
        """Delete the owner's folder, if it exists."""
        await asyncio.to_thread(_remove, self._root / str(owner_id))

    def work(self, job_id: str) -> Path:
        """The path of the job's work folder, which may not exist."""
        return self._root / _WORK / job_id

    def name_in_work(self, path: Path) -> str:
        """How a row refers to a file in a work folder."""
        return path.relative_to(self._root).as_posix()

    async def share(self, paths: Iterable[Path]) -> None:
        """No-op: no step runs on another machine."""

    async def is_here(self, path: Path) -> bool:
        """Whether the file exists."""
        return await asyncio.to_thread(path.is_file)

    async def bring_all(self, job_id: str) -> None:
        """No-op: everything is here."""

    async def drop_from_work(self, path: Path) -> None:
        """Delete a file of a work folder, if it exists."""
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def bring(self, key: str, path: Path, *, shared: bool) -> None:
        """Link or copy a stored file to ``path``."""
        await asyncio.to_thread(link, self._root / key, path)

    async def copy_work(self, job_id: str, other_id: str) -> None:
        """Link or copy the files of a work folder into another one."""
        await asyncio.to_thread(_share, self.work(job_id), self.work(other_id))

    async def drop_work(self, job_id: str) -> None:
        """Delete a work folder, if it exists."""
        await asyncio.to_thread(_remove, self.work(job_id))

    async def work_jobs(self) -> set[str]:
        """The ids of the jobs that have a work folder."""
        folders = await asyncio.to_thread(_folders, self._root / _WORK)
        return {folder.name for folder in folders if JOB_ID.fullmatch(folder.name)}

    async def tidy(self) -> None:
        """No-op: there are no copies."""

    async def sweep(self, *, keep_keys: set[str], keep_work: set[str]) -> int:
        """Delete files without a row, interrupted puts, and folders of jobs that are over; returns how many."""
        return await asyncio.to_thread(self._sweep, keep_keys, keep_work)

    def _flush(self, key: str) -> None:
        path = self._root / key
        for place in (path, path.parent, self._root):  # obstore renames without flushing
            _sync(place)

    def _sweep(self, keep_keys: set[str], keep_work: set[str]) -> int:
        removed = 0
        before = time.time() - self._unneeded_for.total_seconds()
        for folder in _folders(self._root / _WORK):
            if folder.name not in keep_work and _untouched(folder, before):
                _remove(folder)
                removed += 1
        for owner in _folders(self._root):
            if OWNER.fullmatch(owner.name):
                removed += _sweep_owner(owner, keep_keys, before)
        return removed


def _sweep_owner(owner: Path, keep_keys: set[str], before: float) -> int:
    removed = 0
    for file in list(owner.iterdir()):
        ours = _OURS.fullmatch(file.name) is not None
        if ours and f"{owner.name}/{file.name}" not in keep_keys and _untouched(file, before):
            file.unlink(missing_ok=True)
            removed += 1
    with suppress(OSError):  # it is not empty, perhaps since a moment ago
        owner.rmdir()
    return removed


def _is_there(path: Path) -> bool:
    """Whether the file is stored already; if so, it is touched, so that a sweep treats it as new."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _untouched(path: Path, before: float) -> bool:
    """Whether it was neither made, linked nor used since ``before``, in seconds since 1970."""
    try:
        return path.stat().st_ctime <= before
    except FileNotFoundError:  # another process was here first
        return False


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
        link(file, into / file.name)


def _linked(file: Path, into: Path) -> bool:
    """Hard-link the file to ``into``, creating its folder; ``False`` if the file system has no links."""
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


def _try_out(root: Path) -> None:
    with TemporaryFile(dir=root) as file:
        file.write(b"castbook check")
        os.fsync(file.fileno())
