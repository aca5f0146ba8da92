"""Objects by their key, through obstore: written whole or not at all.

Imported when the first file is kept (``files``): obstore is 4 MB that a bot with nothing to do need not hold.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

from obstore.exceptions import GenericError
from obstore.store import LocalStore

_CHUNK = 1024 * 1024  # bytes of a file in memory at once, times two


class Objects:
    """The files below one folder."""

    def __init__(self, root: Path) -> None:
        self._store = LocalStore(root)

    async def put(self, key: str, content: bytes | Path) -> None:
        """Write ``content``, or the content of a file. Raises :class:`OSError`; then nothing is left of it."""
        try:
            await self._store.put_async(key, content, chunk_size=_CHUNK, max_concurrency=2)
        except GenericError as error:  # whatever the system said: obstore has left nothing behind
            raise _of_the_system(error) from None


def _of_the_system(error: GenericError) -> OSError:
    """The system's error inside of obstore's, which has it in words only."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    number = int(found[1]) if found else errno.EIO
    return OSError(number, os.strerror(number))
