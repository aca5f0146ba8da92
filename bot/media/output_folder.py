"""The temporary folder that a child writes to. Only regular files are accepted from it."""

from __future__ import annotations

import secrets
import shutil
import stat
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.media.part_file import in_thread


class MissingOutput(Exception):
    """The child named a file that it did not create."""


class OutputFolder:
    """``folder`` is where the child writes, inside the destination folder of its files."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self.folder = into / f".making-{secrets.token_hex(8)}"

    async def take(self, names: Iterable[str]) -> None:
        """Move these files to the destination folder, replacing existing ones.

        Raises MissingOutput for anything but a plain file directly in ``folder``: an attacker who took over a decoder
        chooses the child's answer as well, and a link would make us publish one of our own files.
        """
        await in_thread(lambda: self._take(list(names)))

    def _take(self, names: list[str]) -> None:
        for name in names:
            if not _is_plain_file(self.folder, name):
                raise MissingOutput
        for name in names:
            (self.folder / name).replace(self._into / name)


@asynccontextmanager
async def output_folder(into: Path) -> AsyncIterator[OutputFolder]:
    """A new output folder, deleted afterwards with everything that was not taken. Raises :class:`OSError`."""
    output = OutputFolder(into)
    try:
        await in_thread(lambda: output.folder.mkdir(mode=0o700))
        yield output
    finally:
        # What cannot be deleted goes with the job's folder.
        await in_thread(lambda: shutil.rmtree(output.folder, ignore_errors=True))


def _is_plain_file(folder: Path, name: str) -> bool:
    if not name or "\0" in name or Path(name).name != name:
        return False
    try:
        return stat.S_ISREG((folder / name).lstat().st_mode)
    except OSError:  # not there, or a name that is too long
        return False
