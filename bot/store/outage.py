"""Logs a database outage once, and its end once, however many parts of the process notice it."""

from __future__ import annotations

import time

import structlog

from bot import limits
from bot.log import new_error_id, unexpected
from bot.store.database_errors import passes_by_itself

_log = structlog.get_logger(__name__)


class Outage:
    """The outage of one database. Background loops report here what has ended one of their rounds."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._began = self._failed_at = 0.0  # by the monotonic clock
        self._failures = 0

    def failed(self, event: str, error: Exception, **context: object) -> None:
        """``error`` has ended a round that will be repeated. Anything but a database fault is logged as a defect."""
        if not passes_by_itself(error) or isinstance(error, OSError):
            unexpected(event, error, **context)
        else:
            self.lost(event, error, **context)

    def lost(self, event: str, error: BaseException, **context: object) -> None:
        """``error`` says that the database is unreachable."""
        self._failed_at = time.monotonic()
        self._failures += 1
        if self._id is None:
            self._id, self._began = new_error_id(), self._failed_at
            _log.error("database_away", error_id=self._id, error=type(error).__name__, noticed_by=event, **context)

    def works(self) -> None:
        """The database has just worked. If it comes and goes, it counts as back once nothing has failed for a while."""
        if self._id is None or time.monotonic() - self._failed_at < limits.DATABASE_BACK_AFTER:
            return
        away = round(self._failed_at - self._began, 1)
        _log.warning("database_back", error_id=self._id, seconds=away, failures=self._failures)
        self._id, self._failures = None, 0
