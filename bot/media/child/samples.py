"""Analyses single pictures of a video: faces, light, contrast and sharpness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.media.child.faces import Face
from bot.media.child.frames import Rgb

Grey = NDArray[np.float32]  # 0 to 255

# A second face counts if it is not much smaller than the largest: not somebody in a crowd behind it.
_OF_NOTE = 0.35
_BLANK = 6.0  # the spread in grey levels below which a picture contains no face
# Mean differences in grey levels. If nothing has changed, the analysis is not repeated; if little has changed, and the
# same was found twice, one picture is skipped.
_UNCHANGED, _MUCH_THE_SAME = 0.6, 8.0
_STAYED = 0.5  # overlap of two faces that count as the same at the same place
_TILES = 4  # down and across
_SMALLEST = 24  # pixels of grey: the sharpness of a smaller face means nothing
# Gradient energies: below the first there is no edge in the quartered picture; the second is only noise; the third, in
# the flattest parts, may be grain, not texture.
_FLAT, _NOISE, _MOST_GRAIN = 30.0, 20.0, 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture, at ``instant`` seconds.

    ``subjects``: the number of significant faces. ``face``: the largest, as fractions of the picture's sides. Of that
    face, or of the whole picture if there is none: ``light`` (mean, 0 to 255) and ``sharpness`` (see
    :func:`sharpness`). ``contrast`` is the standard deviation over the whole picture, in grey levels.
    """

    instant: float
    subjects: int
    face: Face | None
    light: float
    contrast: float
    sharpness: float


class PictureAnalyzer:
    """Analyses one picture after another. ``faces`` finds the faces in a picture; with ``None`` there are none."""

    def __init__(self, faces: Callable[[Rgb], Sequence[Face]] | None) -> None:
        self.finds_faces = faces is not None
        self._find = faces
        self._looked_at: Rgb | None = None
        self._found: Sequence[Face] = ()
        self._settled = False

    def look(self, instant: float, picture: Rgb, grey: Grey) -> Sample:
        """``grey`` shows the same as ``picture``, in its own size."""
        faces = self._faces(picture)
        largest = max(faces, key=lambda face: face.area, default=None)
        contrast = float(grey.std())
        if largest is None:
            return Sample(instant, 0, None, float(grey.mean()), contrast, sharpness(grey))
        height, width = picture.shape[:2]
        face = largest.scaled(1 / width, 1 / height)
        box = _box(face, grey)
        close_up = grey[box]
        return Sample(
            instant=instant,
            subjects=sum(other.height > _OF_NOTE * largest.height for other in faces),
            face=face,
            light=float(close_up.mean()) if close_up.size else float(grey.mean()),
            contrast=contrast,
            sharpness=sharpness(grey, box if min(close_up.shape) >= _SMALLEST else None),
        )

    def _faces(self, picture: Rgb) -> Sequence[Face]:
        if self._find is None:
            return ()
        thumbnail = picture[::4, ::4]
        changed = _difference(thumbnail, self._looked_at) if self._looked_at is not None else np.inf
        if changed < _UNCHANGED:
            return self._found
        if self._settled and changed < _MUCH_THE_SAME:
            self._settled = False
            return self._found
        faces = self._find(picture) if float(thumbnail.std()) > _BLANK else ()
        self._settled = changed < _MUCH_THE_SAME and _same(faces, self._found)
        self._looked_at, self._found = thumbnail, faces
        return faces


def sharpness(grey: Grey, box: tuple[slice, slice] | None = None) -> float:
    """How fine the edges are in ``box``, or in the sharpest quarter of the picture that has edges at all.

    The gradient energy relative to that of the same picture at a quarter of its size. An edge as fine as the pixels has
    1, or more with texture; one that is spread over n pixels has 1/n, down to a quarter. So it hardly depends on the
    content, or on the camera's grain, which is measured in the flattest parts. 0 if there is no edge at all.
    """
    fine, coarse = _energy(grey), _energy(_quartered(grey))
    fine_tiles, coarse_tiles = _tiles(fine), _tiles(coarse)
    grain = min(float(np.percentile(fine_tiles, 10)), _MOST_GRAIN)
    if box is not None:
        rows, columns = (slice(side.start // 4, side.stop // 4) for side in box)
        return _ratio(float(fine[box].mean()) - grain, float(coarse[rows, columns].mean()))
    flat = max(_FLAT, float(np.percentile(coarse_tiles, 75)) / 4)
    with_edges = [_ratio(f - grain, c) for f, c in zip(fine_tiles, coarse_tiles, strict=True) if c >= flat]
    return float(np.percentile(with_edges, 75)) if with_edges else 0.0


def _ratio(fine: float, coarse: float) -> float:
    return 4 * max(fine, 0.0) / (coarse + _NOISE)


def _energy(grey: Grey) -> Grey:
    across: Grey = np.diff(grey, axis=1)[:-1]
    down: Grey = np.diff(grey, axis=0)[:, :-1]
    return across * across + down * down


def _quartered(grey: Grey) -> Grey:
    height, width = (side // 4 * 4 for side in grey.shape)
    # Ten times as fast as a mean of the reshaped array.
    rows: Grey = (
        grey[0:height:4, :width] + grey[1:height:4, :width] + grey[2:height:4, :width] + grey[3:height:4, :width]
    )
    sums: Grey = rows[:, 0::4] + rows[:, 1::4] + rows[:, 2::4] + rows[:, 3::4]
    return sums / np.float32(16)


def _tiles(energy: Grey) -> list[float]:
    parts = np.array_split(energy, _TILES)
    return [float(tile.mean()) if tile.size else 0.0 for part in parts for tile in np.array_split(part, _TILES, axis=1)]


def _box(face: Face, grey: Grey) -> tuple[slice, slice]:
    height, width = grey.shape
    return (
        slice(int(face.top * height), int(face.bottom * height)),
        slice(int(face.left * width), int(face.right * width)),
    )


def _difference(one: Rgb, other: Rgb) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean()) if one.shape == other.shape else np.inf


def _same(some: Sequence[Face], others: Sequence[Face]) -> bool:
    return len(some) == len(others) and all(max(map(face.overlap, others)) >= _STAYED for face in some)
