"""Runs a child process for one request, and makes sure that it has ended afterwards.

The bot survives whatever the child does: no answer, too long an answer, or a crash. The child's whole process group is
killed when it takes too long, uses too much memory, answers too much, or the caller is cancelled. It also dies with the
bot.

All of this runs in a thread: on a busy machine starting a process takes tens of milliseconds, in which the event loop
has commands to answer.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Final

from bot import limits
from bot.concurrency import shielded

PROGRAM: Final = Path(__file__).with_name("child") / "__main__.py"
_LOOK_EVERY: Final = 0.05  # seconds between two memory checks; one takes some 20 microseconds
_END_WITHIN: Final = 0.005  # seconds between two checks whether a child that has answered has also ended
_READ_AT_ONCE: Final = 65_536  # bytes
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
# Nothing of ours: the bot's own environment contains its token. Two threads, because a decoder uses two as well. With
# one allocator arena for all threads it needs a tenth less memory, and no more time.
_ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
# A child dies with the thread that started it, so these threads live as long as the bot. Their number is not meant as a
# limit; the callers limit how many children run at once.
_threads: Final = ThreadPoolExecutor(max_workers=64, thread_name_prefix="media-child")


class Ending(StrEnum):
    """How a child ended without an answer."""

    NOT_STARTED = "not_started"  # no memory or no process number left
    TOO_SLOW = "too_slow"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_MUCH_SAID = "too_much_said"
    DIED = "died"


class ChildFailed(Exception):
    """The child gave no answer. ``status`` is its exit code, or minus the number of the signal that killed it."""

    def __init__(self, ending: Ending, status: int | None = None) -> None:
        super().__init__(ending, status)
        self.ending = ending
        self.status = status


async def ask(request: bytes, *, seconds: float, inherits: Sequence[int] = ()) -> bytes:
    """The child's answer to ``request`` within ``seconds``, at most :data:`bot.limits.CHILD_ANSWER_BYTES` bytes.

    It ``inherits`` these descriptors, under the same numbers, and no others. It is killed when its resident memory
    exceeds :data:`bot.limits.CHILD_RESIDENT_MB`. When this returns or raises, also :class:`asyncio.CancelledError`, the
    child is gone, and so is its whole process group if it had to be killed. Raises :class:`ChildFailed`.
    """
    return await _answer_of(_Child(inherits), request, seconds)


class EarlyChild:
    """A child that is started ahead of time and waits for its request.

    It accepts one request, as :func:`ask` does. :meth:`close` must be awaited in any case.
    """

    def __init__(self) -> None:
        self._child = _Child(())
        self._starting = asyncio.get_running_loop().run_in_executor(_threads, self._child.start)

    async def ask(self, request: bytes, *, seconds: float) -> bytes:
        """As :func:`ask`; ``seconds`` start now."""
        await asyncio.wait({self._starting})
        return await _answer_of(self._child, request, seconds)

    async def close(self) -> None:
        """End it if it was not used. It has exited when this returns."""
        self._child.stop()
        await shielded(asyncio.wait({self._starting}))
        self._starting.exception()  # retrieved, so that asyncio does not log it: the caller of ask() gets it
        await shielded(asyncio.get_running_loop().run_in_executor(_threads, self._child.reap))


async def _answer_of(child: _Child, request: bytes, seconds: float) -> bytes:
    running = asyncio.get_running_loop().run_in_executor(_threads, child.run, request, seconds)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        child.stop()
        try:
            await shielded(asyncio.wait({running}))  # this raises if we are cancelled again meanwhile
        finally:
            if not running.cancelled():
                running.exception()  # retrieved: nobody waits for it any more
        raise


class _Child:
    """One child from start to end. Every method blocks except :meth:`stop`, which may be called from any thread."""

    def __init__(self, inherits: Sequence[int]) -> None:
        self._request = b""
        self._inherits = inherits
        self._answer = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # around the start, the kill and the reaping, because process ids are reused
        self._stopped = False

    def stop(self) -> None:
        """Kill the child, or prevent its start. :meth:`run` then returns."""
        with self._lock:
            self._stopped = True
            self._kill()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it unless it is running already. Raises :class:`ChildFailed`."""
        try:
            return self._process or self._start()
        except OSError as error:
            raise ChildFailed(Ending.NOT_STARTED, error.errno) from error

    def reap(self) -> None:
        """Kill it and wait for its exit. It may have exited before, or never have been started."""
        with self._lock:
            self._kill()
            if self._process is None:
                return
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def run(self, request: bytes, seconds: float) -> bytes:
        """Start the child, and return its answer to ``request`` when it has ended. Raises :class:`ChildFailed`."""
        self._request = request
        deadline = time.monotonic() + seconds
        process = self.start()
        assert process.stdin is not None  # noqa: S101  (for mypy)
        assert process.stdout is not None  # noqa: S101
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdin, selectors.EVENT_WRITE, self._write)
                selector.register(process.stdout, selectors.EVENT_READ, self._read)
                while self._ended() is None or process.stdout in selector.get_map():
                    self._check(process.pid, deadline)
                    answered = process.stdout not in selector.get_map()
                    for key, _ in selector.select(_END_WITHIN if answered else _LOOK_EVERY):
                        if not key.data(key.fileobj):
                            selector.unregister(key.fileobj)
        finally:
            self.reap()
        if len(self._answer) > limits.CHILD_ANSWER_BYTES:
            raise ChildFailed(Ending.TOO_MUCH_SAID)
        if process.returncode != 0:
            raise ChildFailed(Ending.DIED, process.returncode)
        return bytes(self._answer)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise ChildFailed(Ending.DIED)
            self._process = subprocess.Popen(  # noqa: S603 - our own program, without anything from the request
                [
                    sys.executable,
                    "-I",  # neither the environment nor the working folder affects its imports
                    "-B",
                    str(PROGRAM),
                ],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Its own group, which can be killed at once. Not its own session: Linux first distributes the processor
                # among sessions (sched_autogroup), so the child's niceness would have no effect.
                process_group=0,
                close_fds=True,
                pass_fds=self._inherits,
                cwd="/",
                env=_ENVIRONMENT,
            )
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None  # noqa: S101  (for mypy)
            os.set_blocking(pipe.fileno(), False)
        return self._process

    def _check(self, pid: int, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise ChildFailed(Ending.TOO_SLOW)
        if _resident_mb(pid) > limits.CHILD_RESIDENT_MB:
            raise ChildFailed(Ending.TOO_MUCH_MEMORY)

    def _write(self, stdin: IO[bytes]) -> bool:
        """Send more of the request; returns whether any of it is left."""
        try:
            self._request = self._request[stdin.write(self._request) or 0 :]
        except BrokenPipeError:  # it does not listen, or is dead already
            self._request = b""
        if not self._request:
            stdin.close()
        return bool(self._request)

    def _read(self, stdout: IO[bytes]) -> bool:
        """Read more of the answer; returns whether to go on: not at its end, nor when it is too long."""
        data = stdout.read(_READ_AT_ONCE)
        self._answer += data or b""
        if len(self._answer) > limits.CHILD_ANSWER_BYTES:
            raise ChildFailed(Ending.TOO_MUCH_SAID)
        return data != b""

    def _ended(self) -> int | None:
        if self._process is None:
            return None
        with self._lock:
            return self._process.poll()

    def _kill(self) -> None:
        """Kill the whole process group, unless the child has exited by itself. The lock must be held."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _resident_mb(pid: int) -> float:
    """The resident memory of a process in MB; 0 if it has ended."""
    try:
        statm = Path(f"/proc/{pid}/statm").read_bytes()
    except OSError:
        return 0.0
    return int(statm.split()[1]) * _PAGE / (1024 * 1024)
