"""Files in a bucket, for processes on any number of machines: stored files by key, and files shared between steps.

Files that are read are cached on this machine for a while (:mod:`bot.store.local_copies`).
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BufferedRandom
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from bot import limits
from bot.config import StoreSettings
from bot.store.local_copies import LocalCopies
from bot.store.unfinished_uploads import abort_unfinished
from bot.values.files import JOB_ID, KEY

if TYPE_CHECKING:
    from bot.store.bucket import Bucket

Removing: TypeAlias = Callable[[int], AbstractAsyncContextManager[set[str]]]
"""Locks an owner's files, by owner id, and yields the keys that rows refer to."""

_WORK = "work"
_MB = 1024 * 1024
_AT_ONCE = 8  # requests at once for the files of one work folder


class FileBucket:
    """Implements what :class:`~bot.store.files.FileStore` needs, in a bucket. Keys and ids were checked there.

    ``unneeded_for``: how long an object without a row may be waiting for one, and is not swept.
    """

    shared = True

    def __init__(self, settings: StoreSettings, *, unneeded_for: timedelta = limits.UNNEEDED_FOR) -> None:
        self._settings = settings
        self._unneeded_for = unneeded_for
        self._tags: dict[str, dict[str, str]] = {}  # of work files that are the same here and in the bucket

    @cached_property
    def _bucket(self) -> Bucket:
        from bot.store.bucket import Bucket

        return Bucket(self._settings)

    @cached_property
    def _local(self) -> LocalCopies:
        return LocalCopies(Path(self._settings.copies), self._settings.copies_mb * _MB)

    async def open(self) -> None:
        """Check that the bucket is reachable. Raises BadStart."""
        await asyncio.to_thread(lambda: self._local)
        await self._bucket.reach()

    async def check(self) -> None:
        """Write, read and delete an object, which maintenance deletes if this is killed. Raises BadStart."""
        await self._bucket.reach(f"{_WORK}/{secrets.token_hex(limits.JOB_ID_HEX // 2)}/probe")

    async def close(self) -> None:
        """Delete the local copies."""
        if "_local" in self.__dict__:
            await asyncio.to_thread(self._local.close)

    async def put(self, key: str, content: bytes | Path, *, linked: bool = False) -> None:
        """Store ``content``, or a file's content; an object that a sweep may be about to delete is written again."""
        if isinstance(content, bytes) and len(content) <= limits.BUCKET_PART:
            if await self._bucket.create(key, content) is None and not await self._is_safe(key):
                await self._bucket.put(key, content)
        elif not await self._is_safe(key):
            await self._bucket.put(key, content)
        if isinstance(content, Path):
            await asyncio.to_thread(self._local.add, content, _sha256(key))

    async def _is_safe(self, key: str) -> bool:
        try:
            version = await self._bucket.version(key)
        except FileNotFoundError:
            return False
        return datetime.now(UTC) - version.at < self._unneeded_for / 2

    async def put_links(self, owner_id: int, files: Sequence[tuple[Path, str]]) -> None:
        """Store files of a work folder by their keys."""
        await _all(self.put(key, path) for path, key in files)

    async def read(self, key: str) -> bytes:
        """The content of a stored file."""
        copy = await asyncio.to_thread(self._local.use, _sha256(key))
        if copy is not None:
            try:
                return await asyncio.to_thread(copy.read_bytes)
            except FileNotFoundError:
                pass  # tidied away at this moment
        return await self._bucket.read(key)

    def open_file(self, key: str) -> BinaryIO:
        """A stored file, for reading in pieces in a thread: it is downloaded completely before the first piece."""
        file = self.scratch()
        try:
            self._bucket.read_into(key, file)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    def scratch(self) -> BufferedRandom:
        """An unnamed temporary file on this machine."""
        return TemporaryFile(dir=self._local.folder)

    async def delete(self, key: str) -> None:
        """Delete a stored file; copies on other machines are gone within :data:`bot.limits.LOCAL_COPY_LIFE`."""
        await asyncio.to_thread(self._local.drop, _sha256(key))
        await self._bucket.delete([key])

    async def drop_owner(self, owner_id: int) -> None:
        """Delete all files of an owner."""
        async for page in self._bucket.pages(f"{owner_id}/"):
            keys = [key for key, _ in page]
            for key in keys:
                await asyncio.to_thread(self._local.drop, _sha256(key))
            await self._bucket.delete(keys)

    def work(self, job_id: str) -> Path:
        """The path of the job's work folder on this machine, which may not exist."""
        return self._local.work / job_id

    def name_in_work(self, path: Path) -> str:
        """How a row refers to a file in a work folder: the key of its object."""
        return f"{_WORK}/{path.relative_to(self._local.work).as_posix()}"

    async def share(self, paths: Iterable[Path]) -> None:
        """Upload files of a work folder to the bucket, replacing earlier versions."""
        await _all(self._share(path) for path in paths)

    async def _share(self, path: Path) -> None:
        self._remember(path, await self._bucket.put(self.name_in_work(path), path))

    async def is_here(self, path: Path) -> bool:
        """Whether the file exists; it is downloaded if the bucket has it, replacing an older version here."""
        key = self.name_in_work(path)
        there = await asyncio.to_thread(path.is_file)
        known = self._known(path) if there else None
        await asyncio.to_thread(path.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
        try:
            tag = await self._bucket.fetch(key, path, unless=known)
        except FileNotFoundError:
            if there and known is None:  # made here, and not shared
                return True
            self._forget(path)
            await asyncio.to_thread(path.unlink, missing_ok=True)  # it was deleted from the bucket
            return False
        if tag is not None:
            self._remember(path, tag)
        return True

    async def bring_all(self, job_id: str) -> None:
        """Download all shared files of a work folder."""
        async for page in self._bucket.pages(f"{_WORK}/{job_id}/"):
            await _all(self.is_here(self._local.work / key.removeprefix(f"{_WORK}/")) for key, _ in page)

    async def drop_from_work(self, path: Path) -> None:
        """Delete a file of a work folder, here and in the bucket."""
        self._forget(path)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        await self._bucket.delete([self.name_in_work(path)])

    async def bring(self, key: str, path: Path, *, shared: bool) -> None:
        """Copy a stored file to ``path``; if ``shared``, other machines find it in the work folder as well."""
        if shared:
            self._remember(path, await self._bucket.copy(key, self.name_in_work(path)))
        if await asyncio.to_thread(self._local.use, _sha256(key), path) is None:
            await self._bucket.fetch(key, path)
            await asyncio.to_thread(self._local.add, path, _sha256(key))

    async def copy_work(self, job_id: str, other_id: str) -> None:
        """Copy the shared files of a work folder into another one, on the server."""
        async for page in self._bucket.pages(f"{_WORK}/{job_id}/"):
            names = [key.removeprefix(f"{_WORK}/{job_id}/") for key, _ in page]
            await _all(self._bucket.copy(f"{_WORK}/{job_id}/{name}", f"{_WORK}/{other_id}/{name}") for name in names)

    async def drop_work(self, job_id: str) -> None:
        """Delete a work folder, here and in the bucket."""
        self._tags.pop(job_id, None)
        await asyncio.to_thread(_remove, self.work(job_id))
        async for page in self._bucket.pages(f"{_WORK}/{job_id}/"):
            await self._bucket.delete([key for key, _ in page])

    async def work_jobs(self) -> set[str]:
        """The ids of the jobs that have a work folder, here or in the bucket."""
        here = await asyncio.to_thread(lambda: {folder.name for folder in self._local.work.iterdir()})
        return {name for name in here | await self._bucket.folders(f"{_WORK}/") if JOB_ID.fullmatch(name)}

    async def tidy(self) -> None:
        """Delete local copies that were not used recently."""
        await asyncio.to_thread(self._local.tidy)
        there = await asyncio.to_thread(lambda: {folder.name for folder in self._local.work.iterdir()})
        self._tags = {job_id: tags for job_id, tags in self._tags.items() if job_id in there}

    async def sweep(self, *, keep_keys: set[str], keep_work: set[str], removing: Removing) -> int:
        """Delete objects without a row, unless they are so young that they may be waiting for one; returns how many.

        Also aborts interrupted uploads. While ``removing`` holds an owner, nobody stores files of theirs, and it yields
        the keys that rows refer to now: since the listing, the same file may have been stored again.
        """
        before = datetime.now(UTC) - self._unneeded_for
        removed = 0
        async for page in self._bucket.pages():
            gone = [key for key, version in page if version.at < before and not _is_kept(key, keep_keys, keep_work)]
            for folder, keys in groupby(sorted(gone), lambda key: key.partition("/")[0]):
                async with nullcontext(set[str]()) if folder == _WORK else removing(int(folder)) as needed:
                    unneeded = [key for key in keys if key not in needed]
                    await self._bucket.delete(unneeded)
                removed += len(unneeded)
        return removed + await abort_unfinished(self._settings, before)

    def _known(self, path: Path) -> str | None:
        job_id, name = self._job_and_name(path)
        return self._tags.get(job_id, {}).get(name)

    def _remember(self, path: Path, tag: str) -> None:
        job_id, name = self._job_and_name(path)
        self._tags.setdefault(job_id, {})[name] = tag

    def _forget(self, path: Path) -> None:
        job_id, name = self._job_and_name(path)
        self._tags.get(job_id, {}).pop(name, None)

    def _job_and_name(self, path: Path) -> tuple[str, str]:
        job_id, _, name = path.relative_to(self._local.work).as_posix().partition("/")
        return job_id, name


async def _all(work: Iterable[Awaitable[object]]) -> None:
    """Await all, some at a time: one by one, hundreds of files of an import would each wait for a round trip.

    If some fail, the first error is raised once none of the rest is running.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Awaitable[object]) -> None:
        async with places:
            await each

    ended = await asyncio.gather(*map(one, work), return_exceptions=True)
    for error in ended:
        if error is not None:
            raise error


def _sha256(key: str) -> str:
    return key.rpartition("/")[2]


def _is_kept(key: str, keep_keys: set[str], keep_work: set[str]) -> bool:
    """Unknown keys are kept too."""
    folder, _, rest = key.partition("/")
    if folder == _WORK:
        job_id, _, name = rest.partition("/")
        return not (JOB_ID.fullmatch(job_id) and name) or job_id in keep_work
    return not KEY.fullmatch(key) or key in keep_keys


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
