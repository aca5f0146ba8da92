"""Runs the child process for one request, and makes sure that it is gone afterwards.

Nothing that the child does can hurt the bot: neither silence, nor too long an answer, nor its death. Its whole process
group is killed when it takes too long, takes too much memory, answers too much, or nobody waits for the answer any
more. It also dies with the bot.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

from bot.concurrency import shielded

PROGRAM: Final = Path(__file__).with_name("child") / "__main__.py"
MOST_ANSWERED: Final = 256 * 1024  # bytes; the longest honest answer has a few thousand
# Of memory that is really there. The largest pictures that are opened (4096x4096, 10 bits a colour) took 790 MB.
MOST_RESIDENT_MB: Final = 1024
_LOOK_EVERY: Final = 0.05  # seconds from one look at its memory to the next; one takes some 20 microseconds
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
# Nothing of ours: the bot's own environment holds its token. Two threads, because a decoder uses two as well. With one
# arena of the allocator for all threads it needs a tenth less memory, and no more time.
_ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}


class Ending(StrEnum):
    """How a child ended that gave no answer."""

    NOT_STARTED = "not_started"  # no memory or no process number left for it
    TOO_SLOW = "too_slow"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_MUCH_SAID = "too_much_said"
    DIED = "died"


class ChildFailed(Exception):
    """There is no answer. ``status`` is the exit code, or the negative number of the signal that ended the child."""

    def __init__(self, ending: Ending, status: int | None = None) -> None:
        super().__init__(ending, status)
        self.ending = ending
        self.status = status


async def ask(request: bytes, *, seconds: float) -> bytes:
    """What the child answers to ``request`` within ``seconds``, at most :data:`MOST_ANSWERED` bytes.

    The child is killed when more than :data:`MOST_RESIDENT_MB` of it are resident. When this returns or raises, also
    :class:`asyncio.CancelledError`, the child is gone, and so is its whole process group if it had to be killed. The
    child also dies with the thread that runs this, which must therefore live as long as the bot.
    Raises :class:`ChildFailed`.
    """
    child = _Child()
    try:
        await shielded(_start(child))
        child.send(request)
        async with asyncio.timeout(seconds):
            await _finished(child)
    except TimeoutError:
        raise ChildFailed(Ending.TOO_SLOW) from None
    except OSError as error:
        raise ChildFailed(Ending.NOT_STARTED, error.errno) from error
    finally:
        await shielded(child.end())
    if len(child.answer) > MOST_ANSWERED:
        raise ChildFailed(Ending.TOO_MUCH_SAID)
    if child.status != 0:
        raise ChildFailed(Ending.DIED, child.status)
    return bytes(child.answer)


async def _finished(child: _Child) -> None:
    """Wait for the end of ``child``, and look at its memory meanwhile. Raises ChildFailed where that is too much."""
    while not child.finished.is_set():
        if child.resident_mb > MOST_RESIDENT_MB:
            raise ChildFailed(Ending.TOO_MUCH_MEMORY)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_EVERY):
                await child.finished.wait()


async def _start(child: _Child) -> None:
    await asyncio.get_running_loop().subprocess_exec(
        lambda: child,
        sys.executable,
        "-I",  # neither the environment nor the working folder decides what it imports
        "-B",
        str(PROGRAM),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a process group of its own, which can be killed as one
        close_fds=True,
        cwd="/",
        env=_ENVIRONMENT,
    )


class _Child(asyncio.SubprocessProtocol):
    """A child as the event loop sees it. ``finished``: it ended and its answer is here, or the answer is too long."""

    def __init__(self) -> None:
        self.answer = bytearray()
        self.finished = asyncio.Event()
        self._transport: asyncio.SubprocessTransport | None = None
        self._exited = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def status(self) -> int | None:
        """The exit code, or the negative number of a signal; ``None`` while it runs, or where it never did."""
        return self._transport.get_returncode() if self._transport else None

    @property
    def resident_mb(self) -> float:
        """The memory that it occupies, in MB; 0 where it has ended."""
        try:
            statm = Path(f"/proc/{self._transport.get_pid()}/statm").read_bytes() if self._transport else b"0 0"
        except OSError:  # it ended, and was reaped
            return 0.0
        return int(statm.split()[1]) * _PAGE / (1024 * 1024)

    def send(self, request: bytes) -> None:
        """Send the one request. If the child is dead already, that is noticed by its end."""
        stdin = self._transport.get_pipe_transport(0) if self._transport else None
        if isinstance(stdin, asyncio.WriteTransport):
            stdin.write(request)
            stdin.close()

    async def end(self) -> None:
        """Kill the group if the child still runs, and wait until it is gone and its pipes are closed."""
        if self._transport is None:
            return
        if self.status is None:
            with suppress(ProcessLookupError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)
            await self._exited.wait()
        self._transport.close()
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101  (for mypy)
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if len(self.answer) <= MOST_ANSWERED:  # anything beyond that is dropped
            self.answer += data
        if len(self.answer) > MOST_ANSWERED:
            self.finished.set()

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self.finished.set()
