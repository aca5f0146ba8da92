"""OpenTelemetry spans for commands and jobs. Does nothing until :func:`exporting` is called.

Spans contain only what logs may contain: ids of jobs, kinds, steps, models, statuses, sizes; no names, links, prompts
or tokens. An error is recorded by its type alone. All steps of a job are in one trace, whichever process runs them,
because its id is derived from the job's. OpenTelemetry is imported only when needed (:mod:`bot.trace_export`).
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
"""``None``: unknown, so it is left out."""

_tracer: Tracer | None = None  # of the process, like the metrics


class Span:
    """The work inside a ``with`` block. This class records nothing, and costs nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        return


_NO_SPAN = Span()


@asynccontextmanager
async def exporting(settings: TraceSettings, *, role: str) -> AsyncIterator[None]:
    """Send the spans of this process to the configured collector meanwhile; without one, do nothing.

    ``role`` is the process's role. At the end, the remaining spans are sent within
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
    """A span for the work inside it; spans of called functions become its children.

    ``job``: it belongs to the trace of the job with this id, whoever the caller is.
    """
    return _NO_SPAN if _tracer is None else _tracer.span(name, attributes, job_id=job)


def job_span(job_id: str, **attributes: Attribute) -> Span:
    """The first span of a new job's trace, the parent of all others of the job."""
    return _NO_SPAN if _tracer is None else _tracer.job_span(job_id, attributes)


def took(name: str, seconds: float, **attributes: Attribute) -> None:
    """Record a span that has just ended and took ``seconds``."""
    if _tracer is not None:
        _tracer.took(name, seconds, attributes)


def mark(*, error: BaseException | None = None, **attributes: Attribute) -> None:
    """Add attributes to the current span."""
    if _tracer is not None:
        _tracer.mark(attributes, error)


def link(job_id: str) -> None:
    """Link the current span to the trace of that job, because it resumed the job."""
    if _tracer is not None:
        _tracer.link(job_id)


def trace_id() -> str | None:
    """The id of the current span's trace, 32 hex digits; ``None`` if there is none."""
    return None if _tracer is None else _tracer.trace_id()
