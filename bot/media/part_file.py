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


class PartFile:
    """Blocking: call the methods in a thread, one after the other. Nothing exists before the first :meth:`write`."""

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
        """Bring what was written to disk for good, under its own name. Raises :class:`OSError`."""
        if self._file is None:
            raise ValueError("nothing was written")
        os.fsync(self._file)
        self._file.close()
        self._at = self._at.replace(self._into)
        folder = os.open(self._into.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)  # the name too, not only the bytes
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Leave nothing behind, wherever it got to."""
        if self._file is not None:
            self._file.close()
        self._at.unlink(missing_ok=True)
