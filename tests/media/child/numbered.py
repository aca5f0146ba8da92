"""Videos whose pictures say which one they are, and that are read back to see which ones came through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypedDict

import av
import numpy as np

from tests.media.child.tracks import add_pictures, add_sound, place_of, seconds_of

RATE = 48_000
TICKS = Fraction(1, 90_000)
_SAMPLES = {"flt": (1.0, np.float32), "s16": (2**15 - 1, np.int16), "s32": (2**31 - 1, np.int32)}
_DARKEST, _STEP = 20, 13  # of the brightness that stands for a digit, in sixteens


def evenly(fps: int | Fraction, seconds: float) -> list[Fraction]:
    """When each picture is shown from."""
    return [number / Fraction(fps) for number in range(round(seconds * fps))]


def digit(brightness: float) -> int:
    return round((brightness - _DARKEST) / _STEP)


def picture(number: int, size: tuple[int, int]) -> av.VideoFrame:
    """``number`` in sixteens: the left half's brightness is the lower digit, the right half's the higher one."""
    width, height = size
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, (None, 110, 140), strict=True):
        values = np.full((plane.height, plane.line_size), value or 0, np.uint8)
        if value is None:
            values[:, : width // 2] = _DARKEST + _STEP * (number % 16)
            values[:, width // 2 :] = _DARKEST + _STEP * (number // 16)
        plane.update(values.tobytes())
    return frame


class Codec(TypedDict, total=False):
    """How the pictures are encoded, for tests that say it for many files; each a parameter of `write_numbered`."""

    codec: str
    options: Mapping[str, str]


class Kind(Codec, total=False):
    """The same, and what the file is like around them."""

    ticks: Fraction
    container_options: Mapping[str, str]


class SoundCodec(TypedDict, total=False):
    """How the sound is encoded."""

    sound_codec: str
    sound_start: float
    sound_rate: int
    sound_options: Mapping[str, str]


class Sound(SoundCodec, total=False):
    """The same, and the sound itself."""

    sound: np.ndarray


def write_numbered(
    path: Path,
    instants: Sequence[Fraction],
    *,
    ends: Fraction | None = None,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    pixels: str = "yuv420p",
    turned: int = 0,
    pixel: Fraction | None = None,
    ticks: Fraction = TICKS,
    sound: np.ndarray | None = None,
    sound_codec: str = "pcm_s16le",
    sound_start: float = 0.0,
    sound_rate: int = RATE,
    sound_options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
) -> Path:
    """Picture ``n`` is shown from ``instants[n]`` seconds on, the last until ``ends``.

    ``sound`` is mono, or has a row for each of two channels.
    """
    ends = ends if ends is not None else 2 * instants[-1] - instants[-2]
    fps = Fraction(round(1 / (instants[1] - instants[0])))
    with av.open(str(path), "w", options=dict(container_options or {})) as container:
        stream = add_pictures(container, codec, fps, {"crf": "10", **(options or {"g": "15"})})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        stream.codec_context.time_base = ticks
        stream.codec_context.flags |= av.codec.context.Flags.frame_duration
        stream.codec_context.thread_count = 1
        if turned:
            stream.set_display_rotation(turned)
        if sound is not None:
            _write_sound(container, np.atleast_2d(sound), sound_codec, sound_start, sound_rate, sound_options)
        for number, (start, end) in enumerate(zip(instants, [*instants[1:], ends], strict=True)):
            frame = picture(number, size)
            frame.pts, frame.time_base = round(start / ticks), ticks
            frame.duration = round(end / ticks) - frame.pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _write_sound(
    container: av.container.OutputContainer,
    sound: np.ndarray,
    codec: str,
    start: float,
    rate: int,
    options: Mapping[str, str] | None,
) -> None:
    layout = "mono" if len(sound) == 1 else "stereo"
    stream = add_sound(container, codec, rate, layout, options)
    kind = stream.format.name
    for at in range(0, sound.shape[1], 960):
        part = sound[:, at : at + 960]
        part = part if kind.endswith("p") else part.T.reshape(1, -1)
        loudest, dtype = _SAMPLES[kind[:3]]
        samples = (part * loudest).astype(dtype)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format=kind, layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), at + round(start * rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


@dataclass(frozen=True)
class Seen:
    """What is in a file, as a player gets it."""

    numbers: list[int]
    instants: list[float]  # when each picture is shown from
    ends: float  # when the last one is over
    size: tuple[int, int]
    sound: np.ndarray | None  # two channels at RATE, from instant 0


def read_numbered(path: Path, *, turned: int = 0) -> Seen:
    """``turned``: by how many quarters, counter-clockwise, the pictures have been turned."""
    numbers: list[int] = []
    instants: list[float] = []
    end, size = 0.0, (0, 0)
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            upright = np.rot90(frame.to_ndarray(format="gray"), -turned)
            width = upright.shape[1]
            halves = upright[:, width // 8 : 3 * width // 8], upright[:, 5 * width // 8 : 7 * width // 8]
            low, high = (digit(float(half.mean()) * 219 / 255 + 16) for half in halves)
            numbers.append(low + 16 * high)
            assert frame.time is not None
            instants.append(frame.time)
            assert frame.time_base is not None
            end = frame.time + float(frame.duration * frame.time_base)
            size = (frame.width, frame.height)
    return Seen(numbers, instants, end, size, read_sound(path))


def read_sound(path: Path) -> np.ndarray | None:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return None
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=RATE)
        frames = list(container.decode(audio=0))
        parts = [part for frame in [*frames, None] for part in resampler.resample(frame)]
        samples = np.concatenate([part.to_ndarray() for part in parts], axis=1)
        first = frames[0].time
        assert first is not None
        before = round(first * RATE)
        return np.pad(samples, ((0, 0), (before, 0))) if before >= 0 else samples[:, -before:]


def damage(path: Path, numbers: Sequence[int]) -> None:
    """Make the ``numbers``-th pictures of the first video track undecodable; the file is whole otherwise."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = sorted((p for p in container.demux(stream) if p.size), key=seconds_of)
        places = [place_of(packets[number]) for number in numbers]
    content = bytearray(path.read_bytes())
    for start, size in places:
        content[start : start + size] = b"\xff" * size
    path.write_bytes(content)
