"""Kept files as one zip, written in a thread, file by file and piece by piece."""

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
_AT_ONCE = 2  # archives; each takes a thread and the disk's attention

Document: TypeAlias = Callable[[frozenset[str]], bytes]


@dataclass(frozen=True, slots=True)
class Member:
    """A kept file, its name in the archive with ``/`` between folders, and the instant that is shown with it."""

    name: str
    key: str
    at: datetime


class ArchiveWriter:
    """Makes zips out of what ``files`` keeps."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def archive(self, members: Sequence[Member], name: str, document: Document) -> BufferedRandom:
        """A zip of ``members`` and a document called ``name``, ready to be read; close it afterwards.

        ``document`` is called last, in a thread, with the keys of the files that are not there. Files are stored as
        they are (pictures and videos do not become smaller), the document is compressed. Raises :class:`OSError`.
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
