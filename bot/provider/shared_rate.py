"""A rate limit shared by processes, which lease time slots one after another."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from bot.config import ToapisSettings
from bot.provider.rates import Rates

_MARGIN = 0.97  # of the rate is used: although slots are used up to _VALID late, no second then exceeds the rate
_VALID = 0.03  # seconds
_ANSWERS = 20  # the quickest of these tells the offset of the clocks
_AHEAD = 0.25  # seconds for which slots are leased ahead; those of a killed process are lost


class TimeSlots(Protocol):
    """The time slots that all processes share, by the clock of the database."""

    async def lease(self, name: str, *, count: int, apart: float, lead: float) -> tuple[float, float]:
        """Lease the next ``count`` slots, ``apart`` seconds from each other, none sooner than in ``lead`` seconds.

        Returns the instant of the first of them, and the present one, in seconds.
        """

    async def pause(self, name: str, seconds: float) -> None:
        """Lease no slot before ``seconds`` from now."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A time slot by the loop's clock: valid from ``at`` until ``until``."""

    at: float
    until: float


@dataclass(frozen=True, slots=True)
class _Clocks:
    """How many seconds the database's clock is ahead of the loop's."""

    least: float
    most: float


class SharedRate:
    """``per_second`` calls in any second, across all processes, without bursts.

    A process leases as many slots as it has callers waiting, at most a quarter of a second ahead, so that no process
    reserves more than it needs. A slot that is not used in time is lost. The offset between the two clocks is known
    only as exactly as the fastest of the last queries took. If none takes less than 15 ms, a second may exceed the
    limit by that much.
    """

    def __init__(self, slots: TimeSlots, name: str, per_second: float) -> None:
        self._slots = slots
        self._name = name
        self._apart = 1 / (per_second * _MARGIN)
        self._most = max(1, int(_AHEAD * per_second))
        self._waiting: deque[asyncio.Future[_Slot]] = deque()
        self._leased: deque[_Slot] = deque()
        self._lead = 0.0
        self._clocks: deque[_Clocks] = deque(maxlen=_ANSWERS)
        self._giving: asyncio.Task[None] | None = None
        self._leasing: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Wait for the next slot; use it at once. Raises the database's errors if it cannot be reached."""
        loop = asyncio.get_running_loop()
        slot: _Slot | None = None
        while slot is None or loop.time() > slot.until:  # the loop was busy, and the slot has expired
            turn: asyncio.Future[_Slot] = loop.create_future()
            (self._waiting.append if slot is None else self._waiting.appendleft)(turn)
            if self._giving is None or self._giving.done():
                self._giving = asyncio.create_task(self._give(), name=f"rate-{self._name}")
            slot = await turn

    async def pause(self, seconds: float) -> None:
        """Make all processes wait that long, after the slots that they hold: a quarter of a second."""
        self._leased.clear()
        await self._slots.pause(self._name, seconds)

    async def _give(self) -> None:
        try:
            while self._somebody_waits():
                await self._give_next()
        except Exception as error:  # noqa: BLE001 - every waiter gets the error, each in its own job
            while self._somebody_waits():
                self._waiting.popleft().set_exception(error)

    async def _give_next(self) -> None:
        loop = asyncio.get_running_loop()
        if self._leasing is not None and (self._leasing.done() or not self._leased):
            leasing, self._leasing = self._leasing, None
            await leasing
        self._lease_ahead()
        if not self._leased:
            return
        await asyncio.sleep(self._leased[0].at - loop.time())
        if not self._leased:  # a pause
            return
        slot = self._leased.popleft()
        if loop.time() <= slot.until and self._somebody_waits():
            self._waiting.popleft().set_result(slot)

    def _somebody_waits(self) -> bool:
        while self._waiting and self._waiting[0].done():  # cancelled
            self._waiting.popleft()
        return bool(self._waiting)

    def _lease_ahead(self) -> None:
        """Lease more once half of the slots are used, so that they arrive in time."""
        wanted = min(len(self._waiting), self._most) - len(self._leased)
        if self._leasing is None and wanted > 0 and len(self._leased) <= self._most // 2:
            self._leasing = asyncio.create_task(self._lease(wanted), name=f"rate-lease-{self._name}")

    async def _lease(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        sent = loop.time()
        first, present = await self._slots.lease(self._name, count=count, apart=self._apart, lead=self._lead)
        came = loop.time()
        # If answers take longer than a slot is valid, slots from the current time on would all expire.
        self._lead = max(came - sent, self._lead * 0.9)
        clocks = _Clocks(least=present - came, most=present - sent)
        if any(each.least > clocks.most or each.most < clocks.least for each in self._clocks):
            self._clocks.clear()  # one of the clocks was set
        self._clocks.append(clocks)
        best = min(self._clocks, key=lambda each: each.most - each.least)
        for number in range(count):
            at = first + number * self._apart - best.least
            until = first + number * self._apart - best.most + _VALID
            self._leased.append(_Slot(at=at, until=max(until, at + _VALID / 2)))


def shared_rates(slots: TimeSlots, settings: ToapisSettings) -> Rates:
    """The limits of one of several processes that share an account."""
    return Rates(
        submits=SharedRate(slots, "submits", settings.submit_per_second),
        queries=SharedRate(slots, "queries", settings.query_per_second),
    )
