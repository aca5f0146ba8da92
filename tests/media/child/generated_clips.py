"""Clips with somebody, two or nobody in them, in and out of focus, made at test time: nothing of them is kept.

The face is that of Eileen Collins (NASA, public domain), read out of scikit-image, which is not imported.
"""

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from playground.scenery import Scenery
from playground.voice import RATE, speak
from tests.media.child.tracks import add_pictures, add_sound

SIZE = (320, 180)
FPS = 12
SAMPLES = 1024  # of an AAC frame


@dataclass(frozen=True)
class Shot:
    """Pictures of `seconds`, and the sound of as long."""

    pictures: Sequence[Image.Image]
    sound: np.ndarray

    @property
    def seconds(self) -> float:
        return len(self.pictures) / FPS


def clip_of(package: str, file: str) -> Path:
    """A file of an installed package, which is not imported."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / file


@cache
def astronaut() -> Image.Image:
    with Image.open(clip_of("skimage", "data/astronaut.png")) as image:
        return image.convert("RGB")


def face(size: tuple[int, int] = SIZE, *, left: float = 40, top: float = 10, width: float = 360) -> Image.Image:
    """What a camera sees that shows `width` pixels of the still, from `left` and `top` on; the face is 90 wide."""
    box = (left, top, left + width, top + width * size[1] / size[0])
    return astronaut().resize(size, Image.Resampling.BILINEAR, box=box)


def talking(seconds: float, size: tuple[int, int] = SIZE, **view: float) -> list[Image.Image]:
    """The face, and a camera that is not quite still."""
    count = round(seconds * FPS)
    return [face(size, **{"left": 40 + 4 * np.sin(number / 5), **view}) for number in range(count)]


def two(seconds: float) -> list[Image.Image]:
    """The same face twice, side by side."""
    pictures = []
    for one in talking(seconds):
        both = Image.new("RGB", SIZE)
        for at in (0, SIZE[0] // 2):
            both.paste(one.crop((90, 0, 90 + SIZE[0] // 2, SIZE[1])), (at, 0))
        pictures.append(both)
    return pictures


def nobody(seconds: float, size: tuple[int, int] = SIZE, since: float = 0.0) -> list[Image.Image]:
    """Hills at dusk."""
    scenery = Scenery(size)
    return [scenery.draw(since + number / FPS) for number in range(round(seconds * FPS))]


def blurred(pictures: Iterable[Image.Image], radius: float = 4) -> list[Image.Image]:
    return [picture.filter(ImageFilter.GaussianBlur(radius)) for picture in pictures]


def dark(pictures: Iterable[Image.Image]) -> list[Image.Image]:
    return [ImageEnhance.Brightness(picture).enhance(0.08) for picture in pictures]


def dissolved(before: Sequence[Image.Image], after: Sequence[Image.Image]) -> list[Image.Image]:
    """The first goes over into the second, all the time."""
    return [Image.blend(*pair, (at + 1) / (len(before) + 1)) for at, pair in enumerate(zip(before, after, strict=True))]


def voice(seconds: float) -> np.ndarray:
    return speak(seconds).samples


def hiss(seconds: float) -> np.ndarray:
    return (0.05 * np.random.default_rng(3).standard_normal(round(seconds * RATE))).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.float32)


def write(
    path: Path,
    *shots: Shot | list[Image.Image],
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    turned: int = 0,
    fps: int = FPS,
) -> Path:
    """A video of `shots`, from cut to cut; its index comes first. Without sound where they are mere pictures.

    It is shown `turned` counter-clockwise.
    """
    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix == ".mp4" else {}) as container:
        track = add_pictures(container, codec, fps, {"preset": "superfast", "crf": "20"} | (options or {}))
        if turned:
            track.set_display_rotation(turned)
        sounds = [shot.sound for shot in shots if isinstance(shot, Shot)]
        sound_codec = "aac" if path.suffix == ".mp4" else "libopus"
        sound = add_sound(container, sound_codec, RATE) if sounds else None
        pictures = [picture for shot in shots for picture in (shot.pictures if isinstance(shot, Shot) else shot)]
        (track.width, track.height), track.pix_fmt = pictures[0].size, "yuv420p"
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
        if sound is not None:
            for part in _audio_frames(np.concatenate(sounds)):
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
    return path


def _audio_frames(samples: np.ndarray) -> Iterator[av.AudioFrame]:
    for at in range(0, len(samples), SAMPLES):
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, at : at + SAMPLES], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        yield frame
