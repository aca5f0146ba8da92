"""Finds where a video cuts from one shot to the next, and how much the picture moves in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Thumbnail = NDArray[np.float32]  # brightness, 0 to 255

# The first picture of another shot differs from the one before, in any alignment, and much more than its neighbours do.
# Similarity is correlation, which light does not change: a flash is no cut.
_UNLIKE = 0.5
_NEIGHBOURS = 0.5  # seconds to either side
_ABOVE_NEIGHBOURS = 1.6
# A smaller jump in a calm shot is a jump cut: something was cut out, or the camera was moved.
_UNLIKE_ALONE = 0.15
_ABOVE_ALL_NEIGHBOURS = 4.0
_SHIFT = 3  # pixels of a thumbnail in each direction
# Differences that are certainly no cut are not examined further: in grey levels, and relative to the contrast.
_CALM, _CALM_SHARE = 3.0, 0.2

# In a dissolve or a fade, a picture is a mixture of the one before and the one after, which differ from each other.
_MIXED = 0.3  # the distance to the nearest mixture, relative to the distance between them
_UNLIKE_ENDS = 0.4  # their correlation
_DIFFERENT_ENDS = 8.0  # grey levels
_SHARES = (0.15, 0.85)  # of the earlier one


@dataclass(frozen=True, slots=True)
class Cut:
    """The last instant certainly in one shot, and the first in the next: seconds."""

    last: float
    first: float


@dataclass(frozen=True, slots=True)
class Change:
    """From one decoded picture, at ``start`` seconds, to the next, at ``end``.

    ``jump`` is 0 if they are alike and 1 if they have nothing in common. ``speed`` is the average motion of the whole
    picture, in widths per second.
    """

    start: float
    end: float
    jump: float
    speed: float


def change(start: float, before: Thumbnail, end: float, after: Thumbnail) -> Change:
    """Between two pictures of one size; ``end`` comes after ``start``."""
    difference = float(np.abs(after - before).mean())
    contrast = float(before.std() + after.std()) / 2
    calm = difference < max(_CALM, _CALM_SHARE * contrast)
    # What moves by one pixel changes by one gradient.
    moved = difference / (_steepness(before) + 1.0)
    return Change(start, end, 0.0 if calm else 1.0 - _likeness(before, after), moved / before.shape[1] / (end - start))


def cuts(changes: Sequence[Change]) -> list[Cut]:
    """The hard cuts among ``changes``, which are consecutive."""
    ends = np.array([each.end for each in changes])
    jumps = np.array([each.jump for each in changes])
    found = []
    for index in map(int, np.flatnonzero(jumps > _UNLIKE_ALONE)):
        earlier = jumps[np.searchsorted(ends, ends[index] - _NEIGHBOURS) : index]
        later = jumps[index + 1 : np.searchsorted(ends, ends[index] + _NEIGHBOURS, side="right")]
        if _is_cut(float(jumps[index]), earlier, later):
            found.append(Cut(changes[index].start, changes[index].end))
    return found


def _is_cut(jump: float, earlier: NDArray[np.float64], later: NDArray[np.float64]) -> bool:
    if jump >= _ABOVE_ALL_NEIGHBOURS * max(earlier.max(initial=0.0), later.max(initial=0.0)):
        return True
    # One calm side is enough: between a whip pan and a portrait there is a cut, too.
    usual = min(float(np.median(side)) if side.size else 0.0 for side in (earlier, later))
    return jump > _UNLIKE and jump >= _ABOVE_NEIGHBOURS * usual


def dissolves(instants: Sequence[float], thumbnails: Sequence[Thumbnail]) -> list[Cut]:
    """The gradual transitions in pictures some 0.25 s apart that are not separated by a cut."""
    found: list[Cut] = []
    for index in range(2, len(instants) - 2):
        if _is_mixture(thumbnails[index - 2], thumbnails[index], thumbnails[index + 2]):
            start, end = instants[index - 1], instants[index + 1]
            if found and start <= found[-1].first:
                start = found.pop().last
            found.append(Cut(start, end))
    return found


def between(start: float, end: float, transitions: Iterable[Cut]) -> list[tuple[float, float]]:
    """The shots from ``start`` to ``end``: from each transition to the next."""
    shots = []
    for cut in sorted(transitions, key=lambda cut: cut.last):
        if cut.last > start:
            shots.append((start, min(cut.last, end)))
        start = max(start, cut.first)
    return [*shots, (start, end)] if end > start else shots


def _is_mixture(earlier: Thumbnail, middle: Thumbnail, later: Thumbnail) -> bool:
    if not earlier.shape == middle.shape == later.shape:
        return False
    difference = earlier - later
    distance = float(np.linalg.norm(difference))
    if float(np.abs(difference).mean()) < _DIFFERENT_ENDS or _correlation(earlier, later) > _UNLIKE_ENDS:
        return False
    share = float(((middle - later) * difference).sum()) / distance**2
    least, most = _SHARES
    return least <= share <= most and float(np.linalg.norm(middle - later - share * difference)) < _MIXED * distance


def _steepness(picture: Thumbnail) -> float:
    """The mean gradient in grey levels per pixel."""
    across = np.diff(picture, axis=1)[:-1]
    down = np.diff(picture, axis=0)[:, :-1]
    return float(np.hypot(across, down).mean())


def _likeness(before: Thumbnail, after: Thumbnail) -> float:
    """The correlation of ``before``, without its margin, with the part of ``after`` that it fits best, 0 to 1."""
    inner = before[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    if not inner.size:
        return max(0.0, _correlation(before, after))
    windows = sliding_window_view(after, inner.shape)
    wanted = inner - inner.mean()
    shared = np.einsum("ijkl,kl->ij", windows, wanted)
    spread = windows.var(axis=(2, 3)) * inner.size
    return float(np.clip(shared / np.sqrt(spread * np.square(wanted).sum() + 1.0), 0, 1).max())


def _correlation(one: Thumbnail, other: Thumbnail) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / np.sqrt(np.square(one).sum() * np.square(other).sum() + 1.0))
