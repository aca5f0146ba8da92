"""Renews the address of an attachment that has died, and fetches the file once more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from bot.errors import AttachmentGone
from bot.jobs.ports import ByteSource
from bot.media.download import Download

RenewAddress: TypeAlias = Callable[[str], Awaitable[str | None]]
"""A living address of the attachment that had this one; ``None`` where Discord gives none. Never raises."""


class RenewedAttachments:
    """``source``, but that a dead link to an attachment, as people keep and paste them, still leads to its file."""

    def __init__(self, source: ByteSource, renewed: RenewAddress) -> None:
        self._source = source
        self._renewed = renewed

    async def fetch(self, url: str, into: Path, *, max_bytes: int) -> Download:
        """As ``source`` does."""
        try:
            return await self._source.fetch(url, into, max_bytes=max_bytes)
        except AttachmentGone:
            address = await self._renewed(url)
            if address is None:
                raise
        return await self._source.fetch(address, into, max_bytes=max_bytes)
