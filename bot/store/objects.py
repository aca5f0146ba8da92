"""Objects by key, through obstore: each is written completely or not at all.

Imported when the first file is stored (``files``), because obstore takes 4 MB that an idle bot need not hold.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from obstore.exceptions import GenericError
from obstore.store import LocalStore

_CHUNK = 1024 * 1024  # bytes in memory at once, times two


class Objects:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._store = LocalStore(root)

    async def put(self, key: str, content: bytes | Path) -> None:
        """Write ``content``, or the content of a file. Raises :class:`OSError`; nothing is left of it then."""
        try:
            await self._store.put_async(key, content, chunk_size=_CHUNK, max_concurrency=2)
        except GenericError as error:  # whatever the cause, obstore has left nothing behind
            raise _of_the_system(error) from None


def _of_the_system(error: GenericError) -> OSError:
    """The operating system's error behind obstore's, which has it only as text."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    number = int(found[1]) if found else errno.EIO
    return OSError(number, os.strerror(number))
