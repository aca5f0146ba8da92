from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BadStart
from bot.store.lock import LockFile


def test_one_at_a_time(tmp_path: Path) -> None:
    first, second = LockFile(tmp_path / "x.lock"), LockFile(tmp_path / "x.lock")
    first.acquire()
    with pytest.raises(BadStart):
        second.acquire()
    second.release()  # it holds nothing: the first one's lock stays
    with pytest.raises(BadStart):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()


def test_what_cannot_be_locked_is_not_taken_for_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError("no locks available")

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", no_locks)
        with pytest.raises(OSError, match="no locks"):
            LockFile(tmp_path / "x.lock").acquire()
    lock = LockFile(tmp_path / "x.lock")
    lock.acquire()
    lock.release()
