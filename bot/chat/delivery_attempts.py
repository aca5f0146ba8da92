"""The log of attempts to deliver a job's end: written before each message, and when its result is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from bot.chat.rest_errors import RouteClosed
from bot.jobs.ports import DiscordUnavailable, RecordAttempt
from bot.values.clock import Clock
from bot.values.job import DeliveryAttempt, DeliveryRoute, Job, Outcome


class DeliveryAttempts:
    """Only attempts since the owner last asked count: an earlier message was about something else."""

    def __init__(self, job: Job, record: RecordAttempt, clock: Clock) -> None:
        self._record = record
        self._clock = clock
        self._log = [each for each in job.deliveries if each.at >= job.origin.token_at]
        self.nonce = end_id(job)

    @property
    def standing(self) -> DeliveryAttempt | None:
        """The delivered message, if it is known."""
        return next((each for each in self._log if each.message_id is not None), None)

    def unknown(self, path: DeliveryRoute, channel_id: int | None = None) -> datetime | None:
        """When an unconfirmed message may have been sent there; ``None`` if there cannot be one."""
        mine = [each for each in self._log if each.path is path and channel_id in (None, each.channel_id)]
        begun = [each for each in mine if each.message_id is None and not each.refused]
        return begun[0].at if 2 * len(begun) > len(mine) else None

    def unknown_but(self, *looked_at: tuple[DeliveryRoute, int]) -> bool:
        """Whether a message may exist in a place that is not in ``looked_at``."""
        others = {(each.path, each.channel_id) for each in self._log} - {*looked_at}
        replaced = DeliveryRoute.ANNOUNCED  # that message is deleted, whatever it shows
        return any(self.unknown(*other) is not None for other in others if other[0] is not replaced)

    @asynccontextmanager
    async def attempt(self, path: DeliveryRoute, channel_id: int | None) -> AsyncIterator[DeliveryAttempt]:
        """Record an attempt before the message is sent, and its result afterwards."""
        begun = DeliveryAttempt(path=path, channel_id=channel_id, nonce=self.nonce, at=self._clock())
        await self._write(begun)
        try:
            yield begun
        except RouteClosed:
            await self._write(replace(begun, refused=True))
            raise
        except DiscordUnavailable as trouble:
            if not trouble.perhaps_done:
                await self._write(replace(begun, refused=True))
            raise

    async def stands(self, attempt: DeliveryAttempt, message_id: int) -> None:
        """Record that the message arrived."""
        await self._write(replace(attempt, message_id=message_id))

    async def found(self, path: DeliveryRoute, channel_id: int, message_id: int) -> None:
        """An earlier attempt turned out to have arrived."""
        at = self.unknown(path, channel_id) or self._clock()
        await self._write(
            DeliveryAttempt(path=path, channel_id=channel_id, nonce=self.nonce, at=at, message_id=message_id)
        )

    async def _write(self, attempt: DeliveryAttempt) -> None:
        await self._record(attempt)
        self._log.append(attempt)


def end_id(job: Job) -> str:
    """The nonce of the message about a job's end; each kind of end has its own, because a job may have two."""
    return job.id if job.outcome is Outcome.SUCCEEDED else f"{job.id}-{(job.outcome or Outcome.FAILED).value}"[:25]
