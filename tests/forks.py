"""Processes that begin where the bot's imports are done: a start costs a tenth of what it would, and is the same one.

They are forked from a process that has imported all and done nothing; what it imports first is named in PRELOADED.
"""

from __future__ import annotations

import asyncio
import functools
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any

from tests.unsynced import sync_nothing

sys.modules.setdefault("rich", None)  # type: ignore[arg-type]  # as bot.app.__main__ does, for the same reason

PRELOADED = ("tests.forks", "bot.app.service", "tests.faults.app")


class Fork:
    """One of them, from its start to its end; with the methods that asyncio's processes have."""

    def __init__(self, target: Callable[..., None], *args: Any) -> None:
        """Start it: it calls ``target``, which is pickled by its name. Needs a running loop."""
        self._process: ForkServerProcess = _forks().Process(target=target, args=args, daemon=True)
        self._process.start()  # not in a thread: each start also looks after the processes of the other starts
        self._over, loop = asyncio.Event(), asyncio.get_running_loop()
        sentinel = self._process.sentinel

        def ended() -> None:
            loop.remove_reader(sentinel)
            self._process.join()
            self._over.set()

        loop.add_reader(sentinel, ended)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or the negative number of the signal that ended it; ``None`` while it runs."""
        return self._process.exitcode if self._over.is_set() else None

    async def wait(self) -> int:
        """Wait for its end; the exit code."""
        await self._over.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it now, as a power cut does."""
        self._process.kill()


def be_in(folder: Path, environ: Mapping[str, str], out: Path | None = None, err: Path | None = None) -> None:
    """What a shell would do before it starts a program: its environment, its folder, and a file for what it writes.

    That is ``stderr.log`` in the folder, unless ``err`` is named, and ``out`` for stdout. As in all tests, nothing is
    flushed to disk.
    """
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    err = err or folder / "stderr.log"
    for number, path in ((1, out or err), (2, err)):
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, number)
        os.close(log)
    sync_nothing()


@functools.cache
def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context
