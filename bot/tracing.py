"""Spans for OpenTelemetry: what took how long, of one command or one job. Until :func:`exporting`, it does nothing.

Spans hold what the logs may hold: ids of jobs, kinds, steps, models, statuses, sizes; no names, links, prompts or
tokens. An error is told by its type alone. What all of a job's steps do is one trace, whichever process does them: its
id follows from the job's. Nothing of OpenTelemetry is imported before it is wanted (:mod:`bot.trace_export`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from bot.config import TraceSettings
from bot.errors import BadStart

if TYPE_CHECKING:
    from bot.trace_export import Tracer

Attribute: TypeAlias = str | bool | int | float | None
"""``None``: not known, so it is left out."""

_tracer: Tracer | None = None  # the process's, as the metrics are


class Span:
    """What is done within a ``with``. This one is of no trace, and costs nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        return


_NO_SPAN = Span()


@asynccontextmanager
async def exporting(settings: TraceSettings, *, role: str) -> AsyncIterator[None]:
    """Send the spans of this process to the collector of the settings meanwhile; without one, do nothing.

    ``role`` is what the process does. In the end, what was not sent yet is sent within
    :data:`bot.limits.TRACES_FLUSHED_WITHIN`. Raises :class:`~bot.errors.BadStart` without the library.
    """
    global _tracer
    if not settings.endpoint:
        yield
        return
    try:
        from bot.trace_export import Tracer
    except ImportError:
        raise BadStart(
            "Tracing (trace.endpoint) needs OpenTelemetry, which is not installed: make otel installs it."
        ) from None
    _tracer = tracer = Tracer(settings, role=role)
    try:
        yield
    finally:
        _tracer = None
        await tracer.close()


def span(name: str, *, job: str = "", **attributes: Attribute) -> Span:
    """A span for what is done within it. What it calls has spans below it.

    ``job``: it belongs to the trace of the job with this id, no matter who called.
    """
    return _NO_SPAN if _tracer is None else _tracer.span(name, attributes, job_id=job)


def job_span(job_id: str, **attributes: Attribute) -> Span:
    """The first span of a new job's trace, below which all others of the job are."""
    return _NO_SPAN if _tracer is None else _tracer.job_span(job_id, attributes)


def took(name: str, seconds: float, **attributes: Attribute) -> None:
    """A span of what has just ended and took ``seconds``."""
    if _tracer is not None:
        _tracer.took(name, seconds, attributes)


def mark(*, error: BaseException | None = None, **attributes: Attribute) -> None:
    """Add to the present span what is known only now."""
    if _tracer is not None:
        _tracer.mark(attributes, error)


def link(job_id: str) -> None:
    """Let the present span point to the trace of that job: it has set it going again."""
    if _tracer is not None:
        _tracer.link(job_id)


def trace_id() -> str | None:
    """The id of the present span's trace, 32 hex digits; ``None`` where none is kept."""
    return None if _tracer is None else _tracer.trace_id()
