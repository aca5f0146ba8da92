"""The filter, run through an interpreter of its few instructions: machines that the tests do not run on count, too.

What the kernel makes of it on this one is in test_confinement.
"""

import os
import struct

import pytest

from bot.media.child import system_calls

X86_64, AARCH64 = 0xC000003E, 0xC00000B7
ALLOWED, NOT_PERMITTED, NO_SUCH_CALL, KILLED = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def reasons_and_concerns(number: int, architecture: int, argument: int = 0, *, on: int) -> int:
    """What the kernel does with a call, by struct seccomp_data of linux/seccomp.h."""
    data = struct.pack("<IIQQ", number, architecture, 0, argument) + bytes(40)
    program = list(system_calls._filter(on))
    at = accumulator = 0
    while True:
        code, skip_if, skip_unless, value = program[at]
        at += 1
        if code == 0x06:
            return value
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        else:
            passed = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}[code]
            at += skip_if if passed else skip_unless


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
def test_what_is_refused(machine: int) -> None:
    for numbers in system_calls._REFUSED.values():
        if machine in numbers:
            assert reasons_and_concerns(numbers[machine], machine, on=machine) == NOT_PERMITTED


@pytest.mark.parametrize(
    ("machine", "names"),
    [
        (X86_64, {"read": 0, "write": 1, "mmap": 9, "openat": 257, "futex": 202, "exit_group": 231, "rename": 82}),
        (AARCH64, {"read": 63, "write": 64, "mmap": 222, "openat": 56, "futex": 98, "exit_group": 94, "renameat": 38}),
    ],
)
def test_what_is_allowed(machine: int, names: dict[str, int]) -> None:
    for number in names.values():
        assert reasons_and_concerns(number, machine, on=machine) == ALLOWED


@pytest.mark.parametrize(("machine", "clone", "clone3"), [(X86_64, 56, 435), (AARCH64, 220, 435)])
def test_threads_but_no_processes(machine: int, clone: int, clone3: int) -> None:
    of_pthread_create, of_fork = 0x3D0F00, 0x1200011
    assert reasons_and_concerns(clone, machine, of_pthread_create, on=machine) == ALLOWED
    assert reasons_and_concerns(clone, machine, of_fork, on=machine) == NOT_PERMITTED
    assert reasons_and_concerns(clone3, machine, on=machine) == NO_SUCH_CALL


@pytest.mark.parametrize(("machine", "tgkill"), [(X86_64, 234), (AARCH64, 131)])
def test_signals_to_itself_only(machine: int, tgkill: int) -> None:
    assert reasons_and_concerns(tgkill, machine, os.getpid(), on=machine) == ALLOWED
    assert reasons_and_concerns(tgkill, machine, os.getppid(), on=machine) == NOT_PERMITTED


def test_calls_by_another_machines_numbers() -> None:
    assert reasons_and_concerns(0, 0x40000003, on=X86_64) == KILLED  # 32 bits: int 0x80
    assert reasons_and_concerns(0x40000000 | 41, X86_64, on=X86_64) == NOT_PERMITTED  # x32's socket
