"""The media child beside the ffmpeg command line: whole processes, in turn, on a clip that is rendered here.

It also measures the cost to the bot: the memory of each child, and how late its event loop is while they run.
"""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import ffmpeg
from benchmarks.child_variants import variant
from benchmarks.figures import Figure, against, below
from benchmarks.lateness import LONGEST_BLOCKED, Lateness, ticking
from benchmarks.long_clip import render_long_clip
from bot.media import child_process
from bot.media.child.shrinking import SPARE
from bot.media.worker import MediaWorker
from bot.values.time_range import TimeRange

MOST_MEMORY = 400.0  # MB of one child
_MB = 1024
_CUT_SECONDS = 3

Way = Callable[[], Awaitable[object]]
Spent = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Race:
    """``ours``, whose median should be at most ``most`` times (None: no target) that of the fastest of ``theirs``."""

    name: str
    ours: Way
    theirs: tuple[Way, ...]
    most: float | None = None


async def measure(
    folder: Path, *, rounds: int = 5, seconds: float = 60.0, size: tuple[int, int] = (1920, 1080)
) -> list[Figure]:
    """Medians of ``rounds``, on a clip of ``seconds`` and ``size``.

    CPU time is printed beside elapsed time, because it says more on a busy machine.
    """
    source, into = folder / "long.mp4", folder / "made"  # a cut is named clip.mp4
    into.mkdir()
    await asyncio.to_thread(render_long_clip, source, seconds=seconds, size=size)
    ours, theirs = Lateness(), Lateness()
    figures: list[Figure] = []
    for race in _races(source, into, seconds):
        figures += await _raced(race, rounds, ours, theirs)
    part = folder / "part.mp4"
    await asyncio.to_thread(render_long_clip, part, seconds=seconds / 4, size=size)
    figures += await _raced(_fitting(part, into, seconds / 4), 1, ours, theirs)
    for race in await _hdr_races(part, folder, into, seconds / 4):
        figures += await _raced(race, rounds, ours, theirs)
    figures += await _memory(source, into, seconds)
    figures.append(_lateness(ours, theirs))
    return figures


def _races(source: Path, into: Path, seconds: float) -> list[_Race]:
    worker = MediaWorker()
    start = int(seconds / 3)
    chosen = TimeRange(Decimal(start), Decimal(start + _CUT_SECONDS))

    async def cut_alone() -> None:
        with variant("without_stills"):
            await worker.cut(source, chosen, into)

    async def ffmpeg_cut() -> None:
        await ffmpeg.cut(source, start, _CUT_SECONDS, into)

    return [
        _Race("probe", lambda: worker.probe(source), (lambda: ffmpeg.probe(source),), 2.0),
        _Race(
            "filmstrip",
            lambda: worker.filmstrip(source, into / "strip.jpg"),
            (lambda: ffmpeg.tiled(source, seconds, into), lambda: ffmpeg.sought(source, seconds, into)),
            0.6,
        ),
        _Race("best seconds", lambda: worker.suggest(source), (lambda: ffmpeg.decoded_small(source),), 1.3),
        _Race("cut of 3 s", cut_alone, (ffmpeg_cut,), 1.2),
        _Race("cut of 3 s, with its stills", lambda: worker.cut(source, chosen, into), (ffmpeg_cut,)),
        _Race(
            "reference set, beside that cut",
            lambda: worker.reference(source, chosen, into),
            (lambda: worker.cut(source, chosen, into),),
            1.5,
        ),
    ]


