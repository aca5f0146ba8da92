"""Writes a file under a temporary name, and renames it only when it is complete and durable."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, TypeVar

from bot.concurrency import shielded

_T = TypeVar("_T")
HEAD_BYTES = 4096


async def in_thread(work: Callable[[], _T]) -> _T:
    """Run blocking ``work`` in a thread and wait for it, even when cancelled meanwhile.

    A thread cannot be cancelled, and a file must not be closed or removed under one that is still writing it.
    """
    return await shielded(asyncio.get_running_loop().run_in_executor(None, work))


class KeptPart:
    """The first part of a download of ``into``, kept between two attempts. Blocking.

    ``validator`` identifies the content (an ETag or a date): only the same content may be resumed.
    """

    def __init__(self, into: Path) -> None:
        self._into = into
        self._at = into.with_name(f".{into.name}.kept")
        self._tag = into.with_name(f".{into.name}.kept-of")
        self.size = self._at.stat().st_size if self._at.exists() else 0
        self.validator = self._tag.read_text("utf-8") if self.size and self._tag.exists() else ""
        self._file: IO[bytes] | None = None
        self._hash: hashlib._Hash | None = None  # of everything so far; ``None`` if an earlier try has begun it

    def begin(self, validator: str, *, restart: bool) -> None:
        """Receive more. ``restart``: discard the existing part and start over. Raises :class:`OSError`."""
        self._file = self._at.open("wb" if restart else "ab", buffering=0)
        self._tag.write_text(validator, "utf-8")
        self.size, self.validator = self._file.tell(), validator
        self._hash = None if self.size else hashlib.sha256()

    def write(self, data: bytes | bytearray) -> None:
        """Append ``data``. Raises :class:`OSError`."""
        if self._file is None:
            raise ValueError("not begun")
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        if self._hash is not None:
            self._hash.update(data)
        self.size += len(data)

    def pause(self) -> None:
        """Close the file for now; it can be resumed."""
        if self._file is not None:
            os.fsync(self._file)
            self._file.close()
            self._file = None

    def finish(self) -> tuple[str, bytes]:
        """The file is complete: rename it. Returns its hash in hexadecimal and its first bytes."""
        self.pause()
        with self._at.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            sha256 = (self._hash or hashlib.file_digest(file, "sha256")).hexdigest()
        self._at.replace(self._into)
        self._tag.unlink(missing_ok=True)
        return sha256, head

    def discard(self) -> None:
        """Delete it."""
        self.pause()
        self._at.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)


def received(into: Path) -> tuple[int, str, bytes] | None:
    """Size, hash and first bytes of an existing file; ``None`` if there is none. Blocking."""
    if not into.is_file():
        return None
    with into.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return os.fstat(file.fileno()).st_size, sha256, file.read(HEAD_BYTES)


class PartFile:
    """Blocking: call the methods in a thread, one after another. Nothing exists before the first :meth:`write`."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._at = into.with_name(f".{into.name}.{secrets.token_hex(8)}.part")
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.size = 0
        self.head = b""

    @property
    def sha256(self) -> str:
        """Of everything written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, data: bytes | bytearray) -> None:
        """Append ``data``. Raises :class:`OSError` (disk full, folder gone)."""
        if self._file is None:
            self._file = self._at.open("xb", buffering=0)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._hash.update(data)
        self.size += len(data)
        self.head += bytes(data[: HEAD_BYTES - len(self.head)])

    def finish(self) -> None:
        """Flush everything to disk and rename the file. Raises :class:`OSError`."""
        if self._file is None:
            raise ValueError("nothing was written")
        os.fsync(self._file)
        self._file.close()
        self._at = self._at.replace(self._into)
        folder = os.open(self._into.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # syncs the name too, not only the bytes
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Delete it, at any stage."""
        if self._file is not None:
            self._file.close()
        self._at.unlink(missing_ok=True)
