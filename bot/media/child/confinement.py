"""What the child may do: little memory, little time, no network, no new rights, and no life without its parent.

Whoever finds a hole in a decoder finds itself here. Each measure is asked of Linux; what the host does not allow is
left out, and what is left still holds.
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
_NICE = 10  # the bot, which has three seconds to answer in, goes first
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece of work may take at most. ``file`` is the size of anything it writes.

    The number of processes is not among them: Linux counts all threads of the user, the bot's and its neighbours'.
    No new process is started at all (:mod:`bot.media.child.system_calls`).
    """

    memory_mb: int = 1536  # address space; the resident part stays far below
    cpu_seconds: int = 40  # of all threads together
    file_mb: int = 64
    files: int = 64


def confine(limits: Limits, *, parent: int) -> None:
    """Give up everything that is not needed from here on. Call it before anything starts a thread.

    Ends the process at once where ``parent``, a process id, is not its parent any more.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    _leave_the_network(libc)
    _sacrifice_first()
    os.nice(_NICE)
    # After the namespaces: new credentials make Linux forget it. It is also only about deaths from now on.
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, limits.memory_mb * _MB)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds, grace=2)  # until a signal comes that cannot be caught
    _limit(resource.RLIMIT_FSIZE, limits.file_mb * _MB)
    _limit(resource.RLIMIT_NOFILE, limits.files)
    refuse_system_calls(libc)


def _limit(kind: int, most: int, *, grace: int = 0) -> None:
    """``most`` of a resource, or less where the host allows less: its own limit cannot be raised."""
    _, allowed = resource.getrlimit(kind)
    bounds = (most, most + grace)
    if allowed != resource.RLIM_INFINITY:
        bounds = (min(most, allowed), min(most + grace, allowed))
    resource.setrlimit(kind, bounds)


def _leave_the_network(libc: ctypes.CDLL) -> None:
    """Into a network namespace with nothing in it.

    root can have one for the asking. Everybody else needs a user namespace of their own for it, behind which the
    bot's memory and environment cannot be read either. root would lose more there: the right to pass through the
    folders of others, and with it, where the bot runs from somebody's home folder, the way to its own code.
    """
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _sacrifice_first() -> None:
    """When the machine runs out of memory, the kernel takes this process and not the bot."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
