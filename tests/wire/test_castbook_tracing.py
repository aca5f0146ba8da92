"""A process of the bot that sends traces: to a collector, and to one that does not answer."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.otlp_collector import Collector, Seen
from tests.wire.bot_process import BotProcess, RoleProcess
from tests.wire.scene import PATIENCE, migrated, scene
from tests.wire.test_castbook_secrets import webhook

NAME = "Ottilie Nimmermehr"


async def test_a_job_is_one_trace_from_the_command_to_the_delivery_also_over_two_processes(tmp_path: Path) -> None:
    async with (
        Collector() as collector,
        scene() as show,
        BotProcess(
            *(show.discord, show.provider, migrated(tmp_path)),
            TRACE__ENDPOINT=collector.endpoint,
            LOG__FORMAT="json",
        ) as bot,
    ):
        ann = show.person("ann")
        show.provider.hold_at(50)
        asked = await show.create(ann, name=NAME)
        await (await show.reads(ann, "Yes, I have permission")).press(ann, "Yes, I have permission")
        await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)
        assert await bot.stop() == 0
        first_half = len(collector.spans)
        show.provider.hold_at(None)
        await bot.start()
        await show.reads(ann, "Reusable task ID")
        await asyncio.sleep(0.2)  # the step ends after its message
        assert await bot.stop() == 0
        log = bot.stderr

    (command,) = [
        each for each in collector.named("interaction") if each.attributes.get("castbook.command") == "character create"
    ]
    (job,) = collector.named("job")
    assert command.links == ((job.trace, job.id),)
    assert job.links == ((command.trace, command.id),)
    press = next(each for each in collector.named("interaction") if "castbook.button" in each.attributes)
    assert (job.trace, job.id) in press.links, "what goes on by a press is found from there"

    trace = [each for each in collector.spans if each.trace == job.trace]
    assert bytes.fromhex(job.trace) == b"castbook" + bytes.fromhex(job.id)
    names = {each.name for each in trace}
    assert {f"step {step}" for step in ("prepare", "submit", "watch", "collect", "deliver")} <= names
    assert {"provider request", "discord request", "database write", "file put", "media probe", "media cut"} <= names
    ids = {each.id for each in trace}
    assert len(ids) == len(trace)
    assert {each.parent for each in trace if each is not job} <= ids, "each stands below another one of its trace"
    steps = [each for each in trace if each.name.startswith("step ")]
    assert {each.parent for each in steps} == {job.id}
    assert steps[-1].attributes["castbook.outcome"] == "succeeded"
    assert len({each.resource["service.instance.id"] for each in trace}) == 2
    assert first_half < len(collector.spans)
    assert {each.resource["service.name"] for each in trace} == {"castbook"}
    assert {each.resource["castbook.role"] for each in trace} == {"all"}

    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert {line.get("trace_id") for line in lines if line.get("job") == job.id and "step" in line} == {job.trace}

    (task,) = show.tasks
    secrets = [NAME, "clip.mp4", "https://", show.discord.cdn_origin, show.discord.token, show.provider.key]
    secrets += [asked.token, show.provider.base_url, task.id, ann.name, str(ann.id), str(tmp_path)]
    sent = b"".join(collector.bodies)
    assert [secret for secret in secrets if secret.encode() in sent] == []


async def test_over_split_roles_one_trace_leads_from_the_command_to_the_delivery(
    tmp_path: Path, postgres_url: str
) -> None:
    secret = "the-webhook-secret-of-today-0000"
    async with Collector() as collector, scene() as show, AsyncExitStack() as opened:
        shared: dict[str, Any] = {
            "STORE__URL": postgres_url,
            "STORE__FILES": str(tmp_path / "files"),
            "CONSENT__ASK": "false",
            "TOAPIS__WEBHOOK_SECRETS": json.dumps([secret]),
            "TRACE__ENDPOINT": collector.endpoint,
            "LOG__FORMAT": "json",
        }
        gateway, worker, web = [
            await opened.enter_async_context(
                RoleProcess(show.discord, show.provider, tmp_path / role, "--role", role, **shared)
            )
            for role in ("gateway", "worker", "web")
        ]
        ann = show.person("ann")
        show.provider.hold_at(50)
        await show.create(ann, name=NAME)
        await show.discord.wait_for(lambda: show.tasks and show.provider.looked_at(show.tasks[0]), PATIENCE)
        show.provider.hold_at(None)
        (task,) = show.tasks
        assert await webhook(web, task, secret, event="evt_1") == 204
        await show.reads(ann, "Reusable task ID")
        await asyncio.sleep(0.2)  # the step ends after its message
        assert [await each.stop() for each in (worker, web, gateway)] == [0, 0, 0]
        logs = [gateway.stderr, worker.stderr]

    assert {each.resource["castbook.role"] for each in collector.spans} == {"gateway", "worker", "web"}
    (command,) = [
        each for each in collector.named("interaction") if each.attributes.get("castbook.command") == "character create"
    ]
    (job,) = collector.named("job")
    assert [command.links, job.links] == [((job.trace, job.id),), ((command.trace, command.id),)]
    assert {each.resource["castbook.role"] for each in (command, job)} == {"gateway"}

    trace = {each.id: each for each in collector.spans if each.trace == job.trace}
    assert {each.parent for each in trace.values() if each is not job} <= trace.keys()
    steps = {each.name.removeprefix("step "): each for each in trace.values() if each.name.startswith("step ")}
    assert steps.keys() == {"prepare", "submit", "watch", "collect", "deliver"}
    assert {(each.parent, each.resource["castbook.role"]) for each in steps.values()} == {(job.id, "worker")}
    assert steps["deliver"].attributes["castbook.outcome"] == "succeeded"

    def within(each: Seen, step: str) -> bool:
        return each is steps[step] or (each.parent in trace and within(trace[each.parent], step))

    assert any(each.name == "provider request" and within(each, "submit") for each in trace.values())
    assert any(each.name == "discord request" and within(each, "deliver") for each in trace.values())

    lines = [json.loads(line) for log in logs for line in log.splitlines() if line.startswith("{")]
    assert {line.get("trace_id") for line in lines if line.get("job") == job.id and "step" in line} == {job.trace}


async def test_a_collector_that_does_not_answer_is_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")  # it has failed long before the end
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with (
        Collector(silent=True) as silent,
        scene() as show,
        BotProcess(
            *(show.discord, show.provider, migrated(tmp_path)),
            TRACE__ENDPOINT=silent.endpoint,
            LOG__FORMAT="json",
        ) as bot,
    ):
        ann = show.person("ann")
        await (await ann.slash(show.channel, "about")).replied(PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while "traces_not_sent" not in bot.stderr:
                await asyncio.sleep(0.05)
        await (await ann.slash(show.channel, "about")).replied(PATIENCE)
        assert await bot.stop() == 0
        lines = [json.loads(line) for line in bot.stderr.splitlines() if line.startswith("{")]

    assert len(silent.bodies) > 0
    assert [line["event"] for line in lines if "traces" in line["event"]].count("traces_not_sent") == 1
    assert not [line for line in lines if line["logger"].startswith(("opentelemetry", "urllib3", "requests"))]
