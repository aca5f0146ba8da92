"""One question to the child process: started, asked, heard out, and gone in every case.

Nothing that it does can hurt whoever asks: not silence, not a flood, not its death. Its whole process group is killed
when it takes too long, says too much, or nobody waits for the answer any more; and it dies with us.
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
# Nothing of ours: the bot's own environment holds its token. Two threads, because a decoder uses two as well.
_ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
}


class Ending(StrEnum):
    """How a child ended that gave no answer."""

    NOT_STARTED = "not_started"  # no memory or no process number left for it
    TOO_SLOW = "too_slow"
    TOO_MUCH_SAID = "too_much_said"
    DIED = "died"


class ChildFailed(Exception):
    """There is no answer. ``status`` is the exit code, or the negative number of the signal that ended the child."""

    def __init__(self, ending: Ending, status: int | None = None) -> None:
        super().__init__(ending, status)
        self.ending = ending
        self.status = status


async def ask(request: bytes, *, seconds: float) -> bytes:
    """What the child answers to ``request`` within ``seconds``, of at most :data:`MOST_ANSWERED` bytes.

    When this returns or raises, also :class:`asyncio.CancelledError`, the child is gone, and so is its whole group if
    it had to be killed. It also dies with the thread that runs this: that has to live as long as the bot.
    Raises :class:`ChildFailed`.
    """
    child = _Child()
    try:
        await shielded(_start(child))
        child.hear(request)
        async with asyncio.timeout(seconds):
            await child.finished.wait()
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
    """A child as the event loop sees it. ``finished``: it has ended and all it said is here, or it said too much."""

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

    def hear(self, request: bytes) -> None:
        """Hand over the one request. A child that is dead already is noticed by its end."""
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
        if len(self.answer) <= MOST_ANSWERED:  # after that, it is only waited for its death
            self.answer += data
        if len(self.answer) > MOST_ANSWERED:
            self.finished.set()

    def process_exited(self) -> None:
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self.finished.set()
