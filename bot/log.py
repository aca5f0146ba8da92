"""Structured logs on stderr: our events and those of the libraries, without secrets or payloads."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import secrets as randomness
import sys
from collections.abc import Iterable
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot import tracing
from bot.config import LogSettings
from bot.metrics import UNEXPECTED_ERRORS

MASK: Final = "[secret]"
SHORTEST_SECRET: Final = 4  # masking every "a" would make logs unreadable, and protect nothing

_OURS = ("bot", "cogs", "playground")
# These loggers stay at INFO or above, because below (SQLAlchemy: at INFO) they log what passes through them:
# interaction tokens and parameters of statements.
_FLOORS = {"": logging.INFO, "sqlalchemy": logging.WARNING, "aiohttp.access": logging.WARNING}
# Interaction tokens are too many and too short-lived to be registered: they are recognised by context and format.
_TOKEN = re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\s?\"'\\]+|aW50ZXJhY3Rpb246[\w-]+")


class _Handler(logging.StreamHandler[TextIO]):
    """A class of our own, so that it can be found and replaced when logging is configured again."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (logging's name)
        """Say that a line is missing. The default would print its arguments unmasked."""
        with contextlib.suppress(OSError, ValueError):  # stderr is gone: nobody is left to tell
            self.stream.write(f"A line from {record.pathname}:{record.lineno} could not be logged.\n")


def configure(settings: LogSettings, *, secrets: Iterable[str] = ()) -> None:
    """Send all logs to stderr, as text or as JSON lines.

    ``secrets`` are masked wherever they occur: in an event, a value, a traceback. Below INFO only our own loggers are
    heard.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        _traced,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # as plain text: richer formats show local variables
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _Masked(_renderer(settings), secrets),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(other for other in root.handlers if not isinstance(other, _Handler)), handler]
    level = logging.getLevelNamesMapping()[settings.level]
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(level, floor))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)


def unexpected(event: str, error: BaseException, **context: object) -> str:
    """Log a defect with its traceback under a new id of 8 hex digits, and return the id for the person affected."""
    error_id = new_error_id()
    UNEXPECTED_ERRORS.inc()
    tracing.mark(error=error, error_id=error_id)
    structlog.get_logger(__name__).error(event, error_id=error_id, exc_info=error, **context)
    return error_id


def passing(event: str, error: BaseException, **context: object) -> str:
    """Log a temporary fault that is no defect: one line under a new id, without a traceback; returns the id."""
    error_id = new_error_id()
    tracing.mark(error=error, error_id=error_id)
    structlog.get_logger(__name__).warning(event, error_id=error_id, error=type(error).__name__, **context)
    return error_id


def new_error_id() -> str:
    """8 hex digits that identify a log line."""
    return randomness.token_hex(4)


def _traced(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Inside a span, add the trace's id to the line."""
    trace_id = tracing.trace_id()
    return event if trace_id is None else {**event, "trace_id": trace_id}


def _renderer(settings: LogSettings) -> Processor:
    if settings.format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), repr_native_str=True, exception_formatter=structlog.dev.plain_traceback
    )


class _Masked:
    """Wraps a renderer, and masks secrets in its finished text, where nothing can hide them any more."""

    def __init__(self, renderer: Processor, secrets: Iterable[str]) -> None:
        self._renderer = renderer
        spellings = {
            spelling
            for secret in secrets
            if len(secret) >= SHORTEST_SECRET
            for spelling in (secret, json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1])
        }
        longest_first = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        rendered = self._renderer(logger, name, event)
        assert isinstance(rendered, str), "both renderers make text"  # noqa: S101  (for mypy)
        if self._secrets:
            rendered = self._secrets.sub(MASK, rendered)
        return _TOKEN.sub(lambda token: (token[1] or "") + MASK, rendered)
