"""Memory of the search for the best seconds in videos of one minute to three hours, and the speed of their probe.

What the search keeps does not grow with the video's length. ffmpeg's packet table does: 50 MB for three hours.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import ffmpeg
from benchmarks.child_variants import variant
from benchmarks.figures import Figure, against
from benchmarks.long_clip import repeat_clip
from benchmarks.media_speed import MOST_MEMORY
from bot.media import child_process
from bot.media.worker import MediaWorker
from playground.clip import render_clip

LENGTHS = (60, 180, 1_800, 10_800)  # seconds
_REPEATED = 30.0  # seconds that are drawn; the rest repeats them
_KB_IN_MB = 1024
_ROUNDS = 3
_FLAT = 1.5  # the peak of any length, beside that of the shortest
_PROBE_MOST = 2.0  # times as long as ffprobe


async def measure(
    folder: Path, *, lengths: Sequence[int] = LENGTHS, size: tuple[int, int] = (854, 480)
) -> list[Figure]:
    """The child's peak resident memory for each of ``lengths`` (seconds), beside that of the first."""
    clip, long = folder / "clip.mp4", folder / "long.mp4"
    await asyncio.to_thread(render_clip, clip, seconds=_REPEATED, size=size)
    peaks = []
    for seconds in lengths:
        await asyncio.to_thread(repeat_clip, clip, long, seconds=seconds)
        peaks.append(await peak_of(long))
    return await _probed(long, _words(lengths[-1])) + [
        Figure(
            f"best seconds of {_words(seconds)}: peak memory",
            f"{peak:.0f} MB",
            f"{peaks[0]:.0f} MB for {_words(lengths[0])}",
            peak / peaks[0],
            f"at most {MOST_MEMORY:g} MB, and {_FLAT:g}x that of {_words(lengths[0])}",
            peak <= MOST_MEMORY and peak <= _FLAT * peaks[0],
        )
        for seconds, peak in zip(lengths, peaks, strict=True)
    ]


async def _probed(long: Path, words: str) -> list[Figure]:
    """Whole processes, in turn."""
    worker = MediaWorker()
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(await _seconds(lambda: worker.probe(long)))
        if ffmpeg.installed():
            theirs.append(await _seconds(lambda: ffmpeg.probe(long)))
    name = f"probe of {words}"
    if not theirs:
        return [Figure(name, f"{median(ours) * 1000:.0f} ms", "ffmpeg is not installed")]
    return [against(name, median(ours) * 1000, median(theirs) * 1000, "ms", most=_PROBE_MOST)]


async def _seconds(way: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await way()
    return time.perf_counter() - began


async def peak_of(source: Path) -> float:
    """In MB. Raises RuntimeError if there are fewer than three suggestions."""
    request = {"operation": "suggest", "source": str(source)}
    with variant("telling_its_memory"):
        said = await child_process.ask(json.dumps(request).encode(), seconds=120)
    answer, most = said.decode("utf-8").rsplit("\n", 1)
    if len(json.loads(answer).get("answer", {}).get("suggestions", ())) < 3:
        raise RuntimeError(f"no best seconds: {answer}")
    return int(most) / _KB_IN_MB


def _words(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours} h" if hours else f"{minutes} min"
