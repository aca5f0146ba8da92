"""What ``castbook run`` logs as JSON: lines for machines, each with its job, none with what the job is about."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.wire.bot_process import BotProcess, running
from tests.wire.scene import character_of, clip, migrated, scene

# Whose lines are about no job, in a run without trouble: the process's own, and those of what serves everybody.
JOBLESS = {"metrics_served", "commands_synced", "models_listed", "stopping", "stopped"}


def lines(bot: BotProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in bot.stderr.splitlines()]


def job_ids(folder: Path) -> set[str]:
    with closing(sqlite3.connect(folder / "castbook.db")) as database:
        return {row[0] for row in database.execute("SELECT id FROM jobs")}


async def test_every_line_of_a_job_names_it_and_none_holds_what_it_is_about(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"LOG__FORMAT": "json", "LOG__LEVEL": "DEBUG", "CONSENT__ASK": "false"}
    async with scene() as show:
        ann, bob = show.person("ann"), show.person("bob")
        async with running(show.discord, show.provider, migrated(tmp_path), **settings) as bot:
            video = show.discord.file("holiday-in-nowhere.mp4", clip(), "video/mp4")
            card = await show.made(ann, video=video, name="Zebulon")
            # and one with trouble on its way: a refusal, a repetition, an answer that was lost
            show.provider.fail_next("GET", "/v1/characters_tasks/", 502)
            show.discord.inject("PATCH", "/webhooks/", drop=True)
            await show.made(bob, name="Quirin", range="0.5-2")
        written = lines(bot)
        ids = job_ids(tmp_path)

    assert len(ids) == 2
    assert {line["job"] for line in written if "job" in line} == ids
    jobless = [line for line in written if "job" not in line and line["logger"].split(".")[0] in ("bot", "cogs")]
    assert {line["event"] for line in jobless if not line.get("path", "").startswith("/v1/models")} <= JOBLESS
    for job_id in ids:
        steps = [line["step"] for line in written if line.get("job") == job_id and line["event"] == "step_done"]
        assert [step for step, after in zip(steps, [*steps[1:], ""], strict=True) if step != after] == [
            *("prepare", "submit", "watch", "collect", "deliver")
        ]
        calls = [line for line in written if line.get("job") == job_id and line["event"] == "provider_call"]
        assert {line["step"] for line in calls} >= {"submit", "watch"}
    assert [line["step"] for line in written if line["event"] == "discord_unreachable"] != []

    log = bot.stderr
    tasks = [character_of(task) for task in show.tasks]
    contents = [
        *("holiday-in-nowhere", "Zebulon", "Quirin", show.discord.cdn_origin, f"{show.provider.base_url}/files"),
        *(show.discord.token, show.provider.key, *show.discord.interactions),
        *(made[field] for made in tasks for field in ("username", "display_name", "profile_picture_url", "id")),
    ]
    assert [content for content in contents if content in log] == []
    assert "Zebulon" in card.text, "it is what the person reads"


async def test_a_defect_that_ends_the_process_is_a_line_as_well(tmp_path: Path) -> None:
    async with (
        scene() as show,
        BotProcess(show.discord, show.provider, migrated(tmp_path), as_command=True, LOG__FORMAT="json") as bot,
    ):
        assert bot.child is not None
        show.discord.gateway.dispatch("GUILD_CREATE", {"id": "no number"})  # a parser of the library breaks
        code = await bot.child.wait()
        assert code == 1
        (ended,) = [line for line in lines(bot) if line["event"] == "discord_client_ended"]
        assert "Traceback" in ended["exception"]
        assert lines(bot)[-1]["event"] == "stopped"
