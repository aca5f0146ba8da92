"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from hypothesis import settings

from tests import injected

# A shared machine is slow at times: how many examples there are is what counts, not how long one takes. The same
# examples in every run, so that a red build is about the change.
settings.register_profile("castbook", deadline=None, derandomize=True)
settings.load_profile("castbook")


def quiet_tracebacks() -> None:
    """Logs as they are without configuration, but for tracebacks: drawing pretty ones takes seconds in all."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


quiet_tracebacks()


@pytest.fixture(scope="session", autouse=True)
def faults_by_kind(record_testsuite_property: Callable[[str, object], None]) -> Iterator[None]:
    """In the report (``--junitxml``), where ``make faults`` reads it."""
    yield
    for kind, times in injected.happened.items():
        record_testsuite_property(f"{injected.FIGURE}{kind}", times)


@pytest.fixture
def restored_logs() -> Iterator[None]:
    """The loggers as they were before."""
    names = ("", "bot", "cogs", "playground", "discord", "sqlalchemy", "aiohttp.access")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()
    quiet_tracebacks()
