"""Finds what makes each suggestion clearly better than the others, from its measurements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.media.child.scoring import FACING, PRESENT, Shot
from bot.values.video import Best


@dataclass(frozen=True, slots=True)
class Measures:
    """Measurements of some seconds: fractions of picture and time from 0 to 1, widths per second, grey levels and dBFS.

    ``size`` is that of the face (see scoring.Picture.size); ``length`` is in seconds.
    """

    size: float
    facing: float
    speech: float
    sharpness: float
    speed: float
    light: float
    level: float
    length: float


@dataclass(frozen=True, slots=True)
class _Kind:
    """``value``: more is better. It counts from ``least`` on, if it is ``ahead`` of the next best."""

    value: Callable[[Measures], float]
    ahead: Callable[[float], float]
    least: float


# The most telling ones about a character first.
_KINDS = {
    Best.LARGEST: _Kind(lambda each: each.size, lambda next_best: 0.15 * next_best, 0.08),
    Best.FACING: _Kind(lambda each: each.facing, lambda _: 0.2, 0.6),
    Best.SPEECH: _Kind(lambda each: each.speech, lambda _: 0.1, 0.4),
    Best.SHARPEST: _Kind(lambda each: each.sharpness, lambda next_best: 0.1 * next_best, 0.4),
    Best.STEADIEST: _Kind(lambda each: -each.speed, lambda next_best: max(0.005, -0.4 * next_best), -0.08),
    Best.BRIGHTEST: _Kind(lambda each: each.light, lambda _: 15.0, 90.0),
    Best.LOUDEST: _Kind(lambda each: each.level, lambda _: 4.0, -40.0),
    Best.LONGEST: _Kind(lambda each: each.length, lambda _: 0.4, 1.5),
}
_TOO_BRIGHT = 230.0  # grey levels: more is no advantage


def measures(shot: Shot, start: float, end: float) -> Measures:
    """The measurements from ``start`` to ``end`` seconds of ``shot``."""
    pictures = shot.pictures(start, end)
    faces = [picture.sample.face for picture in pictures]
    light = _mean([picture.sample.light for picture in pictures])
    return Measures(
        size=_mean([picture.size for picture in pictures]),
        facing=_mean([face is not None and face.confidence >= PRESENT and face.facing >= FACING for face in faces]),
        speech=shot.audio.speech(start, end) or 0.0,
        sharpness=_mean([picture.sample.sharpness for picture in pictures]),
        speed=_mean([picture.speed for picture in pictures]),
        light=light if light < _TOO_BRIGHT else 0.0,
        level=shot.audio.level(start, end),
        length=end - start,
    )


def best_in(measured: Sequence[Measures]) -> list[tuple[Best, ...]]:
    """For each, in what it is clearly the best; empty for a single one."""
    best: list[list[Best]] = [[] for _ in measured]
    for name, kind in _KINDS.items():
        values = [kind.value(each) for each in measured]
        ranked = sorted(range(len(values)), key=values.__getitem__, reverse=True)
        if len(ranked) < 2:
            continue
        first, second = ranked[:2]
        if values[first] >= kind.least and values[first] - values[second] >= kind.ahead(values[second]):
            best[first].append(name)
    return [tuple(each) for each in best]


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
