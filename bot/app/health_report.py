"""The report of /operator health: the state of everything, in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from bot.jobs.model_availability import Availability, ModelAvailability
from bot.store.gauges import GaugeStore
from bot.texts import Text, text
from bot.values.clock import Clock
from bot.values.job import Step

HealthLine: TypeAlias = tuple[Text, Text, bool]

_PAUSES = {
    "key": text("paused: ToAPIs refuses the key"),
    "balance": text("paused: the balance is used up"),
}

_MODELS = {
    Availability.ALIVE: text("Character models that work"),
    Availability.DOUBTFUL: text("Character models not tried yet"),
    Availability.CLOSED: text("Closed character models"),
}
_VIDEO_MODELS = {
    Availability.ALIVE: text("Video models that work"),
    Availability.DOUBTFUL: text("Video models not tried yet"),
    Availability.CLOSED: text("Closed video models"),
}

_PARTS = {
    "gateway": text("Discord's gateway"),
    "interactions": text("Discord, over HTTP"),
    "database": text("Database"),
    "jobs": text("Jobs"),
}


class HealthReport:
    """The probes of /readyz, what the provider refused, and what is waiting."""

    def __init__(
        self,
        *,
        probes: Mapping[str, Callable[[], Awaitable[bool]]],
        gauges: GaugeStore,
        availability: ModelAvailability,
        video_availability: ModelAvailability,
        clock: Clock,
    ) -> None:
        self._probes = probes
        self._gauges = gauges
        self._availability = availability
        self._video_availability = video_availability
        self._clock = clock

    async def lines(self) -> Sequence[HealthLine]:
        """The name and value of each line, and whether it is healthy."""
        now = self._clock()
        snapshot = await self._gauges.snapshot(now=now)
        lines = [(_PARTS[name], *_works(await probe())) for name, probe in self._probes.items()]
        lines.append((text("Submissions"), _submissions(snapshot.pause_reason), snapshot.pause_reason is None))
        for names, availability in ((_MODELS, self._availability), (_VIDEO_MODELS, self._video_availability)):
            table = await availability.table()
            for state, name in names.items():
                found = [model for model, its in table.items() if its is state]
                # Some of the many video models are always closed, which is normal while others work.
                fine = state is not Availability.CLOSED or (names is _VIDEO_MODELS and len(found) < len(table))
                if found:
                    said = text("{number}: {models}", number=len(found), models=", ".join(found))
                    lines.append((name, said, fine))
        waiting_for_people = snapshot.unfinished.get(Step.CHOOSE, 0)
        lines.append(
            (
                text("Unfinished jobs"),
                text(
                    "{number} (waiting for their owner: {people}, waiting for a free place: {line})",
                    number=sum(snapshot.unfinished.values()),
                    people=waiting_for_people,
                    line=snapshot.queued,
                ),
                True,
            )
        )
        return lines


def _submissions(pause_reason: str | None) -> Text:
    if pause_reason is None:
        return text("open")
    return _PAUSES.get(pause_reason) or text("paused: {reason}", reason=pause_reason)


def _works(well: bool) -> tuple[Text, bool]:
    return (text("works"), True) if well else (text("does not work"), False)
