"""Renders a clip from its shots: pictures, sound, and the seconds in which exactly one subject is visible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.labelled.scenes import SIZE, Scene, voice
from playground.voice import RATE

FPS = 12
_SAMPLES_A_FRAME = 1024  # of AAC
Sound = NDArray[np.float32]


class Heard(Enum):
    """The sound during a shot."""

    VOICE = "voice"
    TUNE = "tune"
    NOISE = "noise"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Shot:
    """One scene, for ``seconds``, from a hard cut to the next."""

    seconds: float
    scene: Scene
    heard: Heard = Heard.VOICE


def alone(shots: tuple[Shot, ...]) -> tuple[tuple[float, float], ...]:
    """The seconds in which exactly one subject is clearly visible; no interval crosses a cut."""
    found: list[tuple[float, float]] = []
    began = 0.0
    for shot in shots:
        count = round(shot.seconds * FPS)
        seen = [shot.scene.subjects(number / FPS) == 1 for number in range(count)]
        for start, end in _runs(seen):
            found.append((round(began + start / FPS, 3), round(began + end / FPS, 3)))
        began += count / FPS
    return tuple(found)


def cuts(shots: tuple[Shot, ...]) -> tuple[float, ...]:
    """The cuts between shots, in seconds."""
    return tuple(round(sum(shot.seconds for shot in shots[:number]), 3) for number in range(1, len(shots)))


def render(path: Path, shots: tuple[Shot, ...], *, track: bool = True) -> None:
    """An MP4 (H.264, and AAC if there is a sound ``track``) of these shots one after the other."""
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        options = {"crf": "24", "preset": "ultrafast"}
        picture = container.add_stream("libx264", rate=FPS, options=options)
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        picture.codec_context.thread_count = 1  # the output of x264 depends on it
        sound = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=64_000) if track else None
        for number, image in enumerate(_pictures(shots)):
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if sound is not None:
            samples = np.concatenate([_sound(shot, number) for number, shot in enumerate(shots)])
            for start in range(0, len(samples), _SAMPLES_A_FRAME):
                part = np.ascontiguousarray(samples[np.newaxis, start : start + _SAMPLES_A_FRAME])
                heard = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                heard.sample_rate, heard.pts, heard.time_base = RATE, start, Fraction(1, RATE)
                container.mux(sound.encode(heard))
            container.mux(sound.encode(None))


def _runs(flags: list[bool]) -> Iterator[tuple[int, int]]:
    """The intervals in which they are true."""
    start = None
    for number, flag in enumerate([*flags, False]):
        if flag and start is None:
            start = number
        elif not flag and start is not None:
            yield start, number
            start = None


def _pictures(shots: tuple[Shot, ...]) -> Iterator[Image.Image]:
    for shot in shots:
        for number in range(round(shot.seconds * FPS)):
            yield shot.scene.picture(number / FPS)


def _sound(shot: Shot, seed: int) -> Sound:
    count = round(shot.seconds * FPS) * RATE // FPS
    instants = np.arange(count) / RATE
    match shot.heard:
        case Heard.VOICE:
            heard = voice().samples[:count].astype(np.float64)
        case Heard.TUNE:
            pitches = 220.0 * 2 ** (np.array([0, 4, 7, 12, 7, 4])[(instants * 2).astype(int) % 6] / 12)
            heard = 0.25 * np.sin(2 * np.pi * pitches * instants) * np.exp(-3 * (instants * 2 % 1))
        case Heard.NOISE:
            heard = 0.08 * np.random.default_rng(seed).standard_normal(count)
        case Heard.NOTHING:
            heard = np.zeros(count)
    return heard.astype(np.float32)
