"""The bot's side of the child process: with the real child, and with others that do everything wrong."""

import asyncio
import dataclasses
import errno
import gc
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from benchmarks.long_clip import repeat_clip
from bot.errors import BadFile
from bot.media import child_process, operations, worker
from bot.media.operations import MediaFailed
from bot.media.worker import MediaWorker
from bot.values.time_range import TimeRange
from bot.values.video import Unusable, VideoFacts
from tests.media.child.numbered import evenly, write_numbered
from tests.patience import PATIENCE
from tests.rendered_clips import render_clip

ROOT = Path(__file__).parents[2]
RANGE = TimeRange(Decimal("0.25"), Decimal("1.25"))
FACTS: dict[str, Any] = {
    "container": "mp4",
    "seconds": 5.3,
    "width": 1280,
    "height": 720,
    "frame_rate": 25.0,
    "video_codec": "h264",
    "audio_codec": "aac",
    "audio_seconds": 5.2,
    "cut_off": False,
}
ANSWER = json.dumps({"answer": FACTS})

Program = Callable[[str], None]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts code in the child's place. There, ``request`` is what was asked, and ``here`` a folder of the test's."""

    def put(code: str) -> None:
        path = tmp_path / "program.py"
        imports = "import json, os, signal, subprocess, sys, time"
        names = f"here = {str(tmp_path)!r}; request = json.load(sys.stdin)"
        path.write_text("\n".join([imports, names, textwrap.dedent(code)]))
        monkeypatch.setattr(child_process, "PROGRAM", path)

    return put


@pytest.fixture
def one_second_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe may take a second only."""
    monkeypatch.setattr(worker, "PROBE", dataclasses.replace(operations.PROBE, wall=1))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "source"
    render_clip(path, seconds=2, size=(320, 180), fps=12)
    return path


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A job's work folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


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


async def written(path: Path) -> str:
    """The line that a child writes into a file, once it has."""
    async with asyncio.timeout(PATIENCE):
        while not (line := whole_line(path)):
            await asyncio.sleep(0.005)
    return line


def whole_line(path: Path) -> str:
    return path.read_text().rpartition("\n")[0] if path.exists() else ""


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(errors="replace") for path in folder.iterdir()}


def size(path: Path) -> int:
    return path.stat().st_size


def children() -> set[int]:
    """Our own that run."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == os.getpid() and state != "Z":
                found.add(int(stat.parent.name))
    return found


@pytest.fixture(autouse=True)
def _no_child_is_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


async def failure(**known: object) -> MediaFailed:
    """What a probe fails with. It says what to do, and the log says how it came to it."""
    with capture_logs() as logs, pytest.raises(MediaFailed) as caught:
        await MediaWorker().probe(Path("/nowhere"))
    assert "Try" in str(caught.value)
    [line] = logs
    assert line == {"event": "media_failed", "log_level": "warning", "operation": "probe"} | known
    return caught.value


async def test_an_answer_becomes_a_value(program: Program) -> None:
    program(f"print({ANSWER!r})")
    facts = await MediaWorker().probe(Path("/nowhere"))
    assert facts == VideoFacts(**FACTS)


async def test_what_the_child_is_told(program: Program, tmp_path: Path) -> None:
    program("print(json.dumps(request), file=open(here + '/heard', 'w'))")
    with pytest.raises(MediaFailed):
        await MediaWorker().examine(Path("/some/source"), RANGE)
    assert json.loads(await written(tmp_path / "heard")) == {
        "operation": "examine",
        "source": "/some/source",
        "range": ["0.25", "1.25"],
        "parent": os.getpid(),
        "limits": {"cpu_seconds": operations.EXAMINE.cpu},
    }


async def test_what_the_child_has_of_ours(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTBOOK__DISCORD__TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    program("""
        found = {"environment": dict(os.environ), "folder": os.getcwd()}
        found["group"] = os.getpgrp() == os.getpid()
        found["session"] = os.getsid(0) == os.getsid(os.getppid())  # else Linux does not hold its niceness against ours
        found["files"] = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[:-1]  # the last one is the listing's
        found["errors"] = os.readlink("/proc/self/fd/2")
        print(json.dumps(found), file=open(here + "/found", "w"))
    """)
    with (tmp_path / "database").open("w") as database:
        os.set_inheritable(database.fileno(), True)
        await failure(how="nonsense")
    assert json.loads(await written(tmp_path / "found")) == {
        "environment": {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "2",
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "1",
        },
        "folder": "/",
        "group": True,
        "session": True,
        "files": [0, 1, 2],
        "errors": "/dev/null",
    }


@pytest.mark.usefixtures("one_second_limit")
@pytest.mark.parametrize("code", ["time.sleep(3600)", "os.close(1); time.sleep(3600)"])
async def test_a_child_that_is_silent_is_ended(program: Program, code: str) -> None:
    program(code)
    started = time.monotonic()
    error = await failure(how="too_slow", exit_code=None, signal=None)
    assert "took too long" in str(error)
    assert time.monotonic() - started > 0.9


async def test_the_event_loop_does_not_wait_while_a_child_is_started(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes long where the machine is busy: the loop's thread would wait for the new process to be scheduled."""
    program(f"print({ANSWER!r})")
    started_in = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **more: Any) -> None:
            started_in.append(threading.current_thread())
            super().__init__(*arguments, **more)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    await MediaWorker().probe(Path("/nowhere"))
    assert started_in
    assert threading.current_thread() not in started_in


