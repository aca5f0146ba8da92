"""Renders our own video clip: a drawn figure that blinks, looks about and talks. Nobody real, no third-party picture.

The demo, the playground and the tests use it wherever they need a clip with a face and a voice. The same arguments
render the same clip.
"""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from playground.figure import Figure, Pose
from playground.scenery import Scenery
from playground.voice import RATE, Voice, speak

_BLINKS: Final = (0.55, 1.9, 3.55, 3.85, 5.2)  # seconds, then again from the start
_BLINKS_EVERY: Final = 6.0
_BLINK: Final = 0.2
_GLANCES: Final = ((0.0, 0.0, 0.0), (1.2, 7.0, -1.0), (2.1, 0.0, 0.0), (3.3, -7.0, 1.0), (4.3, 0.0, 0.0))


def render_clip(
    path: Path,
    *,
    seconds: float = 6.0,
    size: tuple[int, int] = (960, 540),
    fps: int = 24,
    sound: bool = True,
    somebody: bool = True,
) -> None:
    """Writes an MP4 (H.264, and AAC where `sound`) of `size` pixels (both even) to `path`.

    Without `somebody` it shows the scenery alone. Without `sound` there is no audio track at all: the clip that a
    provider refuses.
    """
    voice = speak(seconds)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "superfast", "g": str(fps)})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.codec_context.thread_count = 1  # the output of x264 depends on it
        audio = container.add_stream("aac", rate=RATE, layout="mono", bit_rate=96_000) if sound else None
        figure = Figure(size) if somebody else None
        _write_pictures(container, video, voice, figure, count=round(seconds * fps), size=size, fps=fps)
        if audio is not None:
            _write_sound(container, audio, voice)


def still(instant: float, size: tuple[int, int] = (960, 540)) -> Image.Image:
    """The picture that `render_clip` shows at `instant` seconds."""
    return _picture(instant, speak(instant + 1), Scenery(size), Figure(size))


def _write_pictures(
    container: OutputContainer,
    stream: VideoStream,
    voice: Voice,
    figure: Figure | None,
    *,
    count: int,
    size: tuple[int, int],
    fps: int,
) -> None:
    scenery = Scenery(size)
    for number in range(count):
        frame = av.VideoFrame.from_ndarray(np.asarray(_picture(number / fps, voice, scenery, figure)), format="rgb24")
        frame.pts, frame.time_base = number, Fraction(1, fps)
        for packet in stream.encode(frame):
            container.mux(packet)
    for packet in stream.encode(None):
        container.mux(packet)


def _write_sound(container: OutputContainer, stream: AudioStream, voice: Voice) -> None:
    for start in range(0, len(voice.samples), 1024):
        part = np.ascontiguousarray(voice.samples[np.newaxis, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        for packet in stream.encode(frame):
            container.mux(packet)
    for packet in stream.encode(None):
        container.mux(packet)


def _picture(instant: float, voice: Voice, scenery: Scenery, figure: Figure | None) -> Image.Image:
    picture = scenery.draw(instant)
    if figure is not None:
        figure.draw(picture, _pose(instant, voice))
    return picture


def _pose(instant: float, voice: Voice) -> Pose:
    opening, width = voice.mouth(instant)
    look_x, look_y = _glance(instant)
    swing = math.sin(2 * math.pi * instant / 3.4)
    return Pose(
        tilt=3.6 * math.sin(2 * math.pi * instant / 4.6 + 0.5) + 0.9 * swing,
        sway=(7 * math.sin(2 * math.pi * instant / 4.6), 1.5 * swing - 4 * opening),
        turn=(0.75 * look_x + 2.5 * swing, 0.6 * look_y - 1.5 * opening),
        gaze=(look_x * 0.7, look_y),
        eyes=_eyelids(instant),
        brows=3 + 6 * opening,
        mouth=opening,
        width=width,
        breath=2.2 * math.sin(2 * math.pi * instant / 3.0),
    )


def _eyelids(instant: float) -> float:
    """1 open, 0 shut: down quickly, up a little slower."""
    for blink in _BLINKS:
        since = (instant % _BLINKS_EVERY) - blink
        if 0 <= since < _BLINK:
            return abs(since / _BLINK - 0.4) / 0.6 if since >= 0.4 * _BLINK else 1 - since / (0.4 * _BLINK)
    return 1.0


def _glance(instant: float) -> tuple[float, float]:
    """Where the eyes have wandered: they move within 0.25 s and then rest."""
    at = instant % _BLINKS_EVERY
    before = (0.0, 0.0)
    for start, x, y in _GLANCES:
        if at < start:
            break
        share = min((at - start) / 0.25, 1.0)
        share = share * share * (3 - 2 * share)
        before = (before[0] + (x - before[0]) * share, before[1] + (y - before[1]) * share)
    return before
