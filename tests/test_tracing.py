"""Spans in this process: nothing without a collector, nothing said of errors but their type, and the same share of
jobs everywhere."""

from __future__ import annotations

import asyncio
import sys

import pytest
import structlog

from bot import limits, tracing
from bot.config import TraceSettings
from bot.errors import BadStart
from tests.otlp_collector import Collector

JOB = "00000000deadbeef"


async def test_without_a_collector_nothing_is_made() -> None:
    async with tracing.exporting(TraceSettings(), role="all"):
        with tracing.span("step", job=JOB) as one, tracing.job_span(JOB) as other:
            assert one is other
            assert tracing.trace_id() is None


async def test_without_the_library_a_collector_is_a_bad_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bot.trace_export", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(BadStart, match=r"trace\.endpoint.* make otel"):
        async with tracing.exporting(TraceSettings(endpoint="http://127.0.0.1:9"), role="all"):
            pass


async def test_of_an_error_only_its_type_is_told() -> None:
    async with Collector() as collector:
        async with tracing.exporting(TraceSettings(endpoint=collector.endpoint), role="all"):
            with pytest.raises(ValueError, match="secret"), tracing.span("failing"):
                raise ValueError("secret words")
            with pytest.raises(asyncio.CancelledError), tracing.span("cancelled"):
                raise asyncio.CancelledError
            with tracing.span("marked"):
                tracing.mark(error=KeyError("secret words"), size=3)
        (failing,), (cancelled,), (marked,) = map(collector.named, ("failing", "cancelled", "marked"))
    assert (failing.failed, failing.words, failing.attributes) == (True, "", {"error.type": "ValueError"})
    assert (cancelled.failed, cancelled.attributes) == (False, {"error.type": "CancelledError"})
    assert (marked.failed, marked.attributes) == (True, {"error.type": "KeyError", "castbook.size": 3})
    assert b"secret words" not in b"".join(collector.bodies)


async def test_whether_a_job_is_traced_follows_from_its_id() -> None:
    jobs = [f"{number:016x}" for number in range(2**60, 2**64, 2**60)]
    async with Collector() as collector:
        settings = TraceSettings(endpoint=collector.endpoint, sample=0.25)
        for _ in range(2):  # two processes
            async with tracing.exporting(settings, role="all"):
                for job in jobs:
                    with tracing.span("step", job=job), tracing.span("below"):
                        assert (tracing.trace_id() is not None) == (int(job, 16) < 2**62)
    traced = [bytes.fromhex(span.trace)[8:].hex() for span in collector.named("below")]
    assert sorted(traced) == sorted(2 * [job for job in jobs if int(job, 16) < 2**62])


async def test_service_name_can_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "castbook-staging")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=staging")
    async with Collector() as collector, tracing.exporting(TraceSettings(endpoint=collector.endpoint), role="http"):
        tracing.took("done", 0.5, status=None)
    (done,) = collector.spans
    assert done.resource["service.name"] == "castbook-staging"
    assert done.resource["deployment.environment"] == "staging"
    assert done.resource["castbook.role"] == "http"
    assert done.attributes == {}


async def test_a_collector_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
    monkeypatch.setattr(limits, "TRACES_FLUSHED_WITHIN", 0.1)
    async with Collector(silent=True) as collector:
        with structlog.testing.capture_logs() as logged:
            async with tracing.exporting(TraceSettings(endpoint=collector.endpoint), role="all"):
                tracing.took("done", 0.1)
    assert [line["event"] for line in logged] == ["traces_cut_off"]


async def test_a_dead_collector_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    async with Collector() as collector:
        pass  # nobody listens there any more
    with structlog.testing.capture_logs() as logged:
        async with tracing.exporting(TraceSettings(endpoint=collector.endpoint), role="all"):
            for _ in range(6):
                tracing.took("done", 0.1)
                await asyncio.sleep(0.15)
    assert [line["event"] for line in logged if line["event"] != "traces_cut_off"] == ["traces_not_sent"]
    assert caplog.records == []
