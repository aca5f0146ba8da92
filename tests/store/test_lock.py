from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import BadStart
from bot.store.lock import locked

HOLD = """
import sys, time
from pathlib import Path
from bot.store.lock import locked
lock = locked(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(60)
"""


def test_one_at_a_time(tmp_path: Path) -> None:
    first = locked(tmp_path / "x.db")
    with pytest.raises(BadStart):
        locked(tmp_path / "x.db")
    first.release()
    first.release()
    locked(tmp_path / "x.db").release()


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "x.db"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(BadStart):
            locked(tmp_path / "x.db")
        holder.send_signal(signal.SIGKILL)
    locked(tmp_path / "x.db").release()


def test_what_cannot_be_locked_is_not_taken_for_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError("no locks available")

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", no_locks)
        with pytest.raises(OSError, match="no locks"):
            locked(tmp_path / "x.db")
    locked(tmp_path / "x.db").release()
