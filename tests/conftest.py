"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

# A shared machine is slow at times: how many examples there are is what counts, not how long one takes. The same
# examples in every run, so that a red build is about the change.
settings.register_profile("castbook", deadline=None, derandomize=True)
settings.load_profile("castbook")


@pytest.fixture
def restored_logs() -> Iterator[None]:
    """The loggers as they were before."""
    names = ("", "bot", "cogs", "playground", "sqlalchemy", "aiohttp.access")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    structlog.reset_defaults()
