"""Creates the zips of an export from the rows and files as they are at that moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from io import BufferedRandom

from bot.jobs.cast_document import NAME
from bot.jobs.cast_export import CastExport
from bot.jobs.export_links import ExportLinks
from bot.store.export_archive import ArchiveWriter
from bot.store.portable_casts import PortableCastStore, Selection
from bot.store.signatures import Signatures, Signed
from bot.values.clock import Clock


class CastExporter:
    """Exports the cast of the given owner, and never reads another person's."""

    def __init__(
        self, *, store: PortableCastStore, archive_writer: ArchiveWriter, signatures: Signatures, clock: Clock
    ) -> None:
        self._store = store
        self._archivist = archive_writer
        self._signatures = signatures
        self._clock = clock

    async def plan(self, owner_id: int, selection: Selection, *, limit: int | None, locale: str) -> CastExport | None:
        """The plan, in zips of ``limit`` bytes at most (``None``: any size); ``None`` if there is nothing to export."""
        cast = await self._store.selected(owner_id, selection)
        if not cast.members:
            return None
        seal = partial(self._signatures.sign, Signed.CAST)
        return await asyncio.to_thread(
            partial(CastExport, owner_id, cast, now=self._clock(), limit=limit, locale=locale, seal=seal)
        )

    @asynccontextmanager
    async def part(self, export: CastExport, part: int) -> AsyncIterator[BufferedRandom]:
        """Open the zip of ``part``, counted from 1, for reading; it is deleted afterwards. Raises :class:`OSError`."""
        made = await self._archivist.archive(export.members(part), NAME, partial(export.document, part))
        with made:
            yield made


class LinkedExports:
    """Serves the exports behind links."""

    def __init__(self, exporter: CastExporter, links: ExportLinks) -> None:
        self._exporter = exporter
        self._links = links

    @asynccontextmanager
    async def opened(self, token: str) -> AsyncIterator[BufferedRandom | None]:
        """Open the zip for that link; yields ``None`` if the link is invalid or everything it referred to is gone."""
        wanted = self._links.read(token)
        if wanted is None:
            yield None
            return
        export = await self._exporter.plan(wanted.owner_id, wanted.selection, limit=None, locale="en")
        if export is None or not 1 <= wanted.part <= export.parts:
            yield None
            return
        async with self._exporter.part(export, wanted.part) as file:
            yield file
