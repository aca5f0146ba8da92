"""Which models are available: by the provider's own list, and by its answers to real requests. No probe costs money."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import structlog

from bot import limits
from bot.provider.client import ToapisClient
from bot.provider.error_mapping import model_closed_text
from bot.provider.errors import ModelClosed, ProviderError
from bot.store.provider_state import ProviderStateStore
from bot.values.clock import Clock

_log = structlog.get_logger(__name__)


class Availability(StrEnum):
    """Whether a request for a model is likely to be accepted."""

    ALIVE = "alive"  # a request was accepted within a day
    DOUBTFUL = "doubtful"  # no sign of trouble: it is listed (which means enabled, not healthy), or there is no list
    CLOSED = "closed"  # refused within the hour, or missing from a list newer than the last accepted request


@dataclass(slots=True)
class _Heard:
    """What the provider has said since the start: its list, and which models it accepted requests for."""

    listed: frozenset[str] | None = None
    listed_at: datetime | None = None  # when that list was requested
    taken: dict[str, datetime] = field(default_factory=dict)
    told: dict[str, datetime] = field(default_factory=dict)  # when other processes were told about that


class ModelAvailability:
    """``models`` are all models in use; ``default`` is the one for people who choose none.

    Refusals are stored in the database; the list and the accepted requests are learnt again after a restart. Processes
    on the same database keep telling each other which models accept requests.
    """

    def __init__(
        self, state: ProviderStateStore, provider: ToapisClient, clock: Clock, *, models: Sequence[str], default: str
    ) -> None:
        self.models = tuple(models)
        self._default = default
        self._state = state
        self._provider = provider
        self._clock = clock
        self._heard = _Heard()

    def of(self, models: Sequence[str], default: str) -> ModelAvailability:
        """The same knowledge for other models: what one of the two objects learns, the other knows as well."""
        other = ModelAvailability(self._state, self._provider, self._clock, models=models, default=default)
        other._heard = self._heard
        return other

    async def run(self) -> None:
        """Fetch the list at once and every :data:`bot.limits.MODELS_LISTED_EVERY` seconds, until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001 - tried again in ten minutes
                self._state.outage.failed("model_list_fault", error)
            await asyncio.sleep(limits.MODELS_LISTED_EVERY)

    async def refresh(self) -> None:
        """Ask the provider which models this key may use.

        If there is no answer, the last list stays. An empty list counts as no answer, because it would close every
        model at once.
        """
        asked_at = self._clock()
        try:
            listed = await self._provider.video_models()
        except ProviderError as error:
            _log.info("models_not_listed", status=error.status)
            return
        if not listed:
            _log.warning("model_list_empty")
            return
        if listed != self._heard.listed:
            missing = [model for model in self.models if model not in listed]
            _log.info("models_listed", count=len(listed), missing=missing)
        self._heard.listed, self._heard.listed_at = listed, asked_at

    def accepted(self, model: str) -> None:
        """The provider accepted a request for ``model``: this outweighs an older list that does not name it."""
        now = self._clock()
        self._heard.taken[model] = now
        told = self._heard.told.get(model)
        if told is None or now - told >= limits.TAKEN_TOLD_EVERY:
            self._heard.told[model] = now
            self._state.notify_accepted(model, now=now)

    def accepted_elsewhere(self, model: str, at: datetime) -> None:
        """Another process had a request for ``model`` accepted; a later refusal outweighs it."""
        self._heard.taken[model] = max(at, self._heard.taken.get(model, at))

    async def refused(self, model: str) -> bool:
        """The provider refused ``model`` itself: close it for an hour. Returns whether this is news."""
        now = self._clock()
        news = await self._state.close_model(model, now=now, lapsed=now - limits.MODEL_CLOSED)
        if news:
            _log.error("model_closed", model=model)
        return news

    async def table(self) -> Mapping[str, Availability]:
        """Each configured model, in the order of the settings."""
        refused = await self._state.closed_models(since=self._clock() - limits.MODEL_CLOSED)
        return {model: self._of(model, refused) for model in self.models}

    async def available(self) -> tuple[str, ...]:
        """The models that are not closed, those that certainly work first."""
        table = await self.table()
        order = (Availability.ALIVE, Availability.DOUBTFUL)
        return tuple(model for state in order for model, its in table.items() if its is state)

    async def best(self) -> str | None:
        """The model for somebody who has chosen none: the default, or else an open one; ``None``: all are closed."""
        available = await self.available()
        return self._default if self._default in available else next(iter(available), None)

    async def check(self, model: str) -> None:
        """Raise :class:`~bot.provider.errors.ModelClosed` while ``model`` is closed; its text names the open ones."""
        refused = await self._state.closed_models(since=self._clock() - limits.MODEL_CLOSED)
        if self._of(model, refused) is Availability.CLOSED:
            raise ModelClosed(model_closed_text(model, await self.available()), model=model)

    def _of(self, model: str, refused: Mapping[str, datetime]) -> Availability:
        heard, taken = self._heard, self._heard.taken.get(model)
        if taken is not None and model in refused and refused[model] >= taken:  # accepted by any process
            taken = None
        missing = heard.listed is not None and model not in heard.listed
        if taken is not None and self._clock() - taken < limits.MODEL_ALIVE:
            if not missing:
                return Availability.ALIVE
            # The provider omits what this key may no longer use; a success after that list shows otherwise.
            newer = heard.listed_at is not None and taken > heard.listed_at
            return Availability.DOUBTFUL if newer else Availability.CLOSED
        return Availability.CLOSED if missing or model in refused else Availability.DOUBTFUL
