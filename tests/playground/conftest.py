"""Clips made for these tests, and a running simulated provider on a clock that only the test moves."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import av
import numpy as np
import pytest

from playground.provider import SimulatedProvider
from tests.rendered_clips import render_clip

Picture = np.ndarray[Any, np.dtype[np.uint8]]


def flat(colour: Sequence[int], size: tuple[int, int] = (160, 90)) -> Picture:
    return np.full((size[1], size[0], 3), colour, dtype=np.uint8)


def write_video(
    path: Path,
    picture_at: Callable[[float], Picture],
    *,
    seconds: float,
    fps: int | Fraction = 10,
    codec: str = "libx264",
    container: str = "mp4",
    sound: bool = True,
    first: float = 0,
) -> Path:
    """`first` is when the first picture is shown by the file's own clock, in seconds."""
    late = round(first * fps)
    with av.open(str(path), "w", format=container) as output:
        video = output.add_stream(codec, rate=fps)
        assert isinstance(video, av.VideoStream)
        video.height, video.width = picture_at(0.0).shape[:2]
        video.pix_fmt = "yuv420p"
        audio = (
            output.add_stream("aac" if container != "webm" else "libopus", rate=48000, layout="mono") if sound else None
        )
        for number in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(picture_at(float(number / fps)), format="rgb24")
            frame.pts, frame.time_base = number + late, 1 / Fraction(fps)
            output.mux(video.encode(frame))
            if audio is not None:
                tone = np.zeros((1, int(48000 / fps)), dtype=np.float32)
                heard = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
                heard.sample_rate, heard.pts = 48000, (number + late) * int(48000 / fps)
                output.mux(audio.encode(heard))
        output.mux(video.encode(None))
        if audio is not None:
            output.mux(audio.encode(None))
    return path


def rgb_clip(path: Path, **options: Any) -> Path:
    """Red for two seconds, green for two, blue for two."""
    colours = (flat((220, 20, 20)), flat((20, 200, 20)), flat((20, 20, 220)))
    return write_video(path, lambda t: colours[min(int(t / 2), 2)], seconds=6, **options)


def only_sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as output:
        audio = output.add_stream("aac", rate=48000, layout="mono")
        heard = av.AudioFrame.from_ndarray(np.zeros((1, 48000), dtype=np.float32), format="fltp", layout="mono")
        heard.sample_rate, heard.pts = 48000, 0
        output.mux(audio.encode(heard))
        output.mux(audio.encode(None))


@pytest.fixture(scope="session")
def film() -> SimpleNamespace:
    """How to write a video of one's own: test modules cannot import this one."""
    return SimpleNamespace(flat=flat, write=write_video, rgb=rgb_clip, only_sound=only_sound)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with rgb.mp4 (6 s), talking.mp4 (3 s, ours) and silent.mp4 (2 s, ours)."""
    folder = tmp_path_factory.mktemp("clips")
    rgb_clip(folder / "rgb.mp4")
    render_clip(folder / "talking.mp4", seconds=3, size=(320, 180), fps=12)
    render_clip(folder / "silent.mp4", seconds=2, size=(160, 90), fps=12, sound=False)
    return folder


class HandClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def provider(clock: HandClock) -> AsyncIterator[SimulatedProvider]:
    async with SimulatedProvider(clock=clock, seconds_per_task=100) as running:
        yield running


class Caller:
    """Calls the provider as a client would, with its key."""

    def __init__(self, provider: SimulatedProvider, session: aiohttp.ClientSession) -> None:
        self.provider, self.session = provider, session

    async def call(self, method: str, path: str, *, key: str | None = None, kind: str | None = None, **options: Any):
        headers = {"Authorization": f"Bearer {key or self.provider.key}"} | ({"Content-Type": kind} if kind else {})
        async with self.session.request(method, self.provider.base_url + path, headers=headers, **options) as answer:
            return answer.status, await answer.json(), answer.headers

    async def upload(self, path: Path) -> str:
        form = aiohttp.FormData()
        form.add_field("file", await asyncio.to_thread(path.read_bytes), filename=path.name)
        status, body, _ = await self.call("POST", "/v1/uploads/videos", data=form)
        assert status == 200
        return body["data"]["url"]

    async def create(self, **fields: Any):
        body = {"model": "sora-2", "timestamps": "1,3", **fields}
        return await self.call("POST", "/v1/videos/generations", json={k: v for k, v in body.items() if v is not None})

    async def created(self, **fields: Any) -> str:
        status, body, _ = await self.create(**fields)
        assert status == 200, body
        return body["id"]

    async def status(self, task_id: str) -> dict[str, Any]:
        status, body, _ = await self.call("GET", f"/v1/characters_tasks/{task_id}")
        assert status == 200, body
        return body

    async def balance(self) -> dict[str, Any]:
        return (await self.call("GET", "/v1/balance"))[1]


@pytest.fixture
async def caller(provider: SimulatedProvider) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(provider, session)


@pytest.fixture
async def make_caller() -> AsyncIterator[Callable[..., Awaitable[Caller]]]:
    """Starts a provider with other options, and stops it in the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(**options: Any) -> Caller:
            running = await stack.enter_async_context(SimulatedProvider(**options))
            return Caller(running, await stack.enter_async_context(aiohttp.ClientSession()))

        yield make
