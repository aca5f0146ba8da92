"""One process of the bot after another on the same files, each with where it is to be killed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.faults.app import Orders, live
from tests.faults.points import Kill, Trace
from tests.forks import Fork


class Bot:
    """``folder`` has its database and its files; ``looks`` is where the answers of media children are kept."""

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *,
        looks: Path | None,
        same_nonce: float,
        last_click: float,
        small_video: int,
    ) -> None:
        self.folder = folder
        self._environ = dict(environ)
        self._looks = looks
        self._same_nonce = same_nonce
        self._last_click = last_click
        self._small_video = small_video
        self._clock = folder / "clock"
        self._clock.touch()
        self.advance(0.0)
        self._armed = folder / "armed"
        self._process: Fork | None = None
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
            last_click=self._last_click,
            small_video=self._small_video,
            only_opens=only_opens,
        )
        self._process = Fork(live, orders)

    @property
    def alive(self) -> bool:
        """Whether a process runs."""
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Wait for its end; the exit code, or the negative number of the signal that ended it."""
        assert self._process is not None
        return await self._process.wait()

    async def kill(self) -> None:
        """End it now, as a power cut does. It may be dead already."""
        if self._process is not None and self.alive:
            self._process.kill()
            await self.ended()
