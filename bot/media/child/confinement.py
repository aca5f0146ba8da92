"""Sandboxes the child: limits on memory and CPU time, no network, no new privileges, and death with its parent.

This confines an attacker who takes over a decoder. Linux enforces each measure; if the host does not allow one, the
others still hold.
"""

from __future__ import annotations

import ctypes
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bot.media.child.system_calls import refuse_system_calls

_MB = 1024 * 1024
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_SIGKILL = 9
_NICE = 19  # the bot has priority, because it must answer commands within three seconds
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one operation may use.

    For legitimate videos, resident memory is what matters, and the parent watches that
    (:mod:`bot.media.child_process`). These two are hard stops behind it, for files that make a decoder allocate faster
    than anybody can watch: ``memory_mb`` of private writable memory, which includes whole thread stacks (RLIMIT_DATA,
    Linux 4.7), and ``address_space_mb`` of everything.

    The number of processes is not limited, because Linux counts all threads of the user: the bot's and those of its
    neighbours. Starting a process is impossible anyway (:mod:`bot.media.child.system_calls`).
    """

    memory_mb: int = 1536
    address_space_mb: int = 4096
    cpu_seconds: int = 40  # of all threads together
    file_mb: int = 64  # of each file that is written
    files: int = 64  # open at once


def confine(limits: Limits, *, parent: int) -> None:
    """Enter the sandbox. Call this before anything starts a thread.

    Ends the process at once if ``parent``, a process id, is no longer its parent.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _leave_the_network(libc)
    _be_killed_first()
    os.nice(_NICE)
    # After the namespaces, because new credentials reset it. It also covers only future deaths of the parent.
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_DATA, limits.memory_mb * _MB)
    _limit(resource.RLIMIT_AS, limits.address_space_mb * _MB)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, grace=2)  # seconds until the signal that cannot be caught
    _limit(resource.RLIMIT_FSIZE, limits.file_mb * _MB)
    _limit(resource.RLIMIT_NOFILE, limits.files)
    refuse_system_calls(libc)


def _limit(kind: int, most: int, *, grace: int = 0) -> None:
    """Set a limit, or a lower one if the host allows less: its own limit cannot be raised."""
    _, allowed = resource.getrlimit(kind)
    bounds = (most, most + grace)
    if allowed != resource.RLIM_INFINITY:
        bounds = (min(most, allowed), min(most + grace, allowed))
    resource.setrlimit(kind, bounds)


def _leave_the_network(libc: ctypes.CDLL) -> None:
    """Move into an empty network namespace.

    root can simply create one. Any other user needs a user namespace for it, which also hides the bot's memory and
    environment. root must not use one: it would lose the right to read other users' folders, and could not import its
    own code if the bot runs from somebody's home folder.
    """
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _be_killed_first() -> None:
    """If the machine runs out of memory, let the kernel kill this process instead of the bot."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
