"""Tasks of the simulated provider: how far they are is a function of the clock, not of how often one asks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

Status = Literal["queued", "in_progress", "completed", "failed"]

QUEUED_UNTIL: Final = 10.0  # percent of its time that a task waits in the queue
CHECKED_AT: Final = 20.0  # percent at which a clip that cannot be used is refused
_RESULT_KEPT: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task failed, as the status call says it."""

    code: str
    message: str


@dataclass(slots=True)
class Task:
    """One task. `work` comes to its result (a mapping), or to a `Failure`; both show only when their time has come."""

    id: str
    kind: Literal["character", "video"]
    model: str
    created: datetime
    takes: timedelta
    work: asyncio.Future[Mapping[str, Any] | Failure]
    business_id: str | None = None
    settled: Failure | Mapping[str, Any] | None = None
    settled_at: datetime | None = None
    _begun: datetime = field(init=False)
    _held_at: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._begun = self.created

    def percent(self, now: datetime) -> float:
        """How far it is, 0 to 100."""
        if self.settled is not None:
            return 100.0
        percent = self._unheld(now)
        return percent if self._held_at is None else min(percent, self._held_at)

    def hold(self, percent: float, now: datetime) -> None:
        """Lets it come as far as `percent` and no further; what is beyond that already stops where it is."""
        self.release(now)
        self._held_at = max(percent, self.percent(now))

    def release(self, now: datetime) -> None:
        """Lets it go on from where it was held."""
        if self._held_at is not None and self._unheld(now) > self._held_at:
            self._begun = now - self.takes * (self._held_at / 100)
        self._held_at = None

    async def settle(self, now: datetime) -> bool:
        """Comes to its end if its time has come. True if that happened just now."""
        percent = self.percent(now)
        if self.settled is not None or percent < CHECKED_AT:
            return False
        found = await asyncio.shield(self.work)
        if self.settled_at is not None or (percent < 100 and not isinstance(found, Failure)):
            return False
        self.settled, self.settled_at = found, now
        return True

    def status(self, now: datetime) -> Status:
        """Its status in the words of the documentation."""
        if isinstance(self.settled, Failure):
            return "failed"
        if self.settled is not None:
            return "completed"
        return "queued" if self.percent(now) < QUEUED_UNTIL else "in_progress"

    def answer(self, now: datetime, *, with_business_id: bool) -> dict[str, Any]:
        """The JSON of the status call."""
        status = self.status(now)
        body: dict[str, Any] = {
            "id": self.id,
            "object": "generation.task",
            "model": self.model,
            "status": status,
            "progress": 0 if status == "queued" else int(self.percent(now)),
            "created_at": int(self.created.timestamp()),
            "metadata": {"simulated": True},
        }
        if with_business_id and self.business_id is not None:
            body["client_business_id"] = self.business_id
        if self.settled_at is not None:
            body["completed_at"] = int(self.settled_at.timestamp())
        if isinstance(self.settled, Failure):
            body["error"] = {"code": self.settled.code, "message": self.settled.message}
        elif self.settled is not None and self.settled_at is not None:
            body["expires_at"] = int((self.settled_at + _RESULT_KEPT).timestamp())
            body["result"] = self.settled
        return body

    def _unheld(self, now: datetime) -> float:
        if not self.takes:
            return 100.0
        return min(max((now - self._begun) / self.takes * 100, 0.0), 100.0)
