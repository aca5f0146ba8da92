"""The local cache of a bucket: copies of stored files, and the work folders of jobs.

Each process has its own folder, deleted when it ends, or after a kill at the next start on the same machine.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from bot import limits
from bot.errors import BadStart

_MINE = "process-"


class LocalCopies:
    """A folder below ``root`` with at most ``most_bytes`` of copies, besides the files of running jobs.

    The methods block on the disk: call them in a thread. Raises :class:`~bot.errors.BadStart` if the folder cannot be
    created.
    """

    def __init__(self, root: Path, most_bytes: int) -> None:
        self._most = most_bytes
        self.folder = root / f"{_MINE}{secrets.token_hex(8)}"
        self._lock = FileLock(f"{self.folder}.lock", timeout=0, mode=0o600, thread_local=False)
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire()  # first: a folder without a lock belongs to a dead process
            _remove_dead(root, but=Path(self._lock.lock_file))
            for folder in (self.folder, self.work, self.kept):
                folder.mkdir(mode=0o700)
        except OSError as error:
            raise BadStart("The folder for copies (store.copies) cannot be made: check its path and rights.") from error

    @property
    def work(self) -> Path:
        """The folder of work folders."""
        return self.folder / "work"

    @property
    def kept(self) -> Path:
        """The folder of copies of stored files, each named by its SHA-256."""
        return self.folder / "kept"

    def close(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def add(self, path: Path, sha256: str) -> None:
        """Add a local file to the cache as a hard link; on file systems without links, do nothing."""
        with suppress(OSError):
            os.link(path, self.kept / sha256)

    def use(self, sha256: str, into: Path | None = None) -> Path | None:
        """The cached copy of a stored file, touched, and linked to ``into``; ``None`` if there is none."""
        copy = self.kept / sha256
        try:
            os.utime(copy)
            if into is not None:
                link(copy, into)
        except FileNotFoundError:
            return None
        return copy

    def drop(self, sha256: str) -> None:
        """Delete the copy of a stored file, if there is one."""
        (self.kept / sha256).unlink(missing_ok=True)

    def tidy(self) -> int:
        """Delete copies that have not been used for long, and the oldest if there are too many; returns how many."""
        oldest = time.time() - limits.LOCAL_COPY_LIFE.total_seconds()
        gone = 0
        for folder in list(self.work.iterdir()):
            if max(_touched(folder), default=oldest) < oldest:
                shutil.rmtree(folder, ignore_errors=True)
                gone += 1
        copies = sorted(_sizes_by_age(self.kept))
        size = sum(length for _, length, _ in copies)
        for wanted, length, copy in copies:
            if wanted < oldest or size > self._most:
                copy.unlink(missing_ok=True)
                size -= length
                gone += 1
        return gone


def link(file: Path, into: Path) -> None:
    """Hard-link a file, or copy it if the file system has no links; an existing target stays.

    Raises FileNotFoundError.
    """
    try:
        os.link(file, into)
    except FileExistsError:
        return
    except FileNotFoundError:
        raise
    except OSError:  # the file system has no links
        shutil.copyfile(file, into)


def _touched(folder: Path) -> Iterator[float]:
    """When a folder and its files were last used; empty if it is deleted meanwhile, as jobs do."""
    with suppress(FileNotFoundError):
        for path in (folder, *folder.rglob("*")):
            with suppress(FileNotFoundError):
                yield path.stat().st_mtime


def _sizes_by_age(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each file was last used, and its size, without files deleted meanwhile."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            stat = path.stat()
            yield stat.st_mtime, stat.st_size, path


def _remove_dead(root: Path, *, but: Path) -> None:
    for file in set(root.glob(f"{_MINE}*.lock")) - {but}:
        lock = FileLock(file, timeout=0, thread_local=False)
        with suppress(Timeout):
            lock.acquire()
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)
            file.unlink(missing_ok=True)
            lock.release()
