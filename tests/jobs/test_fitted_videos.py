"""Finished videos in as many bytes as a message takes, with the real media worker."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import av
import pytest

from bot.jobs.fitted_videos import FittedVideos
from bot.media.worker import MediaWorker
from bot.values.job import Job
from bot.values.made_video import MadeVideo
from tests.jobs.harness import OWNER, JobHarness
from tests.rendered_clips import render_clip

SECONDS = 2


@pytest.fixture
def fitted(harness: JobHarness) -> FittedVideos:
    return FittedVideos(files=harness.files, media=harness.app.media, places=harness.app.places)


@pytest.fixture
async def video(harness: JobHarness, tmp_path: Path) -> MadeVideo:
    clip = tmp_path / "made.mp4"
    await asyncio.to_thread(render_clip, clip, seconds=SECONDS, size=(640, 360), fps=24)
    return MadeVideo(
        id=1,
        owner_id=OWNER,
        job_id="0" * 16,
        prompt="@Ann waves",
        model="wan2.6",
        roles=(),
        file=await harness.files.put_path(OWNER, clip, "video/mp4"),
        poster=None,
        seconds=SECONDS,
        width=640,
        height=360,
        created_at=harness.clock() - timedelta(minutes=1),
    )


@pytest.fixture
async def job(harness: JobHarness) -> Job:
    return await harness.ask()


async def test_what_fits_is_left_as_it_is(harness: JobHarness, fitted: FittedVideos, video: MadeVideo) -> None:
    assert await fitted.within(video, video.file.size) == await harness.files.read(video.file.key)


async def test_it_is_made_smaller_once_and_stays_a_video(
    fitted: FittedVideos, video: MadeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = max(video.file.size * 2 // 3, 50_000)
    data = await fitted.within(video, most)
    assert data is not None
    assert len(data) <= most
    (tmp_path / "shown.mp4").write_bytes(data)
    with av.open(str(tmp_path / "shown.mp4")) as container:
        assert len(list(container.decode(video=0))) == SECONDS * 24
    monkeypatch.setattr(MediaWorker, "fit", None)  # a second attempt to deliver it takes what the first one made
    assert await fitted.within(video, most) == data


async def test_where_it_cannot_be_as_small_or_is_gone_there_is_none(
    harness: JobHarness, fitted: FittedVideos, video: MadeVideo, job: Job
) -> None:
    assert await fitted.within(video, 5_000) is None
    await harness.files.delete(video.file.key)
    assert await fitted.within(video, video.file.size) is None
