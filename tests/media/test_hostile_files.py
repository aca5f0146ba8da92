"""Files that are made to harm: through the real child, none reads another file, asks a host, hangs, or kills anybody.

Most go through it twice: once as the bot does it, once without confinement, so that what is seen to hold is each wall
for itself.
"""

import asyncio
import ctypes
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.errors import BadFile
from bot.media import child_process
from bot.media.child_process import ChildFailed, Ending
from bot.media.file_types import video_type
from bot.media.worker import MediaWorker
from bot.values.time_range import TimeRange
from bot.values.video import VideoFacts
from tests.media import hostile_files
from tests.media.child.kinds import KINDS
from tests.rendered_clips import render_clip

ROOT = Path(__file__).parents[2]
RANGE = TimeRange(Decimal(0), Decimal(1))
_MUTATED = 600_000  # bytes of a file, of which some are changed
NAIVE = {
    "protocol_whitelist": "file,http,tcp,rtp,udp,crypto,data",
    "allowed_extensions": "ALL",
    "extension_picky": "0",
    "safe": "0",
    "enable_drefs": "1",
    "use_absolute_path": "1",
}
LOOP = f"""
import json, os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from bot.media.child import __main__ as child
from bot.media.child.confinement import Limits, confine
if sys.argv[1] == "confined":
    confine(Limits(cpu_seconds=120), parent=os.getppid())
import av
for line in sys.stdin:
    started = time.process_time()
    if sys.argv[1] == "naive":
        try:
            with av.open(json.loads(line)["source"], options={NAIVE}) as opened:
                next(opened.decode(video=0), None)
        except Exception:
            pass
        answer = {{}}
    else:
        answer = child._answer(json.loads(line))
    answer["cpu"] = time.process_time() - started
    print(json.dumps(answer, default=child._plain), flush=True)
"""


def looked_at(requests: Sequence[dict[str, object]], how: str = "confined") -> list[dict[str, object]]:
    """What one child answers that is asked again and again: it dies of none of the files, or this fails."""
    origin = "".join(json.dumps(request) + "\n" for request in requests)
    ended = subprocess.run(
        [sys.executable, "-I", "-c", LOOP, how], input=origin, capture_output=True, text=True, timeout=240
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, len(answers)) == (0, len(requests)), (requests[len(answers) :][:1], ended.stderr[-2000:])
    return answers


