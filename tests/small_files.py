"""A real limit of the system's on how large a file may become: beyond it a write fails, as on a full disk."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: EFBIG, since Python ignores the signal that comes first."""
    assert signal.getsignal(signal.SIGXFSZ) is signal.SIG_IGN
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))