def _fitting(source: Path, into: Path, seconds: float) -> _Race:
    """Shrink to a message's 10 MB, or to half its size if that is less; ffmpeg gets the resulting bit rates."""
    worker = MediaWorker()
    most, sound = min(10_000_000, source.stat().st_size // 2), 128_000
    picture = round(most * 8 * SPARE / seconds) - sound
    return _Race(
        f"fitting {seconds:g} s into {most / 1e6:.1f} MB",
        lambda: worker.fit(source, most, into),
        (lambda: ffmpeg.fitted(source, picture, sound, into),),
        1.3,
    )


async def _hdr_races(source: Path, folder: Path, into: Path, seconds: float) -> list[_Race]:
    """HLG beside the same pictures tagged as SDR: the cost of converting to SDR."""
    if not ffmpeg.installed():
        return []
    worker, bright, plain = MediaWorker(), folder / "hlg.mp4", folder / "sdr.mp4"
    await ffmpeg.deep(source, bright, hdr=True)
    await ffmpeg.deep(source, plain, hdr=False)
    start = int(seconds / 4)
    chosen = TimeRange(Decimal(start), Decimal(start + min(_CUT_SECONDS, int(seconds) - start)))
    acts: dict[str, Callable[[Path], Awaitable[object]]] = {
        "filmstrip": lambda path: worker.filmstrip(path, into / "strip.jpg"),
        "best seconds": worker.suggest,
        "cut": lambda path: worker.cut(path, chosen, into),
    }
    return [
        _Race(f"{name} of HDR, beside SDR", partial(act, bright), (partial(act, plain),), 1.3)
        for name, act in acts.items()
    ]


async def _raced(race: _Race, rounds: int, ours: Lateness, theirs: Lateness) -> list[Figure]:
    """One after the other, repeatedly, so that other work on the machine affects all of them."""
    mine: list[Spent] = []
    others: list[list[Spent]] = [[] for _ in race.theirs]
    for _ in range(rounds):
        async with ticking(ours):
            mine.append(await _spent(race.ours))
        if ffmpeg.installed():
            async with ticking(theirs):
                for way, spent in zip(race.theirs, others, strict=True):
                    spent.append(await _spent(way))
    if not others[0]:
        return [Figure(race.name, f"{_median(mine)[0]:.1f} ms", "ffmpeg is not installed")]
    (wall, cpu), (their_wall, their_cpu) = _median(mine), min(map(_median, others))
    return [
        against(race.name, wall, their_wall, "ms", most=race.most),
        against(f"{race.name}: computed", cpu, their_cpu, "ms"),
    ]


async def _spent(way: Way) -> Spent:
    """The seconds until it is done, and the CPU seconds of its processes, over all threads."""
    began, computed = time.perf_counter(), _computed()
    await way()
    return time.perf_counter() - began, _computed() - computed


def _computed() -> float:
    """The CPU seconds of all children of this process that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _median(spent: Sequence[Spent]) -> Spent:
    """In milliseconds."""
    return median(wall for wall, _ in spent) * 1000, median(cpu for _, cpu in spent) * 1000


# -- memory ---------------------------------------------------------------------------------------------------------


async def _memory(source: Path, into: Path, seconds: float) -> list[Figure]:
    """The peak resident memory of each child; that of ``ffmpeg`` is not measured."""
    start = int(seconds / 3)
    chosen = (str(start), str(start + _CUT_SECONDS))
    requests: dict[str, dict[str, object]] = {
        "probe": {},
        "filmstrip": {"into": str(into / "strip.jpg"), "marks": []},
        "suggest": {},
        "examine": {"range": chosen},
        "cut": {"range": chosen, "folder": str(into)},
        "reference": {"range": chosen, "folder": str(into)},
    }
    return [
        below(f"peak memory of the child, {name}", await _peak(name, source, more), MOST_MEMORY, "MB")
        for name, more in requests.items()
    ]


async def _peak(operation: str, source: Path, more: dict[str, object]) -> float:
    request = {"operation": operation, "source": str(source), **more}
    with variant("telling_its_memory"):
        said = await child_process.ask(json.dumps(request).encode(), seconds=120)
    answer, most = said.decode("utf-8").rsplit("\n", 1)
    if "answer" not in json.loads(answer):
        raise RuntimeError(f"{operation} failed: {answer}")
    return int(most) / _MB


def _lateness(ours: Lateness, theirs: Lateness) -> Figure:
    compared = f"{theirs.longest_ms:.1f} ms beside ffmpeg" if theirs.ticks else ""
    return below("longest that the event loop was blocked", ours.longest_ms, LONGEST_BLOCKED, "ms", compared=compared)
