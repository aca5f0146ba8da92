"""Creates OpenTelemetry spans and sends them to a collector. Imported only if one is configured
(:mod:`bot.tracing`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Final, Self

import structlog
from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

from bot import __version__, limits
from bot.config import TraceSettings
from bot.tracing import Attribute, Span

_log = structlog.get_logger(__name__)

# "castbook" in hex, followed by the job's id, so that each can be derived from the other
_TRACE_OF_JOB: Final = int.from_bytes(b"castbook") << 64
_FLAGS: Final = trace.TraceFlags(trace.TraceFlags.SAMPLED | trace.TraceFlags.RANDOM_TRACE_ID)
_NANOSECONDS: Final = 1_000_000_000

_beginning: ContextVar[str] = ContextVar("beginning", default="")  # the job whose first span is being created


class Tracer:
    """The spans of this process, and their export. Whether a trace is sampled depends only on its id, so every process
    decides the same for a job.
    """

    def __init__(self, settings: TraceSettings, *, role: str) -> None:
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "castbook"}
        self._provider = TracerProvider(
            sampler=TraceIdRatioBased(settings.sample),
            resource=Resource.create(
                named
                | {
                    "service.version": __version__,
                    "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
                    "castbook.role": role,
                }
            ),
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=f"{settings.endpoint}/v1/traces")
        self._provider.add_span_processor(BatchSpanProcessor(_Watched(exporter)))
        self._tracer = self._provider.get_tracer("castbook", __version__)
        # It logs the same at each try, with the address and a proxy's answer. We log once that it fails.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    async def close(self) -> None:
        """Send the remaining spans, within the time limit."""
        # In a daemon thread: the process would wait for the loop's own threads.
        sending = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        sending.start()
        until = time.monotonic() + limits.TRACES_FLUSHED_WITHIN
        while sending.is_alive():
            if time.monotonic() > until:
                _log.warning("traces_cut_off")
                return
            await asyncio.sleep(0.01)

    def span(self, name: str, attributes: Mapping[str, Attribute], *, job_id: str) -> Span:
        """As in :func:`bot.tracing.span`."""
        parent = trace.set_span_in_context(trace.NonRecordingSpan(_first_of(job_id))) if job_id else None
        return _OpenSpan(self._tracer.start_span(name, parent, attributes=_known(attributes)))

    def job_span(self, job_id: str, attributes: Mapping[str, Attribute]) -> Span:
        """As in :func:`bot.tracing.job_span`."""
        asked_in = trace.get_current_span().get_span_context()
        links = [trace.Link(asked_in)] if asked_in.is_valid else []
        before = _beginning.set(job_id)
        try:
            # Without a context, so it has no parent.
            return _OpenSpan(self._tracer.start_span("job", Context(), attributes=_known(attributes), links=links))
        finally:
            _beginning.reset(before)

    def took(self, name: str, seconds: float, attributes: Mapping[str, Attribute]) -> None:
        """As in :func:`bot.tracing.took`."""
        began = time.time_ns() - int(seconds * _NANOSECONDS)
        self._tracer.start_span(name, attributes=_known(attributes), start_time=began).end()

    def mark(self, attributes: Mapping[str, Attribute], error: BaseException | None) -> None:
        """As in :func:`bot.tracing.mark`."""
        present = trace.get_current_span()
        present.set_attributes(_known(attributes))
        if error is not None:
            _failed(present, error)

    def link(self, job_id: str) -> None:
        """As in :func:`bot.tracing.link`."""
        present = trace.get_current_span()
        if present.is_recording():
            present.add_link(_first_of(job_id))

    def trace_id(self) -> str | None:
        """As in :func:`bot.tracing.trace_id`."""
        present = trace.get_current_span().get_span_context()
        return trace.format_trace_id(present.trace_id) if present.trace_flags.sampled else None


class _OpenSpan(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._before: Token[Context] | None = None

    def __enter__(self) -> Self:
        self._before = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._before is not None:
            context.detach(self._before)
        if error is not None:
            _failed(self._span, error)
        self._span.end()


class _Ids(RandomIdGenerator):
    """Random ids, except that those of a job's first span are derived from the job's id."""

    def generate_span_id(self) -> int:
        job_id = _beginning.get()
        return _first_of(job_id).span_id if job_id else super().generate_span_id()

    def generate_trace_id(self) -> int:
        job_id = _beginning.get()
        return _first_of(job_id).trace_id if job_id else super().generate_trace_id()


class _Watched(SpanExporter):
    """Logs once that the collector rejects spans, and once that it accepts them again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failing = result is not SpanExportResult.SUCCESS
        if failing and not self._failing:
            _log.warning("traces_not_sent")
        elif self._failing and not failing:
            _log.info("traces_sent_again")
        self._failing = failing
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _first_of(job_id: str) -> trace.SpanContext:
    """The context of a job's first span, in any process."""
    number = int(job_id, 16)
    return trace.SpanContext(_TRACE_OF_JOB | number, number, is_remote=True, trace_flags=_FLAGS)


def _known(attributes: Mapping[str, Attribute]) -> dict[str, str | bool | int | float]:
    return {f"castbook.{name}": value for name, value in attributes.items() if value is not None}


def _failed(span: trace.Span, error: BaseException) -> None:
    """Records only the error's type, because its message may be confidential. A cancellation is no failure."""
    span.set_attribute("error.type", type(error).__name__)
    if isinstance(error, Exception):
        span.set_status(trace.StatusCode.ERROR)
