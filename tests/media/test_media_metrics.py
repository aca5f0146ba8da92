"""The clock beside the media worker, with real children."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BadFile
from bot.media import child_process
from bot.media.media_metrics import MeasuredMediaWorker
from bot.media.operations import MediaFailed
from bot.metrics import MEDIA_OPERATIONS, REGISTRY, MediaFault
from bot.values.time_range import TimeRange
from tests.rendered_clips import render_clip


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"castbook_media_{name}", labels) or 0.0


def fault(operation: str, why: MediaFault) -> float:
    return sample("faults_total", operation=operation, fault=why)


async def test_a_look_is_timed(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    render_clip(clip, seconds=1, size=(320, 180), fps=12)
    before, spent = (sample(f"seconds_{what}", operation="probe") for what in ("count", "sum"))
    assert (await MeasuredMediaWorker().probe(clip)).seconds > 0
    assert sample("seconds_count", operation="probe") == before + 1
    assert sample("seconds_sum", operation="probe") > spent


async def test_each_failure_is_timed_too_and_counted_by_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, chosen = MeasuredMediaWorker(), TimeRange.parse("1-3")
    page = tmp_path / "no-file.mp4"
    page.mkdir()  # refused before anything is opened, whatever the look
    looks = {
        "probe": lambda: worker.probe(page),
        "filmstrip": lambda: worker.filmstrip(page, tmp_path / "strip.webp"),
        "suggest": lambda: worker.suggest(page),
        "examine": lambda: worker.examine(page, chosen),
        "cut": lambda: worker.cut(page, chosen, tmp_path),
        "reference": lambda: worker.reference(page, chosen, tmp_path),
        "moving": lambda: worker.moving_picture(page, chosen, tmp_path / "moving.webp"),
        "picture": lambda: worker.picture(page, tmp_path),
        "fit": lambda: worker.fit(page, 1_000_000, tmp_path),
        "poster": lambda: worker.poster(page, tmp_path),
        "cast_lines": lambda: worker.cast_lines(page, tmp_path),
        "cast_files": lambda: worker.cast_files(page, (), tmp_path),
    }
    assert set(looks) == set(MEDIA_OPERATIONS)
    for operation, look in looks.items():
        timed, unusable = sample("seconds_count", operation=operation), fault(operation, MediaFault.UNUSABLE)
        with pytest.raises(BadFile):
            await look()
        assert sample("seconds_count", operation=operation) == timed + 1
        assert fault(operation, MediaFault.UNUSABLE) == unusable + 1
    disk = fault("picture", MediaFault.DISK)
    with pytest.raises(FileNotFoundError):
        await worker.picture(page, tmp_path / "gone")
    assert fault("picture", MediaFault.DISK) == disk + 1
    failed = fault("probe", MediaFault.FAILED)
    monkeypatch.setattr(child_process, "PROGRAM", tmp_path / "no-such-program.py")
    with pytest.raises(MediaFailed):
        await worker.probe(page)
    assert fault("probe", MediaFault.FAILED) == failed + 1
