"""Pauses all submissions when the provider refuses the key or the balance (design, rule 14).

This affects everybody, so nothing is submitted until a probe of the balance succeeds. When a model is refused, only
that model is closed: :mod:`bot.jobs.model_availability`.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from bot import limits
from bot.provider.client import ToapisClient
from bot.provider.errors import BalanceEmpty, KeyRefused, ProviderError
from bot.store.provider_state import Pause, ProviderStateStore
from bot.texts import Text, text
from bot.values.clock import Clock

_log = structlog.get_logger(__name__)

REASONS = {
    "key": text(
        "ToAPIs isn't accepting this bot's key, so I can't make anything new. Nothing was charged. The "
        "people who run this bot know. Try again later."
    ),
    "balance": text(
        "This bot's balance at ToAPIs is used up, so I can't make anything new. Nothing was charged. The "
        "people who run this bot know. Try again later."
    ),
}


def paused_text(pause: Pause) -> Text:
    """Why nothing is submitted at the moment, for the person who waits."""
    return REASONS.get(pause.reason, REASONS["key"])


class CircuitBreaker:
    """The pause is kept in the database, so that a restart does not forget it."""

    def __init__(self, state: ProviderStateStore, provider: ToapisClient, clock: Clock) -> None:
        self._state = state
        self._provider = provider
        self._clock = clock
        self._probed_at: datetime | None = None

    async def pause(self, error: KeyRefused | BalanceEmpty) -> bool:
        """Pause all submissions; returns whether this is news (then the operator should be told)."""
        reason = "balance" if isinstance(error, BalanceEmpty) else "key"
        now = self._clock()
        self._probed_at = now
        news = await self._state.pause(reason, now=now)
        if news:
            _log.error("submissions_paused", reason=reason)
        return news

    async def paused(self) -> Pause | None:
        """The pause, if there is one. At most once a minute the balance is checked, which may end it."""
        pause = await self._state.paused()
        now = self._clock()
        if pause is None or (self._probed_at is not None and abs(now - self._probed_at) < limits.PROBE_GAP):
            return pause
        self._probed_at = now
        try:
            balance = await self._provider.balance()
        except ProviderError as error:
            _log.info("pause_probe_failed", reason=pause.reason, status=error.status)
            return pause
        if balance.empty:
            return pause
        await self._state.resume()
        _log.info("submissions_resumed", paused_for=str(now - pause.since))
        return None

    async def resume(self) -> bool:
        """Submit again at once, at the operator's request; returns whether there was a pause.

        If the provider refuses the key or the balance again, the next submission pauses everything again.
        """
        resumed = await self._state.resume()
        if resumed:
            _log.warning("submissions_resumed_by_operator")
        return resumed

    async def standing(self) -> bool:
        """Whether submissions are paused according to the database, without asking the provider."""
        return await self._state.paused() is not None
