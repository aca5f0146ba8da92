"""Packs stored files into a zip, in a thread, piece by piece."""

from __future__ import annotations

import asyncio
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BufferedRandom
from typing import TypeAlias

from bot.concurrency import shielded
from bot.store.files import FileStore

_PIECE = 1024 * 1024  # bytes of a file in memory at once
_AT_ONCE = 2  # archives; each occupies a thread and the disk

Document: TypeAlias = Callable[[frozenset[str]], bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """A stored file, its name in the archive with ``/`` between folders, and its timestamp there."""

    name: str
    key: str
    at: datetime


class ArchiveWriter:
    """Makes zips of stored files."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def archive(self, members: Sequence[Member], name: str, document: Document) -> BufferedRandom:
        """A zip of ``members`` and a document called ``name``, open for reading; the caller closes it.

        ``document`` is called last, in a thread, with the keys of the missing files. Files are stored uncompressed
        (pictures and videos do not shrink); the document is compressed. Raises :class:`OSError`.
        """
        async with self._places:
            return await shielded(asyncio.to_thread(self._write, members, name, document))

    def _write(self, members: Sequence[Member], name: str, document: Document) -> BufferedRandom:
        into = self._files.scratch()
        try:
            with zipfile.ZipFile(into, "w") as made:
                missing = {member.key for member in members if not self._add(made, member)}
                made.writestr(name, document(frozenset(missing)), zipfile.ZIP_DEFLATED)
            into.seek(0)
        except BaseException:
            into.close()
            raise
        return into

    def _add(self, made: zipfile.ZipFile, member: Member) -> bool:
        try:
            source = self._files.open_file(member.key)
        except FileNotFoundError:
            return False
        entry = zipfile.ZipInfo(member.name, member.at.timetuple()[:6])
        with source, made.open(entry, "w") as place:
            shutil.copyfileobj(source, place, _PIECE)
        return True
