"""Runs a PostgreSQL server for as long as anybody holds the other end of our standard input, then removes its folder.

A program of its own: whoever started the server may be killed at any moment, and the server must not outlive them.
``postgres_watch.py FOLDER USER PROGRAM ARGUMENT…``; USER is empty for our own.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from typing import Any


def main(folder: str, user: str, command: list[str]) -> None:
    """Returns at once, and goes on by itself until the server has ended: because all have gone, or of its own (its
    folder stays then, for another start)."""
    if os.fork():
        return
    os.setsid()  # who interrupts the tests does not mean us
    who: dict[str, Any] = {"user": user, "group": _group(user), "extra_groups": []} if user else {}
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder, **who)
    while server.poll() is None:
        readable, _, _ = select.select([0], [], [], 0.2)
        if readable and _nobody_left():
            os.close(0)  # from here on nobody can come to hold it
            _stop(server)
            shutil.rmtree(folder, ignore_errors=True)


def _nobody_left() -> bool:
    try:
        return not os.read(0, 1)
    except BlockingIOError:  # somebody came in this very moment
        return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """At once and without regard to what is connected; the data goes anyway."""
    server.send_signal(signal.SIGQUIT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _group(user: str) -> int:
    import pwd  # there is none on Windows, and nothing else here needs it

    return pwd.getpwnam(user).pw_gid


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
