"""How often the best seconds hold exactly one subject: on labelled clips, beside chance and beside sharpness alone.

A window is a hit if nine tenths of it lie in an interval in which exactly one subject is clearly visible
(:mod:`benchmarks.labelled`). The first three windows of each clip count. Chance and sharpness choose as many windows of
the same lengths in the same clip. Everything is measured twice: with the models for faces and voices, and without.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import av
import numpy as np

from benchmarks.child_variants import variant
from benchmarks.figures import Figure
from benchmarks.labelled import Half, LabelledClip, clips
from bot.media.worker import MediaWorker

CLEARLY = 1.5  # times as many hits as chance, and as sharpness
WINDOWS = 3
DRAWS = 500
STEP = 0.25  # seconds between two candidates, and between two pictures that are analysed
WIDTH = 320  # pixels
Window = tuple[float, float]  # seconds


@dataclass(frozen=True, slots=True)
class Hits:
    """How many of ``windows`` windows held exactly one subject (for chance, an expected value).

    ``possible``: how many of these lengths fit into the intervals at all.
    """

    best: float = 0.0
    chance: float = 0.0
    sharpness: float = 0.0
    possible: int = 0
    windows: int = 0

    def __add__(self, other: Hits) -> Hits:
        return Hits(
            self.best + other.best,
            self.chance + other.chance,
            self.sharpness + other.sharpness,
            self.possible + other.possible,
            self.windows + other.windows,
        )


async def measure(folder: Path, *, names: Sequence[str] = ()) -> list[Figure]:
    """All clips, or those with these ``names``; only the latter are rendered into ``folder``."""
    figures: list[Figure] = []
    for half in ("tuning", "held_out"):
        found = await asyncio.to_thread(clips, half, folder=folder if names else None, names=names)
        for models in (True, False):
            figures += await _half(half, found, models=models)
    return figures


async def _half(half: Half, labelled: Sequence[LabelledClip], *, models: bool) -> list[Figure]:
    hits = {clip.name: await _hits(clip, models=models) for clip in labelled}
    of = f"{half.replace('_', ' ')}, {'with' if models else 'without'} the models"
    every = sum(hits.values(), Hits())
    real = sum((hits[clip.name] for clip in labelled if clip.kind == "real"), Hits())
    return [
        _beside(f"{of}: hits, beside chance", every, every.chance, "by chance", target=half == "held_out"),
        _beside(f"{of}: hits, beside sharpness", every, every.sharpness, "by sharpness", target=half == "held_out"),
        _beside(f"{of}: hits in real pictures, beside chance", real, real.chance, "by chance", target=False),
    ]


def _beside(name: str, hits: Hits, others: float, how: str, *, target: bool) -> Figure:
    factor = hits.best / others if others else None
    measured = f"{hits.best:.0f}/{hits.windows} ({_percent(hits.best, hits.windows)}), {hits.possible} possible"
    compared = f"{others:.1f}/{hits.windows} ({_percent(others, hits.windows)}) {how}"
    if not target:
        return Figure(name, measured, compared, factor)
    met = hits.best >= CLEARLY * others and hits.best > 0
    return Figure(name, measured, compared, factor, f"at least {CLEARLY:g}x", met)


def _percent(part: float, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


async def _hits(clip: LabelledClip, *, models: bool) -> Hits:
    with nullcontext() if models else variant("without_models"):
        best = await MediaWorker().suggest(clip.path)
    if (best.faces, best.voices) != (models, models):
        raise RuntimeError("the models are there when they should not be, or the other way round")
    windows = [(float(each.range.start), float(each.range.end)) for each in best.suggestions[:WINDOWS]]
    lengths = [end - start for start, end in windows]
    sharpness, seconds = await asyncio.to_thread(_looked_at, clip.path)
    return Hits(
        best=_held(clip, windows),
        chance=_by_chance(clip, lengths, seconds),
        sharpness=_held(clip, _sharpest(sharpness, lengths, clip.cuts)),
        possible=_possible(clip, lengths),
        windows=len(windows),
    )


def _held(clip: LabelledClip, windows: Sequence[Window]) -> int:
    return sum(clip.holds_one(*window) for window in windows)


def _possible(clip: LabelledClip, lengths: Sequence[float]) -> int:
    """The most of these windows that fit into the intervals, each in one of them or in none."""
    rooms = [end - start for start, end in clip.intervals]
    most = 0
    for places in product(range(-1, len(rooms)), repeat=len(lengths)):
        if all(
            _fit([length for length, place in zip(lengths, places, strict=True) if place == number], room)
            for number, room in enumerate(rooms)
        ):
            most = max(most, sum(place >= 0 for place in places))
    return most


def _fit(lengths: Sequence[float], room: float) -> bool:
    """Side by side; the first and the last may stick out by a tenth (a single one by a tenth in all)."""
    return sum(lengths) - 0.1 * sum(sorted(lengths)[-2:]) <= room + 1e-6


# -- what it is compared with ---------------------------------------------------------------------------------------


def _by_chance(clip: LabelledClip, lengths: Sequence[float], seconds: float) -> float:
    """The expected hits of windows at random places that do not overlap."""
    chance = random.Random(clip.name)
    return sum(_held(clip, _anywhere(chance, lengths, seconds)) for _ in range(DRAWS)) / DRAWS


def _anywhere(chance: random.Random, lengths: Sequence[float], seconds: float) -> list[Window]:
    """In random order; the rest of ``seconds`` is divided at random among the gaps before, between and after."""
    order = list(lengths)
    chance.shuffle(order)
    left = max(seconds - sum(order), 0.0)
    marks = sorted(chance.uniform(0, left) for _ in order)
    windows: list[Window] = []
    taken = 0.0
    for length, mark in zip(order, marks, strict=True):
        windows.append((mark + taken, mark + taken + length))
        taken += length
    return windows


def _sharpest(sharpness: Sequence[float], lengths: Sequence[float], cuts: Sequence[float]) -> list[Window]:
    """For each length in turn, the sharpest window of the grid that overlaps no cut and no earlier window."""
    chosen: list[Window] = []
    for length in lengths:
        count = max(round(length / STEP), 1)
        candidates = [
            (float(np.mean(sharpness[at : at + count])), at * STEP) for at in range(len(sharpness) - count + 1)
        ]
        for _, start in sorted(candidates, reverse=True):
            cut = any(start < at < start + length for at in cuts)
            if not cut and all(start >= end or start + length <= begin for begin, end in chosen):
                chosen.append((start, start + length))
                break
    return chosen


def _looked_at(path: Path) -> tuple[list[float], float]:
    """The sharpness (variance of the Laplacian) of a picture every :data:`STEP` seconds; and the clip's seconds."""
    found: list[float] = []
    instant = 0.0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if stream.time_base is None or stream.average_rate is None:
            raise ValueError(f"{path} does not say how fast it runs")
        height = round(stream.height * WIDTH / stream.width / 2) * 2
        reformatter = av.video.reformatter.VideoReformatter()
        for frame in container.decode(stream):
            instant = frame.time - (stream.start_time or 0) * float(stream.time_base)
            if instant < len(found) * STEP - 1e-3:
                continue
            grey = reformatter.reformat(frame, WIDTH, height, "gray").to_ndarray().astype(np.float32)
            inner = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
            found.append(float(inner.var()))
        return found, instant + 1 / float(stream.average_rate)
