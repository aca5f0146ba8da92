"""A process of one role after another in the same place, beside those of other roles on one PostgreSQL."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from bot.app.roles import Role, Shards
from tests.faults.app import Orders, live
from tests.faults.points import Kill, Trace
from tests.forks import Fork


class RoleProcess:
    """One place of a deployment, such as the second worker: each ``start`` is a new process, in the same folder."""

    def __init__(
        self,
        name: str,
        role: Role,
        folder: Path,
        environ: Mapping[str, str],
        *,
        looks: Path,
        lease: timedelta,
        shards: Shards | None = None,
    ) -> None:
        folder.mkdir()
        self.name = name
        self.role = role
        self.folder = folder
        self.lives = 0
        self.started_at = 0.0  # by time.monotonic()
        self._environ = environ
        self._looks = looks
        self._lease = lease
        self._shards = shards
        self._armed = folder / "armed"
        self._process: Fork | None = None

    def start(self, kill: Kill | None = None, *, only_opens: bool = False) -> None:
        """Start the next process; ``kill`` counts once it is armed. ``only_opens``: it sweeps, and ends."""
        self.lives += 1
        self.started_at = time.monotonic()
        for left in (self._armed, self.folder / "names", self.folder / "port"):
            left.unlink(missing_ok=True)
        self._process = Fork(
            live,
            Orders(
                folder=self.folder,
                environ=self._environ,
                trace=self._trace,
                clock=None,
                armed=self._armed,
                kill=kill,
                looks=self._looks,
                only_opens=only_opens,
                role=self.role,
                shards=self._shards,
                lease=self._lease,
                told=self.folder,
            ),
        )

    def arm(self) -> None:
        """From now on its points count."""
        self._armed.touch()

    @property
    def alive(self) -> bool:
        """Whether a process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def returncode(self) -> int | None:
        """The exit code of the last process, or the negative number of its signal; ``None`` while it runs."""
        return None if self._process is None else self._process.returncode

    @property
    def names(self) -> frozenset[str]:
        """By which the last process leases jobs: for its steps, and while it answers somebody."""
        return frozenset(self._said("names").split())

    @property
    def address(self) -> str:
        """Where it serves; nothing as long as it does not."""
        port = self._said("port")
        return f"http://127.0.0.1:{port}" if port else ""

    @property
    def interactions(self) -> str:
        """Where it takes interactions over HTTP; nothing as long as it does not."""
        return f"{self.address}/interactions" if self.address else ""

    @property
    def came_to_its_point(self) -> bool:
        """Whether the last process ended where it was told to."""
        return Trace.read(self._trace).killed

    @property
    def log(self) -> str:
        """What all processes here have written to stderr."""
        file = self.folder / "stderr.log"
        return file.read_text("utf-8", errors="replace") if file.exists() else ""

    def kill_now(self) -> None:
        """End it, as a power cut does. It may be dead already."""
        if self._process is not None and self.alive:
            self._process.kill()

    async def kill(self) -> None:
        """The same; returns when it is gone."""
        if self._process is not None:
            self.kill_now()
            await self._process.wait()

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None and self.alive:
            self._process.terminate()

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        assert self._process is not None
        return await self._process.wait()

    def _said(self, name: str) -> str:
        with contextlib.suppress(FileNotFoundError):  # it has not come as far
            return (self.folder / name).read_text()
        return ""

    @property
    def _trace(self) -> Path:
        return self.folder / f"trace-{self.lives}"
