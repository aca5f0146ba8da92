"""What the process of the bot does at each point that it passes: writes it down, and dies where it was told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

from tests.faults.points import ARMED, KILLED, Kill, When


class PassedPoints:
    """Writes down what is passed before it is done, and ends the process where it was told to."""

    def __init__(self, *, trace: Path, armed: Path, kill: Kill | None) -> None:
        """``armed``: points count from the moment that there is such a file."""
        self._trace = os.open(trace, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._kill = kill
        self._armed_by = armed
        self._armed = False
        self._hits: Counter[tuple[str, str]] = Counter()
        self._dying_in = ""

    def passed(self, name: str, when: When) -> None:
        """One more time."""
        if self._comes_to(name, when):
            die()

    def begin(self, name: str) -> None:
        """An act of the event loop begins."""
        self.passed(name, "before")
        if self._kill and self._kill.when == "during" and self._comes_to(name, "during"):
            self._dying_in = name
            asyncio.get_running_loop().call_later(self._kill.delay, die)

    def end(self, name: str) -> None:
        """It is done, and nobody knows yet."""
        if self._dying_in == name:
            die()
        self.passed(name, "after")

    def _comes_to(self, name: str, when: When) -> bool:
        """Write it down; whether this is where it ends."""
        self._armed = self._armed or self._armed_by.exists()
        kill, fatal = self._kill, False
        if self._armed:
            self._hits[name, when] += 1
            fatal = kill is not None and (name, when, self._hits[name, when]) == (kill.point, kill.when, kill.hit)
        marks = [mark for mark, set_ in ((ARMED, self._armed), (KILLED, fatal)) if set_]
        os.write(self._trace, " ".join((name, when, *marks)).encode() + b"\n")
        return fatal


def die() -> None:
    """As in a power cut, with all threads."""
    os.kill(os.getpid(), signal.SIGKILL)
