"""Recognises pictures that contain only a title, a logo or one colour, and the black bars beside a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.media.child.black_bars import BLACK
from bot.media.child.shots import Thumbnail

# Most of a title or a logo is one colour. Measured: 0.65 to 1 of them, at most 0.35 in camera pictures.
_FLAT = 0.6
_LEVELS = 64  # grey levels of the histogram; a flat area may spread over three of them
_SPANS = 0.5  # of the side: a picture between bars is that long at its edge, a logo on black is not
_FEWEST = 8  # pixels of a thumbnail's side that must be left


def are_cards(thumbnails: Sequence[Thumbnail]) -> list[bool]:
    """For each picture of a shot, whether it contains only a title, a logo or one colour."""
    inside = _between_bars(thumbnails)
    return [_flat(each[inside] if inside is not None else each) >= _FLAT for each in thumbnails]


def are_black(thumbnails: Sequence[Thumbnail]) -> list[bool]:
    """For each picture, whether it is black."""
    return [float(np.percentile(each, 99)) <= BLACK for each in thumbnails]


def _flat(picture: Thumbnail) -> float:
    """The share of the picture that has the same grey."""
    counts, _ = np.histogram(picture, bins=_LEVELS, range=(0, 256))
    beside = np.convolve(counts, np.ones(3))
    return float(beside.max()) / max(1, picture.size)


def _between_bars(thumbnails: Sequence[Thumbnail]) -> tuple[slice, slice] | None:
    """The area of a shot's pictures without the black bars that all of them have."""
    if len({each.shape for each in thumbnails}) != 1:
        return None
    seen: NDArray[np.float64] = np.mean(np.stack(thumbnails) > BLACK, axis=0)
    return _inside(seen), _inside(seen.T)


def _inside(seen: NDArray[np.float64]) -> slice:
    """The rows between two equal bars; all of them if there are none.

    ``seen``: the share of the pictures with content at each position.
    """
    rows = np.flatnonzero(seen.any(axis=1))
    if not rows.size:
        return slice(None)
    bar = min(int(rows[0]), len(seen) - 1 - int(rows[-1]))
    edges = seen[bar].mean(), seen[len(seen) - 1 - bar].mean()
    if len(seen) - 2 * bar < _FEWEST or max(edges) < _SPANS:
        return slice(None)
    return slice(bar, len(seen) - bar)
