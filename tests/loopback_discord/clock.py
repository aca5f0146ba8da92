"""Discord's own clock, which only a test moves, and the ids that are made of its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH_MS = 1_420_070_400_000  # the first millisecond of 2015, where Discord's ids begin


class MovableClock:
    """Stands still at the instant of its making (or follows `source`); `advance` moves it on."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        start = datetime.now(UTC)
        self._source = source or (lambda: start)
        self._ahead = timedelta()

    def now(self) -> datetime:
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)


class Snowflakes:
    """Ids that grow strictly and carry the clock's milliseconds, as Discord's do."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> int:
        milliseconds = int(self._clock.now().timestamp() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, milliseconds << 22)
        return self._last
