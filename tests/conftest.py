"""What holds for every test."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from xdist import is_xdist_worker  # type: ignore[import-untyped]  # it brings no types

from bot import catalogues
from tests import injected, postgres_statements, query_plans
from tests.catalogues import forget
from tests.migrated import migrated_in
from tests.postgres_cluster import Cluster, NoPostgres, shared_cluster, shared_or_skipped
from tests.postgres_databases import Databases
from tests.remembered_looks import keep_looks
from tests.unsynced import sync_nothing

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


def look_for_cycles_seldom() -> None:
    """All that is imported stays; going through it for garbage again and again would be a tenth of the whole run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


sync_nothing()
quiet_tracebacks()
query_plans.record()
postgres_statements.compile_once()
look_for_cycles_seldom()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait for processes come among those that compute, and none of them last: else one worker would
    still wait for its longest test when the others have ended. (``--no-loadscope-reorder`` keeps this order.)"""
    files = list(dict.fromkeys(item.path for item in items))
    waiting = [path for path in files if path.relative_to(_HERE).parts[0] in _WAITING]
    others = [path for path in files if path not in set(waiting)]
    place = {path: number / len(waiting) * _WAITING_UNTIL for number, path in enumerate(waiting)}
    place |= {path: number / len(others) for number, path in enumerate(others)}
    items.sort(key=lambda item: place[item.path])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One more test, of the whole run: no statement that any of the tests had the bot send scans a growing table."""
    worker = getattr(session.config, "workerinput", None)
    folder = _run_folder(session.config)
    if worker is not None or not session.config.getoption("numprocesses", None):
        name = worker["workerid"] if worker else "alone"
        query_plans.save(folder, name)
        query_plans.save_scans(folder, name, _scans_on_postgres(session.config, name))
    if worker is None:
        found = query_plans.scans(query_plans.saved(folder), migrated_in(folder)) + query_plans.saved_scans(folder)
        session.config.stash[_SCANS] = found
        if found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _scans_on_postgres(config: pytest.Config, worker: str) -> list[str]:
    """Of what this process has sent there; nothing where there is no PostgreSQL for tests. Lets go of the cluster."""
    folder, sent, cluster = _run_folder(config), query_plans.sent_to_postgres(), config.stash.get(_CLUSTER, None)
    try:
        cluster = cluster or (shared_cluster(folder) if sent else None)
    except NoPostgres:
        return []
    if cluster is None:
        return []
    databases = Databases(cluster, folder, f"plans_{worker}")
    try:
        return query_plans.scans_on_postgres(sent, databases)
    finally:
        databases.close()
        cluster.let_go()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which statements those were."""
    found = config.stash.get(_SCANS, [])
    if found:
        terminalreporter.section("queries that scan a table which grows", red=True)
        for line in found:
            terminalreporter.line(line)


_HERE = Path(__file__).parent
_WAITING = ("faults", "playground", "wire")  # folders
_WAITING_UNTIL = 0.7  # of the run
_SCANS = pytest.StashKey[list[str]]()
_CLUSTER = pytest.StashKey[Cluster]()


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


@pytest.fixture(scope="session")
def migrated(request: pytest.FixtureRequest) -> Path:
    """The file of an empty database at head, to copy."""
    return migrated_in(_run_folder(request.config))


@pytest.fixture(scope="session", autouse=True)
def faults_by_kind(record_testsuite_property: Callable[[str, object], None]) -> Iterator[None]:
    """In the report (``--junitxml``), where ``make faults`` reads it."""
    yield
    for kind, times in injected.happened.items():
        record_testsuite_property(f"{injected.FIGURE}{kind}", times)


@pytest.fixture(scope="session")
def postgres_cluster(request: pytest.FixtureRequest) -> Cluster:
    """A PostgreSQL server for all workers of this run. Skips where there is none, but fails on the build machine."""
    cluster = shared_or_skipped(_run_folder(request.config))
    request.config.stash[_CLUSTER] = cluster  # let go of once it has told its plans
    return cluster


@pytest.fixture(scope="session")
def postgres_databases(
    postgres_cluster: Cluster, request: pytest.FixtureRequest, worker_id: str
) -> Iterator[Databases]:
    """What makes and empties databases there."""
    databases = Databases(postgres_cluster, _run_folder(request.config), worker_id)
    yield databases
    databases.close()


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> str:
    """``store.url`` of a database on PostgreSQL that is at head and has no row."""
    return postgres_databases.empty()


@pytest.fixture
def new_postgres_url(postgres_databases: Databases) -> Iterator[Callable[..., str]]:
    """Makes further databases for this test: ``new_postgres_url()`` at head, ``(at_head=False)`` without a table."""
    made: list[str] = []

    def make(*, at_head: bool = True) -> str:
        made.append(postgres_databases.new(at_head=at_head))
        return made[-1]

    yield make
    for url in made:
        postgres_databases.drop(url)


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


@pytest.fixture
def catalogues_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder from which translations are read in this test: an empty one of its own."""
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path / "locale")
    forget()
    yield tmp_path / "locale"
    forget()


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """One for all tests of a module, each with a prefix of its own. No longer: it is busy where nobody asks, too."""
    from tests.s3_server import S3Server, needs_the_server  # with obstore, which few tests need

    needs_the_server()
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.kill()