class AccessWatch:
    """Sees every request to a loopback host, and every time that a file is opened."""

    def __init__(self, secret: Path) -> None:
        self.requests: list[str] = []
        self.hidden = secret.read_bytes()[-64:]
        watch = self

        class Host(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watch.requests.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        libc = ctypes.CDLL(None)
        self._opened = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert libc.inotify_add_watch(self._opened, bytes(secret), 0x20) >= 0  # IN_OPEN

    @property
    def opened(self) -> bool:
        """Whether the file was opened since this was last asked."""
        try:
            return bool(os.read(self._opened, 65_536))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        os.close(self._opened)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def mp4(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("honest") / "clip"
    render_clip(path, seconds=1, size=(160, 90), fps=10)
    return path.read_bytes()


@pytest.fixture(scope="module")
def webm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("honest") / "clip"
    hostile_files.render_webm(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def secret(folder: Path) -> Path:
    """Another member's video: a clip, so that it could be opened, of a size of its own."""
    path = folder / "secret.mp4"
    render_clip(path, seconds=1, size=(176, 144), fps=10)
    return path


@pytest.fixture(scope="module")
def watch(secret: Path) -> Iterator[AccessWatch]:
    watch = AccessWatch(secret)
    yield watch
    watch.close()


@pytest.fixture(scope="module")
def files(folder: Path, mp4: bytes, webm: bytes, secret: Path, watch: AccessWatch) -> dict[str, Path]:
    """All of them by name, each as a file whose ending makes ffmpeg take it for what it is."""
    playlists = hostile_files.playlists(watch.origin, secret)
    contents = {
        **playlists,
        **hostile_files.references(mp4, webm, watch.origin, secret),
        **hostile_files.bombs(mp4, webm),
        **hostile_files.strangers(watch.origin, secret),
    }
    found = {}
    for number, (name, content) in enumerate(contents.items()):
        found[name] = folder / (f"{number}.m3u8" if name in playlists else f"{number}.mp4")
        found[name].write_bytes(content)
    return found


def asked_for(source: Path, into: Path, *operations: str) -> list[dict[str, object]]:
    """These operations on this file; all of them where none is named."""
    seconds = (str(RANGE.start), str(RANGE.end))
    into.mkdir()
    more: dict[str, dict[str, object]] = {
        "probe": {},
        "suggest": {},
        "examine": {"range": seconds},
        "filmstrip": {"into": str(into / "strip.webp"), "marks": [seconds]},
        "cut": {"range": seconds, "folder": str(into)},
        "reference": {"range": seconds, "folder": str(into)},
        "picture": {"folder": str(into)},
        "poster": {"folder": str(into)},
        "fit": {"most_bytes": 100_000, "folder": str(into)},
        "video_on_page": {},
    }
    return [{"operation": each, "source": str(source), **more[each]} for each in operations or more]


def defects(answers: Sequence[dict[str, object]]) -> list[object]:
    """An answer is either one, or a refusal of the file. Everything else is a fault of ours."""
    return [answer for answer in answers if "answer" not in answer and "refused" not in answer]


@pytest.mark.parametrize(
    ("name", "requests", "opened"),
    [
        ("hls", ["/segment.ts"], True),
        ("hls with a key", ["/key"], False),
        ("hls of hls", ["/list.m3u8"], False),
        ("ffconcat", [], True),
        ("dref alias", [], True),
    ],
)
def test_the_traps_work(
    files: dict[str, Path], watch: AccessWatch, name: str, requests: list[str], opened: bool
) -> None:
    """Opened as ffmpeg would like to: otherwise what follows would show nothing."""
    looked_at([{"source": str(files[name])}], "naive")
    assert watch.opened == opened
    assert watch.requests[:1] == requests
    watch.requests.clear()


@pytest.mark.parametrize(("how", "operations"), [("confined", ()), ("unconfined", ("probe", "cut"))])
def test_no_other_file_is_opened_and_no_host_is_asked(
    files: dict[str, Path], watch: AccessWatch, tmp_path: Path, how: str, operations: Sequence[str]
) -> None:
    origin = [each for path in files.values() for each in asked_for(path, tmp_path / path.name, *operations)]
    answers = looked_at(origin, how)
    assert defects(answers) == []
    assert not watch.opened
    assert watch.requests == []
    assert '"width": 176' not in json.dumps(answers)
    assert not [path for path in tmp_path.rglob("*.*") if path.is_file() and watch.hidden in path.read_bytes()]


def test_each_is_one_failed_job_at_most(files: dict[str, Path]) -> None:
    """Through the bot's side, a child for each that gets as far as ffmpeg: no file is worth a warning."""
    opened = {name: path for name, path in files.items() if video_type(path.read_bytes()[:4096])}

    async def look() -> list[object]:
        media, two = MediaWorker(), asyncio.Semaphore(2)

        async def probe(path: Path) -> VideoFacts:
            async with two:
                return await media.probe(path)

        return await asyncio.gather(*(probe(path) for path in opened.values()), return_exceptions=True)

    with capture_logs() as logs:
        results = asyncio.run(look())
    assert {line["event"] for line in logs} == {"media_refused"}
    for name, result in zip(opened, results, strict=True):
        assert isinstance(result, VideoFacts | BadFile), name


@pytest.mark.parametrize("operation", ["probe", "picture"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "device"])
async def test_what_is_no_plain_file_is_not_opened(
    secret: Path, watch: AccessWatch, tmp_path: Path, kind: str, operation: str
) -> None:
    source = {"folder": tmp_path / "source", "device": Path("/dev/zero")}.get(kind, tmp_path / "source")
    if kind == "folder":
        source.mkdir()
    elif kind == "pipe":
        os.mkfifo(source)
    elif kind == "link":
        source.symlink_to(secret)
    media = MediaWorker()
    with pytest.raises(BadFile):
        await (media.probe(source) if operation == "probe" else media.picture(source, tmp_path))
    assert not watch.opened


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_file_that_is_cut_off(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    content: bytes = request.getfixturevalue(kind)
    origin = []
    for tenth in range(11):
        path = tmp_path / f"{tenth}.{kind}"
        path.write_bytes(content[: len(content) * tenth // 10])
        origin += asked_for(path, tmp_path / f"{tenth}", *(() if tenth in {3, 7} else ("probe",)))
    answers = looked_at(origin)
    assert defects(answers) == []
    assert "refused" in answers[0]
    assert "answer" in answers[-1]  # the whole file


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("mp4", 1), ("webm", 2)])
def test_files_with_changed_bytes(request: pytest.FixtureRequest, tmp_path: Path, kind: str, seed: int) -> None:
    content: bytes = request.getfixturevalue(kind)
    origin = []
    for number, mutated in enumerate(hostile_files.mutations(content, 100, seed)):
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(mutated)
        origin += asked_for(path, tmp_path / f"{number}", *(() if number < 5 else ("probe",)))
    answers = looked_at(origin)
    assert defects(answers) == []
    assert max(float(str(answer["cpu"])) for answer in answers) < 8  # what a probe may compute; half a second in fact


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_files_of_other_kinds_with_changed_bytes(tmp_path: Path, part: int) -> None:
    """Each demuxer and each decoder that is opened beside those of phones and browsers, in one child for a few."""
    kinds = {(kind.file, kind.pictures.get("codec", ""), kind.sound): kind for kind in KINDS[3:]}
    origin: list[dict[str, object]] = []
    for kind in list(kinds.values())[part::3]:
        content = kind.write(tmp_path).read_bytes()[:_MUTATED]
        for number, mutated in enumerate(hostile_files.mutations(content, 25, seed=3)):
            path = tmp_path / f"{len(origin)}-{kind.file}"
            path.write_bytes(mutated)
            origin += asked_for(path, tmp_path / f"{len(origin)}", *(() if number < 1 else ("probe",)))
    answers = looked_at(origin)
    assert defects(answers) == []
    assert max(float(str(answer["cpu"])) for answer in answers) < 8


@pytest.mark.parametrize("limits", [{"memory_mb": 5}, {"memory_mb": 15}, {"address_space_mb": 80}])
async def test_with_too_little_memory_it_fails_at_once(mp4: bytes, tmp_path: Path, limits: dict[str, int]) -> None:
    (tmp_path / "source").write_bytes(mp4)
    request: dict[str, object] = {"operation": "probe", "source": str(tmp_path / "source"), "limits": limits}
    assert not await answered(request)


async def test_too_little_memory_is_no_fault_of_the_file(tmp_path: Path) -> None:
    """Whatever a decoder says that it failed for. With a little more each time, until there is enough."""
    render_clip(tmp_path / "source", seconds=1, size=(1920, 1080), fps=5)
    request = {"operation": "filmstrip", "source": str(tmp_path / "source"), "into": str(tmp_path / "strip.jpg")}
    refusals, enough = [], False
    for memory_mb in range(24, 160, 12):
        limits = {"memory_mb": memory_mb}
        try:
            said = json.loads(
                await child_process.ask(json.dumps(request | {"marks": [], "limits": limits}).encode(), seconds=15)
            )
        except ChildFailed:
            continue  # not even that could be said, or a thread that it could not start is waited for in vain
        if "refused" in said:
            refusals.append(said)
        enough = "answer" in said
        if enough:
            break
    assert enough
    assert {said["refused"] for said in refusals} == {"too_much_memory"}
    blamed = {said["detail"] for said in refusals} - {"", "then too_much_memory"}
    assert blamed, "a decoder has said something else: no pictures, or damaged"


async def test_without_room_for_its_files_it_leaves_none(mp4: bytes, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(mp4)
    [request] = asked_for(tmp_path / "source", tmp_path / "made", "cut")
    request["limits"] = {"file_mb": 0}
    assert not await answered(request)
    assert list_of(tmp_path / "made") == []


async def answered(request: dict[str, object]) -> bool:
    try:
        said = await child_process.ask(json.dumps(request).encode(), seconds=20)
    except ChildFailed as failure:
        return failure.ending is not Ending.DIED
    return "answer" in json.loads(said)


def list_of(folder: Path) -> list[Path]:
    return list(folder.iterdir())
