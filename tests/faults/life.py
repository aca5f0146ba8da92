"""One process of the bot after another on the same files, each with where it is to be killed."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from tests.faults.app import Orders, live
from tests.faults.points import Kill, Trace


def _forks() -> ForkServerContext:
    """Processes that begin where the imports are done: a start costs a third of what it would, and is the same one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.app"])
    return context


_FORKS = _forks()


class Bot:
    """``folder`` has its database and its files; ``looks`` is where the answers of media children are kept."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *, looks: Path | None, same_nonce: float) -> None:
        self.folder = folder
        self._environ = dict(environ)
        self._looks = looks
        self._same_nonce = same_nonce
        self._clock = folder / "clock"
        self._clock.touch()
        self.advance(0.0)
        self._armed = folder / "armed"
        self._process: ForkServerProcess | None = None
        self._over = asyncio.Event()
        self.lives = 0

    @property
    def log(self) -> str:
        """What all processes so far have written to stderr."""
        file = self.folder / "stderr.log"
        return file.read_text("utf-8", errors="replace") if file.exists() else ""

    @property
    def trace(self) -> Trace:
        """What the last process came to."""
        return Trace.read(self._trace)

    @property
    def _trace(self) -> Path:
        return self.folder / f"trace-{self.lives}"

    def advance(self, seconds: float) -> None:
        """Its clock jumps, now or at its next start."""
        file = os.open(self._clock, os.O_WRONLY)
        os.pwrite(file, f"{seconds:020.3f}".encode(), 0)  # in one piece, and never shorter: it is read at any time
        os.close(file)

    def arm(self) -> None:
        """From now on, in all lives, points count."""
        self._armed.touch()

    def start(self, kill: Kill | None = None, *, only_opens: bool = False) -> None:
        """Start the next process."""
        self.lives += 1
        orders = Orders(
            folder=self.folder,
            environ=self._environ,
            trace=self._trace,
            clock=self._clock,
            armed=self._armed,
            kill=kill,
            looks=self._looks,
            same_nonce=self._same_nonce,
            only_opens=only_opens,
        )
        self._process = _FORKS.Process(target=live, args=(orders,), daemon=True)
        self._process.start()  # not in a thread: each start also looks after the processes of the other starts
        over, sentinel, loop = asyncio.Event(), self._process.sentinel, asyncio.get_running_loop()

        def ended() -> None:
            loop.remove_reader(sentinel)
            over.set()

        loop.add_reader(sentinel, ended)
        self._over = over

    @property
    def alive(self) -> bool:
        """Whether a process runs."""
        return self._process is not None and not self._over.is_set()

    async def ended(self) -> int:
        """Wait for its end; the exit code, or the negative number of the signal that ended it."""
        process = self._process
        assert process is not None
        await self._over.wait()
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    async def kill(self) -> None:
        """End it now, as a power cut does. It may be dead already."""
        if self._process is not None and self.alive:
            self._process.kill()
            await self.ended()