async def test_a_child_that_does_not_listen_is_heard_all_the_same(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = tmp_path / "deaf.py"
    deaf.write_text(f"import os\nos.close(0)\nprint({ANSWER!r})")
    monkeypatch.setattr(child_process, "PROGRAM", deaf)
    assert (await MediaWorker().probe(Path("/nowhere"))).seconds == 5.3


@pytest.mark.parametrize("code", ["while True: os.write(1, bytes(65536))", "print(' ' * 300_000); time.sleep(3600)"])
async def test_a_child_that_says_too_much_is_ended(program: Program, code: str) -> None:
    program(code)
    assert "couldn't look at this video" in str(await failure(how="too_much_said", exit_code=None, signal=None))


async def test_as_much_as_it_may_say(program: Program) -> None:
    program(f"sys.stdout.write({ANSWER!r}.ljust(256 * 1024))")
    assert (await MediaWorker().probe(Path("/nowhere"))).seconds == 5.3


async def test_a_child_that_is_killed(program: Program, tmp_path: Path) -> None:
    program("print(os.getpid(), file=open(here + '/pid', 'w')); time.sleep(3600)")
    failing = asyncio.create_task(failure(how="died", exit_code=None, signal="SIGKILL"))
    pid = int(await written(tmp_path / "pid"))
    os.kill(pid, signal.SIGKILL)
    assert "couldn't look at this video" in str(await failing)
    assert not is_running(pid)


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("sys.exit(3)", {"exit_code": 3, "signal": None}),
        (f"print({ANSWER!r}); sys.exit(3)", {"exit_code": 3, "signal": None}),
        ("raise RuntimeError", {"exit_code": 1, "signal": None}),
        ("os.abort()", {"exit_code": None, "signal": "SIGABRT"}),
        ("os.kill(os.getpid(), 40)", {"exit_code": None, "signal": "40"}),
        (f"print({ANSWER!r}, flush=True); os.kill(0, signal.SIGSEGV)", {"exit_code": None, "signal": "SIGSEGV"}),
    ],
)
async def test_a_child_that_dies(program: Program, code: str, known: dict[str, object]) -> None:
    program(code)
    assert "couldn't look at this video" in str(await failure(how="died", **known))


async def test_a_child_that_computed_for_too_long_was_too_slow(program: Program) -> None:
    program("os.kill(os.getpid(), signal.SIGXCPU)")
    assert "took too long" in str(await failure(how="died", exit_code=None, signal="SIGXCPU"))


