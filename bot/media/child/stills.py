"""Chooses the best pictures of a clip, and crops a square portrait from the best: a face, large and sharp."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.media.child.faces import Face
from bot.media.child.frames import Rgb, Scaler
from bot.values.video import Still

FEWEST: Final = 3
MOST: Final = 5
APART: Final = 0.3  # seconds
STILL_SIDE: Final = 1280  # pixels, the longer one
PORTRAIT: Final = "portrait.jpg"
PORTRAIT_SIDE: Final = 768  # pixels
_PARTS: Final = 10  # of a clip: one picture of each is kept, which limits memory, and leaves three that are apart
_LOOKS: Final = 3  # at each part
_SHARPNESS_SEEN_IN: Final = 640  # pixels of the longer side, for sharpness
_FACES_SOUGHT_IN: Final = 320  # pixels of the longer side: a face that is lost at this size is too small for a portrait
_FACE_SIDE: Final = 96  # pixels: faces are compared in one size, or a near one would seem blurred beside a far one
_LARGE_FACE: Final = 0.3  # of the picture, as the root of its area: larger ones are no better
_BLURRED: Final = 0.4  # of the sharpness (a variance) of the sharpest one
_NO_FACE: Final = 0.2  # the prominence of pictures without a face: among these, sharpness alone decides
_AROUND_A_FACE: Final = 2.6  # times the face: hair and shoulders
_FACE_ABOVE_MIDDLE: Final = 0.15  # of the portrait: there is more below a face than above it
_SMALLEST_PORTRAIT: Final = 160  # pixels
_HEADS: Final = 0.25  # the share of a tall picture's crop that is taken from the top, where heads are
_QUALITY: Final = 90

Faces = Callable[[Rgb], Sequence[Face]]
Grey = NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate for a still: upright, shown from ``instant`` seconds of the clip on."""

    picture: av.VideoFrame
    instant: float
    grey: Grey  # small
    sharpness: float


class Candidates:
    """The candidates for stills of a clip: the sharpest picture of each tenth of it."""

    def __init__(self, seconds: float) -> None:
        self._part = seconds / _PARTS
        self._scaler = Scaler()
        self._sharpest: dict[int, Candidate] = {}
        self._due = 0

    def offer(self, picture: av.VideoFrame, instant: float) -> None:
        """Consider ``picture``, upright and shown from ``instant`` (seconds of the clip) on, if it is time to.

        Pictures must be offered in order.
        """
        looks = int(instant / self._part * _LOOKS + 1e-6)
        if looks < self._due:
            return
        self._due = looks + 1
        grey = _grey(picture, self._scaler)
        candidate = Candidate(picture, instant, grey, _sharpness(grey))
        part = looks // _LOOKS
        if part not in self._sharpest or candidate.sharpness > self._sharpest[part].sharpness:
            self._sharpest[part] = candidate

    @property
    def kept(self) -> list[Candidate]:
        """In order."""
        return list(self._sharpest.values())


def take_stills(candidates: Candidates, folder: Path, *, faces: Faces | None) -> tuple[Still, ...]:
    """Write ``portrait.jpg`` and ``still-1.jpg`` … into ``folder``: best first, three to five of them.

    They are at least :data:`APART` seconds apart, so a clip with few pictures gives fewer. A blurred one is used only
    if there are not three others. ``faces`` finds the faces in a picture; with ``None`` sharpness alone decides.
    """
    scaler = Scaler()
    chosen = _chosen([_rated(candidate, scaler, faces) for candidate in candidates.kept])
    stills = [_portrait(chosen[0], scaler, folder)]
    for number, each in enumerate(chosen, 1):
        whole = scaler.upright(each.picture, width=STILL_SIDE, height=STILL_SIDE)
        stills.append(_save(Image.fromarray(whole), folder / f"still-{number}.jpg", each))
    return tuple(stills)


# -- What is good --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rated:
    """A candidate and its ratings."""

    picture: av.VideoFrame
    instant: float
    face: Box | None  # as fractions of the picture's sides
    prominence: float  # of the face: size and confidence, 0 to 1
    sharpness: float  # of the face, or of the whole picture if there is none


def _rated(candidate: Candidate, scaler: Scaler, faces: Faces | None) -> _Rated:
    face, prominence = _face(candidate.picture, scaler, faces) if faces is not None else (None, 0.0)
    return _Rated(
        picture=candidate.picture,
        instant=candidate.instant,
        face=face,
        prominence=prominence,
        sharpness=candidate.sharpness if face is None else _sharpness(_close_up(candidate.grey, face)),
    )


