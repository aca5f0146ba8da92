"""Chooses pictures that show a character in distinct poses, from the scan's measurements, and writes them.

The rules come from the provider's documentation of its video models: a ratio of 0.4 to 2.5, and sides that are not
small.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot, log2, sqrt
from pathlib import Path
from typing import Final

import av
import numpy as np
from PIL import Image

from bot import limits
from bot.media.child.cutting import Shown
from bot.media.child.frames import Scaler, rotation, shown_size
from bot.media.child.opening import Video
from bot.media.child.samples import Sample
from bot.media.child.scan import EVERY, Stretch
from bot.media.child.shots import Thumbnail
from bot.values.video import Still

_LARGE_FACE: Final = 0.3  # of the picture, as the root of its area: larger ones are no better
_NO_FACE: Final = 0.1  # as good as a small face: used only if there is none
_BLURRED: Final = 0.5  # of the median of the sharpness
_SAME: Final = 0.1  # distance between two pictures of one pose: below it the time between them decides
_HEADS: Final = 0.25  # the share of a tall picture's crop that is taken from the top, where heads are
_QUALITY: Final = 90


@dataclass(frozen=True, slots=True)
class Pose:
    """A picture of the source at ``instant`` seconds, its analysis, and its thumbnail."""

    sample: Sample
    thumbnail: Thumbnail

    @property
    def instant(self) -> float:
        """Seconds of the source."""
        return self.sample.instant


def distinct(shot: Stretch, start: float, end: float) -> tuple[Pose, ...]:
    """Up to three pictures of the shot from ``start`` to ``end``, best first, as different from each other as possible.

    The best one shows the largest and sharpest face that looks ahead. Each further one is the farthest from those
    before in the face's position, size and angle, in the whole picture, and in time. A blurred picture, or one without
    a face, is used only if there are not three others.
    """
    both = zip(shot.samples, shot.thumbnails, strict=True)
    poses = [Pose(sample, small) for sample, small in both if start <= sample.instant < end]
    if not poses:
        return ()
    sharp = float(np.median([each.sample.sharpness for each in poses])) * _BLURRED
    faces = any(each.sample.face for each in poses)
    good = [each for each in poses if each.sample.sharpness >= sharp and bool(each.sample.face) == faces]
    chosen = [max(good or poses, key=_merit)]
    for among in (good, poses):
        while len(chosen) < limits.REFERENCE_PICTURES and (left := [each for each in among if _apart(each, chosen)]):
            chosen.append(max(left, key=lambda each: min(_unlike(each, other, end - start) for other in chosen)))
    return tuple(chosen)


def _merit(pose: Pose) -> float:
    face = pose.sample.face
    if face is None:
        return _NO_FACE * pose.sample.sharpness
    size = min(1.0, sqrt(face.area) / _LARGE_FACE)
    return face.confidence * (0.5 + size) * (0.5 + face.facing) * min(1.0, pose.sample.sharpness)


def _apart(pose: Pose, chosen: Sequence[Pose]) -> bool:
    return all(abs(pose.instant - other.instant) >= EVERY - 1e-6 for other in chosen)


def _unlike(one: Pose, other: Pose, seconds: float) -> float:
    """How different two pictures are; time counts for as much as the pose if that is the same."""
    face, its = one.sample.face, other.sample.face
    pose = 0.0
    if face is not None and its is not None:
        moved = hypot(
            _middle(face.left, face.right, its.left, its.right), _middle(face.top, face.bottom, its.top, its.bottom)
        )
        grown = abs(log2(max(face.area, 1e-6) / max(its.area, 1e-6))) / 2
        pose = abs(face.facing - its.facing) + min(1.0, moved) + min(1.0, grown)
    return pose + _look(one.thumbnail, other.thumbnail) + _SAME * abs(one.instant - other.instant) / seconds


def _middle(one: float, two: float, other: float, another: float) -> float:
    """The distance between the middles of two spans, in lengths of the shorter."""
    shorter = max(1e-6, min(two - one, another - other))
    return abs((one + two) - (other + another)) / 2 / shorter


def _look(one: Thumbnail, other: Thumbnail) -> float:
    """The difference of two pictures regardless of the light: from 0 (the same) to 1."""
    if one.shape != other.shape:
        return 1.0
    first, second = one - one.mean(), other - other.mean()
    spread = float(np.sqrt(np.square(first).mean() * np.square(second).mean()))
    return 1 - max(0.0, float((first * second).mean()) / spread) if spread > 1 else 0.0


class PoseKeeper:
    """Collects the frames of some poses while they are decoded for the clip, so that nothing is decoded twice."""

    def __init__(self, poses: Sequence[Pose], start: float) -> None:
        """``start``: where in the source the passing pictures begin, in seconds."""
        self._wanted = [(pose, pose.instant - start) for pose in poses]
        self._frames: dict[int, av.VideoFrame] = {}

    def passing(self, shown: Iterator[Shown]) -> Iterator[Shown]:
        """Pass the pictures through unchanged."""
        for each in shown:
            for number, (_, at) in enumerate(self._wanted):
                if each.start <= at + 1e-3 < each.end:
                    self._frames[number] = each.frame
            yield each

    def write(self, video: Video, folder: Path) -> tuple[Still, ...]:
        """Write ``pose-1.jpg`` … into ``folder``, the best first."""
        stills: list[Still] = []
        scaler = Scaler()
        for number, (pose, at) in enumerate(self._wanted):
            frame = self._frames.get(number)
            if frame is None:
                continue
            picture = _cropped(video, frame, pose, scaler)
            name = f"pose-{len(stills) + 1}.jpg"
            picture.save(folder / name, "JPEG", quality=_QUALITY)
            found = pose.sample.face is not None
            stills.append(
                Still(name=name, instant=round(at, 3), width=picture.width, height=picture.height, face=found)
            )
        return tuple(stills)


def _cropped(video: Video, frame: av.VideoFrame, pose: Pose, scaler: Scaler) -> Image.Image:
    """Upright, in square pixels, never enlarged, cropped to a ratio that models accept: the face stays in it."""
    width, height = shown_size(video, frame)
    factor = min(
        1.0,
        limits.REFERENCE_LONG_SIDE
        / max(min(width, height * limits.REFERENCE_WIDEST), min(height, width * limits.REFERENCE_WIDEST)),
    )
    size = (max(2, round(width * factor / 2) * 2), max(2, round(height * factor / 2) * 2))
    turned = rotation(frame)
    lying = size[::-1] if turned in (90, 270) else size
    array = scaler.scaled(frame, *lying, "rgb24").to_ndarray()
    whole = Image.fromarray(np.ascontiguousarray(np.rot90(array, turned // 90)))
    across, down = (
        min(size[0], int(size[1] * limits.REFERENCE_WIDEST)),
        min(size[1], int(size[0] * limits.REFERENCE_WIDEST)),
    )
    face = pose.sample.face
    x = ((face.left + face.right) / 2 * size[0] - across / 2) if face else (size[0] - across) / 2
    y = ((face.top + face.bottom) / 2 * size[1] - down / 2) if face else (size[1] - down) * _HEADS
    left, top = (round(min(max(0.0, at), most)) for at, most in ((x, size[0] - across), (y, size[1] - down)))
    return whole.crop((left, top, left + across, top + down))
