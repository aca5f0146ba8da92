"""What stands in these documents and comes from the code: the settings, what /metrics serves, the life of a job."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from prometheus_client.core import Metric
from prometheus_client.metrics import MetricWrapperBase
from pydantic import BaseModel

from bot import metrics
from bot.app.gauges import Gauges
from bot.config import Settings
from bot.jobs.model_availability import Availability
from bot.jobs.refused_files import refusal_of
from bot.store.gauges import GaugeSnapshot, GaugeStore
from bot.values.clock import utc_now
from tests.media.child.conditions import CONDITIONS
from tests.media.child.kinds import KINDS, NO_VIDEOS
from tests.media.links import LINKS


def settings_table() -> str:
    """Each setting in the order of the code: key, default, what it is."""
    rows = []
    for section, field in Settings.model_fields.items():
        for key, setting in cast("type[BaseModel]", field.annotation).model_fields.items():
            needed = setting.is_required()
            default = "*needed*" if needed else f"`{_typed(setting.default)}`"
            rows.append((f"`{section}.{key}`", default, setting.description or ""))
    return _table(("key", "default", "what it is"), rows)


def clips_table() -> str:
    """Each kind of video that the tests make, and what is done with it."""
    rows = []
    for kind in KINDS:
        done = "cut to the exact picture and sound"
        if kind.late:
            done = "cut to the exact sound; its own clock shows each picture one too late"
        rows.append((kind.what, done))
    return _table(("file", "what the bot does"), rows)


def conditions_table() -> str:
    """What a file of any kind may be like, and what is done with it."""
    return _table(("what it is like", "what the bot does"), [(each.what, each.done) for each in CONDITIONS])


def refused_table() -> str:
    """What is no video, or none that is opened, with the sentence that people read."""
    return _table(("file", "what people read"), [(what, str(refusal_of(head))) for what, head in NO_VIDEOS.items()])


def links_table() -> str:
    """Each kind of link that the tests try, and what is done with it."""
    return _table(("link", "what the bot does"), [(kind.what, kind.done) for kind in LINKS])


def _typed(default: object) -> str:
    """As somebody would type it in TOML."""
    if isinstance(default, tuple):
        return "[" + ", ".join(f'"{item}"' for item in default) + "]"
    if isinstance(default, dict):
        return "{}" if not default else repr(default)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) or '""'


async def metrics_table() -> str:
    """Each series in the order of the code: name, labels, kind, what it says."""
    ours = [metric for metric in vars(metrics).values() if isinstance(metric, MetricWrapperBase)]
    rows = [_row(family, metric._labelnames) for metric in ours for family in metric.describe()]  # noqa: SLF001 - told nowhere else
    gauges = Gauges(_EmptyStore(), utc_now, models=_one_model)
    rows += [_row(family, _labels(family)) for family in await gauges.read()]
    return _table(("series", "kind", "what it says"), rows)


def _row(family: Metric, labels: Iterable[str]) -> tuple[str, str, str]:
    name = family.name + ("_total" if family.type == "counter" else "")
    shown = ",".join(labels)
    return f"`{name}{{{shown}}}`" if shown else f"`{name}`", family.type, family.documentation


def _labels(family: Metric) -> Iterable[str]:
    return family.samples[0].labels if family.samples else ()


async def _one_model() -> dict[str, Availability]:
    return {"sora-2": Availability.DOUBTFUL}


class _EmptyStore(GaugeStore):
    """Of a database in which nothing stands: only the names of the gauges are wanted."""

    def __init__(self) -> None:
        pass

    async def snapshot(self, *, now: datetime) -> GaugeSnapshot:
        """Nothing, whatever is asked."""
        return GaugeSnapshot(unfinished={}, oldest_due={}, queued=0, pause_reason=None)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
