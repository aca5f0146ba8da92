"""The parts of the speed measurement: its clip, the child's own account of its memory, and the ticks of the loop."""

from __future__ import annotations

import os
import time
from decimal import Decimal
from pathlib import Path

import av
import pytest

from benchmarks.child_variants import variant
from benchmarks.lateness import Lateness, ticking
from benchmarks.long_clip import FPS, render_long_clip
from benchmarks.media_speed import _lateness, _peak
from bot.media import child_process
from bot.media.worker import MediaWorker
from bot.values.time_range import TimeRange

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("long") / "clip.mp4"
    render_long_clip(path, seconds=12, size=(320, 180))
    return path


def test_the_clip_is_as_long_as_asked_though_only_a_part_of_it_is_encoded(clip: Path) -> None:
    with av.open(str(clip)) as container:
        instants = [frame.time for frame in container.decode(video=0)]
        container.seek(0)
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert instants == pytest.approx([number / FPS for number in range(12 * FPS)], abs=1e-6)
    assert heard / 48_000 == pytest.approx(12, abs=0.1)
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


async def test_a_child_tells_how_much_memory_it_had(clip: Path) -> None:
    assert 15 < await _peak("probe", clip, {}) < 150


def test_a_variant_holds_within_its_body_only() -> None:
    usual = child_process.PROGRAM
    with variant("without_models"):
        assert child_process.PROGRAM.name == "without_models.py"
        assert child_process.PROGRAM.is_file()
    assert usual == child_process.PROGRAM


async def test_without_the_models_nothing_is_said_about_faces_and_voices(clip: Path) -> None:
    with variant("without_models"):
        best = await MediaWorker().suggest(clip)
    assert best.suggestions
    assert (best.faces, best.voices) == (False, False)


async def test_without_stills_a_cut_is_its_clip_alone(clip: Path, tmp_path: Path) -> None:
    with variant("without_stills"):
        cut = await MediaWorker().cut(clip, TimeRange(Decimal(1), Decimal(2)), tmp_path)
    assert cut.stills == ()
    assert os.listdir(tmp_path) == [cut.name]


async def test_a_blocked_event_loop_is_noticed() -> None:
    blocked = Lateness()
    async with ticking(blocked):
        time.sleep(0.06)  # noqa: ASYNC251 - that is what is to be noticed
    figure = _lateness(blocked, Lateness())
    assert figure.met is False
    assert float(figure.measured.split()[0]) >= 50
