"""Reads a response body in pieces, decompresses it, and stops at the size limit."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

import aiohttp

from bot.errors import BadFile, DownloadFailed, TooLarge
from bot.media.download_failures import EMPTY, ENCODED, too_large
from bot.media.part_file import in_thread

CHUNK_BYTES = 1024 * 1024  # per switch to a thread: large enough to be rare, small enough to be quick
_UNPACKED_BYTES = 256 * 1024  # at once, in the event loop's own thread
_HEAD = 64  # bytes that are enough to tell a page from a file
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS  # either of them (zlib's inflateInit2)
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class _Part(Protocol):
    size: int

    def write(self, data: bytes | bytearray) -> None: ...


class ResponseBody:
    """The body of ``response``. Its Content-Type is ignored: the first bytes decide.

    Raises :class:`~bot.errors.DownloadFailed` for an unknown Content-Encoding.
    """

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in {"", "identity", *_PACKED}:
            raise DownloadFailed(ENCODED, permanent=True)
        self.is_packed = encoding in _PACKED
        raw = response.content.iter_any()
        self._pieces = _unpacked(raw) if self.is_packed else raw
        self._begun = b""

    async def begin(self) -> None:
        """Receive enough of it to tell a page from a file."""
        while len(self._begun) < _HEAD:
            piece = await anext(self._pieces, None)
            if piece is None:
                return
            self._begun += piece

    @property
    def is_page(self) -> bool:
        """Whether it begins like a web page; known after :meth:`begin`."""
        return self._begun.removeprefix(_BYTE_ORDER_MARK).lstrip()[:1] == b"<"

    async def receive(self, part: _Part, max_bytes: int) -> None:
        """Write it to ``part``, including what came before an error. Raises TooLarge, BadFile, ClientError."""
        waiting = bytearray(self._begun)
        try:
            if len(waiting) > max_bytes - part.size:
                raise TooLarge(too_large(max_bytes))
            async for piece in self._pieces:
                if part.size + len(waiting) + len(piece) > max_bytes:
                    raise TooLarge(too_large(max_bytes))
                waiting += piece
                if len(waiting) >= CHUNK_BYTES:
                    full, waiting = waiting, bytearray()
                    await in_thread(partial(part.write, full))
        finally:
            if waiting:
                await in_thread(partial(part.write, waiting))
        if not part.size:
            raise BadFile(EMPTY)


async def _unpacked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Decompress at most a chunk at a time, so that the caller can stop a decompression bomb."""
    unpacker = zlib.decompressobj(_ZLIB_OR_GZIP)
    async for piece in pieces:
        left = piece
        while left and not unpacker.eof:
            try:
                yield unpacker.decompress(left, _UNPACKED_BYTES)
            except zlib.error:
                raise DownloadFailed(ENCODED, permanent=True) from None
            left = unpacker.unconsumed_tail
