"""What holds for every test."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from xdist import is_xdist_worker

from tests import injected, query_plans
from tests.compiled_once import compile_once
from tests.remembered_looks import keep_looks

# A shared machine is slow at times: how many examples there are is what counts, not how long one takes. The same
# examples in every run, so that a red build is about the change.
settings.register_profile("castbook", deadline=None, derandomize=True)
settings.load_profile("castbook")


# Walks through the whole bot or the whole media child, again and again, and others that pass almost no line of their
# own (in all, some in a hundred). Counting coverage makes them half as long again. So it is with what is tried with
# many examples (below).
UNCOUNTED = [
    Path(__file__).parent / name
    for name in (
        "app/test_drain.py",
        "app/test_locked_database.py",
        "benchmarks",
        "chat/test_render_job.py",
        "chat/test_hostile_words.py",
        "cogs/test_first_answer.py",
        "cogs/test_strangers.py",
        "faults",
        "jobs/test_character.py",
        "jobs/test_choose.py",
        "jobs/test_erasure.py",
        "jobs/test_export.py",
        "jobs/test_admission_queue.py",
        "jobs/test_provider_faults.py",
        "jobs/test_provider_pictures.py",
        "jobs/test_restart.py",
        "jobs/test_submit.py",
        "jobs/test_watch.py",
        "media/child/test_best_seconds.py",
        "media/child/test_contact_sheet.py",
        "media/child/test_frames.py",
        "media/child/test_samples.py",
        "media/child/test_shots.py",
        "media/child/test_soundtrack.py",
        "media/child/test_stills.py",
        "media/test_hostile_files.py",
        "playground/test_clip.py",
        "playground/test_footage.py",
        "provider/test_client.py",
        "provider/test_webhooks.py",
        "values/test_time_range.py",
        "wire",
    )
]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Takes coverage's tracer away where nothing is to be counted (pytest-cov's ``no_cover`` leaves it in workers)."""
    here, in_new_threads = sys.gettrace(), threading.gettrace()
    is_coverage = type(here).__module__.startswith("coverage")  # and not somebody's debugger
    has_examples = isinstance(item, pytest.Function) and getattr(item.obj, "is_hypothesis_test", False)
    if not is_coverage or not (has_examples or any(item.path.is_relative_to(place) for place in UNCOUNTED)):
        return (yield)
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(here)
        threading.settrace(in_new_threads)


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
compile_once()
query_plans.record()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One more test, of the whole run: no statement that any of the tests had the bot send scans a growing table."""
    worker = getattr(session.config, "workerinput", None)
    folder = _run_folder(session.config)
    if worker is not None or not session.config.getoption("numprocesses", None):
        query_plans.save(folder, worker["workerid"] if worker else "alone")
    if worker is None:
        found = query_plans.scans(query_plans.saved(folder), folder)
        session.config.stash[_SCANS] = found
        if found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which statements those were."""
    found = config.stash.get(_SCANS, [])
    if found:
        terminalreporter.section("queries that scan a table which grows", red=True)
        for line in found:
            terminalreporter.line(line)


_SCANS = pytest.StashKey[list[str]]()


def _run_folder(config: pytest.Config) -> Path:
    """One for the run, which its workers share."""
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # pytest's own
    own = factory.getbasetemp()
    return own.parent if hasattr(config, "workerinput") else own


@pytest.fixture(scope="session", autouse=True)
def looks_are_kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where all workers find them: the folder of a worker is in the one of the run."""
    own = tmp_path_factory.getbasetemp()
    keep_looks((own.parent if is_xdist_worker(request) else own) / "looks")


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