async def test_a_child_that_takes_too_much_memory_is_ended(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it got it. What is only reserved costs nothing."""
    program(f"""
        import mmap
        reserved = mmap.mmap(-1, 2 << 30, flags=mmap.MAP_PRIVATE)
        time.sleep(0.3)
        if request["operation"] == "examine":
            hoard = mmap.mmap(-1, 300 << 20, flags=mmap.MAP_SHARED)
            hoard.write(bytes(300 << 20))
            time.sleep(3600)
        print({ANSWER!r})
    """)
    monkeypatch.setattr("bot.limits.CHILD_RESIDENT_MB", 200)
    assert (await MediaWorker().probe(Path("/nowhere"))).seconds == 5.3
    with capture_logs() as logs, pytest.raises(BadFile) as caught:
        await MediaWorker().examine(Path("/nowhere"), RANGE)
    assert "more memory" in str(caught.value)
    assert [(line["event"], line["why"]) for line in logs] == [("media_refused", Unusable.TOO_MUCH_MEMORY)]


async def test_a_child_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "couldn't look at this video" in str(await failure(how="not_started", exit_code=2, signal=None))


async def test_a_child_that_found_a_defect_of_ours(program: Program) -> None:
    program("print(json.dumps({'failed': 'KeyError in ' + 'x' * 1000}))")
    said = str(await failure(how="error", detail=("KeyError in " + "x" * 1000)[:200]))
    assert "KeyError" not in said, "what is wrong with us is for the log"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        ANSWER.encode()[:-1],
        ANSWER.encode() * 2,
        ANSWER.replace("5.3", "NaN").encode(),
        ANSWER.replace("5.3", "1e999").encode(),
        ANSWER.replace("5.3", '"5.3"').encode(),
        ANSWER.replace("1280", "1280.5").encode(),
        ANSWER.replace('"seconds"', '"minutes"').encode(),
        json.dumps({"answer": FACTS | {"more": 1}}).encode(),
        json.dumps({"answer": FACTS, "failed": "x"}).encode(),
        json.dumps({"refused": "not_to_my_taste", "detail": ""}).encode(),
    ],
)
async def test_a_child_that_answers_nonsense(program: Program, answer: bytes) -> None:
    program(f"sys.stdout.buffer.write({answer!r})")
    await failure(how="nonsense")


async def test_seconds_that_are_no_range_are_nonsense(program: Program) -> None:
    suggestion = {"range": {"start": "5", "end": "1"}, "score": 0.5, "reasons": [], "concerns": []}
    answer = {"suggestions": [suggestion], "sampled": False, "faces": True, "voices": True}
    program(f"print({json.dumps({'answer': answer})!r})")
    with pytest.raises(MediaFailed):
        await MediaWorker().suggest(Path("/nowhere"))


async def test_of_two_suggestions_of_the_same_seconds_there_is_one(program: Program) -> None:
    """Each has a button, and Discord refuses a message with two buttons that are known by the same."""
    ranges = [("1", "3"), ("4", "6"), ("1.0", "3.0")]
    suggested = [
        {"range": {"start": start, "end": end}, "score": 0.5, "reasons": [], "concerns": []} for start, end in ranges
    ]
    answer = {"suggestions": suggested, "sampled": False, "faces": True, "voices": True}
    program(f"print({json.dumps({'answer': answer})!r})")
    best = await MediaWorker().suggest(Path("/nowhere"))
    assert [each.range.provider for each in best.suggestions] == ["1,3", "4,6"]


async def test_a_full_disk_in_the_child_is_a_full_disk_here(program: Program) -> None:
    program("""print(json.dumps({"no_room": True}))""")
    with pytest.raises(OSError, match="No space left") as raised:
        await MediaWorker().probe(Path("/nowhere"))
    assert raised.value.errno == errno.ENOSPC


def test_the_child_says_when_there_is_no_room(clip: Path, tmp_path: Path) -> None:
    """What is written to /dev/full meets a full disk."""
    into = tmp_path / "strip.webp"
    into.symlink_to("/dev/full")
    request = {"operation": "filmstrip", "source": str(clip), "marks": [], "into": str(into)}
    command = [sys.executable, "-I", "-B", str(child_process.PROGRAM)]
    said = subprocess.run(command, input=json.dumps(request).encode(), stdout=subprocess.PIPE, check=True).stdout
    assert json.loads(said) == {"no_room": True}


@pytest.mark.parametrize("why", Unusable)
async def test_a_file_that_cannot_be_used(program: Program, why: Unusable) -> None:
    program(f"print(json.dumps({{'refused': {why.value!r}, 'detail': 'more'}}))")
    with capture_logs() as logs, pytest.raises(BadFile) as caught:
        await MediaWorker().probe(Path("/nowhere"))
    told = str(caught.value)
    assert told[0].isupper(), "a whole sentence"
    assert told.endswith(".")
    [line] = logs
    assert (line["event"], line["why"], line["detail"]) == ("media_refused", why, "more")


GRANDCHILD = """
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session={})
    print(grandchild.pid, file=open(here + "/pid", "w"))
    time.sleep(3600)