def _face(picture: av.VideoFrame, scaler: Scaler, faces: Faces) -> tuple[Box | None, float]:
    """The most prominent one."""
    rgb = scaler.upright(picture, width=_FACES_SOUGHT_IN, height=_FACES_SOUGHT_IN)
    height, width = rgb.shape[:2]
    found = [(face.confidence * math.sqrt(face.area / (width * height)), face) for face in faces(rgb) if face.area]
    if not found:
        return None, 0.0
    size, face = max(found, key=lambda each: each[0])
    left, top = max(0.0, face.left / width), max(0.0, face.top / height)
    box = (left, top, min(1.0, face.right / width), min(1.0, face.bottom / height))
    return box, min(1.0, size / _LARGE_FACE)


def _grey(picture: av.VideoFrame, scaler: Scaler) -> Grey:
    factor = min(1.0, _SHARPNESS_SEEN_IN / max(picture.width, picture.height))
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return scaler.scaled(picture, *size, "gray").to_ndarray().astype(np.float32)


def _close_up(grey: Grey, face: Box) -> Grey:
    height, width = grey.shape
    box = (face[0] * width, face[1] * height, face[2] * width, face[3] * height)
    return np.asarray(Image.fromarray(grey).resize((_FACE_SIDE, _FACE_SIDE), Image.Resampling.BILINEAR, box=box))


def _sharpness(grey: Grey) -> float:
    """The variance of the Laplacian: changes from pixel to pixel, ignoring even slopes. Dark areas have little."""
    if min(grey.shape) < 3:
        return 0.0
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(edges.var())


# -- Which of them -------------------------------------------------------------------------------------------------


def _chosen(rated: Sequence[_Rated]) -> list[_Rated]:
    """Best first. A picture is skipped if it would leave no room for the required number."""
    sharpest = {True: 0.0, False: 0.0}  # with a face, and without: their sharpness cannot be compared
    for each in rated:
        sharpest[each.face is not None] = max(sharpest[each.face is not None], each.sharpness)

    def blurred(each: _Rated) -> bool:
        return each.sharpness < _BLURRED * sharpest[each.face is not None]

    def merit(each: _Rated) -> float:
        best = sharpest[each.face is not None]
        sharp = math.log1p(each.sharpness) / math.log1p(best) if best else 0.0
        return (_NO_FACE + each.prominence) * sharp

    chosen: list[_Rated] = []
    fewest = min(FEWEST, _room(rated, []))
    for each in sorted(rated, key=lambda each: (blurred(each), -merit(each))):
        if len(chosen) == MOST or (blurred(each) and len(chosen) >= FEWEST):
            break
        if _apart(each, chosen) and len(chosen) + 1 + _room(rated, [*chosen, each]) >= fewest:
            chosen.append(each)
    return chosen


def _apart(one: _Rated, others: Sequence[_Rated]) -> bool:
    return all(abs(one.instant - other.instant) >= APART - 1e-6 for other in others)


def _room(rated: Sequence[_Rated], chosen: Sequence[_Rated]) -> int:
    """How many more fit beside the chosen ones. ``rated`` is in order."""
    more: list[_Rated] = []
    for each in rated:
        if _apart(each, chosen) and _apart(each, more[-1:]):
            more.append(each)
    return len(more)


# -- How they are written ------------------------------------------------------------------------------------------


def _portrait(best: _Rated, scaler: Scaler, folder: Path) -> Still:
    width, height = best.picture.width, best.picture.height
    whole = Image.fromarray(scaler.upright(best.picture, width=width, height=height))
    left, top, side = _portrait_square(whole.size, best.face)
    portrait = whole.crop((left, top, left + side, top + side))
    if side > PORTRAIT_SIDE:
        portrait = portrait.resize((PORTRAIT_SIDE, PORTRAIT_SIDE), Image.Resampling.LANCZOS)
    return _save(portrait, folder / PORTRAIT, best)


def _portrait_square(size: tuple[int, int], face: Box | None) -> tuple[int, int, int]:
    """Left, top and side, in pixels: around the face, or else in the middle without cutting off heads."""
    width, height = size
    if face is None:
        side = min(size)
        return (width - side) // 2, int((height - side) * _HEADS), side
    left, top, right, bottom = face[0] * width, face[1] * height, face[2] * width, face[3] * height
    side = int(min(max(_AROUND_A_FACE * max(right - left, bottom - top), _SMALLEST_PORTRAIT), *size))
    middle = ((left + right) / 2, (top + bottom) / 2 + _FACE_ABOVE_MIDDLE * side)
    x, y = (min(max(0, int(at - side / 2)), most - side) for at, most in zip(middle, size, strict=True))
    return x, y, side


def _save(picture: Image.Image, path: Path, of: _Rated) -> Still:
    picture.save(path, "JPEG", quality=_QUALITY)
    return Still(
        name=path.name,
        instant=round(of.instant, 3),
        width=picture.width,
        height=picture.height,
        face=of.face is not None,
    )
