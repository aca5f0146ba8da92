"""Makes the kernel refuse system calls that no decoder needs: those that open sockets or touch other processes.

This works where namespaces are refused, for example in a container, and cannot be undone (Linux, "Seccomp BPF",
userspace-api/seccomp_filter). The list is not complete.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from typing import Final

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7  # linux/audit.h
_ARCHITECTURES: Final = {"x86_64": _X86_64, "aarch64": _AARCH64}
# The numbers of each call there (asm/unistd.h). On the newer one, fork and vfork are variants of clone.
_REFUSED: Final[Mapping[str, Mapping[int, int]]] = {
    "socket": {_X86_64: 41, _AARCH64: 198},
    "socketpair": {_X86_64: 53, _AARCH64: 199},
    "io_uring_setup": {_X86_64: 425, _AARCH64: 425},  # its requests bypass the filter
    "fork": {_X86_64: 57},
    "vfork": {_X86_64: 58},
    "execve": {_X86_64: 59, _AARCH64: 221},
    "execveat": {_X86_64: 322, _AARCH64: 281},
    "kill": {_X86_64: 62, _AARCH64: 129},
    "tkill": {_X86_64: 200, _AARCH64: 130},
    "rt_sigqueueinfo": {_X86_64: 129, _AARCH64: 138},
    "rt_tgsigqueueinfo": {_X86_64: 297, _AARCH64: 240},
    "pidfd_send_signal": {_X86_64: 424, _AARCH64: 424},
    "pidfd_getfd": {_X86_64: 438, _AARCH64: 438},
    "ptrace": {_X86_64: 101, _AARCH64: 117},
    "process_vm_readv": {_X86_64: 310, _AARCH64: 270},
    "process_vm_writev": {_X86_64: 311, _AARCH64: 271},
}
_CLONE: Final = {_X86_64: 56, _AARCH64: 220}
_CLONE3: Final = {_X86_64: 435, _AARCH64: 435}
_TGKILL: Final = {_X86_64: 234, _AARCH64: 131}
_FIRST_X32: Final = 0x40000000  # the calls of x86_64 repeated under other numbers
_CLONE_THREAD: Final = 0x00010000

# Classic BPF (linux/bpf_common.h, linux/seccomp.h); the fields are offsets in struct seccomp_data, both little-endian.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _REFUSE, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2


class _Instruction(ctypes.Structure):
    """``skip_if`` and ``skip_unless``: how many instructions a test skips."""

    _fields_ = (
        ("code", ctypes.c_uint16),
        ("skip_if", ctypes.c_uint8),
        ("skip_unless", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def refuse_system_calls(libc: ctypes.CDLL) -> None:
    """For this thread and those it starts. Needs "no new privileges"; a no-op on an unknown architecture."""
    architecture = _ARCHITECTURES.get(platform.machine())
    if architecture is None or sys.maxsize < 2**32:  # a 32-bit Python on a 64-bit kernel has other numbers
        return
    instructions = [_Instruction(*instruction) for instruction in _filter(architecture)]
    program = _Program(len(instructions), (_Instruction * len(instructions))(*instructions))
    libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)


def _filter(architecture: int) -> Iterator[tuple[int, int, int, int]]:
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, architecture
    yield _RETURN, 0, 0, _KILL_PROCESS
    yield _LOAD, 0, 0, _NUMBER
    yield _AT_LEAST, 0, 1, _FIRST_X32
    yield _RETURN, 0, 0, _REFUSE | errno.EPERM
    for numbers in _REFUSED.values():
        if architecture in numbers:
            yield _EQUAL, 0, 1, numbers[architecture]
            yield _RETURN, 0, 0, _REFUSE | errno.EPERM
    # Its arguments are in memory, which a filter cannot read. The C library then starts its threads with clone.
    yield _EQUAL, 0, 1, _CLONE3[architecture]
    yield _RETURN, 0, 0, _REFUSE | errno.ENOSYS
    yield from _only_with(_CLONE[architecture], _ANY_BIT, _CLONE_THREAD)
    yield from _only_with(_TGKILL[architecture], _EQUAL, os.getpid())  # abort() sends a signal to the process itself
    yield _RETURN, 0, 0, _ALLOW


def _only_with(number: int, test: int, value: int) -> Iterator[tuple[int, int, int, int]]:
    """Allow the call if its first argument passes the test."""
    yield _EQUAL, 0, 4, number
    yield _LOAD, 0, 0, _FIRST_ARGUMENT
    yield test, 0, 1, value
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _REFUSE | errno.EPERM
