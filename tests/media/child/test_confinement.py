"""What a confined process can still do: tried out by real ones, which confine themselves and then misbehave."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]

CONFINE = f"""
import errno, json, os, signal, subprocess, sys, threading
sys.path.insert(0, {str(ROOT)!r})
from bot.media.child.confinement import Limits, confine
"""


def confined(code: str, *, expect: int = 0, **limits: int) -> str:
    """What a process prints that gives up its rights, then runs ``code``."""
    program = f"{CONFINE}confine(Limits(**{limits}), parent=os.getppid())\n{textwrap.dedent(code)}"
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.returncode == expect, ended.stderr
    return ended.stdout.strip()


def refused(call: str, **limits: int) -> str:
    """The name of the errno with which ``call`` fails in a confined process."""
    code = f"""
    try:
        {call}
    except OSError as error:
        print(errno.errorcode[error.errno])
    else:
        print("nothing refused it")
    """
    return confined(code, **limits)


def is_running(pid: int) -> bool:
    """A zombie runs no more: whether it is reaped is up to whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def eventually_gone(pid: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_memory_ends() -> None:
    code = """
    try:
        bytearray(300 * 1024 * 1024)
    except MemoryError:
        print("no more")
    """
    assert confined(code, memory_mb=200) == "no more"
    assert confined(code, memory_mb=600) == ""


def test_memory_that_is_taken_at_once_is_refused_by_the_kernel() -> None:
    """Before anybody could look at how much of it is resident. Addresses alone are no memory."""
    code = """
    import mmap
    addresses = mmap.mmap(-1, 300 << 20, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
    print("possible")
    try:
        mmap.mmap(-1, 300 << 20, flags=mmap.MAP_PRIVATE)
    except OSError as error:
        print(errno.errorcode[error.errno])
    """
    assert confined(code, memory_mb=200).split() == ["possible", "ENOMEM"]


def test_memory_that_is_shared_is_limited_by_its_address_space() -> None:
    code = """
    import mmap
    first = mmap.mmap(-1, 300 << 20, flags=mmap.MAP_SHARED)
    print("possible")
    try:
        mmap.mmap(-1, 300 << 20, flags=mmap.MAP_SHARED)
    except OSError as error:
        print(errno.errorcode[error.errno])
    """
    assert confined(code, memory_mb=200, address_space_mb=500).split() == ["possible", "ENOMEM"]


def test_computing_for_ever_is_ended() -> None:
    confined("while True: pass", cpu_seconds=1, expect=-signal.SIGXCPU)


def test_a_file_grows_only_so_far(tmp_path: Path) -> None:
    large = tmp_path / "large"
    code = f"""
    with open({str(large)!r}, "wb", buffering=0) as file:
        file.write(bytes(1 << 20))
        try:
            file.write(b"more")
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    assert confined(code, file_mb=1) == "EFBIG"
    assert large.stat().st_size == 1 << 20


def test_few_files_can_be_open() -> None:
    assert refused("files = [open('/dev/null') for _ in range(20)]", files=10) == "EMFILE"


def test_a_host_that_allows_less_has_its_way() -> None:
    program = f"""{CONFINE}
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 30))
confine(Limits(files=64), parent=os.getppid())
print(resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert ended.stdout.strip() == "(30, 30)"


def test_what_the_kernel_says_of_it() -> None:
    code = """
    import resource
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "no_new_privileges": int(status["NoNewPrivs"]),
        "filtered": int(status["Seccomp"]),
        "sacrificed": int(open("/proc/self/oom_score_adj").read()),
        "gives_way": os.nice(0),
    }))
    """
    assert json.loads(confined(code)) == {
        "core": [0, 0],
        "no_new_privileges": 1,
        "filtered": 2,
        "sacrificed": 1000,
        "gives_way": 19,
    }


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        yield listener


def test_nobody_can_be_reached(listener: socket.socket) -> None:
    host, port = listener.getsockname()
    assert refused(f"import socket; socket.create_connection(({host!r}, {port}))") == "EPERM"
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_the_network_is_left_where_the_host_allows_it(listener: socket.socket) -> None:
    """The namespace alone, without the refused system calls: the second of two walls."""
    host, port = listener.getsockname()
    program = f"""{CONFINE}
import ctypes, socket
from bot.media.child import confinement
from tests.patience import PATIENCE
before = os.readlink("/proc/self/ns/net")
confinement._leave_the_network(ctypes.CDLL(None))
if os.readlink("/proc/self/ns/net") == before:
    print("not allowed")
else:
    try:
        socket.create_connection(({host!r}, {port}))
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    if ended.stdout.strip() == "not allowed":
        pytest.skip("this host allows no network namespace")
    assert ended.stdout.strip() == "ENETUNREACH"


@pytest.mark.parametrize(
    "call",
    [
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)",
    ],
)
def test_no_other_process_is_started_or_touched(call: str) -> None:
    assert refused(call) == "EPERM"


def test_threads_are_started_as_ever() -> None:
    assert confined("threading.Thread(target=print, args=('here',)).start()") == "here"


def test_a_decoder_that_gives_up_is_seen_to_do_so() -> None:
    confined("os.abort()", expect=-signal.SIGABRT)


def test_files_are_read_and_written_as_ever(tmp_path: Path) -> None:
    (tmp_path / "source").write_text("read")
    confined(f"open({str(tmp_path / 'made')!r}, 'w').write(open({str(tmp_path / 'source')!r}).read())")
    assert (tmp_path / "made").read_text() == "read"


def test_the_bots_environment_cannot_be_read_where_the_host_allows_it() -> None:
    code = """
    try:
        open(f"/proc/{os.getppid()}/environ").read()
    except PermissionError:
        print("refused")
    else:
        print("read")
    """
    if confined("print(os.readlink('/proc/self/ns/user'))") == os.readlink("/proc/self/ns/user"):
        pytest.skip("no user namespace: this host allows none, or root needed none")
    assert confined(code) == "refused"


def test_without_its_parent_it_does_not_begin() -> None:
    program = f"{CONFINE}confine(Limits(), parent={os.getppid()})\nprint('begun')"  # not ours: its grandparent
    ended = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=PATIENCE)
    assert (ended.returncode, ended.stdout) == (1, "")


def test_it_dies_with_its_parent() -> None:
    child = f"{CONFINE}confine(Limits(), parent=os.getppid())\nprint(os.getpid(), flush=True)\nthreading.Event().wait()"
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', {child!r}])"
    with subprocess.Popen([sys.executable, "-I", "-c", parent], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        pid = int(started.stdout.readline())
        assert is_running(pid)
        started.kill()
    assert eventually_gone(pid)