"""


async def too_slow_with_a_grandchild(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Its process id. The time of the child is over once it has started it, however long that takes."""
    real = time.monotonic
    failing = asyncio.create_task(failure(how="too_slow", exit_code=None, signal=None))
    pid = int(await written(tmp_path / "pid"))
    monkeypatch.setattr(child_process, "time", SimpleNamespace(monotonic=lambda: real() + 3600))
    await failing
    return pid


async def test_what_a_child_started_ends_with_it(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(GRANDCHILD.format(False))
    assert eventually_gone(await too_slow_with_a_grandchild(tmp_path, monkeypatch))


async def test_nobody_waits_for_what_ran_away_from_a_child(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has our pipe still. (The real child cannot start anything.)"""
    program(GRANDCHILD.format(True))
    pid = await too_slow_with_a_grandchild(tmp_path, monkeypatch)
    assert is_running(pid)
    os.kill(pid, signal.SIGKILL)


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_when_nobody_waits_any_more_the_child_is_ended(program: Program, tmp_path: Path) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    program("print(os.getpid(), file=open(here + '/pid', 'w')); time.sleep(3600)")
    media = MediaWorker()
    asking = asyncio.create_task(media.probe(Path("/nowhere")))
    pid = int(await written(tmp_path / "pid"))
    asking.cancel()
    await asyncio.sleep(0)
    asking.cancel()  # cancelling twice leaves no process behind either
    await cancelled(asking)
    assert not is_running(pid)
    program(f"print({ANSWER!r})")
    await media.probe(Path("/nowhere"))  # its place is free again
    del asking
    gc.collect()
    assert complaints == [], "how the child ended is nobody's business any more"


@pytest.mark.parametrize("steps", range(0, 12, 2))
async def test_at_whatever_moment_it_is_cancelled(program: Program, work: Path, steps: int) -> None:
    """That no child is left is looked at after every test."""
    program("time.sleep(3600)")
    asking = asyncio.create_task(MediaWorker().cut(work / "source", RANGE, work))
    for _ in range(steps):
        await asyncio.sleep(0.0005 * steps)
    asking.cancel()
    await asyncio.sleep(0)  # and once more, while the first is being dealt with
    await cancelled(asking)
    assert contents(work) == {}


BUSY = """
    with open(here + "/diary", "a", buffering=1) as diary:
        print(f"{{request['source'][1]}} begins", file=diary)
        time.sleep({seconds})
        print(f"{{request['source'][1]}} ends", file=diary)
    print({answer!r})
"""


async def test_no_file_stays_open(program: Program) -> None:
    program(f"print({ANSWER!r})")
    media = MediaWorker()
    await media.probe(Path("/nowhere"))
    before = os.listdir("/proc/self/fd")
    for _ in range(5):
        await media.probe(Path("/nowhere"))
    assert len(os.listdir("/proc/self/fd")) <= len(before)


CUT = {"name": "clip.mp4", "seconds": 1.0, "width": 320, "height": 180}
STILL = {"name": "1.jpg", "instant": 0.5, "width": 320, "height": 180, "face": False}


def making(files: str, name: str = "clip.mp4", still: str = "1.jpg", end: str = "") -> str:
    """A child that makes ``files`` in its folder, then answers with these names."""
    answer = {"answer": CUT | {"name": name, "stills": [STILL | {"name": still}]}}
    return f"os.chdir(request['folder'])\n{files}\n{end}\nprint({json.dumps(answer)!r})"


MADE = "open('clip.mp4', 'w').write('clip'); open('1.jpg', 'w').write('still')"


async def test_files_come_when_they_are_whole(program: Program, work: Path) -> None:
    (work / "clip.mp4").write_text("of an earlier attempt")
    (work / "source").write_text("the video")
    program(making(MADE + "; open('draft', 'w')"))
    cut = await MediaWorker().cut(work / "source", RANGE, work)
    assert (cut.name, [still.name for still in cut.stills]) == ("clip.mp4", ["1.jpg"])
    assert contents(work) == {"source": "the video", "clip.mp4": "clip", "1.jpg": "still"}


@pytest.mark.parametrize(
    "end", ["sys.exit(1)", "print('nonsense')", "os.kill(os.getpid(), 9)", "os.makedirs('a/b'); sys.exit(1)"]
)
async def test_of_a_failure_no_file_stays(program: Program, work: Path, end: str) -> None:
    (work / "source").write_text("the video")
    program(making(MADE, end=end))
    with pytest.raises(MediaFailed):
        await MediaWorker().cut(work / "source", RANGE, work)
    assert contents(work) == {"source": "the video"}


@pytest.mark.parametrize(
    ("files", "name", "still"),
    [
        (MADE, "clip.mp4", "2.jpg"),
        (MADE, "clip.mp4", ""),
        (MADE, "clip.mp4", "."),
        (MADE, "clip.mp4", ".."),
        (MADE, "clip.mp4", "x" * 300),
        (MADE, "clip.mp4", "1.jpg\0"),
        (MADE, "../source", "1.jpg"),
        ("os.mkdir('a'); open('a/1.jpg', 'w'); open('clip.mp4', 'w')", "clip.mp4", "a/1.jpg"),
        ("os.mkdir('1.jpg'); open('clip.mp4', 'w')", "clip.mp4", "1.jpg"),
        ("os.mkfifo('1.jpg'); open('clip.mp4', 'w')", "clip.mp4", "1.jpg"),
        ("os.symlink('../source', 'clip.mp4'); open('1.jpg', 'w')", "clip.mp4", "1.jpg"),
        (MADE, "/etc/passwd", "1.jpg"),
    ],
)
async def test_a_result_is_a_plain_file_of_its_own(
    program: Program, work: Path, files: str, name: str, still: str
) -> None:
    (work / "source").write_text("the video")
    program(making(files, name, still))
    with capture_logs() as logs, pytest.raises(MediaFailed):
        await MediaWorker().cut(work / "source", RANGE, work)
    assert [line["how"] for line in logs] == ["nonsense"]
    assert contents(work) == {"source": "the video"}


async def test_a_filmstrip_and_a_picture_come_like_that_too(program: Program, work: Path) -> None:
    strip = {"answer": {"width": 4, "height": 3, "size": 5, "mime": "image/webp", "instants": [0.5, 1]}}
    program(f"""
        open(request["into"], "w").write("strip")
        assert request["marks"] == [["0.25", "1.25"]]
        print({json.dumps(strip)!r})
    """)
    made = await MediaWorker().filmstrip(work / "source", work / "strip.webp", marks=[RANGE])
    assert made.instants == (0.5, 1.0)
    picture = {"answer": {"name": "new.png", "mime": "image/png", "width": 4, "height": 3}}
    program(f"""
        open(request["folder"] + "/new.png", "w").write("new")
        print({json.dumps(picture)!r})
    """)
    assert (await MediaWorker().picture(work / "source", work)).name == "new.png"
    assert contents(work) == {"strip.webp": "strip", "new.png": "new"}


async def test_a_picture_that_fails_is_called_one(program: Program, work: Path) -> None:
    program("sys.exit(1)")
    with pytest.raises(MediaFailed, match="this picture"):
        await MediaWorker().picture(work / "source", work)


async def test_a_folder_that_cannot_be_written_is_no_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await MediaWorker().cut(tmp_path / "source", RANGE, tmp_path / "nowhere")


async def test_it_ends_with_the_bot(tmp_path: Path) -> None:
    """The bot is killed at once and can clean up nothing."""
    child = tmp_path / "child.py"
    child.write_text(f"""
import json, sys, time
sys.path.insert(0, {str(ROOT)!r})
from bot.media.child.confinement import Limits, confine
confine(Limits(), parent=json.load(sys.stdin)["parent"])
import os
print(os.getpid(), file=open({str(tmp_path / "pid")!r}, "w"))
time.sleep(3600)
""")
    bot = f"""
import asyncio, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from bot.media import child_process
from bot.media.worker import MediaWorker
child_process.PROGRAM = Path({str(child)!r})
asyncio.run(MediaWorker().probe(Path("/nowhere")))
"""
    started = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", bot)
    pid = int(await written(tmp_path / "pid"))
    assert is_running(pid)
    started.kill()
    await started.wait()
    assert eventually_gone(pid)


# -- With the real child ---------------------------------------------------------------------------------------------


async def test_a_clip_is_looked_at_from_all_sides(clip: Path, work: Path) -> None:
    media = MediaWorker()
    facts = await media.probe(clip)
    assert (facts.width, facts.height, facts.video_codec, facts.audio_codec) == (320, 180, "h264", "aac")
    assert facts.seconds == pytest.approx(2, abs=0.01)
    await media.examine(clip, RANGE)
    best = await media.suggest(clip)
    strip = await media.filmstrip(clip, work / "strip.webp", marks=[each.range for each in best.suggestions])
    assert size(work / "strip.webp") == strip.size
    cut = await media.cut(clip, RANGE, work)
    assert cut.seconds == pytest.approx(1)
    assert (await media.probe(work / cut.name)).seconds == pytest.approx(1, abs=0.001)
    picture = await media.picture(work / cut.stills[0].name, work)
    assert set(contents(work)) == {"strip.webp", cut.name, *(still.name for still in cut.stills), picture.name}


async def test_a_video_of_three_minutes_has_its_best_seconds(tmp_path: Path) -> None:
    render_clip(tmp_path / "clip", seconds=6, size=(160, 90), fps=12)
    repeat_clip(tmp_path / "clip", tmp_path / "source", seconds=180)
    with capture_logs() as logs:
        best = await MediaWorker().suggest(tmp_path / "source")
    assert (len(best.suggestions), best.sampled) == (5, True)
    assert logs == []


async def test_from_where_the_bot_was_started_does_not_matter(
    clip: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work.parent)
    (work / "source").hardlink_to(clip)
    cut = await MediaWorker().cut(Path("work/source"), RANGE, Path("work"))
    assert cut.name in contents(work)
    await MediaWorker().filmstrip(Path("work/source"), Path("work/strip.webp"))
    assert "strip.webp" in contents(work)


async def test_a_file_that_is_no_video(work: Path) -> None:
    (work / "source").write_text("no video")
    with pytest.raises(BadFile, match="Export it as MP4 and attach"):
        await MediaWorker().probe(work / "source")


@pytest.mark.parametrize(
    ("name", "codec", "told"),
    [
        ("a.mkv", "ffv1", r"the codec FFV1\. Export yours as MP4"),
        ("a.mkv", "mpeg1video", r"the codec MPEG-1\."),
        ("a.avi", "msmpeg4", r"MS MPEG-4|DivX 3"),
        ("a.mkv", "snow", r"the format of that video"),
        ("a.avi", "libx264", r"AVI with H\.264 .* Convert it to MP4"),
    ],
)
async def test_a_codec_that_is_not_opened_is_named(name: str, codec: str, told: str, work: Path) -> None:
    options = {"bf": "2", "g": "25"} if codec == "libx264" else {"strict": "-2"}
    made = write_numbered(work / name, evenly(25, 2), codec=codec, ticks=Fraction(1, 25), options=options)
    with pytest.raises(BadFile, match=told):
        await MediaWorker().probe(made)


async def test_a_file_that_is_gone_is_no_fault_of_its_owner(work: Path) -> None:
    with capture_logs() as logs, pytest.raises(MediaFailed):
        await MediaWorker().probe(work / "source")
    assert logs[0]["how"] == "error"
    assert logs[0]["detail"].startswith("FileNotFoundError")


async def test_seconds_behind_the_end_leave_nothing(clip: Path, work: Path) -> None:
    with pytest.raises(BadFile, match="no picture in those seconds"):
        await MediaWorker().cut(clip, TimeRange(Decimal(10), Decimal(12)), work)
    assert contents(work) == {}


async def test_the_real_child_is_gone_when_nobody_waits(clip: Path, work: Path) -> None:
    before = children()  # what other tests of this process have started
    for moment in (0.02, 0.1, 0.2, 0.4):
        cutting = asyncio.create_task(MediaWorker().cut(clip, RANGE, work))
        await asyncio.sleep(moment)
        cutting.cancel()
        with suppress(asyncio.CancelledError):
            await cutting
        assert children() <= before
