"""The gauges of /metrics, read from a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.app.gauges import Gauges
from bot.config import ToapisSettings
from bot.jobs.model_availability import ModelAvailability
from bot.provider.client import ToapisClient
from bot.store.database import Database, database_at
from bot.store.gauges import GaugeStore
from bot.store.provider_state import ProviderStateStore
from tests.wire.scene import migrated

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = database_at(f"sqlite+aiosqlite:///{migrated(tmp_path)}/castbook.db")
    await database.open()
    yield database
    await database.close()


async def values(database: Database) -> dict[tuple[str, str], float]:
    """By name and label, an hour's clock stopped at NOW."""
    models = ("sora-2", "sora-2-pro")
    provider = ToapisClient(ToapisSettings(api_key=SecretStr("sk-unused")), clock=lambda: NOW)
    availability = ModelAvailability(
        ProviderStateStore(database), provider, lambda: NOW, models=models, default=models[0]
    )
    gauges = Gauges(GaugeStore(database), lambda: NOW, models=availability.table)
    samples = [sample for family in await gauges.read() for sample in family.samples]
    return {(sample.name, next(iter(sample.labels.values()), "")): sample.value for sample in samples}


async def test_nothing_is_zero_and_not_absent(database: Database) -> None:
    steps = ("prepare", "choose", "submit", "watch", "collect", "deliver")
    assert await values(database) == {
        **{("castbook_jobs", step): 0 for step in steps},
        **{("castbook_queue_age_seconds", step): 0 for step in steps},
        ("castbook_jobs_queued", ""): 0,
        ("castbook_submissions_paused", "key"): 0,
        ("castbook_submissions_paused", "balance"): 0,
        ("castbook_model_closed", "sora-2"): 0,
        ("castbook_model_closed", "sora-2-pro"): 0,
    }


async def test_pauses_and_closed_models(database: Database) -> None:
    state = ProviderStateStore(database)
    await state.pause("balance", now=NOW - timedelta(minutes=5))
    await state.close_model("sora-2-pro", now=NOW - timedelta(minutes=59))
    await state.close_model("sora-2", now=NOW - timedelta(minutes=61))
    await state.close_model("one of long ago", now=NOW)
    found = await values(database)
    assert (found["castbook_submissions_paused", "balance"], found["castbook_submissions_paused", "key"]) == (1, 0)
    closed = {label: value for (name, label), value in found.items() if name == "castbook_model_closed"}
    assert closed == {"sora-2": 0, "sora-2-pro": 1}, "those of the settings, and no others"
