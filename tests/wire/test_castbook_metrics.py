"""/metrics of a real process, as Prometheus reads it, while jobs go through it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from tests.wire.bot_process import free_port, running
from tests.wire.scene import PATIENCE, migrated, scene

CREATE = "POST /v1/videos/generations"


class Page:
    """One answer."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = text_string_to_metric_families(text)
        self._samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        (value,) = [each.value for each in self._samples if each.name == f"castbook_{name}" and each.labels == labels]
        return value


def delivered_in_public(page: Page) -> float:
    return page("deliveries_total", path="channel") + page("deliveries_total", path="announced")


async def test_what_happens_is_seen_and_nobody_is_named(tmp_path: Path) -> None:
    port = str(free_port())
    settings: dict[str, Any] = {"CONSENT__ASK": "false", "WEB__METRICS_PORT": port, "WEB__HOST": "0.0.0.0"}
    async with scene() as show, running(show.discord, show.provider, migrated(tmp_path), **settings):

        async def scraped() -> Page:
            async with aiohttp.request("GET", f"http://127.0.0.1:{port}/metrics") as answer:
                return Page(await answer.text())

        ann, bob = show.person("ann"), show.person("bob")
        show.provider.hold_at(50)
        await show.create(ann, name="Ada")
        await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)
        page = await scraped()
        assert page("gauges_readable") == 1
        assert (page("jobs", step="watch"), page("jobs", step="prepare"), page("jobs_queued")) == (1, 0, 0)
        assert page("jobs_ended_total", outcome="succeeded") == 0

        show.provider.model_gone("sora-2-pro")
        await show.says(await show.create(bob, model="sora-2-pro"), "doesn't offer the model")
        show.provider.hold_at(None)
        await show.reads(ann, "Reusable task ID")
        async with asyncio.timeout(PATIENCE):  # it is counted once Discord has answered
            while not delivered_in_public(page := await scraped()):
                await asyncio.sleep(0.05)

        assert page("jobs_ended_total", outcome="succeeded") == 1
        assert page("jobs_ended_total", outcome="failed") == 1
        assert page("deliveries_total", path="original") == 1
        assert delivered_in_public(page) == 1
        assert page("deliveries_undecidable_total") == 0
        assert page("model_closed", model="sora-2-pro") == 1
        assert page("provider_seconds_count", request=CREATE) == 2
        assert page("provider_faults_total", fault="not_found") == 1
        assert page("step_lag_seconds_count", step="watch") >= 1
        assert page("media_seconds_count", operation="probe") == 2
        assert page("discord_seconds_count", route="first_answer") == 2
        assert page("discord_seconds_count", route="reply") >= 2

        with closing(sqlite3.connect(tmp_path / "castbook.db")) as database:
            job_ids = [job_id for (job_id,) in database.execute("SELECT id FROM jobs")]
        nobodys = [ann.id, bob.id, show.guild.id, show.channel.id, *show.discord.interactions, *job_ids]
        contents = ["Ada", "clip.mp4", show.discord.token, show.provider.key, *(task.id for task in show.tasks)]
        assert [word for word in (*nobodys, *contents) if str(word) in page.text] == []
