"""Fixtures around :class:`~tests.jobs.harness.JobHarness`."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from bot.config import Settings, load
from playground.provider import SimulatedProvider
from tests import injected
from tests.jobs.harness import FakeClock, FileHost, JobHarness
from tests.remembered_films import remember_films
from tests.remembered_looks import looks_of_this_run
from tests.rendered_clips import render_clip

_HERE = Path(__file__).parent

# Each test here runs on SQLite and on PostgreSQL, since it goes through the store's queries, but for these two kinds.
# What is said between us and the provider, and what is done to files: the database has no part in how that ends.
SQLITE_WILL_DO = frozenset(
    {
        *("test_face_rows", "test_fitted_videos", "test_full_disk", "test_provider_faults", "test_provider_pictures"),
        *("test_refused_files", "test_site_links"),
    }
)
# Of a test's parameters only the first are tried on PostgreSQL: they vary what a person or the provider says, and not
# what is written then. In these modules they vary how far a job has come, so all are.
EACH_PARAMETER = frozenset({"test_character", "test_job_service", "test_restart", "test_submit", "test_video_consent"})


@pytest.fixture(scope="session", autouse=True)
def films_are_remembered(looks_are_kept: None) -> None:
    remember_films(looks_of_this_run())


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds of a drawn figure with a voice."""
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    render_clip(path, seconds=4, size=(320, 180), fps=12)
    return path.read_bytes()


@pytest.fixture(scope="session")
def silent_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clips") / "silent.mp4"
    render_clip(path, seconds=4, size=(320, 180), fps=12, sound=False)
    return path.read_bytes()


@pytest.fixture(scope="session")
def empty_room(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A grey wall, and not a sound: an audio track of silence."""
    path = tmp_path_factory.mktemp("clips") / "nobody.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=12)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        audio = container.add_stream("aac", rate=48_000, layout="mono")
        for number in range(48):
            frame = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 120, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 12)
            container.mux(video.encode(frame))
        for number in range(4 * 48_000 // 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts, silence.time_base = 48_000, number * 1024, Fraction(1, 48_000)
            container.mux(audio.encode(silence))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path.read_bytes()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def host(clip: bytes, silent_clip: bytes, empty_room: bytes) -> AsyncIterator[FileHost]:
    host = FileHost()
    host.files = {
        "clip.mp4": clip,
        "silent.mp4": silent_clip,
        "nobody.mp4": empty_room,
        "page.mp4": b"<html>no video</html>" * 9,
    }
    await host.start()
    yield host
    await host.stop()


@pytest.fixture(params=[True, False], ids=["remembers", "forgets"])
def remembers(request: pytest.FixtureRequest) -> bool:
    """Whether the provider keeps our own id with the task."""
    return bool(request.param)


@pytest.fixture
async def simulated(clock: FakeClock) -> AsyncIterator[SimulatedProvider]:
    provider = SimulatedProvider(seconds_per_task=15, clock=clock)
    await provider.start()
    yield provider
    injected.of_the_provider(provider)
    await provider.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """On both kinds of database, but where ``sqlite_only`` says why not."""
    if "settings" not in metafunc.fixturenames or _module(metafunc) in SQLITE_WILL_DO:
        return
    if not metafunc.definition.get_closest_marker("sqlite_only"):
        metafunc.parametrize("database_kind", ["sqlite", "postgres"], scope="function")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out all but the first parameters on PostgreSQL, where those that follow ask nothing else of it."""
    tried: set[tuple[object, str]] = set()

    def is_tried(item: pytest.Item) -> bool:
        if not isinstance(item, pytest.Function) or item.path.parent != _HERE or "postgres" not in _parameters(item):
            return False
        test = item.module, item.originalname
        known = test in tried and _module(item) not in EACH_PARAMETER
        tried.add(test)
        return known

    items[:] = [item for item in items if not is_tried(item)]


def _module(of: pytest.Metafunc | pytest.Function) -> str:
    return str(of.module.__name__).rpartition(".")[2]


def _parameters(item: pytest.Function) -> list[object]:
    return list(item.callspec.params.values()) if hasattr(item, "callspec") else []


@pytest.fixture
def database_kind() -> str:
    """SQLite where a test does not say otherwise."""
    return "sqlite"


@pytest.fixture
def store_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of a database at head, without a row."""
    if database_kind == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    shutil.copy(request.getfixturevalue("migrated"), tmp_path / "castbook.db")
    return f"sqlite+aiosqlite:///{tmp_path}/castbook.db"


@pytest.fixture
def settings(tmp_path: Path, store_url: str, simulated: SimulatedProvider, host: FileHost) -> Settings:
    return load(
        None,
        {
            "CASTBOOK__DISCORD__TOKEN": "token-for-tests",
            "CASTBOOK__TOAPIS__API_KEY": simulated.key,
            "CASTBOOK__TOAPIS__BASE_URL": simulated.base_url,
            "CASTBOOK__STORE__URL": store_url,
            "CASTBOOK__STORE__FILES": str(tmp_path / "files"),
            "CASTBOOK__LINKS__TRUSTED_ORIGINS": f'["{host.origin}", "{simulated.base_url}"]',
            "CASTBOOK__LINKS__TIMEOUT": "5",
            "CASTBOOK__CONSENT__ASK": "false",
        },
    )


@pytest.fixture
async def harness(
    settings: Settings, clock: FakeClock, simulated: SimulatedProvider, host: FileHost
) -> AsyncIterator[JobHarness]:
    harness = JobHarness(settings, clock, simulated, host)
    await harness.open()
    yield harness
    await harness.close()
