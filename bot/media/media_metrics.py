"""The media worker with metrics: durations of operations, and reasons of failures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot import tracing
from bot.errors import BadFile
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.metrics import MEDIA_FAULTS, MEDIA_SECONDS, MediaFault
from bot.values.time_range import TimeRange
from bot.values.video import (
    BestSeconds,
    CastLines,
    CheckedFile,
    Cut,
    Filmstrip,
    Findings,
    Fitted,
    Picture,
    Reference,
    VideoFacts,
    WantedFile,
)


class MeasuredMediaWorker(MediaWorker):
    """Measures each child process from its start to its answer."""

    async def probe(self, source: Path) -> VideoFacts:
        """As in :class:`MediaWorker`."""
        with _measured("probe"):
            return await super().probe(source)

    async def filmstrip(
        self, source: Path, into: Path, *, marks: Sequence[TimeRange] = (), alone: bool = False
    ) -> Filmstrip:
        """As in :class:`MediaWorker`."""
        with _measured("filmstrip"):
            return await super().filmstrip(source, into, marks=marks, alone=alone)

    async def moving_picture(self, source: Path, range: TimeRange, into: Path) -> Picture:
        """As in :class:`MediaWorker`."""
        with _measured("moving"):
            return await super().moving_picture(source, range, into)

    async def suggest(self, source: Path) -> BestSeconds:
        """As in :class:`MediaWorker`."""
        with _measured("suggest"):
            return await super().suggest(source)

    async def examine(self, source: Path, range: TimeRange) -> Findings:
        """As in :class:`MediaWorker`."""
        with _measured("examine"):
            return await super().examine(source, range)

    async def cut(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Cut:
        """As in :class:`MediaWorker`."""
        with _measured("cut"):
            return await super().cut(source, range, folder, louder=louder)

    async def reference(self, source: Path, range: TimeRange, folder: Path, *, louder: bool = False) -> Reference:
        """As in :class:`MediaWorker`."""
        with _measured("reference"):
            return await super().reference(source, range, folder, louder=louder)

    async def picture(self, source: Path, folder: Path) -> Picture:
        """As in :class:`MediaWorker`."""
        with _measured("picture"):
            return await super().picture(source, folder)

    async def fit(self, source: Path, most_bytes: int, folder: Path) -> Fitted:
        """As in :class:`MediaWorker`."""
        with _measured("fit"):
            return await super().fit(source, most_bytes, folder)

    async def poster(self, source: Path, folder: Path) -> Picture:
        """As in :class:`MediaWorker`."""
        with _measured("poster"):
            return await super().poster(source, folder)

    async def cast_lines(self, archive: Path, folder: Path) -> CastLines:
        """As in :class:`MediaWorker`."""
        with _measured("cast_lines"):
            return await super().cast_lines(archive, folder)

    async def cast_files(self, archive: Path, wanted: Sequence[WantedFile], folder: Path) -> list[CheckedFile]:
        """As in :class:`MediaWorker`."""
        with _measured("cast_files"):
            return await super().cast_files(archive, wanted, folder)


@contextmanager
def _measured(operation: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        with tracing.span(f"media {operation}"):
            yield
    except BadFile:
        MEDIA_FAULTS.labels(operation, MediaFault.UNUSABLE).inc()
        raise
    except MediaFailed:
        MEDIA_FAULTS.labels(operation, MediaFault.FAILED).inc()
        raise
    except OSError:
        MEDIA_FAULTS.labels(operation, MediaFault.DISK).inc()
        raise
    finally:
        MEDIA_SECONDS.labels(operation).observe(time.monotonic() - began)
